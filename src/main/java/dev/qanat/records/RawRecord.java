package dev.qanat.records;

import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One record as it was read. It belongs to a {@link Chunk}, whose fields name its values.
 *
 * @param line the line of the source on which the record starts, or its place in the page of an API; counted from 1
 * @param values the values by the chunk's fields; shorter than the fields where later fields are missing, null where a field is
 *     missing or JSON's null. An object or array that was kept whole, a number and a boolean stand as their JSON text. For a
 *     record whose number of fields is wrong, or that could not be read, the values as far as they could be told apart
 * @param strings for records from JSON, which of the values were JSON strings; null for text formats
 * @param json the record as it came, as JSON text; null for text formats, whose records {@link Chunk#json} writes when asked. For
 *     a line that could not be read at all, of any format, the line as it came, with U+FFFD for bytes that are no characters;
 *     it has a fault and no values
 * @param fault why the record cannot be checked any further; null for a sound one
 * @param items by field, the items of its arrays that are read as records of their own, in their order; the values have null there.
 *     An item has the line of its record and no JSON text. One that is no object has the field {@value #VALUE} alone, null has none
 */
public record RawRecord(
        long line,
        @Nullable String[] values,
        @Nullable BitSet strings,
        @Nullable String json,
        @Nullable Fault fault,
        Map<String, List<RawRecord>> items) {

    /** The field of an item that is no object. */
    public static final String VALUE = "value";

    /** A record none of whose arrays is read as records. */
    public RawRecord(
            long line, @Nullable String[] values, @Nullable BitSet strings, @Nullable String json, @Nullable Fault fault) {
        this(line, values, strings, json, fault, Map.of());
    }

    /** A sound record of a text format. */
    public RawRecord(long line, @Nullable String[] values) {
        this(line, values, null, null, null);
    }
}
