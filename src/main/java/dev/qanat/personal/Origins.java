package dev.qanat.personal;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * What the rows of a query, or of several, are made of.
 *
 * @param copies the columns that have the values of others as they are, by name: of which; a column of several queries may be a copy in
 *     some of them and computed in others
 * @param computed the columns that are no copies
 * @param uses all columns that are used for whatever
 * @param anything whether a function is called that may read what it likes
 */
public record Origins(Map<String, Set<ColumnName>> copies, Set<String> computed, Set<ColumnName> uses, boolean anything) {

    /** Of rows that come from outside of the database. */
    public static final Origins NONE = new Origins(Map.of(), Set.of(), Set.of(), false);

    /** Of the rows of both. */
    Origins and(Origins other) {
        Map<String, Set<ColumnName>> bothCopies = new HashMap<>(copies);
        other.copies.forEach((column, of) -> bothCopies.merge(column, of, Origins::union));
        return new Origins(bothCopies, union(computed, other.computed), union(uses, other.uses), anything || other.anything);
    }

    private static <T> Set<T> union(Set<T> one, Set<T> other) {
        Set<T> both = new HashSet<>(one);
        both.addAll(other);
        return both;
    }
}
