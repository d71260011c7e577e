package dev.qanat.records;

import dev.qanat.failure.Code;
import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The records of a source with personal values. Those of text formats are treated here, those of JSON when they are flattened. Of a
 * record that could not be read as it should be nothing is kept: nobody knows where in it personal values are.
 */
final class PersonalRecords implements RecordSource {

    /** What is kept of such a record. It is no JSON, so that it is not checked again. */
    static final String NOT_KEPT = "not kept: it may hold personal data";

    private static final String[] NO_VALUES = {};

    private final RecordSource source;
    private final PersonalFields personal;
    private List<String> fields = List.of();
    private PersonalFields.@Nullable Treatment[] treatments = new PersonalFields.Treatment[0];

    private PersonalRecords(RecordSource source, PersonalFields personal) {
        this.source = source;
        this.personal = personal;
    }

    /** The source as it is where nothing in its records is personal. */
    static RecordSource of(RecordSource source, Declared declared) {
        return declared.isPersonal() ? new PersonalRecords(source, declared.personal()) : source;
    }

    @Override
    public @Nullable RawRecord read() throws IOException {
        RawRecord record = source.read();
        if (record == null || record.fault() == null && record.json() != null) {
            return record;
        }
        return record.fault() == null ? treated(record) : hidden(record.line(), record.fault());
    }

    private static RawRecord hidden(long line, Fault fault) {
        // Its reason may quote the line.
        Fault told = fault.code() == Code.MALFORMED_RECORD ? new Fault(fault.code(), "the line cannot be read") : fault;
        return new RawRecord(line, NO_VALUES, new BitSet(), NOT_KEPT, told);
    }

    private RawRecord treated(RawRecord record) {
        if (fields != source.fields()) {
            fields = source.fields();
            treatments = fields.stream().map(personal::find).toArray(PersonalFields.Treatment[]::new);
        }
        @Nullable String[] values = record.values().clone();
        for (int i = 0; i < values.length && i < treatments.length; i++) {
            String value = values[i];
            PersonalFields.Treatment treatment = treatments[i];
            if (value != null && treatment != null) {
                values[i] = treatment.of(value);
            }
        }
        return new RawRecord(record.line(), values);
    }

    @Override
    public List<String> fields() {
        return source.fields();
    }

    @Override
    public Map<String, List<String>> itemFields() {
        return source.itemFields();
    }

    @Override
    public String description() {
        return source.description();
    }
}
