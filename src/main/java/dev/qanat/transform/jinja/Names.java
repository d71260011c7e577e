package dev.qanat.transform.jinja;

import org.jspecify.annotations.Nullable;

/** The names that a template finds besides its own. */
@FunctionalInterface
public interface Names {

    /** The value of the name, or null if there is none. */
    @Nullable Object lookup(String name);
}
