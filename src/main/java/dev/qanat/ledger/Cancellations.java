package dev.qanat.ledger;

import dev.qanat.failure.Code;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Runs that are to stop. A request is a mark on the run, which its landing heeds: either the run lands or it is cancelled, whichever
 * the database has first. Whoever works on the run looks for the mark, stops and ends it; a run that nobody works on is ended by
 * any process. Safe for use by several threads.
 */
@ApplicationScoped
public class Cancellations {

    private static final String REASON =
            "coalesce('a newer run of the pipeline, ' || superseded_by || ', has taken its place', 'it was asked for')";

    /** Neither landed nor failed. */
    private static final String UNDECIDED = "landed_at IS NULL AND (error_code IS NULL OR status = 'deferred')";

    /** Two beats of the heart. A process that is only late can land nothing, since the run is to be cancelled, nor end the run. */
    private static final int SILENT_SECONDS = 3;

    private static final String UNOWNED = "cancel_requested_at IS NOT NULL AND " + UNDECIDED
            + " AND (status IN ('queued', 'deferred') OR status = 'running' AND lease_until < now() + interval '"
            + (RunQueue.LEASE_SECONDS - SILENT_SECONDS) + " seconds')";

    private final DataSource dataSource;
    private final JdbcClient db;

    Cancellations(DataSource dataSource) {
        this.dataSource = dataSource;
        this.db = JdbcClient.create(dataSource);
    }

    /**
     * Marks a run. While its landing is being committed this waits for the outcome.
     *
     * @return false when it is too late: the run has landed or ended
     */
    public boolean request(long run) {
        return db.sql("""
                        UPDATE qanat.run SET cancel_requested_at = coalesce(cancel_requested_at, now())
                        WHERE id = :run AND status IN ('queued', 'running', 'deferred') AND landed_at IS NULL
                          AND (error_code IS NULL OR error_code = :cancelled OR status = 'deferred')""")
                        .param("run", run)
                        .param("cancelled", Code.CANCELLED.id())
                        .update()
                == 1;
    }

    /**
     * Marks the oldest running run of each pipeline that has no place left for a newer one which could begin now. A replay takes
     * nobody's place, nor does a tick that may not find a file.
     *
     * @param limits how many runs of a pipeline may run at once, of those whose newer runs cancel the older
     */
    public void supersede(Map<String, Integer> limits) {
        if (limits.isEmpty()) {
            return;
        }
        List<String> pipelines = List.copyOf(limits.keySet());
        db.sql("""
                        WITH allowed AS (
                            SELECT * FROM unnest(CAST(:pipelines AS text[]), CAST(:limits AS integer[])) AS a (pipeline, most)
                        ), newer AS (
                            SELECT DISTINCT ON (pipeline) id, pipeline
                            FROM qanat.run
                            WHERE status = 'queued' AND pipeline = ANY (:pipelines) AND cancel_requested_at IS NULL
                              AND available_at <= now() AND (file IS NOT NULL OR polled IS NOT NULL)
                            ORDER BY pipeline, file_modified, file, id
                        ), older AS (
                            SELECT DISTINCT ON (run.pipeline) run.id, newer.id AS by
                            FROM newer JOIN allowed USING (pipeline) JOIN qanat.run USING (pipeline)
                            WHERE run.status = 'running' AND run.landed_at IS NULL AND run.error_code IS NULL
                              AND run.cancel_requested_at IS NULL
                              AND most <= (SELECT count(*) FROM qanat.run busy
                                           WHERE busy.pipeline = newer.pipeline AND busy.status = 'running'
                                             AND busy.cancel_requested_at IS NULL)
                            ORDER BY run.pipeline, run.started_at, run.id
                        )
                        UPDATE qanat.run SET cancel_requested_at = now(), superseded_by = older.by
                        FROM older
                        WHERE run.id = older.id AND run.status = 'running' AND run.landed_at IS NULL AND run.error_code IS NULL
                          AND run.cancel_requested_at IS NULL""")
                .param("pipelines", pipelines.toArray(String[]::new))
                .param("limits", pipelines.stream().map(limits::get).toArray(Integer[]::new))
                .update();
    }

    /** Of these runs those that are to stop, each with the reason, for people. */
    public Map<Long, String> requested(Collection<Long> runs) {
        Map<Long, String> requested = new HashMap<>();
        if (!runs.isEmpty()) {
            db.sql("SELECT id, " + REASON + " AS reason FROM qanat.run"
                            + " WHERE id IN (:runs) AND cancel_requested_at IS NOT NULL AND landed_at IS NULL")
                    .param("runs", runs)
                    .query(row -> {
                        requested.put(row.getLong("id"), row.getString("reason"));
                    });
        }
        return requested;
    }

    /**
     * Stops the statements of a run that are at work now, on whatever connection.
     *
     * @param name under which the run's transactions are known to the database
     */
    public void stopStatements(String name) {
        db.sql("""
                        SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
                        WHERE application_name = :name AND datname = current_database() AND state = 'active'
                          AND backend_type = 'client backend' AND pid <> pg_backend_pid()""")
                .param("name", name)
                .query(Long.class)
                .single();
    }

    /** The runs to be cancelled that nobody works on: they are queued, or nothing was heard of their process for three seconds. */
    public List<Long> unowned() {
        return db.sql("SELECT id FROM qanat.run WHERE " + UNOWNED + " ORDER BY id LIMIT 1000")
                .query(Long.class)
                .list();
    }

    /** Puts the file of a run away. */
    public interface PuttingAway {
        void putAway(String reason) throws Exception;
    }

    /**
     * Ends a run that nobody works on, once its file is put away; nobody can claim it meanwhile. After a crash in between it is done
     * again.
     *
     * @return false when the run is no longer one of {@link #unowned()}, or another process is at it
     */
    public boolean end(long run, PuttingAway file) throws Exception {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                String reason = lock(connection, run);
                if (reason != null) {
                    file.putAway(reason);
                    end(connection, run, reason);
                }
                connection.commit();
                return reason != null;
            } catch (Exception e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    private static @Nullable String lock(Connection connection, long run) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT " + REASON + " FROM qanat.run WHERE id = ? AND " + UNOWNED + " FOR UPDATE SKIP LOCKED")) {
            select.setLong(1, run);
            try (ResultSet rows = select.executeQuery()) {
                return rows.next() ? rows.getString(1) : null;
            }
        }
    }

    private static void end(Connection connection, long run, String reason) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("""
                UPDATE qanat.run
                SET status = 'cancelled', finished_at = now(), error_code = ?, error_message = ?, worker = NULL, lease_until = NULL
                WHERE id = ?""")) {
            update.setString(1, Code.CANCELLED.id());
            update.setString(2, reason);
            update.setLong(3, run);
            update.executeUpdate();
        }
    }
}
