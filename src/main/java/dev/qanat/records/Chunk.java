package dev.qanat.records;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Some thousands of records that travel through a route together, in the order of their source.
 *
 * @param number counted from 0 within the source
 * @param entry what within the source the records come from: of an archive the file, of an API the request; otherwise null
 * @param header whether these fields are a header that no chunk before this one had, as in text formats: what is not among them is in
 *     no record of this file
 * @param large whether a long record makes it take more memory than others, so that it had better be worked on alone
 * @param fields the names of the fields met so far in this file, unique and in the order of their appearance; every further
 *     chunk's fields of the same file begin with these
 * @param records in the order of the source, never empty but for a file without records
 * @param itemFields by the field of an array that is read as records, what {@code fields} is for its items; only arrays met so far
 */
public record Chunk(
        int number,
        @Nullable String entry,
        boolean header,
        boolean large,
        List<String> fields,
        List<RawRecord> records,
        Map<String, List<String>> itemFields) {

    /** A chunk none of whose arrays is read as records. */
    public Chunk(
            int number, @Nullable String entry, boolean header, boolean large, List<String> fields, List<RawRecord> records) {
        this(number, entry, header, large, fields, records, Map.of());
    }

    /** A chunk of a source that is no archive, and not the first that shows a header. */
    public Chunk(int number, List<String> fields, List<RawRecord> records) {
        this(number, null, false, false, fields, records);
    }

    /**
     * The record as JSON text, as bronze and rejections keep it: of JSON sources as it came, of text formats an object of its
     * fields. A record whose number of fields is not the header's becomes an array of its fields. A line that could not be
     * read ({@link dev.qanat.failure.Code#MALFORMED_RECORD}, or bytes that are no characters) is given as it came and is no JSON.
     */
    public String json(RawRecord record) {
        return jsonTexts().apply(record);
    }

    /** Whether the records are of a text format: the first sound one tells, for a faulty one may be kept as it came. */
    public boolean isText() {
        for (RawRecord record : records) {
            if (record.fault() == null) {
                return record.json() == null;
            }
        }
        return records.isEmpty() || records.get(0).json() == null;
    }

    /** {@link #json} for many records. */
    public Function<RawRecord, String> jsonTexts() {
        String[] names = fields.stream().map(name -> quoted(new StringBuilder(), name).append(':').toString()).toArray(String[]::new);
        return record -> record.json() == null ? json(names, record.values()) : record.json();
    }

    private static String json(String[] names, @Nullable String[] values) {
        boolean named = values.length == names.length;
        StringBuilder json = new StringBuilder(64 + 24 * values.length).append(named ? '{' : '[');
        for (int i = 0; i < values.length; i++) {
            if (i > 0) {
                json.append(',');
            }
            if (named) {
                json.append(names[i]);
            }
            String value = values[i];
            if (value == null) {
                json.append("null");
            } else {
                quoted(json, value);
            }
        }
        return json.append(named ? '}' : ']').toString();
    }

    private static StringBuilder quoted(StringBuilder json, String text) {
        json.append('"');
        JsonStringEncoder.getInstance().quoteAsString(text, json);
        return json.append('"');
    }
}
