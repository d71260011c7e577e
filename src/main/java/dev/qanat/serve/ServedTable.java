package dev.qanat.serve;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A table or view as it can be asked for.
 *
 * @param pipeline that loads it, as its comment says; empty when none does
 * @param columns in the table's order; one at least
 * @param key the columns that tell its rows apart: of the primary key, or of another unique index without nulls; empty when it has none
 */
record ServedTable(String schema, String name, Optional<String> pipeline, List<ServedColumn> columns, List<String> key) {

    Optional<ServedColumn> column(String columnName) {
        return columns.stream().filter(column -> column.name().equals(columnName)).findFirst();
    }

    /** The table as it is for whoever may not see some of its columns. */
    ServedTable without(Set<String> hidden) {
        return new ServedTable(
                schema,
                name,
                pipeline,
                columns.stream().filter(column -> !hidden.contains(column.name())).toList(),
                key.stream().anyMatch(hidden::contains) ? List.of() : key);
    }

    @Override
    public String toString() {
        return schema + "." + name;
    }
}
