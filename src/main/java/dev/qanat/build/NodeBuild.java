package dev.qanat.build;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.ModelRun;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.TestRun;
import dev.qanat.load.Staging;
import dev.qanat.personal.ModelColumns;
import dev.qanat.personal.Origins;
import dev.qanat.transform.Compiled;
import dev.qanat.transform.ExistingRelations.Kind;
import dev.qanat.transform.Node;
import dev.qanat.transform.NodeConfig;
import dev.qanat.transform.Relation;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A model or seed is written beside what stands and audited by its tests, then published and told in the ledger: in two transactions where
 * rows take the place of others, otherwise in one. When a test fails the first holds nothing but that, and the rows that fail. For one thread.
 */
final class NodeBuild {

    private static final String ASIDE = "qanat_tmp_";

    /** Of an index's name: what follows has room below PostgreSQL's 63 bytes, whatever the letters. */
    private static final int LONGEST_BEGINNING = 12;

    /** The columns that every table of silver has. */
    private static final Set<String> OF_A_PIPELINE = Set.of("_run_id", "_row_hash", "_created_at", "_updated_at");

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
    private Optional<Long> rows = Optional.empty();
    private Optional<Origins> origins = Optional.of(Origins.NONE);
    private List<TestRun> results = List.of();

    NodeBuild(Build build, Node node, List<Node> tests) {
        this.build = build;
        this.node = node;
        this.tests = tests;
        this.aside = new Relation(
                node.relation().database(),
                node.relation().schema(),
                ASIDE + UUID.nameUUIDFromBytes(node.uniqueId().getBytes(StandardCharsets.UTF_8)).toString().replace('-', '_'));
    }

    /**
     * @return what became of it, as it is in the ledger
     * @throws TransientFailure when the database does not answer, or the run is to stop
     */
    ModelRun run() {
        try {
            return CONFLICTS.executeCheckedSupplier(this::attempt);
        } catch (InputFailure e) {
            if (build.order().toStop().getAsBoolean()) {
                throw new TransientFailure(Code.INTERRUPTED, "building " + node.relation().shown() + ": the run is to stop", e);
            }
            return failed(e);
        } catch (SQLException e) {
            String doing = "building " + node.relation().shown();
            if (Sql.isAway(e)) {
                throw new TransientFailure(Code.DATABASE_UNAVAILABLE, doing + ": " + e.getMessage(), e);
            }
            if (build.order().toStop().getAsBoolean()) {
                throw new TransientFailure(Code.INTERRUPTED, doing + ": the run is to stop", e);
            }
            return failed(new InputFailure(Code.MODEL_FAILED, doing + ": " + e.getMessage(), e));
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
        return Sql.inSession(build.dataSource(), sql -> {
            // What is published counts once the run has ended, and that is committed to the disk, with all that was before.
            sql.execute(List.of(
                    "SET application_name = " + Sql.literal(Staging.nameOf(build.order().run())),
                    "SET synchronous_commit = off",
                    "SELECT pg_advisory_lock(hashtextextended(" + Sql.literal("model " + node.relation()) + ", 0))"));
            Catalog catalog = Catalog.of(sql.connection(), node.relation(), aside);
            Optional<Kind> existing = existing(sql, catalog);
            if (node.config().preHooks().stream().anyMatch(hook -> !hook.transaction())) {
                hooks(sql, build.manifest().compile(node, catalog, build.order().fullRefresh()).preHooks(), false);
            }
            AtomicReference<ModelRun> told = new AtomicReference<>();
            sql.inTransaction(() -> told.set(written(sql, catalog, existing)));
            if (told.get() == null) {
                try {
                    sql.inTransaction(() -> told.set(published(sql, existing)));
                } catch (SQLException | RuntimeException e) {
                    sql.execute(dropAside("TABLE"));
                    throw e;
                }
            }
            if (told.get().status() == ModelRun.Status.SUCCEEDED && compiled.isPresent()) {
                hooks(sql, compiled.get().postHooks(), false);
            }
            return told.get();
        });
    }

    private String dropAside(String kind) {
        return "DROP " + kind + " IF EXISTS " + aside;
    }

    /** What stands in the node's place; it is the project's to replace, or nobody's. */
    private Optional<Kind> existing(Sql sql, Catalog catalog) throws SQLException {
        Optional<Kind> existing = catalog.find(node.relation());
        if (existing.filter(Kind.OTHER::equals).isPresent()) {
            throw new InputFailure(Code.MODEL_FAILED, "%s: %s is neither a table nor a view; move it out of the way"
                    .formatted(node.file(), node.relation().shown()));
        }
        if (existing.filter(Kind.TABLE::equals).isPresent()
                && Catalog.columns(sql.connection(), node.relation()).keySet().containsAll(OF_A_PIPELINE)
                && !build.ledger().isPublished(node.relation().shown())) {
            throw new InputFailure(Code.TABLE_CLAIMED, "%s: %s is the table of a pipeline; give the model another name or schema"
                    .formatted(node.file(), node.relation().shown()));
        }
        return existing;
    }

    private void hooks(Sql sql, List<NodeConfig.Hook> hooks, boolean inTransaction) throws SQLException {
        for (NodeConfig.Hook hook : hooks) {
            if (hook.transaction() == inTransaction && !hook.sql().isBlank()) {
                String what = node.file() + ": a hook";
                if (inTransaction) {
                    sql.executeAll(hook.sql(), hook.sql(), what);
                } else {
                    sql.executeAnything(hook.sql(), hook.sql(), what);
                }
            }
        }
    }

    /**
     * Writes and audits. A table that takes another's place is to be committed before it does, or who has looked at the database a moment
     * before sees it empty.
     *
     * @return null when what was written is yet to be published
     */
    private @Nullable ModelRun written(Sql sql, Catalog catalog, Optional<Kind> existing) throws SQLException {
        Connection connection = sql.connection();
        if (catalog.find(aside).isPresent()) {
            // Of a process that died.
            sql.execute(dropAside(catalog.find(aside).get().name()));
        }
        Optional<Savepoint> before = tests.isEmpty() ? Optional.empty() : Optional.of(connection.setSavepoint());
        rows = write(sql, catalog);
        boolean incremental = compiled.filter(Compiled::incremental).isPresent();
        Audit audit = new Audit(sql, build.manifest(), catalog, build::isPresent, build.order().patient());
        try {
            Map<String, Relation> standIns = Map.of(node.uniqueId(), incremental ? node.relation() : aside);
            for (Node test : tests) {
                audit.ask(test, standIns, Optional.of(node));
            }
            results = audit.results();
            if (audit.failed()) {
                audit.putAside();
                connection.rollback(before.orElseThrow());
                audit.storeAgain();
                ModelRun failed =
                        told(ModelRun.Status.FAILED, Optional.empty(), Optional.of(complaint(audit.results(), existing)), results);
                build.ledger().record(connection, build.order().run(), failed);
                return failed;
            }
        } finally {
            audit.forget();
        }
        if (incremental) {
            sql.execute("DROP TABLE " + aside);
            return told(sql);
        }
        return existing.isPresent() && !isView() ? null : published(sql, existing);
    }

    private ModelRun published(Sql sql, Optional<Kind> existing) throws SQLException {
        Publication publication = new Publication(sql, node, build::laterQuery);
        if (isView()) {
            publication.view(aside, existing, compiled.orElseThrow().sql());
        } else {
            publication.table(aside, existing);
        }
        return told(sql);
    }

    private boolean isView() {
        return node.config().materialized().equals("view");
    }

    /** It stands. */
    private ModelRun told(Sql sql) throws SQLException {
        comment(sql);
        hooks(sql, compiled.map(Compiled::postHooks).orElse(List.of()), true);
        ModelRun told = told(ModelRun.Status.SUCCEEDED, rows, Optional.empty(), results);
        build.ledger().record(sql.connection(), build.order().run(), told);
        boolean added = compiled.filter(Compiled::incremental).isPresent();
        new ModelColumns(sql.connection()).note(node.relation().shown(), origins, added, node.pii());
        return told;
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
            long copied = copy(sql, file);
            sql.execute(noteChanges());
            return Optional.of(copied);
        }
        Compiled now = build.manifest().compile(node, catalog, build.order().fullRefresh());
        compiled = Optional.of(now);
        hooks(sql, now.preHooks(), true);
        boolean view = isView();
        String unlogged = now.incremental() || node.config().unlogged() ? "UNLOGGED " : "";
        String create = "CREATE " + (view ? "VIEW " : unlogged + "TABLE ") + aside + " AS (\n" + now.sql() + "\n)";
        long rows = sql.execute(create, now.sql(), node.file());
        if (view) {
            return Optional.empty();
        }
        origins = new ModelColumns(sql.connection()).origins(now.sql());
        if (now.incremental()) {
            return Optional.of(increment(sql));
        }
        indexes(sql);
        sql.execute(noteChanges());
        return Optional.of(rows);
    }

    /** Of what takes a table's place; one into which an increment goes has them noted since it was made. */
    private String noteChanges() {
        return "CALL qanat.note_changes(" + Sql.literal(Sql.name(aside)) + ")";
    }

    private long copy(Sql sql, SeedFile file) throws SQLException {
        try {
            return file.copy(sql.connection(), aside.toString());
        } catch (SQLException e) {
            if (Sql.isAway(e) || Sql.isConflict(e)) {
                throw e;
            }
            throw new InputFailure(Code.MODEL_FAILED, node.file() + ": " + e.getMessage(), e);
        }
    }

    private long increment(Sql sql) throws SQLException {
        try {
            return new Increment(sql, node, aside).apply();
        } catch (SQLException e) {
            if (Sql.isAway(e) || Sql.isConflict(e)) {
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
            String own = "%s_%s_%d_%d".formatted(
                    name.substring(0, Math.min(LONGEST_BEGINNING, name.length())),
                    aside.identifier().substring(ASIDE.length(), ASIDE.length() + 8),
                    build.order().run(),
                    number++);
            String create = "CREATE %sINDEX %s ON %s%s (%s)".formatted(
                    index.unique() ? "UNIQUE " : "",
                    Sql.quoted(own),
                    aside,
                    index.type().map(type -> " USING " + type).orElse(""),
                    String.join(", ", index.columns()));
            sql.execute(create, create, node.file());
        }
    }

    /** The descriptions as comments in the database. */
    private void comment(Sql sql) throws SQLException {
        String kind = isView() ? "VIEW" : "TABLE";
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
