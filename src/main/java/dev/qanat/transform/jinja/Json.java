package dev.qanat.transform.jinja;

/** dbt's functions {@code tojson} and {@code fromjson}. */
public final class Json {
    private Json() {}

    /** The value as Python's {@code json.dumps} writes it. */
    public static String write(Object value, boolean sortKeys) {
        return Filters.json(value, sortKeys);
    }

    /** What the text stands for, or the fallback if it is no JSON. */
    public static Object read(String text, Object otherwise) {
        return Filters.fromJson(text, otherwise);
    }
}
