package dev.qanat.records;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The records of one source, one after the other. */
interface RecordSource {

    /** The next record, or null when the source has been read to its end. */
    @Nullable RawRecord read() throws IOException;

    /** The fields met so far. A list once given does not change; it is the same one while no field is added. */
    List<String> fields();

    /** See {@link Chunk#itemFields}; its lists behave as that of {@link #fields}. */
    default Map<String, List<String>> itemFields() {
        return Map.of();
    }

    /** See {@link Chunks#description}. */
    String description();
}
