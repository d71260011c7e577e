package dev.qanat.build;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.ModelRun;
import dev.qanat.ledger.ModelRuns;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.TestRun;
import dev.qanat.load.TableName;
import dev.qanat.transform.Manifest;
import dev.qanat.transform.Node;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionService;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * One build: its nodes in the order of the graph, those that need not wait for each other side by side. A test is asked
 * where what it was declared for is audited, which waits for what else it reads; where that cannot be, or it was declared for none, where the last
 * of them is. One that reads none of them comes before whatever reads the same. What fails is not
 * published, and what is downstream of it is skipped, and nothing else. {@link #run} is for one thread, the rest for those of its nodes.
 */
final class Build {

    private static final long LOOK_MILLIS = 200;

    private final DataSource dataSource;
    private final ModelRuns ledger;
    private final Path folder;
    private final Manifest manifest;
    private final Order order;
    private final Set<String> present = ConcurrentHashMap.newKeySet();
    private final Set<String> built = ConcurrentHashMap.newKeySet();
    private final Map<TableName, Node> queries = new HashMap<>();
    private final Map<String, Unit> units = new LinkedHashMap<>();
    private final List<ModelRun> models = new ArrayList<>();
    private final List<TestRun> tests = new ArrayList<>();

    /** A node with the tests that audit it, or a test by itself. */
    private final class Unit {
        private final Node node;
        private final int number;
        private final List<Node> audits = new ArrayList<>();
        private final Set<Unit> waitsFor = new LinkedHashSet<>();
        private @Nullable Outcome outcome;

        private Unit(Node node, int number) {
            this.node = node;
            this.number = number;
        }

        /** Whether it waits for the other one, directly or not. */
        private boolean isBehind(Unit other) {
            Deque<Unit> open = new ArrayDeque<>(waitsFor);
            Set<Unit> seen = new HashSet<>();
            while (!open.isEmpty()) {
                Unit next = open.remove();
                if (next == other) {
                    return true;
                }
                if (seen.add(next)) {
                    open.addAll(next.waitsFor);
                }
            }
            return false;
        }

        private Outcome build() {
            if (node.kind() == Node.Kind.TEST) {
                TestRun test = ask(node);
                return new Outcome(test.status() != TestRun.Status.FAILED, Optional.empty(), Optional.of(test));
            }
            ModelRun model = new NodeBuild(Build.this, node, audits).run();
            return new Outcome(model.status() == ModelRun.Status.SUCCEEDED, Optional.of(model), Optional.empty());
        }
    }

    /** @param good whether what is downstream may go on */
    private record Outcome(boolean good, Optional<ModelRun> model, Optional<TestRun> test) {}

    /** @param chosen what is to be built, tests among it */
    Build(DataSource dataSource, ModelRuns ledger, Path folder, Manifest manifest, Order order, Catalog catalog, List<Node> chosen) {
        this.dataSource = dataSource;
        this.ledger = ledger;
        this.folder = folder;
        this.manifest = manifest;
        this.order = order;
        manifest.nodes().stream()
                .filter(node -> catalog.find(node.relation()).isPresent())
                .forEach(node -> present.add(node.uniqueId()));
        arrange(chosen);
    }

    Order order() {
        return order;
    }

    Manifest manifest() {
        return manifest;
    }

    ModelRuns ledger() {
        return ledger;
    }

    DataSource dataSource() {
        return dataSource;
    }

    SeedFile seedFile(Node seed) {
        return new SeedFile(folder, seed);
    }

    /** Whether what a node stands for is there, or was built meanwhile. */
    boolean isPresent(Node node) {
        return present.contains(node.uniqueId());
    }

    /** The query of a model that this build comes to later: until then a view of it may stand in its place. */
    Optional<String> laterQuery(TableName name) {
        return Optional.ofNullable(queries.get(name))
                .filter(model -> !built.contains(model.uniqueId()))
                .map(model -> manifest.compile(model, relation -> Optional.empty(), order.fullRefresh()).sql());
    }

    private void arrange(List<Node> chosen) {
        Set<String> published = ledger.published(order.run());
        built.addAll(published);
        List<Node> all = manifest.levels(chosen).stream().flatMap(List::stream).toList();
        Map<String, Set<Unit>> nearest = new HashMap<>();
        for (Node node : all) {
            boolean builds = node.kind() == Node.Kind.SEED || node.kind() == Node.Kind.MODEL && !node.isEphemeral();
            if (builds && !published.contains(node.uniqueId())) {
                Unit unit = new Unit(node, units.size());
                unit.waitsFor.addAll(read(node, nearest));
                units.put(node.uniqueId(), unit);
                nearest.put(node.uniqueId(), Set.of(unit));
                if (node.kind() == Node.Kind.MODEL) {
                    queries.put(new TableName(node.relation().schema(), node.relation().identifier()), node);
                }
            }
        }
        for (Node test : all) {
            if (test.kind() == Node.Kind.TEST) {
                arrange(test, nearest);
            }
        }
    }

    /** The test goes to what it was declared for, or else to the last of what it reads; that waits for the others. */
    private void arrange(Node test, Map<String, Set<Unit>> nearest) {
        List<Unit> read = read(test, nearest).stream().sorted((a, b) -> a.number - b.number).toList();
        if (read.isEmpty()) {
            Unit alone = new Unit(test, units.size());
            List<Unit> readers = units.values().stream()
                    .filter(unit -> unit.node.kind() != Node.Kind.TEST)
                    .filter(unit -> test.dependsOn().stream().anyMatch(id -> unit.node.dependsOn().contains(id)))
                    .toList();
            readers.forEach(reader -> reader.waitsFor.add(alone));
            units.put(test.uniqueId(), alone);
            return;
        }
        // Where it was declared for one that another of them reads, it is too late for that one.
        Unit audited = test.attachedTo()
                .flatMap(id -> read.stream().filter(unit -> unit.node.uniqueId().equals(id)).findFirst())
                .filter(unit -> read.stream().noneMatch(other -> other != unit && other.isBehind(unit)))
                .orElseGet(() -> read.get(read.size() - 1));
        audited.audits.add(test);
        read.stream().filter(unit -> unit != audited).forEach(audited.waitsFor::add);
    }

    /** The units of what the node reads, also where nodes between are not built. */
    private Set<Unit> read(Node node, Map<String, Set<Unit>> nearest) {
        Set<Unit> read = new LinkedHashSet<>();
        for (String id : node.dependsOn()) {
            Set<Unit> known = nearest.get(id);
            if (known == null) {
                known = read(manifest.node(id), nearest);
                nearest.put(id, known);
            }
            read.addAll(known);
        }
        return read;
    }

    /**
     * Builds.
     *
     * @throws TransientFailure when the database does not answer; what was published until then stays
     */
    Report run(Executor executor) throws InterruptedException {
        CompletionService<Unit> ended = new ExecutorCompletionService<>(executor);
        Set<Unit> waiting = new LinkedHashSet<>(units.values());
        int working = 0;
        Optional<Failure> broken = Optional.empty();
        while (true) {
            boolean goesOn = broken.isEmpty() && !order.toStop().getAsBoolean();
            if (goesOn) {
                working += begin(waiting, ended);
            }
            if (working == 0) {
                break;
            }
            Future<Unit> next = ended.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            if (next == null) {
                continue;
            }
            working--;
            try {
                note(next.get());
            } catch (ExecutionException e) {
                broken = broken.or(() -> Optional.of(failureOf(e)));
            }
        }
        if (broken.isPresent()) {
            throw broken.get();
        }
        if (!waiting.isEmpty()) {
            throw new TransientFailure(Code.INTERRUPTED, "run " + order.run() + " was to stop before all models were built");
        }
        return new Report(models, tests, order.patient());
    }

    private static Failure failureOf(ExecutionException e) {
        if (e.getCause() instanceof Failure failure) {
            return failure;
        }
        if (e.getCause() instanceof RuntimeException bug) {
            throw bug;
        }
        throw new IllegalStateException(e.getCause());
    }

    private void note(Unit unit) {
        Outcome outcome = Objects.requireNonNull(unit.outcome);
        outcome.model().ifPresent(models::add);
        outcome.test().ifPresent(tests::add);
    }

    /** Begins what need not wait any longer, and passes over what waits for what failed. */
    private int begin(Set<Unit> waiting, CompletionService<Unit> ended) {
        int begun = 0;
        boolean again = true;
        while (again) {
            again = false;
            for (Unit unit : List.copyOf(waiting)) {
                if (unit.waitsFor.stream().anyMatch(other -> waiting.contains(other) || other.outcome == null)) {
                    continue;
                }
                waiting.remove(unit);
                Optional<String> reason = whyNot(unit);
                if (reason.isPresent()) {
                    skip(unit, reason.get());
                    again = true;
                } else {
                    begun++;
                    ended.submit(() -> {
                        Outcome outcome = unit.build();
                        if (outcome.model().isPresent() && outcome.good()) {
                            present.add(unit.node.uniqueId());
                            built.add(unit.node.uniqueId());
                        }
                        unit.outcome = outcome;
                        return unit;
                    });
                }
            }
        }
        return begun;
    }

    private Optional<String> whyNot(Unit unit) {
        Optional<String> upstream = unit.waitsFor.stream()
                .filter(other -> !Objects.requireNonNull(other.outcome).good())
                .map(other -> other.node.kind() == Node.Kind.TEST
                        ? "the test " + other.node.name() + " failed"
                        : other.node.relation().shown() + " was not built")
                .findFirst();
        if (upstream.isPresent() || unit.node.kind() == Node.Kind.TEST) {
            return upstream;
        }
        return unit.node.dependsOn().stream().map(id -> missing(manifest.node(id))).flatMap(Optional::stream).findFirst();
    }

    private Optional<String> missing(Node read) {
        if (read.isEphemeral()) {
            return read.dependsOn().stream().map(id -> missing(manifest.node(id))).flatMap(Optional::stream).findFirst();
        }
        if (isPresent(read)) {
            return Optional.empty();
        }
        return Optional.of(read.kind() == Node.Kind.SOURCE
                ? "it waits for " + read.relation().shown() + ", which was not loaded yet"
                : read.relation().shown() + " was not built yet");
    }

    private void skip(Unit unit, String reason) {
        if (unit.node.kind() == Node.Kind.TEST) {
            TestRun skipped = new TestRun(
                    unit.node.uniqueId(), unit.node.name(), Optional.empty(), unit.node.config().severity(), TestRun.Status.SKIPPED,
                    Optional.empty(), 0, "", Optional.empty(), Optional.of(reason));
            ledger.record(order.run(), skipped);
            tests.add(skipped);
            unit.outcome = new Outcome(false, Optional.empty(), Optional.of(skipped));
            return;
        }
        ModelRun skipped = new ModelRun(
                unit.node.uniqueId(),
                unit.node.name(),
                unit.node.kind().name().toLowerCase(Locale.ROOT),
                unit.node.relation().shown(),
                unit.node.config().materialized(),
                ModelRun.Status.SKIPPED,
                Optional.empty(),
                Instant.now(),
                Instant.now(),
                "",
                Optional.empty(),
                Optional.of(new Run.RunError(Code.MODEL_SKIPPED.id(), reason)),
                List.of());
        ledger.record(order.run(), skipped);
        models.add(skipped);
        unit.outcome = new Outcome(false, Optional.of(skipped), Optional.empty());
    }

    /** Asks a test of what no node of this build builds. */
    private TestRun ask(Node test) {
        try {
            return Sql.inSession(dataSource, sql -> {
                Audit audit = new Audit(sql, manifest, Catalog.of(sql.connection(), manifest.nodes()), this::isPresent, order.patient());
                sql.inTransaction(() -> audit.ask(test, Map.of(), Optional.empty()));
                TestRun told = audit.results().get(0);
                ledger.record(order.run(), told);
                return told;
            });
        } catch (SQLException e) {
            throw Failure.of(e, "asking the test " + test.name());
        }
    }
}
