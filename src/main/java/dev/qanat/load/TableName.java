package dev.qanat.load;

/**
 * A table with its schema. The one place where identifiers are quoted.
 */
public record TableName(String schema, String name) {

    /** An identifier as it stands in a statement. */
    public static String quoted(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    /** The name as it stands in a statement. */
    public String sql() {
        return quoted(schema) + "." + quoted(name);
    }

    /** The name for people, such as {@code silver.sales}. */
    @Override
    public String toString() {
        return schema + "." + name;
    }
}
