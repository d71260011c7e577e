package dev.qanat.backup;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

    // Below are the numbers of PostgreSQL's own objects.
    private static final long FIRST_OF_USERS = 16_384;

    private final Map<Node, Planned> planned = new HashMap<>();
    private final Map<Node, Set<Node>> needed = new HashMap<>();
    private final Map<Node, Node> parts = new HashMap<>();
    private final Set<Node> there = new HashSet<>();
    private final long relations;

    /** @param relations the number of the catalogue's class of tables */
    Graph(long relations) {
        this.relations = relations;
    }

    void add(Phase phase, Node node, String name, Step step) {
        planned.put(node, new Planned(phase, node, name, step));
    }

    /** What is made with another object. To be told before anything that names parts. */
    void part(Node part, Node of) {
        parts.put(part, of);
    }

    /** What is there without a step that makes it. */
    void there(Node node) {
        there.add(whole(node));
    }

    /** The rows of a table come when it is there, and before what follows rows. */
    void addRows(Phase phase, long table, Step.Rows rows) {
        Node node = new Node(ROWS, table);
        add(phase, node, rows.table(), rows);
        needs(node, new Node(relations, table));
    }

    /** Rows that name an object come when it is there. */
    void rowsName(long table, Node named) {
        needs(new Node(ROWS, table), named);
    }

    /** Where a sequence stands, told when it, or the table whose column it numbers, is there. */
    void addPosition(long sequence, String name, Step.Statement statement) {
        Node node = new Node(POSITIONS, sequence);
        add(Phase.POSITION, node, name, statement);
        needs(node, new Node(relations, sequence));
    }

    void needs(Node object, Node other) {
        Node whole = whole(object);
        Node needs = whole(other);
        if (!whole.equals(needs)) {
            needed.computeIfAbsent(whole, key -> new HashSet<>()).add(needs);
        }
    }

    /** Whether an object, or what it is a part of, is among those that are made. */
    boolean makes(Node node) {
        return planned.containsKey(whole(node));
    }

    /**
     * Takes out what needs an object of a user's that nothing makes, and what needs that in turn.
     *
     * @return what was taken out; parts that are told with the object to which they belong are not named
     */
    List<Lost> withoutWhatIsNotMade() {
        List<Lost> lost = new ArrayList<>();
        List<Planned> ordered = planned.values().stream().sorted(ORDER).toList();
        boolean more = true;
        while (more) {
            more = false;
            for (Planned object : ordered) {
                Optional<Node> missing = planned.containsKey(object.node()) ? missing(object) : Optional.empty();
                if (missing.isPresent()) {
                    planned.remove(object.node());
                    more = true;
                    boolean ofLost = object.node().catalogue() == ROWS && !makes(new Node(relations, object.node().object()));
                    if (object.phase().isTold() && !ofLost) {
                        lost.add(new Lost(object.phase().told() + " " + object.name(), missing.get()));
                    }
                }
            }
        }
        return lost;
    }

    private Optional<Node> missing(Planned object) {
        return needed.getOrDefault(object.node(), Set.of()).stream()
                .filter(other -> other.object() >= FIRST_OF_USERS && !planned.containsKey(other) && !there.contains(other))
                .min(Comparator.comparing(Node::object));
    }

    private Node whole(Node node) {
        Node whole = node;
        for (Node of = parts.get(whole); of != null; of = parts.get(whole)) {
            whole = of;
        }
        return whole;
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

    /**
     * @param object what is not made, as people call it
     * @param needs what it needs
     */
    record Lost(String object, Node needs) {}

    private record Planned(Phase phase, Node node, String name, Step step) {}
}
