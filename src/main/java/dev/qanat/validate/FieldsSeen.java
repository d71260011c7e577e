package dev.qanat.validate;

import dev.qanat.records.RawRecord;
import dev.qanat.validate.FieldMapping.Place;
import dev.qanat.validate.SeenField.Action;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which kinds of values the records of a chunk, or the items of its arrays, have in their fields. For one thread. */
final class FieldsSeen {

    /** What leads from an array to a field of its items. */
    static final String ITEM = "[].";

    private static final ValueKind[] KINDS = ValueKind.values();

    private final List<String> fields;
    private final Place[] places;
    private final int[] kinds;
    private final BitSet rejecting = new BitSet();
    private final BitSet discarding = new BitSet();

    FieldsSeen(FieldMapping mapping, List<String> fields) {
        this.fields = fields;
        this.places = mapping.places();
        this.kinds = new int[fields.size()];
        if (mapping.isOfHeader()) {
            // Whatever a row says there.
            Arrays.fill(kinds, bit(ValueKind.STRING));
        }
    }

    private static int bit(ValueKind kind) {
        return 1 << kind.ordinal();
    }

    /** Only values of JSON are looked at: those of a text format are all of a kind. */
    void see(RawRecord record) {
        BitSet strings = record.strings();
        if (strings == null) {
            return;
        }
        @Nullable String[] values = record.values();
        for (int i = 0; i < values.length && i < kinds.length; i++) {
            String value = values[i];
            if (value != null) {
                kinds[i] |= bit(strings.get(i) ? ValueKind.STRING : ValueKind.of(value));
            }
        }
    }

    void see(int field, ValueKind kind) {
        kinds[field] |= bit(kind);
    }

    /** A value did not fit its type. */
    void misfit(int field, boolean rejects) {
        (rejects ? rejecting : discarding).set(field);
    }

    /** Adds what was seen, by the fields' paths. */
    void tell(String before, Map<String, SeenField> told) {
        for (int i = 0; i < kinds.length; i++) {
            EnumSet<ValueKind> all = EnumSet.noneOf(ValueKind.class);
            for (ValueKind kind : KINDS) {
                if ((kinds[i] & bit(kind)) != 0) {
                    all.add(kind);
                }
            }
            told.put(before + fields.get(i), new SeenField(Kinds.of(all), places[i].column(), action(i)));
        }
    }

    private Action action(int field) {
        if (rejecting.get(field)) {
            return Action.RECORDS_REJECTED;
        }
        return discarding.get(field) ? Action.DISCARDED : places[field].action();
    }
}
