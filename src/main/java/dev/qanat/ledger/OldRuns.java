package dev.qanat.ledger;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * What the ledger keeps of runs that ended before a moment, and may forget. It is deleted in short transactions that wait two seconds for
 * others at most. A run stays, with its counts, while anything leads to it: records that it has accepted, an edit, a known file, a cursor,
 * another run; so do the last run of a pipeline and the last that landed of a resource. Safe for use by several threads.
 */
@ApplicationScoped
public class OldRuns {

    private static final int RUNS_AT_ONCE = 5_000;
    private static final int REJECTIONS_AT_ONCE = 10_000;

    private static final String ENDED = "status IN ('succeeded', 'partial', 'failed', 'cancelled', 'interrupted')";

    private static final String WITH_REJECTIONS = "FROM qanat.run WHERE " + ENDED + """
             AND finished_at < :before AND rejected > 0 AND rejections_deleted_at IS NULL
            AND NOT EXISTS (SELECT FROM qanat.run again
                            WHERE again.replays = coalesce(run.replays, run.id) AND again.status IN ('queued', 'running'))
            """;

    /** A newer row of the node says as much: a seed that stands, and what is published, is known by the last that succeeded. */
    private static final String MODELS = """
            FROM qanat.run_model AS old USING qanat.run
            WHERE run.id = old.run_id AND run.id BETWEEN :first AND :last AND run.finished_at < :before AND run.%s
              AND EXISTS (SELECT FROM qanat.run_model AS newer
                          WHERE newer.node = old.node AND newer.run_id > old.run_id AND newer.relation = old.relation
                            AND (old.status <> 'succeeded' OR newer.status = 'succeeded'))
            """.formatted(ENDED);

    private static final String TESTS = """
            FROM qanat.run_test AS old USING qanat.run
            WHERE run.id = old.run_id AND run.id BETWEEN :first AND :last AND run.finished_at < :before AND run.%s
              AND NOT EXISTS (SELECT FROM qanat.run_model AS built WHERE built.run_id = run.id)
            """.formatted(ENDED);

    private static final String PARTITIONS = """
            FROM qanat.poll_partition AS old USING qanat.run
            WHERE run.id = old.run_id AND run.id BETWEEN :first AND :last AND run.finished_at < :before AND run.%s
              AND EXISTS (SELECT FROM qanat.run AS later WHERE later.pipeline = run.pipeline AND later.id > run.id)
            """.formatted(ENDED);

    private static final String RUNS = "FROM qanat.run WHERE id BETWEEN :first AND :last AND " + ENDED + """
             AND finished_at < CASE WHEN file IS NULL THEN CAST(:before AS timestamptz) ELSE CAST(:files AS timestamptz) END
            AND EXISTS (SELECT FROM qanat.run AS later WHERE later.pipeline = run.pipeline AND later.id > run.id)
            AND NOT EXISTS (SELECT FROM qanat.run_resource AS landed WHERE landed.run_id = run.id AND (
                landed.read > landed.rejected
                OR NOT EXISTS (SELECT FROM qanat.run AS later JOIN qanat.run_resource AS landing ON landing.run_id = later.id
                               WHERE later.pipeline = run.pipeline AND later.id > run.id AND landing.resource = landed.resource)))
            AND NOT EXISTS (SELECT FROM qanat.edit WHERE run_id = run.id)
            AND NOT EXISTS (SELECT FROM qanat.rejection WHERE run_id = run.id)
            AND NOT EXISTS (SELECT FROM qanat.rejection WHERE replayed_by = run.id)
            AND NOT EXISTS (SELECT FROM qanat.schema_change WHERE run_id = run.id)
            AND NOT EXISTS (SELECT FROM qanat.run_model WHERE run_id = run.id)
            AND NOT EXISTS (SELECT FROM qanat.file WHERE run_id = run.id)
            AND NOT EXISTS (SELECT FROM qanat.cursor WHERE run_id = run.id)
            AND NOT EXISTS (SELECT FROM qanat.validator WHERE run_id = run.id)
            AND NOT EXISTS (SELECT FROM qanat.known_fields WHERE run.id IN (run_id, first_run_id))
            AND NOT EXISTS (SELECT FROM qanat.run AS other WHERE other.redoes = run.id)
            AND NOT EXISTS (SELECT FROM qanat.run AS other WHERE other.superseded_by = run.id)
            AND NOT EXISTS (SELECT FROM qanat.run AS other WHERE other.replays = run.id)
            AND NOT EXISTS (SELECT FROM qanat.run AS other WHERE other.file_loaded_by = run.id)
            """;

    private final DataSource dataSource;
    private final JdbcClient db;

    OldRuns(DataSource dataSource) {
        this.dataSource = dataSource;
        this.db = JdbcClient.create(dataSource);
    }

    private interface Work {
        long done(JdbcClient tx);
    }

    private long transaction(Work work) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                JdbcClient tx = JdbcClient.create(new SingleConnectionDataSource(connection, true));
                tx.sql("SET LOCAL lock_timeout = '2s'").update();
                tx.sql("SET LOCAL statement_timeout = '60s'").update();
                long done = work.done(tx);
                connection.commit();
                return done;
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    public long countRejections(Instant before) {
        return db.sql("SELECT count(*) FROM qanat.rejection WHERE run_id IN (SELECT id " + WITH_REJECTIONS + ")")
                .param("before", Timestamp.from(before))
                .query(Long.class)
                .single();
    }

    /** Deletes the rejections of runs that no replay is at work on; their number stays in the run's counts. */
    public long deleteRejections(Instant before, BooleanSupplier stopping) throws SQLException {
        long deleted = 0;
        long after = 0;
        while (!stopping.getAsBoolean()) {
            List<Long> runs = db.sql("SELECT id " + WITH_REJECTIONS + " AND id > :after ORDER BY id LIMIT 1000")
                    .param("before", Timestamp.from(before))
                    .param("after", after)
                    .query(Long.class)
                    .list();
            if (runs.isEmpty()) {
                break;
            }
            for (long run : runs) {
                deleted += deleteRejections(run, before, stopping);
            }
            after = runs.get(runs.size() - 1);
        }
        return deleted;
    }

    private long deleteRejections(long run, Instant before, BooleanSupplier stopping) throws SQLException {
        long deleted = 0;
        long now = REJECTIONS_AT_ONCE;
        while (now == REJECTIONS_AT_ONCE && !stopping.getAsBoolean()) {
            now = transaction(tx -> deleteSomeRejections(tx, run, before));
            deleted += now;
        }
        return deleted;
    }

    private static long deleteSomeRejections(JdbcClient tx, long run, Instant before) {
        // Whoever queues a replay refers to the run, and waits.
        boolean free = tx.sql("SELECT id " + WITH_REJECTIONS + " AND id = :run FOR UPDATE")
                .param("before", Timestamp.from(before))
                .param("run", run)
                .query(Long.class)
                .optional()
                .isPresent();
        if (!free) {
            return 0;
        }
        int deleted = tx.sql("DELETE FROM qanat.rejection WHERE id IN (SELECT id FROM qanat.rejection WHERE run_id = :run ORDER BY id LIMIT :most)")
                .param("run", run)
                .param("most", REJECTIONS_AT_ONCE)
                .update();
        if (deleted < REJECTIONS_AT_ONCE) {
            tx.sql("UPDATE qanat.run SET rejections_deleted_at = now() WHERE id = :run").param("run", run).update();
        }
        return deleted;
    }

    /** What was noted of models, tests and partitions. */
    public long countDetails(Instant before) {
        long last = lastRun();
        return List.of(MODELS, TESTS, PARTITIONS).stream()
                .mapToLong(what -> db.sql("SELECT count(*) " + what.replace(" USING qanat.run", ", qanat.run"))
                        .param("first", 1)
                        .param("last", last)
                        .param("before", Timestamp.from(before))
                        .query(Long.class)
                        .single())
                .sum();
    }

    /** Deletes what was noted of models, tests and partitions, but for the last word on each model. */
    public long deleteDetails(Instant before, BooleanSupplier stopping) throws SQLException {
        return inStretches(stopping, (tx, first, last) -> {
            long deleted = 0;
            for (String what : List.of(MODELS, TESTS, PARTITIONS)) {
                deleted += tx.sql("WITH gone AS (DELETE " + what + " RETURNING old.run_id), told AS ("
                                + "UPDATE qanat.run SET details_deleted_at = now() WHERE id IN (SELECT run_id FROM gone))"
                                + " SELECT count(*) FROM gone")
                        .param("first", first)
                        .param("last", last)
                        .param("before", Timestamp.from(before))
                        .query(Long.class)
                        .single();
            }
            return deleted;
        });
    }

    /**
     * Runs to which nothing leads.
     *
     * @param files the moment for runs of files, which tell when a file was put away
     */
    public long countRuns(Instant before, Instant files) {
        return bound(db.sql("SELECT count(*) " + RUNS), 1, lastRun(), before, files).query(Long.class).single();
    }

    /** Deletes runs to which nothing leads, the latest first: what they have done again may go after them. */
    public long deleteRuns(Instant before, Instant files, BooleanSupplier stopping) throws SQLException {
        return inStretches(stopping, (tx, first, last) -> {
            long deleted = 0;
            long now;
            do {
                now = bound(tx.sql("DELETE " + RUNS), first, last, before, files).update();
                deleted += now;
            } while (now > 0);
            return deleted;
        });
    }

    private static JdbcClient.StatementSpec bound(
            JdbcClient.StatementSpec statement, long first, long last, Instant before, Instant files) {
        return statement.param("first", first)
                .param("last", last)
                .param("before", Timestamp.from(before))
                .param("files", Timestamp.from(files));
    }

    private interface Stretch {
        long done(JdbcClient tx, long first, long last);
    }

    private long inStretches(BooleanSupplier stopping, Stretch stretch) throws SQLException {
        long done = 0;
        for (long last = lastRun(); last > 0 && !stopping.getAsBoolean(); last -= RUNS_AT_ONCE) {
            long to = last;
            done += transaction(tx -> stretch.done(tx, to - RUNS_AT_ONCE + 1, to));
        }
        return done;
    }

    private long lastRun() {
        return db.sql("SELECT coalesce(max(id), 0) FROM qanat.run").query(Long.class).single();
    }

    /**
     * When a file was put away: the end of the last run of a file that looked like it.
     *
     * @return empty when no run that has ended tells of it
     */
    public Optional<Instant> putAway(String pipeline, long size, Instant modified) {
        return db.sql("SELECT max(finished_at) FROM qanat.run WHERE pipeline = :pipeline AND file IS NOT NULL AND file_size = :size"
                        + " AND file_modified = :modified AND " + ENDED)
                .param("pipeline", pipeline)
                .param("size", size)
                .param("modified", Timestamp.from(modified.truncatedTo(ChronoUnit.MICROS)))
                .query((row, number) -> Optional.ofNullable(row.getTimestamp(1)).map(Timestamp::toInstant))
                .single();
    }

    /** What was deleted of a run that stays. */
    public record Forgotten(Optional<Instant> rejections, Optional<Instant> details) {}

    public Forgotten forgotten(long run) {
        return db.sql("SELECT rejections_deleted_at, details_deleted_at FROM qanat.run WHERE id = :run")
                .param("run", run)
                .query((row, number) -> new Forgotten(
                        Optional.ofNullable(row.getTimestamp(1)).map(Timestamp::toInstant),
                        Optional.ofNullable(row.getTimestamp(2)).map(Timestamp::toInstant)))
                .single();
    }
}
