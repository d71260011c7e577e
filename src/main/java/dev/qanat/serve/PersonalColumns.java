package dev.qanat.serve;

import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.ConfigHistory;
import dev.qanat.pipeline.InvalidPipeline;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The columns of silver tables that pipelines mark as {@code pii}, by the latest version of each, whether it is in force or not. Blocking.
 */
@ApplicationScoped
class PersonalColumns {
    private static final int PAGE = 500;

    private final ConfigHistory history;
    private final Pipelines pipelines;

    PersonalColumns(ConfigHistory history, Pipelines pipelines) {
        this.history = history;
        this.pipelines = pipelines;
    }

    /**
     * What is known of them.
     *
     * @param columns by the table's schema and name with a dot between
     * @param unreadable pipelines whose version cannot be read any more: what their tables hold is not known
     */
    record Marked(Map<String, Set<String>> columns, Set<String> unreadable) {

        /** The table as it is for whoever sees no personal columns; empty when there is nothing of it, or nothing is known of it. */
        Optional<ServedTable> without(ServedTable table) {
            if (table.pipeline().filter(unreadable::contains).isPresent()) {
                return Optional.empty();
            }
            ServedTable open = table.without(columns.getOrDefault(table.toString(), Set.of()));
            return open.columns().isEmpty() ? Optional.empty() : Optional.of(open);
        }
    }

    Marked read() {
        Map<String, Set<String>> columns = new HashMap<>();
        Set<String> unreadable = new HashSet<>();
        String after = "";
        List<ConfigHistory.Version> page;
        do {
            page = history.latest(after, PAGE);
            for (ConfigHistory.Version version : page) {
                after = version.pipeline();
                try {
                    for (Resource resource : pipelines.at(version.pipeline(), version.number()).tables()) {
                        resource.personalColumns().stream()
                                .map(Column::name)
                                .forEach(name -> columns.computeIfAbsent("silver." + resource.table(), table -> new HashSet<>()).add(name));
                    }
                } catch (InvalidPipeline e) {
                    unreadable.add(version.pipeline());
                }
            }
        } while (page.size() == PAGE);
        return new Marked(columns, unreadable);
    }
}
