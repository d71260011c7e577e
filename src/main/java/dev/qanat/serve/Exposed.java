package dev.qanat.serve;

import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the operator lets be read.
 *
 * @param names of schemas, and of tables as {@code schema.table}; the server's own schemas are none of them
 */
public record Exposed(Set<String> names) {

    Set<String> schemas() {
        return names.stream().map(name -> name.split("\\.", 2)[0]).collect(Collectors.toUnmodifiableSet());
    }

    boolean has(String schema, String table) {
        return names.contains(schema) || names.contains(schema + "." + table);
    }
}
