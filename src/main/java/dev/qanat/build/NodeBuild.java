package dev.qanat.build;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.ModelRun;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.TestRun;
import dev.qanat.load.Staging;
import dev.qanat.transform.Compiled;
import dev.qanat.transform.ExistingRelations.Kind;
import dev.qanat.transform.Node;
import dev.qanat.transform.NodeConfig;
import dev.qanat.transform.Relation;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A model or seed is written beside what stands, audited by its tests, published and told in the ledger, in one transaction. When a test
 * fails the transaction holds nothing but that, and the rows that fail. For one thread.
 */
final class NodeBuild {

    private static final String ASIDE = "qanat_tmp_";

    /** Of an index's name: what follows has room below PostgreSQL's 63 bytes, whatever the letters. */
    private static final int LONGEST_BEGINNING = 12;

    private static final Retry CONFLICTS = Retry.of(
            "model",
            RetryConfig.custom()
                    .maxAttempts(4)
                    .intervalFunction(IntervalFunction.ofExponentialRandomBackoff(Duration.ofMillis(100), 2))
                    .retryOnException(e -> e instanceof SQLException sql && Sql.isConflict(sql))
                    .build());

    private final Build build;
    private final Node node;
    private final List<Node> tests;
    private final Relation aside;
    private final Instant started = Instant.now();
    private Optional<Compiled> compiled = Optional.empty();

    /** @param number tells the nodes of a run apart */
    NodeBuild(Build build, Node node, List<Node> tests, int number) {
        this.build = build;
        this.node = node;
        this.tests = tests;
        this.aside = new Relation(
                node.relation().database(), node.relation().schema(), (ASIDE + "%d_%d").formatted(build.order().run(), number));
    }

    /**
     * @return what became of it, as it is in the ledger
     * @throws TransientFailure when the database does not answer, or the run is to stop
     */
    ModelRun run() {
        try {
            return CONFLICTS.executeCheckedSupplier(this::attempt);
        } catch (InputFailure e) {
            return failed(e);
        } catch (SQLException e) {
            Failure failure = Failure.of(e, "building " + node.relation().shown());
            if (failure instanceof TransientFailure transientFailure && !Sql.isConflict(e)) {
                throw transientFailure;
            }
            return failed(new InputFailure(Code.MODEL_FAILED, failure.getMessage(), e));
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private ModelRun failed(InputFailure why) {
        Code code = why.code() == Code.DATABASE_REFUSED ? Code.MODEL_FAILED : why.code();
        ModelRun failed = told(ModelRun.Status.FAILED, Optional.empty(), Optional.of(new Run.RunError(code.id(), why.getMessage())), List.of());
        build.ledger().record(build.order().run(), failed);
        return failed;
    }

    private ModelRun attempt() throws SQLException {
        try (Connection connection = build.connection()) {
            Sql sql = new Sql(connection);
            if (node.config().preHooks().stream().anyMatch(hook -> !hook.transaction())) {
                Compiled now = build.manifest().compile(node, Catalog.of(connection, node), build.order().fullRefresh());
                hooks(sql, now.preHooks(), false);
            }
            connection.setAutoCommit(false);
            ModelRun told;
            try {
                told = inTransaction(sql);
                connection.commit();
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
            if (told.status() == ModelRun.Status.SUCCEEDED && compiled.isPresent()) {
                hooks(sql, compiled.get().postHooks(), false);
            }
            return told;
        }
    }

    private void hooks(Sql sql, List<NodeConfig.Hook> hooks, boolean inTransaction) throws SQLException {
        for (NodeConfig.Hook hook : hooks) {
            if (hook.transaction() == inTransaction && !hook.sql().isBlank()) {
                sql.execute(hook.sql(), hook.sql(), node.file() + ": a hook");
            }
        }
    }

    private ModelRun inTransaction(Sql sql) throws SQLException {
        Connection connection = sql.connection();
        sql.execute("SET LOCAL application_name = " + Sql.literal(Staging.nameOf(build.order().run())));
        sql.execute("SELECT pg_advisory_xact_lock(hashtextextended(" + Sql.literal("model " + node.relation()) + ", 0))");
        Catalog catalog = Catalog.of(connection, node);
        Optional<Kind> existing = catalog.find(node.relation());
        if (existing.filter(Kind.OTHER::equals).isPresent()) {
            throw new InputFailure(Code.MODEL_FAILED, "%s: %s is neither a table nor a view; move it out of the way"
                    .formatted(node.file(), node.relation().shown()));
        }
        Savepoint before = connection.setSavepoint();
        Optional<Long> rows = write(sql, catalog);
        boolean incremental = compiled.filter(Compiled::incremental).isPresent();
        Audit audit = new Audit(sql, build.manifest(), catalog, build::isPresent);
        try {
            Map<String, Relation> standIns = incremental ? Map.of(node.uniqueId(), node.relation()) : Map.of(node.uniqueId(), aside);
            for (Node test : tests) {
                audit.ask(test, standIns, Optional.of(node));
            }
            ModelRun told;
            if (audit.failed()) {
                audit.putAside();
                connection.rollback(before);
                audit.storeAgain();
                told = told(ModelRun.Status.FAILED, Optional.empty(), Optional.of(complaint(audit.results(), existing)), audit.results());
            } else {
                publish(sql, existing, incremental);
                comment(sql);
                hooks(sql, compiled.map(Compiled::postHooks).orElse(List.of()), true);
                told = told(ModelRun.Status.SUCCEEDED, rows, Optional.empty(), audit.results());
            }
            build.ledger().record(connection, build.order().run(), told);
            return told;
        } finally {
            audit.forget();
        }
    }

    private Run.RunError complaint(List<TestRun> results, Optional<Kind> existing) {
        String failed = results.stream()
                .filter(test -> test.status() == TestRun.Status.FAILED)
                .map(test -> test.name() + test.message().map(message -> " (" + message + ")").orElse(""))
                .collect(Collectors.joining(", "));
        return new Run.RunError(Code.TEST_FAILED.id(), "%s was not published%s: %s"
                .formatted(node.relation().shown(), existing.isPresent() ? ", what stood stays" : "", failed));
    }

    /** Writes what is to be published, beside what stands; an increment into it. */
    private Optional<Long> write(Sql sql, Catalog catalog) throws SQLException {
        if (node.kind() == Node.Kind.SEED) {
            SeedFile file = build.seedFile(node);
            String columns = String.join(", ", file.columns());
            sql.execute("CREATE TABLE " + aside + " (" + columns + ")", columns, node.file());
            return Optional.of(copy(sql, file));
        }
        Compiled now = build.manifest().compile(node, catalog, build.order().fullRefresh());
        compiled = Optional.of(now);
        hooks(sql, now.preHooks(), true);
        boolean view = node.config().materialized().equals("view");
        String unlogged = now.incremental() || node.config().unlogged() ? "UNLOGGED " : "";
        String create = "CREATE " + (view ? "VIEW " : unlogged + "TABLE ") + aside + " AS (\n" + now.sql() + "\n)";
        long rows = sql.execute(create, now.sql(), node.file());
        if (view) {
            return Optional.empty();
        }
        if (now.incremental()) {
            return Optional.of(increment(sql));
        }
        indexes(sql);
        return Optional.of(rows);
    }

    private long copy(Sql sql, SeedFile file) throws SQLException {
        try {
            return file.copy(sql.connection(), aside.toString());
        } catch (SQLException e) {
            if (Failure.of(e, node.file()) instanceof TransientFailure) {
                throw e;
            }
            throw new InputFailure(Code.MODEL_FAILED, node.file() + ": " + e.getMessage(), e);
        }
    }

    private long increment(Sql sql) throws SQLException {
        try {
            return new Increment(sql, node, aside).apply();
        } catch (SQLException e) {
            if (Failure.of(e, node.file()) instanceof TransientFailure) {
                throw e;
            }
            throw new InputFailure(Code.MODEL_FAILED, node.file() + ": " + e.getMessage(), e);
        }
    }

    private void indexes(Sql sql) throws SQLException {
        int number = 0;
        String name = node.relation().identifier();
        for (NodeConfig.Index index : node.config().indexes()) {
            // Those of the table that stands have their names until that goes.
            String own = "%s_%s_%d".formatted(
                    name.substring(0, Math.min(LONGEST_BEGINNING, name.length())), aside.identifier().substring(ASIDE.length()), number++);
            String create = "CREATE %sINDEX %s ON %s%s (%s)".formatted(
                    index.unique() ? "UNIQUE " : "",
                    Sql.quoted(own),
                    aside,
                    index.type().map(type -> " USING " + type).orElse(""),
                    String.join(", ", index.columns()));
            sql.execute(create, create, node.file());
        }
    }

    private void publish(Sql sql, Optional<Kind> existing, boolean incremental) throws SQLException {
        if (incremental) {
            sql.execute("DROP TABLE " + aside);
            return;
        }
        Publication publication = new Publication(sql, node, build::laterQuery);
        if (node.config().materialized().equals("view")) {
            publication.view(aside, existing, compiled.orElseThrow().sql());
        } else {
            publication.table(aside, existing);
        }
    }

    /** The descriptions as comments in the database. */
    private void comment(Sql sql) throws SQLException {
        String kind = node.config().materialized().equals("view") ? "VIEW" : "TABLE";
        if (!node.description().isBlank()) {
            sql.execute("COMMENT ON " + kind + " " + node.relation() + " IS " + Sql.literal(node.description().strip()));
        }
        if (node.columns().values().stream().allMatch(column -> column.description().isBlank())) {
            return;
        }
        for (String column : Catalog.columns(sql.connection(), node.relation()).keySet()) {
            Optional<Node.Column> described = node.columns().values().stream()
                    .filter(given -> given.name().equals(column) || given.name().toLowerCase(Locale.ROOT).equals(column))
                    .filter(given -> !given.description().isBlank())
                    .findFirst();
            if (described.isPresent()) {
                sql.execute("COMMENT ON COLUMN %s.%s IS %s".formatted(
                        node.relation(), Sql.quoted(column), Sql.literal(described.get().description().strip())));
            }
        }
    }

    private ModelRun told(
            ModelRun.Status status, Optional<Long> rows, Optional<Run.RunError> error, List<TestRun> results) {
        boolean built = status == ModelRun.Status.SUCCEEDED;
        return new ModelRun(
                node.uniqueId(),
                node.name(),
                node.kind().name().toLowerCase(Locale.ROOT),
                node.relation().shown(),
                node.config().materialized(),
                status,
                rows,
                started,
                Instant.now(),
                compiled.map(Compiled::sql).orElse(""),
                built && node.kind() == Node.Kind.SEED ? Optional.of(build.seedFile(node).sha256()) : Optional.empty(),
                error,
                results);
    }
}
