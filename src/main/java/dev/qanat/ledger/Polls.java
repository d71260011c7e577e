package dev.qanat.ledger;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * How far polls are: what became of their partitions, and where the next poll of each starts. What a landing writes of it, it writes
 * itself, in its own transaction. Safe for use by several threads.
 */
@ApplicationScoped
public class Polls {

    private final JdbcClient db;
    private final RunQueue queue;

    Polls(DataSource dataSource, RunQueue queue) {
        this.db = JdbcClient.create(dataSource);
        this.queue = queue;
    }

    public enum Status {
        /** All of it has landed. */
        LANDED,
        /** Some of it has landed; it goes on at its token. */
        DEFERRED,
        FAILED;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What became of a partition in a run.
     *
     * @param partition its values by name, as JSON text
     * @param token where a deferred one goes on
     * @param cursor of one that has landed: where the next poll of it starts; empty where none is kept, and in a backfill
     * @param error of a failed one
     */
    public record Partition(
            String resource,
            String partition,
            Status status,
            Optional<String> token,
            Optional<String> cursor,
            Optional<Run.RunError> error) {}

    /**
     * What became of all partitions that a run has dealt with.
     *
     * @param counts how many became what
     * @param first some of them: those that failed in front, then those that are deferred
     */
    public record Outcome(Map<Status, Long> counts, List<Partition> first) {}

    /** What an answer that landed may be asked by whether it has changed. */
    public record Validator(Optional<String> etag, Optional<String> lastModified) {}

    /** The partitions that the run has dealt with. */
    public List<Partition> partitions(long run) {
        return db.sql("SELECT * FROM qanat.poll_partition WHERE run_id = :run ORDER BY resource, partition")
                .param("run", run)
                .query(Polls::partition)
                .list();
    }

    /** @param most how many of the partitions are told one by one */
    public Outcome outcome(long run, int most) {
        Map<Status, Long> counts = new EnumMap<>(Status.class);
        db.sql("SELECT status, count(*) AS number FROM qanat.poll_partition WHERE run_id = :run GROUP BY status")
                .param("run", run)
                .query(row -> {
                    counts.put(status(row), row.getLong("number"));
                });
        List<Partition> first = db.sql("""
                        SELECT * FROM qanat.poll_partition WHERE run_id = :run
                        ORDER BY array_position(ARRAY['failed', 'deferred', 'landed'], status), resource, partition LIMIT :most""")
                .param("run", run)
                .param("most", most)
                .query(Polls::partition)
                .list();
        return new Outcome(counts, first);
    }

    private static Partition partition(ResultSet row, int number) throws SQLException {
        return new Partition(
                row.getString("resource"),
                row.getString("partition"),
                status(row),
                Optional.ofNullable(row.getString("token")),
                Optional.ofNullable(row.getString("cursor")),
                Optional.ofNullable(row.getString("error_code"))
                        .map(code -> new Run.RunError(code, String.valueOf(column(row, "error_message")))));
    }

    private static Status status(ResultSet row) throws SQLException {
        return Status.valueOf(row.getString("status").toUpperCase(Locale.ROOT));
    }

    private static String column(ResultSet row, String name) {
        try {
            return row.getString(name);
        } catch (SQLException e) {
            throw new IllegalStateException("column " + name, e);
        }
    }

    /**
     * Where the last run before this one gave up a partition some of which had landed, if it was of the same version.
     *
     * @return the token; empty where all of it has landed, or nothing
     */
    public Optional<String> leftOff(Run run, int version, String resource, String partition) {
        return db.sql("""
                        SELECT CASE WHEN status <> 'landed' AND config_version = :version THEN token END
                        FROM (SELECT known.status, known.token, run.config_version
                              FROM qanat.run JOIN qanat.poll_partition known ON known.run_id = run.id
                              WHERE run.pipeline = :pipeline AND run.id < :run AND run.range_from IS NULL AND run.range_to IS NULL
                                AND known.resource = :resource AND known.partition = :partition
                              ORDER BY run.id DESC LIMIT 1) AS last""")
                .param("version", version)
                .param("pipeline", run.pipeline())
                .param("run", run.id())
                .param("resource", resource)
                .param("partition", partition)
                .query((row, number) -> Optional.ofNullable(row.getString(1)))
                .optional()
                .flatMap(token -> token);
    }

    /** The greatest value of a partition's incremental field that landed. */
    public Optional<String> cursor(String pipeline, String resource, String partition) {
        return db.sql("SELECT value FROM qanat.cursor WHERE pipeline = :pipeline AND resource = :resource AND partition = :partition")
                .param("pipeline", pipeline)
                .param("resource", resource)
                .param("partition", partition)
                .query(String.class)
                .optional();
    }

    /** Not that of an answer which another version of the pipeline has read: this one may make something else of it. */
    public Optional<Validator> validator(String pipeline, int version, String resource, String request) {
        return db.sql("""
                        SELECT etag, last_modified FROM qanat.validator JOIN qanat.run ON id = run_id
                        WHERE validator.pipeline = :pipeline AND validator.resource = :resource AND request = :request
                          AND config_version = :version""")
                .param("pipeline", pipeline)
                .param("version", version)
                .param("resource", resource)
                .param("request", request)
                .query((row, number) -> new Validator(
                        Optional.ofNullable(row.getString("etag")), Optional.ofNullable(row.getString("last_modified"))))
                .optional();
    }

    /** Notes that a partition failed; what it had fetched does not land. */
    public void failed(long run, Partition failed) {
        db.sql("""
                        INSERT INTO qanat.poll_partition (run_id, resource, partition, status, error_code, error_message)
                        SELECT id, :resource, :partition, 'failed', :code, :message
                        FROM qanat.run WHERE id = :run AND worker = :worker AND status = 'running'
                        ON CONFLICT (run_id, resource, partition)
                        DO UPDATE SET status = excluded.status, error_code = excluded.error_code, error_message = excluded.error_message""")
                .param("resource", failed.resource())
                .param("partition", failed.partition())
                .param("code", failed.error().map(Run.RunError::code).orElse(null))
                .param("message", failed.error().map(error -> error.message().replace('\0', '\uFFFD')).orElse(null))
                .param("run", run)
                .param("worker", queue.worker())
                .update();
    }

    /**
     * Notes that everything a run was to fetch is dealt with and has landed; what is left to do is to end it.
     *
     * @param missed what of it could not be done, which whoever ends the run tells, also after a crash
     * @return whether it was still this process's, and not to be cancelled
     */
    public boolean complete(long run, long bytes, Optional<Run.RunError> missed) {
        return db.sql("""
                        UPDATE qanat.run
                        SET landed_at = now(), bytes = :bytes, error_code = :code, error_message = :message, (read, inserted, updated, unchanged, duplicate, filtered, rejected) = (
                            SELECT coalesce(sum(read), 0), coalesce(sum(inserted), 0), coalesce(sum(updated), 0),
                                   coalesce(sum(unchanged), 0), coalesce(sum(duplicate), 0), coalesce(sum(filtered), 0),
                                   coalesce(sum(rejected), 0)
                            FROM qanat.run_resource WHERE run_id = run.id AND resource = ANY (run.polled))
                        WHERE id = :run AND worker = :worker AND status = 'running' AND landed_at IS NULL
                          AND cancel_requested_at IS NULL""")
                        .param("bytes", bytes)
                        .param("code", missed.map(Run.RunError::code).orElse(null))
                        .param("message", missed.map(error -> error.message().replace('\0', '\uFFFD')).orElse(null))
                        .param("run", run)
                        .param("worker", queue.worker())
                        .update()
                == 1;
    }
}
