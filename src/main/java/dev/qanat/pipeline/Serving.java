package dev.qanat.pipeline;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a resource's table has for those who read it, and changes nothing of what is loaded.
 *
 * @param surrogateKey a column that PostgreSQL numbers rows in; empty when there is none
 * @param expose empty when the table has no path of its own
 * @param indexes columns of indexes, each in its order
 */
public record Serving(Optional<String> surrogateKey, Optional<Expose> expose, List<List<String>> indexes) {

    public static final Serving NOTHING = new Serving(Optional.empty(), Optional.empty(), List.of());

    /** The columns of the indexes that filters and {@code indexes} ask for. */
    public Stream<List<String>> indexed() {
        Stream<String> filtered = expose.map(Expose::filters).map(Map::values).stream()
                .flatMap(filters -> filters.stream().map(Expose.Filter::column));
        return Stream.concat(indexes.stream(), filtered.map(List::of)).distinct();
    }
}
