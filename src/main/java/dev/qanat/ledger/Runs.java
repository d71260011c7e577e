package dev.qanat.ledger;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The runs: what became of them, and how one ends. Safe for use by several threads. */
@ApplicationScoped
public class Runs {

    private final DataSource dataSource;
    private final JdbcClient db;
    private final RunQueue queue;

    Runs(DataSource dataSource, RunQueue queue) {
        this.dataSource = dataSource;
        this.db = JdbcClient.create(dataSource);
        this.queue = queue;
    }

    public Optional<Run> find(long id) {
        return db.sql("SELECT * FROM qanat.run WHERE id = :id")
                .param("id", id)
                .query(Runs::run)
                .optional();
    }

    /**
     * Runs, newest first.
     *
     * @param before only runs with a lower id than this
     */
    public List<Run> list(Optional<String> pipeline, Optional<Run.Status> status, Optional<Long> before, int limit) {
        return db.sql("""
                        SELECT * FROM qanat.run
                        WHERE (:pipeline::text IS NULL OR pipeline = :pipeline)
                          AND (:status::text IS NULL OR status = :status)
                          AND id < coalesce(:before::bigint, 9223372036854775807)
                        ORDER BY id DESC LIMIT :limit""")
                .param("pipeline", pipeline.orElse(null))
                .param("status", status.map(Run.Status::id).orElse(null))
                .param("before", before.orElse(null))
                .param("limit", limit)
                .query(Runs::run)
                .list();
    }

    /**
     * What the runs did to their resources, by the runs' ids; a run that did not land is not among them.
     *
     * @param mostChanges of the schema, told of each run
     */
    public Map<Long, List<RunResource>> resources(Collection<Long> runs, int mostChanges) {
        Map<Long, List<RunResource>> resources = new HashMap<>();
        if (!runs.isEmpty()) {
            Map<OfRun, List<SchemaChange>> changes = schemaChanges(runs, mostChanges);
            db.sql("SELECT * FROM qanat.run_resource WHERE run_id IN (:runs) ORDER BY resource")
                    .param("runs", runs)
                    .query(row -> {
                        OfRun key = new OfRun(row.getLong("run_id"), row.getString("resource"));
                        resources
                                .computeIfAbsent(key.run(), run -> new ArrayList<>())
                                .add(new RunResource(
                                        key.resource(),
                                        row.getString("table_name"),
                                        counts(row),
                                        row.getLong("schema_changes"),
                                        changes.getOrDefault(key, List.of())));
                    });
        }
        return resources;
    }

    private record OfRun(long run, String resource) {}

    private Map<OfRun, List<SchemaChange>> schemaChanges(Collection<Long> runs, int most) {
        Map<OfRun, List<SchemaChange>> changes = new HashMap<>();
        db.sql("""
                        SELECT * FROM (
                            SELECT *, row_number() OVER (PARTITION BY run_id ORDER BY resource, path, change) AS n
                            FROM qanat.schema_change WHERE run_id IN (:runs)) AS told
                        WHERE n <= :most ORDER BY run_id, n""")
                .param("runs", runs)
                .param("most", most)
                .query(row -> {
                    changes
                            .computeIfAbsent(new OfRun(row.getLong("run_id"), row.getString("resource")), key -> new ArrayList<>())
                            .add(new SchemaChange(
                                    row.getString("path"),
                                    Optional.ofNullable(row.getString("column_name")),
                                    row.getString("change"),
                                    Optional.ofNullable(row.getString("from_kinds")),
                                    Optional.ofNullable(row.getString("to_kinds")),
                                    row.getString("action")));
                });
        return changes;
    }

    /** The versions of a pipeline that landed records of a resource. */
    public List<Integer> versionsLanded(String pipeline, String resource) {
        return db.sql("""
                        SELECT DISTINCT config_version FROM qanat.run_resource JOIN qanat.run ON run.id = run_id
                        WHERE pipeline = :pipeline AND run_resource.resource = :resource AND NOT from_bronze
                        ORDER BY config_version""")
                .param("pipeline", pipeline)
                .param("resource", resource)
                .query(Integer.class)
                .list();
    }

    /** The resources of a pipeline of which something has landed, by file or request. */
    public Set<String> resourcesLanded(String pipeline) {
        return db.sql("""
                        SELECT DISTINCT run_resource.resource FROM qanat.run_resource JOIN qanat.run ON run.id = run_id
                        WHERE pipeline = :pipeline AND NOT from_bronze""")
                .param("pipeline", pipeline)
                .query(String.class)
                .set();
    }

    /** Notes which version and which resource read the run's file. */
    public void began(long run, int configVersion, @Nullable String resource) {
        db.sql("""
                        UPDATE qanat.run SET config_version = :version, resource = :resource
                        WHERE id = :run AND worker = :worker AND status = 'running'""")
                .param("version", configVersion)
                .param("resource", resource)
                .param("run", run)
                .param("worker", queue.worker())
                .update();
    }

    /**
     * Notes that the landing of a run begins (once more).
     *
     * @return false when the run is not this process's any more, is to be cancelled, or has landed: the answer to an earlier commit
     *     may have been lost
     */
    public boolean landingBegins(long run) {
        return db.sql("""
                        UPDATE qanat.run SET landing_attempts = landing_attempts + 1
                        WHERE id = :run AND worker = :worker AND status = 'running' AND landed_at IS NULL
                          AND cancel_requested_at IS NULL""")
                        .param("run", run)
                        .param("worker", queue.worker())
                        .update()
                == 1;
    }

    /**
     * A run whose file's bytes had landed before lands nothing; what is left to do is to put the file away.
     *
     * @return whether it was still this process's, and not to be cancelled
     */
    public boolean alreadyLoaded(long run, String sha256, long loadedBy) {
        return db.sql("""
                        UPDATE qanat.run
                        SET file_sha256 = :sha256, file_status = 'already_loaded', file_loaded_by = :loadedBy, landed_at = now(),
                            read = 0, rejected = 0
                        WHERE id = :run AND worker = :worker AND status = 'running' AND cancel_requested_at IS NULL""")
                        .param("sha256", sha256)
                        .param("loadedBy", loadedBy)
                        .param("run", run)
                        .param("worker", queue.worker())
                        .update()
                == 1;
    }

    /** Ends a run that landed and whose file was put away. */
    public void succeeded(long run) {
        db.sql("""
                        UPDATE qanat.run SET status = 'succeeded', finished_at = now(), lease_until = NULL
                        WHERE id = :run AND worker = :worker AND status = 'running' AND landed_at IS NOT NULL""")
                .param("run", run)
                .param("worker", queue.worker())
                .update();
    }

    /** Ends a run that has built models and does nothing else. */
    public void modelsBuilt(long run, Optional<InputFailure> missed) {
        db.sql("""
                        UPDATE qanat.run
                        SET status = :status, landed_at = now(), finished_at = now(), lease_until = NULL, error_code = :code,
                            error_message = :message
                        WHERE id = :run AND worker = :worker AND status = 'running' AND cancel_requested_at IS NULL""")
                .param("status", (missed.isPresent() ? Run.Status.PARTIAL : Run.Status.SUCCEEDED).id())
                .param("code", missed.map(failure -> failure.code().id()).orElse(null))
                .param("message", missed.map(failure -> String.valueOf(failure.getMessage()).replace('\0', '\uFFFD')).orElse(null))
                .param("run", run)
                .param("worker", queue.worker())
                .update();
    }

    /** Ends a run that failed or was cancelled, and whose file was put away. */
    public void failed(long run) {
        db.sql("""
                        UPDATE qanat.run
                        SET status = CASE error_code WHEN :cancelled THEN 'cancelled' ELSE 'failed' END, finished_at = now(),
                            lease_until = NULL
                        WHERE id = :run AND worker = :worker AND status = 'running' AND error_code IS NOT NULL""")
                .param("cancelled", Code.CANCELLED.id())
                .param("run", run)
                .param("worker", queue.worker())
                .update();
    }

    /** Ends a run that landed and of which something else could not be done. */
    public void partial(long run, Code code, String message) {
        db.sql("""
                        UPDATE qanat.run SET status = 'partial', finished_at = now(), lease_until = NULL, error_code = :code,
                            error_message = :message
                        WHERE id = :run AND worker = :worker AND status = 'running' AND landed_at IS NOT NULL""")
                .param("code", code.id())
                .param("message", message.replace('\0', '\uFFFD'))
                .param("run", run)
                .param("worker", queue.worker())
                .update();
    }

    /**
     * Decides that a run lands nothing, and keeps the first of its rejections. What is left to do is to put the file away; until
     * then the run counts as running, so that its file is not queued once more.
     *
     * @param keepRejections a statement with the parameters run, resource and source; empty when nothing was staged
     * @return whether it was still this process's to decide
     */
    public boolean fails(
            long run,
            Code code,
            String message,
            long read,
            long rejected,
            long bytes,
            Optional<String> keepRejections,
            String resource,
            String source)
            throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                boolean ours = fails(connection, run, code, message, read, rejected, bytes);
                if (ours && keepRejections.isPresent()) {
                    keepRejections(connection, run, keepRejections.get(), resource, source);
                }
                connection.commit();
                return ours;
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    /**
     * Keeps rejections of a resource that failed in a run which goes on.
     *
     * @param statement with the parameters run, resource and source
     */
    public void keepRejections(long run, String statement, String resource, String source) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            keepRejections(connection, run, statement, resource, source);
        }
    }

    private static void keepRejections(Connection connection, long run, String statement, String resource, String source)
            throws SQLException {
        try (PreparedStatement keep = connection.prepareStatement(statement)) {
            keep.setLong(1, run);
            keep.setString(2, resource);
            keep.setString(3, source);
            keep.executeUpdate();
        }
    }

    private boolean fails(
            Connection connection, long run, Code code, String message, long read, long rejected, long bytes)
            throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("""
                UPDATE qanat.run
                SET error_code = ?, error_message = ?, read = ?, rejected = ?, bytes = ?
                WHERE id = ? AND worker = ? AND status = 'running' AND landed_at IS NULL AND error_code IS NULL""")) {
            update.setString(1, code.id());
            update.setString(2, message.replace('\0', '\uFFFD'));
            update.setLong(3, read);
            update.setLong(4, rejected);
            update.setLong(5, bytes);
            update.setLong(6, run);
            update.setObject(7, queue.worker());
            return update.executeUpdate() == 1;
        }
    }

    private static Run run(ResultSet row, int number) throws SQLException {
        return new Run(
                row.getLong("id"),
                row.getString("pipeline"),
                row.getInt("config_version"),
                Run.Trigger.valueOf(row.getString("trigger").toUpperCase(Locale.ROOT)),
                Run.Status.valueOf(row.getString("status").toUpperCase(Locale.ROOT)),
                row.getBoolean("full_refresh"),
                number(row, "redoes"),
                instant(row, "scheduled_for"),
                number(row, "replays"),
                number(row, "not_replayable"),
                row.getBoolean("from_bronze"),
                instant(row, "queued_at").orElseThrow(),
                instant(row, "started_at"),
                instant(row, "landed_at"),
                instant(row, "finished_at"),
                instant(row, "cancel_requested_at"),
                file(row),
                Optional.ofNullable(row.getString("models")),
                poll(row),
                Optional.ofNullable(row.getString("resource")),
                counts(row),
                row.getLong("bytes"),
                row.getInt("landing_attempts"),
                Optional.ofNullable(row.getString("error_code"))
                        .map(code -> new Run.RunError(code, text(row, "error_message"))));
    }

    private static Optional<Run.RunFile> file(ResultSet row) throws SQLException {
        String path = row.getString("file");
        if (path == null) {
            return Optional.empty();
        }
        String status = row.getString("file_status");
        return Optional.of(new Run.RunFile(
                row.getString("source"),
                path,
                row.getLong("file_size"),
                instant(row, "file_modified").orElseThrow(),
                Optional.ofNullable(row.getString("file_sha256")),
                "loaded".equals(status),
                "already_loaded".equals(status),
                number(row, "file_loaded_by")));
    }

    private static Optional<Run.Poll> poll(ResultSet row) throws SQLException {
        Array resources = row.getArray("polled");
        return resources == null
                ? Optional.empty()
                : Optional.of(new Run.Poll(
                        List.of((String[]) resources.getArray()),
                        Optional.ofNullable(row.getString("range_from")),
                        Optional.ofNullable(row.getString("range_to"))));
    }

    private static Counts counts(ResultSet row) throws SQLException {
        return new Counts(
                row.getLong("read"),
                row.getLong("inserted"),
                row.getLong("updated"),
                row.getLong("unchanged"),
                row.getLong("duplicate"),
                row.getLong("filtered"),
                row.getLong("rejected"));
    }

    private static Optional<Instant> instant(ResultSet row, String column) throws SQLException {
        return Optional.ofNullable(row.getTimestamp(column)).map(Timestamp::toInstant);
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
