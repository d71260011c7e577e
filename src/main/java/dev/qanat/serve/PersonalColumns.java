package dev.qanat.serve;

import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.ConfigHistory;
import dev.qanat.pipeline.ConfigHistory.Version;
import dev.qanat.pipeline.InvalidPipeline;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The columns of silver tables that pipelines mark as {@code pii}: for each table as the latest version says that has the table, whether it
 * is in force or not. Blocking.
 */
@ApplicationScoped
class PersonalColumns {
    private static final String SCHEMA = "silver";
    private static final int PAGE = 100;

    private final ConfigHistory history;
    private final Pipelines pipelines;

    PersonalColumns(ConfigHistory history, Pipelines pipelines) {
        this.history = history;
        this.pipelines = pipelines;
    }

    /**
     * Tables as they are for whoever sees no personal columns, by their names. One is not among them when a pipeline loads it of which
     * nobody can tell what it marks there: its version cannot be read any more, or none has the table.
     */
    Map<String, ServedTable> without(Collection<ServedTable> tables) {
        Map<String, Set<String>> marked = new HashMap<>();
        Set<String> unreadable = new HashSet<>();
        String after = "";
        List<Version> page;
        do {
            page = history.latest(after, PAGE);
            for (Version version : page) {
                after = version.pipeline();
                try {
                    marked.putAll(marked(version));
                } catch (InvalidPipeline e) {
                    unreadable.add(version.pipeline());
                }
            }
        } while (page.size() == PAGE);
        Map<String, ServedTable> open = new HashMap<>();
        for (ServedTable table : tables) {
            Optional<Set<String>> hidden = Optional.ofNullable(marked.get(table.name()))
                    .filter(columns -> table.schema().equals(SCHEMA))
                    .or(() -> table.pipeline().isEmpty() ? Optional.of(Set.of()) : Optional.empty())
                    .or(() -> table.pipeline()
                            .filter(pipeline -> !unreadable.contains(pipeline))
                            .flatMap(pipeline -> before(pipeline, table.name())));
            hidden.map(table::without).filter(rest -> !rest.columns().isEmpty()).ifPresent(rest -> open.put(table.toString(), rest));
        }
        return open;
    }

    /** What the latest version that has a table marks in it; empty when none has it, or that cannot be read any more. */
    private Optional<Set<String>> before(String pipeline, String table) {
        int below = Integer.MAX_VALUE;
        List<Version> page;
        do {
            page = history.versions(pipeline, below, PAGE);
            for (Version version : page) {
                below = version.number();
                try {
                    Set<String> marked = marked(version).get(table);
                    if (marked != null) {
                        return Optional.of(marked);
                    }
                } catch (InvalidPipeline e) {
                    return Optional.empty();
                }
            }
        } while (page.size() == PAGE);
        return Optional.empty();
    }

    private Map<String, Set<String>> marked(Version version) {
        return pipelines.at(version.pipeline(), version.number()).tables().stream()
                .collect(Collectors.toMap(
                        Resource::table,
                        resource -> resource.personalColumns().stream().map(Column::name).collect(Collectors.toSet()),
                        (one, other) -> {
                            Set<String> both = new HashSet<>(one);
                            both.addAll(other);
                            return both;
                        }));
    }
}
