package dev.qanat.transform.jinja;

import org.jspecify.annotations.Nullable;

/** Python's {@code None}. Java's null never is a value of a template. */
public enum None {
    NONE;

    /** A value for a template: the value itself, or {@code None} in place of null. */
    public static Object orNone(@Nullable Object value) {
        return value == null ? NONE : value;
    }

    @Override
    public String toString() {
        return "None";
    }
}
