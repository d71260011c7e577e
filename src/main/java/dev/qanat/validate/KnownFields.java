package dev.qanat.validate;

import dev.qanat.validate.FieldChange.Change;
import dev.qanat.validate.SeenField.Action;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a resource as they are known.
 *
 * @param fields by their paths, as in {@link Observation}
 * @param unseen the paths of those that the run at work has not come upon
 */
public record KnownFields(SortedMap<String, Known> fields, SortedSet<String> unseen) {

    public static final KnownFields NONE = new KnownFields(new TreeMap<>(), new TreeSet<>());

    /**
     * A known field.
     *
     * @param kinds of its values when it was last told of; none as long as all were null
     */
    public record Known(Kinds kinds, @Nullable String column) {}

    /**
     * What is known after a comparison.
     *
     * @param changes by path
     */
    public record Compared(KnownFields known, List<FieldChange> changes) {}

    /** The same before a run has come upon any of them. */
    public KnownFields unseenAll() {
        return new KnownFields(fields, new TreeSet<>(fields.keySet()));
    }

    /**
     * Holds what records show against what is known. A field has another type when it has a kind of value that it did not have; one
     * that shows fewer kinds keeps those it is known for.
     *
     * @param whole whether the run has read all that it reads of the resource, so that what it has not come upon is missing. Missing is
     *     neither a field that never had a value, nor one of an object that was null, nor one of items where there was no item
     */
    public Compared after(Observation now, boolean whole) {
        SortedMap<String, Known> next = new TreeMap<>(fields);
        List<FieldChange> changes = new ArrayList<>();
        now.fields().forEach((path, seen) -> {
            Known known = fields.get(path);
            Kinds kinds = seen.kinds();
            if (known == null) {
                changes.add(new FieldChange(path, Change.ADDED, Kinds.NONE, kinds, seen.column(), seen.action()));
            } else if (known.kinds().covers(kinds)) {
                kinds = known.kinds();
            } else {
                kinds = unseen.contains(path) ? kinds : known.kinds().and(kinds);
                if (!known.kinds().isEmpty()) {
                    changes.add(new FieldChange(path, Change.TYPE_CHANGED, known.kinds(), kinds, seen.column(), seen.action()));
                }
            }
            next.put(path, new Known(kinds, seen.column()));
        });
        SortedSet<String> left = new TreeSet<>(unseen);
        left.removeAll(now.fields().keySet());
        if (whole) {
            Set<String> arrays = Stream.concat(
                            now.fields().keySet().stream(), fields.keySet().stream().filter(path -> !unseen.contains(path)))
                    .map(KnownFields::array)
                    .filter(Objects::nonNull)
                    .collect(Collectors.toSet());
            for (String path : left) {
                Known known = fields.get(path);
                if (known != null && !known.kinds().isEmpty() && isMissing(path, now, arrays)) {
                    changes.add(new FieldChange(path, Change.MISSING, known.kinds(), Kinds.NONE, known.column(), Action.KEPT));
                    next.remove(path);
                }
            }
            left = new TreeSet<>();
        }
        changes.sort(Comparator.comparing(FieldChange::path));
        return new Compared(new KnownFields(next, left), List.copyOf(changes));
    }

    /** @param arrays that had items */
    private static boolean isMissing(String path, Observation now, Set<String> arrays) {
        String array = array(path);
        if (array != null && !arrays.contains(array)) {
            return false;
        }
        for (int end = path.indexOf("__"); end >= 0; end = path.indexOf("__", end + 1)) {
            SeenField object = now.fields().get(path.substring(0, end));
            if (object != null && object.kinds().isEmpty()) {
                return false;
            }
        }
        return true;
    }

    /** Of a field of items, the array's path. */
    private static @Nullable String array(String path) {
        int end = path.indexOf(FieldsSeen.ITEM);
        return end < 0 ? null : path.substring(0, end);
    }
}
