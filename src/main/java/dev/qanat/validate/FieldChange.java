package dev.qanat.validate;

import dev.qanat.validate.SeenField.Action;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * How a field of a source differs from what it was.
 *
 * @param from the kinds it had; none for an added one
 * @param to the kinds it has; none for a missing one, and for one whose values are all null
 * @param column of the table that it is, or was, read into; null where none is
 */
public record FieldChange(String path, Change change, Kinds from, Kinds to, @Nullable String column, Action action) {

    /** What happened to the field. */
    public enum Change {
        ADDED,
        MISSING,
        TYPE_CHANGED;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
