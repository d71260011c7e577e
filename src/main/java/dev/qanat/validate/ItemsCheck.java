package dev.qanat.validate;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.SchemaContract.Mode;
import dev.qanat.records.Chunk;
import dev.qanat.records.RawRecord;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The check of a chunk's items at one field, record by record together with their parents. For one thread. */
final class ItemsCheck {

    private final Child child;
    private final Contract contract;
    private final int field;
    private final FieldMapping mapping;
    private final RowHash hash;
    private final FieldsSeen seen;
    private final List<List<Row>> accepted = new ArrayList<>();
    private long rejected;
    private List<Row> rows = List.of();

    /**
     * @param contract of the items
     * @param field the place of the array's field among the chunk's fields
     */
    ItemsCheck(Child child, Contract contract, Chunk chunk, int field) {
        this.child = child;
        this.contract = contract;
        this.field = field;
        List<String> itemFields = chunk.itemFields().getOrDefault(child.field(), List.of());
        this.mapping = contract.mapping(itemFields, false);
        this.seen = new FieldsSeen(mapping, itemFields);
        this.hash = new RowHash(mapping.hashOrder());
    }

    /** @param ofRecords the fields of the records themselves */
    void see(RawRecord record, FieldsSeen ofRecords) {
        List<RawRecord> items = record.items().get(child.field());
        if (items != null) {
            ofRecords.see(field, ValueKind.ARRAY);
            items.forEach(seen::see);
        }
    }

    void tell(Map<String, SeenField> fields) {
        seen.tell(child.field() + FieldsSeen.ITEM, fields);
    }

    /** Makes rows of a record's items, or says what is wrong with the first that is none. */
    @Nullable Finding check(RawRecord record) {
        String other = field < record.values().length ? record.values()[field] : null;
        if (other != null
                && !child.items().files().nullIf().contains(other)
                && child.items().schemaContract().dataType() != Mode.DISCARD_VALUE) {
            return new Finding(child.field(), Code.TYPE_MISMATCH, Shown.value(other) + " is not an array", true);
        }
        List<RawRecord> items = items(record);
        List<Row> made = new ArrayList<>(items.size());
        for (int i = 0; i < items.size(); i++) {
            @Nullable String[] values = new String[mapping.columns().size()];
            Finding finding = contract.check(items.get(i), mapping, values, seen);
            if (finding != null) {
                return new Finding(place(i, finding.column()), finding.code(), finding.reason(), finding.ofType());
            }
            made.add(new Row(items.get(i), values, hash.of(values)));
        }
        rows = made;
        return null;
    }

    private List<RawRecord> items(RawRecord record) {
        return record.items().getOrDefault(child.field(), List.of());
    }

    /** An item's field as a path, such as {@code products[2].quantity}. */
    private String place(int index, @Nullable String column) {
        String item = child.field() + "[" + index + "]";
        return column == null
                ? item
                : item + "." + child.items().column(column).map(Column::from).orElse(column);
    }

    /** The hashes of the rows that were made last, in hex; null where there are none. */
    @Nullable String hashes() {
        return rows.isEmpty()
                ? null
                : rows.stream().map(row -> HexFormat.of().formatHex(row.hash())).collect(Collectors.joining());
    }

    /** The rows that were made last belong to an accepted record. */
    void accept() {
        accepted.add(rows);
    }

    void reject(RawRecord record) {
        rejected += items(record).size();
    }

    CheckedItems done() {
        return new CheckedItems(child, mapping.columns(), accepted, rejected);
    }
}
