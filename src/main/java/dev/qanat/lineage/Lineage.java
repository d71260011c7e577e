package dev.qanat.lineage;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.ledger.LastRuns;
import dev.qanat.pipeline.Suggestion;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What comes from what.
 *
 * @param nodes pipelines by name, each from its sources to its tables; then the nodes of the dbt project in its order
 * @param problem why the models are missing; empty where they are not, or where there is no project
 */
public record Lineage(List<Node> nodes, List<Edge> edges, Optional<Problem> problem) {

    /** Something that data comes from, passes through or stands in. */
    public enum Kind {
        SOURCE,
        RESOURCE,
        BRONZE,
        SILVER,
        MODEL,
        SEED,
        /** A table that a project declares as a source and no pipeline loads. */
        TABLE;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * @param id of a table or a model {@code schema.name}; of a source {@code source:pipeline.name}, of a resource
     *     {@code resource:pipeline.name}
     * @param name by which it may be asked for, too
     * @param description empty where nobody has said anything
     * @param details what only its kind has, by the key under which it is told
     * @param lastRun the last run that landed in it or built it, where that is known
     */
    public record Node(
            String id,
            Kind kind,
            String name,
            String description,
            Map<String, Object> details,
            List<Column> columns,
            List<Test> tests,
            Optional<LastRuns.Last> lastRun) {}

    /**
     * @param type as PostgreSQL writes it, or as declared; empty where it is not known
     * @param pii what becomes of its values where they are personal
     */
    public record Column(String name, String type, String description, Optional<String> pii) {}

    /**
     * @param severity {@code error} or {@code warn}
     * @param result the last one; empty where there is none
     */
    public record Test(String name, String severity, String file, Optional<LastRuns.Tested> result) {}

    /** @param from the id of what is read */
    public record Edge(String from, String to) {}

    public record Problem(Code code, String message) {}

    /** Where to look from a node. */
    public enum Direction {
        UPSTREAM,
        DOWNSTREAM,
        BOTH
    }

    /**
     * The node, and what is connected with it.
     *
     * @param asked its id or its name
     * @param depth so many edges away
     * @throws InputFailure {@code not_found} when there is no such node, {@code invalid_request} when several have the name
     */
    public Lineage around(String asked, Direction direction, int depth) {
        Set<String> kept = new LinkedHashSet<>(Set.of(id(asked)));
        if (direction != Direction.DOWNSTREAM) {
            kept.addAll(within(id(asked), depth, true));
        }
        if (direction != Direction.UPSTREAM) {
            kept.addAll(within(id(asked), depth, false));
        }
        return new Lineage(
                nodes.stream().filter(node -> kept.contains(node.id())).toList(),
                edges.stream().filter(edge -> kept.contains(edge.from()) && kept.contains(edge.to())).toList(),
                problem);
    }

    private String id(String asked) {
        if (nodes.stream().anyMatch(node -> node.id().equals(asked))) {
            return asked;
        }
        List<String> named = nodes.stream().filter(node -> node.name().equals(asked)).map(Node::id).toList();
        if (named.size() > 1) {
            throw new InputFailure(
                    Code.INVALID_REQUEST, "node: '%s' may be %s; say which".formatted(asked, String.join(" or ", named)));
        }
        return named.stream().findFirst().orElseThrow(() -> new InputFailure(
                Code.NOT_FOUND,
                "there is no node '%s'%s".formatted(
                        asked,
                        Suggestion.of(asked, nodes.stream().flatMap(node -> Stream.of(node.id(), node.name())).toList())
                                .map(Suggestion::ask)
                                .orElse("; GET /api/v1/lineage has them all"))));
    }

    private Set<String> within(String start, int depth, boolean upstream) {
        Map<String, List<String>> next = edges.stream().collect(Collectors.groupingBy(
                upstream ? Edge::to : Edge::from, Collectors.mapping(upstream ? Edge::from : Edge::to, Collectors.toList())));
        Set<String> found = new LinkedHashSet<>();
        Set<String> rim = Set.of(start);
        for (int step = 0; step < depth && !rim.isEmpty(); step++) {
            rim = rim.stream()
                    .flatMap(id -> next.getOrDefault(id, List.of()).stream())
                    .filter(found::add)
                    .collect(Collectors.toSet());
        }
        return found;
    }
}
