package dev.qanat.validate;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The fields that records have shown, by their paths: {@code address__city} as {@code from} names it, {@code products[].quantity} for
 * those of an array's items. Its size is bounded by that of the fields' names.
 *
 * @param fields unmodifiable; none as long as no record was read
 */
public record Observation(SortedMap<String, SeenField> fields) {

    public static final Observation NOTHING = new Observation(Collections.emptySortedMap());

    /** Characters kept of a path. */
    private static final int PATH = 200;

    static Observation of(Map<String, SeenField> fields) {
        SortedMap<String, SeenField> own = new TreeMap<>();
        fields.forEach((path, field) -> own.merge(Shown.text(path, PATH), field, SeenField::and));
        return new Observation(Collections.unmodifiableSortedMap(own));
    }

    /** What both have shown; this one itself where the other shows nothing new. */
    public Observation and(Observation other) {
        SortedMap<String, SeenField> both = null;
        for (Map.Entry<String, SeenField> field : other.fields.entrySet()) {
            @Nullable SeenField known = fields.get(field.getKey());
            SeenField merged = known == null ? field.getValue() : known.and(field.getValue());
            if (merged != known) {
                both = both == null ? new TreeMap<>(fields) : both;
                both.put(field.getKey(), merged);
            }
        }
        return both == null ? this : new Observation(Collections.unmodifiableSortedMap(both));
    }
}
