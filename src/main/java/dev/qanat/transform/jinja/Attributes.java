package dev.qanat.transform.jinja;

import org.jspecify.annotations.Nullable;

/** A value of a template with named parts, such as {@code target}; its {@code toString} is what is printed. */
@FunctionalInterface
public interface Attributes {

    /** The part, or null if there is none of this name. */
    @Nullable Object attribute(String name);
}
