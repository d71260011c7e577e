package dev.qanat.ledger;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The queue of runs in PostgreSQL. Files and triggers put runs in; workers, of this process or of others, claim them. A claim is
 * a lease of {@value #LEASE_SECONDS} seconds that the heartbeat renews; a run whose lease is over belonged to a process that
 * died: it is marked interrupted and queued again, in its old place. Safe for use by several threads.
 */
@ApplicationScoped
public class RunQueue {

    static final int LEASE_SECONDS = 8;

    private final JdbcClient db;
    private final UUID worker = UUID.randomUUID();

    RunQueue(DataSource dataSource) {
        this.db = JdbcClient.create(dataSource);
    }

    /** This process, as the ledger knows it. */
    public UUID worker() {
        return worker;
    }

    /**
     * Queues a run of a file, unless one of it waits or is worked on: then that one is told of the file's present size and time.
     *
     * @param path the file's path below the home
     * @return the run that will load the file
     */
    public long enqueueFile(
            String pipeline,
            int configVersion,
            Run.Trigger trigger,
            boolean fullRefresh,
            String source,
            String path,
            long size,
            Instant modified) {
        return db.sql("""
                        INSERT INTO qanat.run (pipeline, config_version, trigger, full_refresh, source, file, file_size,
                                               file_modified, file_observed, available_at)
                        VALUES (:pipeline, :version, :trigger, :fullRefresh, :source, :file, :size, :modified, now(),
                                now() + interval '1 second')
                        ON CONFLICT (pipeline, file) WHERE status IN ('queued', 'running') AND file IS NOT NULL
                        DO UPDATE SET full_refresh = run.full_refresh OR excluded.full_refresh
                        RETURNING id""")
                .param("pipeline", pipeline)
                .param("version", configVersion)
                .param("trigger", trigger.id())
                .param("fullRefresh", fullRefresh)
                .param("source", source)
                .param("file", path)
                .param("size", size)
                .param("modified", inMicros(modified))
                .query(Long.class)
                .single();
    }

    /** Records that a trigger found no file to load: a run that succeeded with nothing. */
    public long recordNothingFound(String pipeline, int configVersion, Run.Trigger trigger, boolean fullRefresh) {
        return db.sql("""
                        INSERT INTO qanat.run (pipeline, config_version, trigger, full_refresh, status, started_at, landed_at,
                                               finished_at)
                        VALUES (:pipeline, :version, :trigger, :fullRefresh, 'succeeded', now(), now(), now())
                        RETURNING id""")
                .param("pipeline", pipeline)
                .param("version", configVersion)
                .param("trigger", trigger.id())
                .param("fullRefresh", fullRefresh)
                .query(Long.class)
                .single();
    }

    /** The paths below the home of the pipeline's files that wait or are worked on. */
    public Set<String> activeFiles(String pipeline) {
        return db.sql("""
                        SELECT file FROM qanat.run
                        WHERE pipeline = :pipeline AND status IN ('queued', 'running') AND file IS NOT NULL""")
                .param("pipeline", pipeline)
                .query(String.class)
                .set();
    }

    /**
     * Claims the next run. Only the first of a pipeline's queue (oldest file, then name) can be claimed, and only while no other
     * run of the pipeline is running; of a run that landed, only what follows the landing is left to do.
     *
     * @return empty when there is nothing to do now
     */
    public Optional<Long> claim() {
        return db.sql("""
                        WITH head AS (
                            SELECT DISTINCT ON (pipeline) id, pipeline, available_at
                            FROM qanat.run
                            WHERE status = 'queued'
                            ORDER BY pipeline, file_modified, file, id
                        ), next AS (
                            SELECT run.id
                            FROM qanat.run JOIN head USING (id)
                            WHERE head.available_at <= now() AND run.status = 'queued'
                              AND NOT EXISTS (SELECT FROM qanat.run busy
                                              WHERE busy.pipeline = head.pipeline AND busy.status = 'running')
                            ORDER BY run.queued_at, run.id
                            LIMIT 1
                            FOR UPDATE OF run SKIP LOCKED
                        )
                        UPDATE qanat.run
                        SET status = 'running', started_at = coalesce(started_at, now()), worker = :worker,
                            lease_until = now() + make_interval(secs => :lease)
                        FROM next WHERE run.id = next.id
                        RETURNING run.id""")
                .param("worker", worker)
                .param("lease", LEASE_SECONDS)
                .query(Long.class)
                .optional();
    }

    /** Takes over a run that landed, whose process died before it could put the file away. */
    public Optional<Long> claimLanded() {
        return db.sql("""
                        UPDATE qanat.run SET worker = :worker, lease_until = now() + make_interval(secs => :lease)
                        WHERE id = (SELECT id FROM qanat.run
                                    WHERE status = 'running' AND landed_at IS NOT NULL AND lease_until < now()
                                    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
                        RETURNING id""")
                .param("worker", worker)
                .param("lease", LEASE_SECONDS)
                .query(Long.class)
                .optional();
    }

    /** Puts a claimed run back, to be claimed again in a second: its file was still being written. */
    public void waitForFile(long run, long size, Instant modified) {
        db.sql("""
                        UPDATE qanat.run
                        SET status = 'queued', worker = NULL, lease_until = NULL, file_size = :size, file_modified = :modified,
                            file_observed = now(), available_at = now() + interval '1 second'
                        WHERE id = :run AND worker = :worker AND status = 'running' AND landed_at IS NULL""")
                .param("size", size)
                .param("modified", inMicros(modified))
                .param("run", run)
                .param("worker", worker)
                .update();
    }

    /** PostgreSQL keeps microseconds, and its driver rounds: a time that was rounded up would never be the file's again. */
    static Timestamp inMicros(Instant time) {
        return Timestamp.from(time.truncatedTo(ChronoUnit.MICROS));
    }

    /**
     * Renews the leases of runs that this process works on. A row that a landing holds is passed over: its lease is renewed by the
     * next beat.
     *
     * @return those of them that still belong to this process
     */
    public Set<Long> heartbeat(Set<Long> runs) {
        db.sql("""
                        UPDATE qanat.run SET lease_until = now() + make_interval(secs => :lease)
                        WHERE id IN (SELECT id FROM qanat.run WHERE id IN (:runs) AND worker = :worker AND status = 'running'
                                     FOR UPDATE SKIP LOCKED)""")
                .param("lease", LEASE_SECONDS)
                .param("runs", runs)
                .param("worker", worker)
                .update();
        return db
                .sql("SELECT id FROM qanat.run WHERE id IN (:runs) AND worker = :worker AND status = 'running'")
                .param("runs", runs)
                .param("worker", worker)
                .query(Long.class)
                .set();
    }

    /** Tells how far a running run has come. */
    public void progress(long run, long read, long rejected, long bytes) {
        db.sql("""
                        UPDATE qanat.run SET read = :read, rejected = :rejected, bytes = :bytes
                        WHERE id IN (SELECT id FROM qanat.run
                                     WHERE id = :run AND worker = :worker AND status = 'running' AND landed_at IS NULL
                                     FOR UPDATE SKIP LOCKED)""")
                .param("read", read)
                .param("rejected", rejected)
                .param("bytes", bytes)
                .param("run", run)
                .param("worker", worker)
                .update();
    }

    /**
     * Marks the runs of dead processes as interrupted and queues them again.
     *
     * @return the interrupted runs
     */
    public List<Long> redoInterrupted() {
        return interrupt("run.lease_until < now()", "its process died before it landed", 0);
    }

    /** Marks this process's own run as interrupted and queues it again, because the database or the file failed it. */
    public void redoLater(long run, String reason, int seconds) {
        interrupt("run.id = " + run + " AND run.worker = '" + worker + "'", reason, seconds);
    }

    private List<Long> interrupt(String which, String reason, int delaySeconds) {
        return db.sql("""
                        WITH interrupted AS (
                            UPDATE qanat.run
                            SET status = 'interrupted', finished_at = now(), error_code = 'interrupted',
                                error_message = :reason, worker = NULL, lease_until = NULL
                            WHERE status = 'running' AND landed_at IS NULL AND %s
                            RETURNING *
                        ), redone AS (
                            INSERT INTO qanat.run (pipeline, config_version, trigger, full_refresh, redoes, source, file,
                                                   file_size, file_modified, file_observed, available_at)
                            SELECT pipeline, config_version, trigger, full_refresh, id, source, file, file_size, file_modified,
                                   file_observed, now() + make_interval(secs => :delay)
                            FROM interrupted
                        )
                        SELECT id FROM interrupted""".formatted(which))
                .param("reason", reason)
                .param("delay", delaySeconds)
                .query(Long.class)
                .list();
    }

    /** The ids of running runs of any process; staging tables of others are orphans. */
    public Set<Long> running() {
        return db.sql("SELECT id FROM qanat.run WHERE status = 'running'").query(Long.class)
                .set();
    }

    /** How many of these runs have not ended yet. */
    public int unfinished(Collection<Long> runs) {
        return db.sql("""
                        SELECT count(*) FROM qanat.run
                        WHERE id IN (:runs) AND status IN ('queued', 'running', 'deferred')""")
                .param("runs", runs)
                .query(Integer.class)
                .single();
    }
}
