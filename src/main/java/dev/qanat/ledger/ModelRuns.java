package dev.qanat.ledger;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** What runs did with models and tests. Safe for use by several threads. */
@ApplicationScoped
public class ModelRuns {

    private final JdbcClient db;

    ModelRuns(DataSource dataSource) {
        this.db = JdbcClient.create(dataSource);
    }

    /** Tells of a node in the transaction of the connection, in place of what was told of it in the run before. */
    public void record(Connection connection, long run, ModelRun model) {
        record(JdbcClient.create(new SingleConnectionDataSource(connection, true)), run, model);
    }

    /** Tells of a node that was not published. */
    public void record(long run, ModelRun model) {
        record(db, run, model);
    }

    private static void record(JdbcClient db, long run, ModelRun model) {
        db.sql("""
                        INSERT INTO qanat.run_model (run_id, node, name, kind, relation, materialized, status, rows, started_at,
                                                     compiled_sql, sha256, error_code, error_message)
                        VALUES (:run, :node, :name, :kind, :relation, :materialized, :status, :rows, :started, :sql, :sha256, :code,
                                :message)
                        ON CONFLICT (run_id, node) DO UPDATE
                        SET status = excluded.status, rows = excluded.rows, started_at = excluded.started_at,
                            finished_at = clock_timestamp(), compiled_sql = excluded.compiled_sql, sha256 = excluded.sha256,
                            error_code = excluded.error_code, error_message = excluded.error_message""")
                .param("run", run)
                .param("node", model.node())
                .param("name", model.name())
                .param("kind", model.kind())
                .param("relation", model.relation())
                .param("materialized", model.materialized())
                .param("status", model.status().id())
                .param("rows", model.rows().orElse(null))
                .param("started", Timestamp.from(model.startedAt()))
                .param("sql", model.compiledSql())
                .param("sha256", model.sha256().orElse(null))
                .param("code", model.error().map(Run.RunError::code).orElse(null))
                .param("message", model.error().map(Run.RunError::message).orElse(null))
                .update();
        model.tests().forEach(test -> record(db, run, test));
    }

    /** Tells of a test of what no node of the run had built. */
    public void record(long run, TestRun test) {
        record(db, run, test);
    }

    private static void record(JdbcClient db, long run, TestRun test) {
        db.sql("""
                        INSERT INTO qanat.run_test (run_id, node, name, model, severity, status, failures, seconds, compiled_sql,
                                                    stored_in, error_message)
                        VALUES (:run, :node, :name, :model, :severity, :status, :failures, :seconds, :sql, :stored, :message)
                        ON CONFLICT (run_id, node) DO UPDATE
                        SET model = excluded.model, status = excluded.status, failures = excluded.failures, seconds = excluded.seconds,
                            compiled_sql = excluded.compiled_sql, stored_in = excluded.stored_in,
                            error_message = excluded.error_message""")
                .param("run", run)
                .param("node", test.node())
                .param("name", test.name())
                .param("model", test.model().orElse(null))
                .param("severity", test.severity())
                .param("status", test.status().id())
                .param("failures", test.failures().orElse(null))
                .param("seconds", test.seconds())
                .param("sql", test.compiledSql())
                .param("stored", test.storedIn().orElse(null))
                .param("message", test.message().orElse(null))
                .update();
    }

    /** The nodes that the run has published, or the one that it does again: after a crash they are not built again. */
    public Set<String> published(long run) {
        return db.sql("""
                        WITH RECURSIVE again (id, redoes) AS (
                            SELECT id, redoes FROM qanat.run WHERE id = :run
                            UNION ALL
                            SELECT run.id, run.redoes FROM again JOIN qanat.run ON run.id = again.redoes
                        )
                        SELECT node FROM qanat.run_model JOIN again ON run_id = again.id WHERE status = 'succeeded'""")
                .param("run", run)
                .query(String.class)
                .set();
    }

    /** Whether any run has published a relation, such as {@code gold.daily_returns}. */
    public boolean isPublished(String relation) {
        return db.sql("SELECT EXISTS (SELECT FROM qanat.run_model WHERE relation = :relation AND status = 'succeeded')")
                .param("relation", relation)
                .query(Boolean.class)
                .single();
    }

    /** What each seed held when it was last built, by their nodes. */
    public Map<String, String> seeds() {
        Map<String, String> seeds = new HashMap<>();
        db.sql("""
                        SELECT DISTINCT ON (node) node, sha256 FROM qanat.run_model
                        WHERE kind = 'seed' AND status = 'succeeded' ORDER BY node, run_id DESC""")
                .query(row -> {
                    seeds.put(row.getString("node"), row.getString("sha256"));
                });
        return seeds;
    }

    /** The models and seeds of a run, in the order in which they ended. */
    public List<ModelRun> models(long run) {
        Map<String, List<TestRun>> tests = new HashMap<>();
        for (TestRun test : tests(run)) {
            test.model().ifPresent(model -> tests.computeIfAbsent(model, key -> new ArrayList<>()).add(test));
        }
        return db.sql("SELECT * FROM qanat.run_model WHERE run_id = :run ORDER BY finished_at, node")
                .param("run", run)
                .query((row, number) -> model(row, tests))
                .list();
    }

    /** The tests of a run, by their names. */
    public List<TestRun> tests(long run) {
        return db.sql("SELECT * FROM qanat.run_test WHERE run_id = :run ORDER BY name, node")
                .param("run", run)
                .query((row, number) -> new TestRun(
                        row.getString("node"),
                        row.getString("name"),
                        Optional.ofNullable(row.getString("model")),
                        row.getString("severity"),
                        TestRun.Status.valueOf(row.getString("status").toUpperCase(Locale.ROOT)),
                        number(row, "failures"),
                        row.getDouble("seconds"),
                        row.getString("compiled_sql"),
                        Optional.ofNullable(row.getString("stored_in")),
                        Optional.ofNullable(row.getString("error_message"))))
                .list();
    }

    /** How many models of a run have which status. */
    public Map<ModelRun.Status, Long> counts(long run) {
        Map<ModelRun.Status, Long> counts = new LinkedHashMap<>();
        db.sql("SELECT status, count(*) AS n FROM qanat.run_model WHERE run_id = :run GROUP BY status ORDER BY status")
                .param("run", run)
                .query(row -> {
                    counts.put(ModelRun.Status.valueOf(row.getString("status").toUpperCase(Locale.ROOT)), row.getLong("n"));
                });
        return counts;
    }

    private static ModelRun model(ResultSet row, Map<String, List<TestRun>> tests) throws SQLException {
        return new ModelRun(
                row.getString("node"),
                row.getString("name"),
                row.getString("kind"),
                row.getString("relation"),
                row.getString("materialized"),
                ModelRun.Status.valueOf(row.getString("status").toUpperCase(Locale.ROOT)),
                number(row, "rows"),
                instant(row, "started_at"),
                instant(row, "finished_at"),
                row.getString("compiled_sql"),
                Optional.ofNullable(row.getString("sha256")),
                Optional.ofNullable(row.getString("error_code"))
                        .map(code -> new Run.RunError(code, text(row, "error_message"))),
                tests.getOrDefault(row.getString("node"), List.of()));
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        return row.getTimestamp(column).toInstant();
    }

    private static Optional<Long> number(ResultSet row, String column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? Optional.empty() : Optional.of(value);
    }

    private static String text(ResultSet row, String column) {
        try {
            return row.getString(column);
        } catch (SQLException e) {
            throw new IllegalStateException("column " + column, e);
        }
    }
}
