package dev.qanat.serve;

import java.util.List;
import java.util.Optional;

/**
 * A table or view as whoever asks for rows is told of it.
 *
 * @param comment that it has in the database
 * @param columns in the table's order; one at least
 */
public record TableDescription(String schema, String name, Optional<String> comment, List<ColumnDescription> columns) {

    /** Its schema and name with a dot between. */
    @Override
    public String toString() {
        return schema + "." + name;
    }
}
