package dev.qanat.validate;

import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A field of a source, as some of its records showed it.
 *
 * @param column the column of the table that it is read into; null where none is
 * @param action what the contract made of its values
 */
public record SeenField(Kinds kinds, @Nullable String column, Action action) {

    /** What a {@code schema_contract} makes of a field, the stronger after the weaker. */
    public enum Action {
        /** What was stored stays; of this run there is nothing to store. */
        KEPT,
        STORED,
        /** Stored, in a column that the table did not have. */
        COLUMN_ADDED,
        /** Its values, or those that do not fit their type, are left out. */
        DISCARDED,
        /** Records that have it, or whose value does not fit its type, are rejected. */
        RECORDS_REJECTED;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    SeenField and(SeenField other) {
        Kinds both = kinds.and(other.kinds);
        String where = column == null ? other.column : column;
        Action stronger = action.compareTo(other.action) < 0 ? other.action : action;
        return both == kinds && Objects.equals(where, column) && stronger == action ? this : new SeenField(both, where, stronger);
    }
}
