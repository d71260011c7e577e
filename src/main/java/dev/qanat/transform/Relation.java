package dev.qanat.transform;

import dev.qanat.transform.jinja.Attributes;
import dev.qanat.transform.jinja.None;
import org.jspecify.annotations.Nullable;

/**
 * A table or view by its name, quoted where it is printed.
 *
 * @param database the database that the target names
 */
public record Relation(String database, String schema, String identifier) implements Attributes {

    @Override
    public @Nullable Object attribute(String name) {
        return switch (name) {
            case "database" -> database;
            case "schema" -> schema;
            case "identifier", "name", "table" -> identifier;
            case "type" -> None.NONE;
            default -> null;
        };
    }

    /** As it stands in SQL, such as {@code "qanat"."gold"."daily_returns"}. */
    @Override
    public String toString() {
        return quoted(database) + "." + quoted(schema) + "." + quoted(identifier);
    }

    /** For people, such as {@code gold.daily_returns}. */
    public String shown() {
        return schema + "." + identifier;
    }

    private static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }
}
