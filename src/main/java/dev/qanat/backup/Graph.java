package dev.qanat.backup;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.stream.Collectors;

/** The objects of a database, what each needs, and the order in which they can be made. For one thread. */
final class Graph {
    // The classes of PostgreSQL's catalogue have positive numbers.
    private static final long ROWS = -1;
    private static final long POSITIONS = -2;

    private static final Comparator<Planned> ORDER =
            Comparator.comparing(Planned::phase).thenComparing(Planned::name).thenComparing(planned -> planned.node().object());

    private final Map<Node, Planned> planned = new HashMap<>();
    private final Map<Node, Set<Node>> needed = new HashMap<>();
    private final long relations;

    /** @param relations the number of the catalogue's class of tables */
    Graph(long relations) {
        this.relations = relations;
    }

    void add(Phase phase, Node node, String name, Step step) {
        planned.put(node, new Planned(phase, node, name, step));
    }

    /** The rows of a table come when it is there, and before what follows rows. */
    void addRows(Phase phase, long table, Step.Rows rows) {
        Node node = new Node(ROWS, table);
        add(phase, node, rows.table(), rows);
        needs(node, new Node(relations, table));
    }

    /** Where a sequence stands, told when it, or the table whose column it numbers, is there. */
    void addPosition(long sequence, String name, Step.Statement statement) {
        add(Phase.POSITION, new Node(POSITIONS, sequence), name, statement);
    }

    /** What is not among the objects when they are put in order is taken to be there. */
    void needs(Node object, Node other) {
        if (!object.equals(other)) {
            needed.computeIfAbsent(object, key -> new HashSet<>()).add(other);
        }
    }

    /** @throws InputFailure {@code not_carried} when objects need one another in a circle */
    List<Step> inOrder() {
        Map<Node, Set<Node>> waitsFor = new HashMap<>();
        Map<Node, List<Node>> heldUp = new HashMap<>();
        PriorityQueue<Planned> ready = new PriorityQueue<>(ORDER);
        for (Planned object : planned.values()) {
            Set<Node> wanted = wantedBy(object);
            waitsFor.put(object.node(), wanted);
            wanted.forEach(other -> heldUp.computeIfAbsent(other, key -> new ArrayList<>()).add(object.node()));
            if (wanted.isEmpty()) {
                ready.add(object);
            }
        }
        List<Step> steps = new ArrayList<>();
        for (Planned next = ready.poll(); next != null; next = ready.poll()) {
            steps.add(next.step());
            waitsFor.remove(next.node());
            for (Node other : heldUp.getOrDefault(next.node(), List.of())) {
                Set<Node> left = waitsFor.get(other);
                if (left != null && left.remove(next.node()) && left.isEmpty()) {
                    Planned freed = planned.get(other);
                    if (freed != null) {
                        ready.add(freed);
                    }
                }
            }
        }
        if (!waitsFor.isEmpty()) {
            throw new InputFailure(
                    Code.NOT_CARRIED,
                    "these need one another in a circle: "
                            + planned.values().stream()
                                    .filter(object -> waitsFor.containsKey(object.node()))
                                    .sorted(ORDER)
                                    .map(Planned::name)
                                    .collect(Collectors.joining(", ")));
        }
        return steps;
    }

    private Set<Node> wantedBy(Planned object) {
        Set<Node> wanted = new HashSet<>();
        for (Node other : needed.getOrDefault(object.node(), Set.of())) {
            if (planned.containsKey(other)) {
                wanted.add(other);
            }
            Node rows = new Node(ROWS, other.object());
            if (other.catalogue() == relations && object.phase().followsRows() && planned.containsKey(rows)) {
                wanted.add(rows);
            }
        }
        return wanted;
    }

    /**
     * @param catalogue the number of the class in PostgreSQL's catalogue
     * @param object its number in that
     */
    record Node(long catalogue, long object) {}

    private record Planned(Phase phase, Node node, String name, Step step) {}
}
