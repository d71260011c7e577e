package dev.qanat.transform;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Who reads whom; a project that has a cycle is refused. */
final class Graph {
    private final Map<String, Node> nodes;
    private final Map<String, Set<String>> readers = new HashMap<>();
    private final List<String> order;

    Graph(Map<String, Node> nodes) {
        this.nodes = nodes;
        nodes.values().forEach(node -> node.dependsOn()
                .forEach(read -> readers.computeIfAbsent(read, id -> new LinkedHashSet<>()).add(node.uniqueId())));
        order = ordered();
    }

    Map<String, Node> nodes() {
        return nodes;
    }

    /** Kahn's order; what is left over is on a cycle or behind one. */
    private List<String> ordered() {
        Map<String, Integer> open = new LinkedHashMap<>();
        Deque<String> ready = new ArrayDeque<>();
        nodes.values().forEach(node -> {
            open.put(node.uniqueId(), node.dependsOn().size());
            if (node.dependsOn().isEmpty()) {
                ready.add(node.uniqueId());
            }
        });
        List<String> done = new ArrayList<>();
        while (!ready.isEmpty()) {
            String next = ready.remove();
            done.add(next);
            open.remove(next);
            for (String reader : readers.getOrDefault(next, Set.of())) {
                if (open.merge(reader, -1, Integer::sum) == 0) {
                    ready.add(reader);
                }
            }
        }
        if (!open.isEmpty()) {
            throw cycle(open.keySet());
        }
        return done;
    }

    private InputFailure cycle(Set<String> left) {
        List<String> path = new ArrayList<>();
        String at = left.iterator().next();
        while (!path.contains(at)) {
            path.add(at);
            at = nodes.get(at).dependsOn().stream().filter(left::contains).findFirst().orElseThrow();
        }
        List<String> cycle = new ArrayList<>(path.subList(path.indexOf(at), path.size()));
        Collections.reverse(cycle);
        String least = Collections.min(cycle);
        Collections.rotate(cycle, -cycle.indexOf(least));
        cycle.add(least);
        return new InputFailure(Code.DEPENDENCY_CYCLE, "%s:1 models read each other in a cycle: %s"
                .formatted(
                        nodes.get(least).file(),
                        cycle.stream().map(id -> nodes.get(id).name()).collect(Collectors.joining(" -> "))));
    }

    /** Everything within so many steps, without the start. */
    Set<String> upstream(String start, int steps) {
        return within(start, steps, id -> nodes.get(id).dependsOn());
    }

    Set<String> downstream(String start, int steps) {
        return within(start, steps, id -> readers.getOrDefault(id, Set.of()));
    }

    private static Set<String> within(String start, int steps, Function<String, Set<String>> next) {
        Set<String> found = new LinkedHashSet<>();
        Set<String> edge = Set.of(start);
        for (int step = 0; step < steps && !edge.isEmpty(); step++) {
            Set<String> further = edge.stream().flatMap(id -> next.apply(id).stream()).collect(Collectors.toSet());
            further.removeIf(id -> !found.add(id));
            edge = further;
        }
        return found;
    }

    List<Node> downstream(Node node) {
        Set<String> found = downstream(node.uniqueId(), Integer.MAX_VALUE);
        return nodes.values().stream().filter(other -> found.contains(other.uniqueId())).toList();
    }

    List<List<Node>> levels(Collection<Node> chosen) {
        Set<String> ids = chosen.stream().map(Node::uniqueId).collect(Collectors.toSet());
        Map<String, Integer> depths = new HashMap<>();
        Map<Integer, List<Node>> levels = new TreeMap<>();
        for (String id : order) {
            int depth = nodes.get(id).dependsOn().stream()
                    .mapToInt(read -> depths.get(read) + (ids.contains(read) ? 1 : 0))
                    .max()
                    .orElse(0);
            depths.put(id, depth);
            if (ids.contains(id)) {
                levels.computeIfAbsent(depth, d -> new ArrayList<>()).add(nodes.get(id));
            }
        }
        return List.copyOf(levels.values());
    }
}
