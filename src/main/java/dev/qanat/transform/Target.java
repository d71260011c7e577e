package dev.qanat.transform;

import dev.qanat.transform.jinja.Attributes;
import org.jspecify.annotations.Nullable;

/**
 * Where a project's relations are made: what dbt reads from a profile.
 *
 * @param name such as {@code prod}
 * @param schema of the models that name none
 */
public record Target(String name, String database, String schema, String user, int threads) implements Attributes {

    @Override
    public @Nullable Object attribute(String part) {
        return switch (part) {
            case "name", "target_name" -> name;
            case "profile_name" -> "qanat";
            case "type" -> "postgres";
            case "database", "dbname" -> database;
            case "schema" -> schema;
            case "user" -> user;
            case "threads" -> (long) threads;
            default -> null;
        };
    }

    @Override
    public String toString() {
        return name;
    }
}
