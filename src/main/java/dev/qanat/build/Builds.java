package dev.qanat.build;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.ledger.ModelRuns;
import dev.qanat.load.TableName;
import dev.qanat.personal.ModelColumns;
import dev.qanat.transform.Manifest;
import dev.qanat.transform.Node;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/** Builds the models of the project. Safe for use by several threads; a model is built by one of them at a time, in whatever process. */
@ApplicationScoped
public class Builds {

    private static final Set<String> OWN_SCHEMAS = Set.of("qanat", "qanat_staging", "bronze", "information_schema");

    private final DataSource dataSource;
    private final Project project;
    private final ModelRuns ledger;
    private final ExecutorService threads = Executors.newFixedThreadPool(Project.THREADS, work -> {
        Thread thread = new Thread(work, "models");
        thread.setDaemon(true);
        return thread;
    });

    Builds(DataSource dataSource, Project project, ModelRuns ledger) {
        this.dataSource = dataSource;
        this.project = project;
        this.ledger = ledger;
    }

    @PreDestroy
    void stop() {
        threads.shutdownNow();
    }

    /**
     * Builds what is ordered, and before it what that reads and is not there: seeds that are new or changed, models that were never built.
     *
     * @throws InputFailure when the project, the selection or a text cannot be taken; then nothing was built
     * @throws dev.qanat.failure.TransientFailure when the database does not answer; what was published until then stays
     */
    public Report build(Order order) throws InterruptedException {
        Optional<Manifest> read = project.manifest();
        if (read.isEmpty()) {
            if (order.select().isPresent()) {
                throw noProject();
            }
            return Report.NOTHING;
        }
        Manifest manifest = read.get();
        Set<String> chosen = chosen(manifest, order).stream().map(Node::uniqueId).collect(Collectors.toCollection(LinkedHashSet::new));
        if (chosen.isEmpty()) {
            if (order.select().filter(select -> !select.isBlank()).isPresent()) {
                throw nothing(order.select().get());
            }
            return Report.NOTHING;
        }
        return prepared(manifest, order, chosen).run(threads);
    }

    /**
     * Whether a selection means anything.
     *
     * @throws InputFailure when the project or the selection cannot be taken, or nothing is selected
     */
    public void check(String select) {
        Manifest manifest = project.manifest().orElseThrow(this::noProject);
        if (selected(manifest, select).isEmpty()) {
            throw nothing(select);
        }
    }

    /** What dbt's {@code --select} and {@code --exclude} in one text mean. Who names what is not there is told so, where dbt warns. */
    private List<Node> selected(Manifest manifest, String text) {
        List<String> selected = new ArrayList<>();
        List<String> excluded = new ArrayList<>();
        List<String> into = selected;
        for (String word : text.strip().split("\\s+")) {
            switch (word) {
                case "--select", "-s" -> into = selected;
                case "--exclude" -> into = excluded;
                default -> into.add(word);
            }
        }
        for (String word : selected) {
            if (word.startsWith("-")) {
                throw new InputFailure(Code.INVALID_SELECTION, "'%s' is none of --select, -s and --exclude".formatted(word));
            }
            if (manifest.select(word, "").isEmpty()) {
                throw nothing(word);
            }
        }
        return manifest.select(String.join(" ", selected), String.join(" ", excluded));
    }

    private InputFailure noProject() {
        return new InputFailure(Code.INVALID_PROJECT, "there is no dbt project in " + project.folder());
    }

    private InputFailure nothing(String select) {
        return new InputFailure(Code.NOTHING_SELECTED, "'%s' selects nothing of the project in %s".formatted(select, project.folder()));
    }

    private Build prepared(Manifest manifest, Order order, Set<String> chosen) {
        try (Connection connection = dataSource.getConnection()) {
            Catalog catalog = Catalog.of(connection, manifest.nodes());
            complete(manifest, catalog, order, chosen);
            List<Node> nodes = manifest.nodes().stream().filter(node -> chosen.contains(node.uniqueId())).toList();
            nodes.stream()
                    .filter(node -> node.kind() == Node.Kind.MODEL && !node.isEphemeral() || node.kind() == Node.Kind.TEST)
                    .forEach(node -> manifest.compile(node, catalog, order.fullRefresh()));
            nodes.stream().filter(Builds::stands).forEach(Builds::refuseOwnSchemas);
            makeSchemas(new Sql(connection), nodes);
            new ModelColumns(connection).noteSources(manifest.nodes().stream()
                    .filter(node -> node.kind() == Node.Kind.SOURCE)
                    .collect(Collectors.toMap(node -> node.relation().shown(), Node::pii, Builds::either)));
            return new Build(dataSource, ledger, project.folder(), manifest, order, catalog, nodes);
        } catch (SQLException e) {
            throw Failure.of(e, "building models");
        }
    }

    private static Map<String, Boolean> either(Map<String, Boolean> one, Map<String, Boolean> other) {
        Map<String, Boolean> either = new TreeMap<>(one);
        other.forEach((column, pii) -> either.merge(column, pii, Boolean::logicalOr));
        return either;
    }

    private Collection<Node> chosen(Manifest manifest, Order order) {
        if (order.select().isPresent()) {
            return order.select().get().isBlank() ? List.of() : selected(manifest, order.select().get());
        }
        Set<Node> chosen = new LinkedHashSet<>();
        for (Node node : manifest.nodes()) {
            if (node.kind() == Node.Kind.SOURCE && order.loaded().contains(node.relation().shown())) {
                chosen.addAll(manifest.downstream(node));
            }
        }
        return chosen;
    }

    /**
     * Adds what the chosen read and is not there, and seeds that are not as their files are now, with what of the chosen's sources reads
     * them; where nobody has chosen, with all that reads them.
     */
    private void complete(Manifest manifest, Catalog catalog, Order order, Set<String> chosen) {
        Map<String, String> seeds = ledger.seeds();
        int before;
        do {
            before = chosen.size();
            addAbove(manifest, catalog, order, seeds, chosen);
        } while (chosen.size() > before);
        manifest.nodes().stream()
                .filter(node -> node.kind() == Node.Kind.TEST && chosen.containsAll(node.dependsOn()))
                .forEach(test -> chosen.add(test.uniqueId()));
    }

    private void addAbove(Manifest manifest, Catalog catalog, Order order, Map<String, String> seeds, Set<String> chosen) {
        Set<String> above = above(manifest, chosen);
        for (String id : above) {
            Node read = manifest.node(id);
            boolean there = catalog.find(read.relation()).isPresent();
            if (read.kind() == Node.Kind.MODEL && (read.isEphemeral() || !there)) {
                chosen.add(id);
            }
            if (read.kind() == Node.Kind.SEED
                    && (!there || !new SeedFile(project.folder(), read).sha256().equals(seeds.get(id)))) {
                chosen.add(id);
                manifest.downstream(read).stream()
                        .map(Node::uniqueId)
                        .filter(reader -> order.select().isEmpty() || above.contains(reader))
                        .forEach(chosen::add);
            }
        }
    }

    private static Set<String> above(Manifest manifest, Set<String> chosen) {
        Set<String> above = new LinkedHashSet<>();
        Deque<String> open = new ArrayDeque<>(chosen);
        while (!open.isEmpty()) {
            manifest.node(open.remove()).dependsOn().stream().filter(above::add).forEach(open::add);
        }
        return above;
    }

    /** Whether a relation is made for the node. */
    private static boolean stands(Node node) {
        return switch (node.kind()) {
            case SEED -> true;
            case MODEL -> !node.isEphemeral();
            case TEST -> node.config().storeFailures();
            case SOURCE -> false;
        };
    }

    private static void refuseOwnSchemas(Node node) {
        String schema = node.relation().schema();
        if (OWN_SCHEMAS.contains(schema) || schema.startsWith("pg_")) {
            throw new InputFailure(Code.INVALID_PROJECT, "%s: %s would stand in a schema that is not the project's; give it another"
                    .formatted(node.file(), node.relation().shown()));
        }
    }

    /** Two processes that make a schema at once get in each other's way, also where it is only made if it is not there. */
    private static void makeSchemas(Sql sql, List<Node> nodes) throws SQLException {
        Set<String> schemas = nodes.stream()
                .filter(Builds::stands)
                .map(node -> node.relation().schema())
                .collect(Collectors.toCollection(TreeSet::new));
        String creates = schemas.stream()
                .map(schema -> "CREATE SCHEMA IF NOT EXISTS " + TableName.quoted(schema))
                .collect(Collectors.joining("; "));
        sql.execute("SELECT pg_advisory_xact_lock(hashtextextended('qanat schemas', 0)); " + creates);
    }
}
