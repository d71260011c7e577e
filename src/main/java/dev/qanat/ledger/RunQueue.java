package dev.qanat.ledger;

import dev.qanat.failure.Code;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The queue of runs in PostgreSQL. Files and triggers put runs in; workers, of this process or of others, claim them. A claim is
 * a lease of {@value #LEASE_SECONDS} seconds that the heartbeat renews; a run whose lease is over belonged to a process that
 * died: it is marked interrupted and queued again, in its old place. Safe for use by several threads.
 */
@ApplicationScoped
public class RunQueue {

    static final int LEASE_SECONDS = 8;

    /** How long ago somebody may have looked at a folder who queues a file now. */
    private static final int SEEN_BEFORE_SECONDS = 3;

    /** How long the keys of triggers are remembered. */
    private static final int KEY_DAYS = 7;

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
     * Queues a run of a file, unless one of it waits or is worked on. A file that was seen to arrive is not queued for some seconds after a
     * run of it has ended: who saw it may have looked before it was put away.
     *
     * @param path the file's path below the home
     * @return the run that will load the file; empty where it was probably seen before it was put away
     */
    public Optional<Long> enqueueFile(
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
                                               file_modified, available_at)
                        SELECT :pipeline, :version, :trigger, :fullRefresh, :source, :file, :size, CAST(:modified AS timestamptz),
                               now() + make_interval(secs => :rest)
                        WHERE :trigger <> 'file' OR NOT EXISTS (
                            SELECT FROM qanat.run
                            WHERE pipeline = :pipeline AND file = :file AND file_size = :size AND file_modified = :modified
                              AND finished_at > now() - make_interval(secs => :afterwards))
                        ON CONFLICT (pipeline, file) WHERE status IN ('queued', 'running') AND file IS NOT NULL
                        DO UPDATE SET full_refresh =
                            run.full_refresh OR (run.status = 'queued' AND excluded.full_refresh)
                        RETURNING id""")
                .param("pipeline", pipeline)
                .param("version", configVersion)
                .param("trigger", trigger.id())
                .param("fullRefresh", fullRefresh)
                .param("source", source)
                .param("file", path)
                .param("size", size)
                .param("modified", Timestamp.from(modified.truncatedTo(ChronoUnit.MICROS)))
                .param("rest", secondsToRest(modified))
                .param("afterwards", SEEN_BEFORE_SECONDS)
                .query(Long.class)
                .optional();
    }

    /**
     * Takes back a run that this transaction has queued.
     *
     * @return false when it was queued before
     */
    public boolean withdraw(long run) {
        return db.sql("DELETE FROM qanat.run WHERE id = :run AND status = 'queued' AND queued_at = now()")
                        .param("run", run)
                        .update()
                == 1;
    }

    /**
     * Keeps other requests with this key of a trigger out until the transaction ends; for use in one.
     *
     * @return false when another request with the key is at work
     */
    public boolean lockTriggerKey(String key) {
        return db.sql("SELECT pg_try_advisory_xact_lock(hashtextextended('trigger ' || :key, 0))")
                .param("key", key)
                .query(Boolean.class)
                .single();
    }

    /**
     * A trigger that has queued runs.
     *
     * @param request what was asked for, and by whom; empty where that was not kept
     */
    public record Triggered(Optional<String> request, List<Long> runs) {}

    /** The trigger that has used this key in the last {@value #KEY_DAYS} days. */
    public Optional<Triggered> triggered(String key) {
        return db.sql("""
                        SELECT request, runs FROM qanat.trigger_key
                        WHERE key = :key AND runs <> '{}' AND created_at > now() - make_interval(days => :days)""")
                .param("key", key)
                .param("days", KEY_DAYS)
                .query((row, number) -> new Triggered(
                        Optional.ofNullable(row.getString(1)), List.of((Long[]) row.getArray(2).getArray())))
                .optional();
    }

    /** Remembers a trigger, so that the same request sent again queues no other runs, and forgets those that are too old. */
    public void rememberTrigger(String key, String request, List<Long> runs) {
        db.sql("DELETE FROM qanat.trigger_key WHERE created_at <= now() - make_interval(days => :days)")
                .param("days", KEY_DAYS)
                .update();
        db.sql("""
                        INSERT INTO qanat.trigger_key (key, request, runs) VALUES (:key, :request, CAST(:runs AS bigint[]))
                        ON CONFLICT (key) DO UPDATE SET request = excluded.request, runs = excluded.runs, created_at = now()""")
                .param("key", key)
                .param("request", request)
                .param("runs", "{" + runs.stream().map(String::valueOf).collect(Collectors.joining(",")) + "}")
                .update();
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

    /**
     * Makes a claimed run that was to look for files the run of a file, and queues it as such.
     *
     * @return false when a run of the file waits or is worked on already, or this one is no longer this process's or is to be cancelled
     */
    public boolean takeFile(long run, String source, String path, long size, Instant modified) {
        try {
            return db.sql("""
                            UPDATE qanat.run
                            SET status = 'queued', worker = NULL, lease_until = NULL, source = :source, file = :file,
                                file_size = :size, file_modified = :modified, available_at = now() + make_interval(secs => :rest)
                            WHERE id = :run AND worker = :worker AND status = 'running' AND cancel_requested_at IS NULL
                              AND file IS NULL
                              AND NOT EXISTS (SELECT FROM qanat.run other
                                              WHERE other.pipeline = run.pipeline AND other.file = :file
                                                AND other.status IN ('queued', 'running'))""")
                            .param("source", source)
                            .param("file", path)
                            .param("size", size)
                            .param("modified", Timestamp.from(modified.truncatedTo(ChronoUnit.MICROS)))
                            .param("rest", secondsToRest(modified))
                            .param("run", run)
                            .param("worker", worker)
                            .update()
                    == 1;
        } catch (DuplicateKeyException e) {
            // It was queued between the look and the update.
            return false;
        }
    }

    /**
     * Ends a claimed run that looked for files and found none to load.
     *
     * @return whether it was still this process's, and not to be cancelled
     */
    public boolean foundNothing(long run) {
        return db.sql("""
                        UPDATE qanat.run SET status = 'succeeded', landed_at = now(), finished_at = now(), lease_until = NULL
                        WHERE id = :run AND worker = :worker AND status = 'running' AND cancel_requested_at IS NULL
                          AND file IS NULL""")
                        .param("run", run)
                        .param("worker", worker)
                        .update()
                == 1;
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
     * Claims the next run. Only the first of a pipeline's queue (oldest file, then name) can be claimed, and only while fewer of its
     * runs are running than it may have, and only by itself where it builds tables again from bronze; of a run that landed, only what
     * follows the landing is left to do.
     *
     * @param limits how many runs of a pipeline may run at once. Only runs of these pipelines are claimed: those of a pipeline that
     *     is not in force wait until it is again
     * @return empty when there is nothing to do now
     */
    public Optional<Long> claim(Map<String, Integer> limits, boolean polls) {
        List<String> pipelines = List.copyOf(limits.keySet());
        try {
            return claim(
                    pipelines.toArray(String[]::new), pipelines.stream().map(limits::get).toArray(Integer[]::new), polls);
        } catch (DuplicateKeyException e) {
            // Another process was first to take the place.
            return Optional.empty();
        }
    }

    private Optional<Long> claim(String[] pipelines, Integer[] limits, boolean polls) {
        return db.sql("""
                        WITH head AS (
                            SELECT DISTINCT ON (pipeline) id, pipeline, available_at, from_bronze
                            FROM qanat.run
                            WHERE status = 'queued' AND pipeline = ANY (:pipelines) AND cancel_requested_at IS NULL
                            ORDER BY pipeline, file_modified, file, id
                        ), allowed AS (
                            SELECT * FROM unnest(CAST(:pipelines AS text[]), CAST(:limits AS integer[])) AS a (pipeline, most)
                        ), place AS (
                            SELECT pipeline, min(slot) AS slot
                            FROM allowed JOIN head USING (pipeline) CROSS JOIN generate_series(1, most) AS slot
                            WHERE most > (SELECT count(*) FROM qanat.run busy
                                          WHERE busy.pipeline = allowed.pipeline AND busy.status = 'running')
                              AND NOT EXISTS (SELECT FROM qanat.run busy
                                              WHERE busy.pipeline = allowed.pipeline AND busy.status = 'running'
                                                AND (busy.slot = slot.slot OR busy.from_bronze OR head.from_bronze))
                            GROUP BY pipeline
                        ), next AS (
                            SELECT run.id, place.slot
                            FROM qanat.run JOIN head USING (id) JOIN place ON place.pipeline = head.pipeline
                            WHERE head.available_at <= now() AND run.status = 'queued' AND run.cancel_requested_at IS NULL
                              AND (run.polled IS NOT NULL) = :polls
                            ORDER BY run.queued_at, run.id
                            LIMIT 1
                            FOR UPDATE OF run SKIP LOCKED
                        )
                        UPDATE qanat.run
                        SET status = 'running', slot = next.slot, started_at = coalesce(started_at, now()), worker = :worker,
                            lease_until = now() + make_interval(secs => :lease)
                        FROM next WHERE run.id = next.id
                        RETURNING run.id""")
                .param("pipelines", pipelines)
                .param("limits", limits)
                .param("polls", polls)
                .param("worker", worker)
                .param("lease", LEASE_SECONDS)
                .query(Long.class)
                .optional();
    }

    /** Takes over a run that landed or failed, whose process died before it could put the file away. */
    public Optional<Long> claimDecided() {
        return db.sql("""
                        UPDATE qanat.run SET worker = :worker, lease_until = now() + make_interval(secs => :lease)
                        WHERE id = (SELECT id FROM qanat.run
                                    WHERE status = 'running' AND (landed_at IS NOT NULL OR error_code IS NOT NULL)
                                      AND lease_until < now()
                                    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
                        RETURNING id""")
                .param("worker", worker)
                .param("lease", LEASE_SECONDS)
                .query(Long.class)
                .optional();
    }

    /** How long until a file has not changed for a second, in seconds: at most one, also for a time in the future. */
    private static double secondsToRest(Instant modified) {
        long still = Duration.between(modified, Instant.now()).toMillis();
        return still < 0 ? 1 : Math.max(0, 1_000 - still) / 1_000.0;
    }

    /** Puts a claimed run back, to be claimed when its file has rested: it was still being written. */
    public void waitForFile(long run, long size, Instant modified) {
        db.sql("""
                        UPDATE qanat.run
                        SET status = 'queued', worker = NULL, lease_until = NULL, file_size = :size, file_modified = :modified,
                            available_at = now() + make_interval(secs => :rest)
                        WHERE id = :run AND worker = :worker AND status = 'running' AND landed_at IS NULL""")
                .param("size", size)
                .param("modified", Timestamp.from(modified.truncatedTo(ChronoUnit.MICROS)))
                .param("rest", secondsToRest(modified))
                .param("run", run)
                .param("worker", worker)
                .update();
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
                                       AND error_code IS NULL
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
        return interrupt("lease_until < now()", "its process died before it landed", 0);
    }

    /**
     * Marks this process's own run as interrupted and queues it again, because the database or the file failed it.
     *
     * @return whether it was still this process's, and had not landed after all
     */
    public boolean redoLater(long run, String reason, int seconds) {
        return !interrupt("id = " + run + " AND worker = '" + worker + "'", reason, seconds).isEmpty();
    }

    /** A row that somebody holds is passed over: its run is just landing, or its holder is about to be noticed as dead. */
    private List<Long> interrupt(String which, String reason, int delaySeconds) {
        return db.sql("""
                        WITH interrupted AS (
                            UPDATE qanat.run
                            SET status = 'interrupted', finished_at = now(), error_code = 'interrupted',
                                error_message = :reason, worker = NULL, lease_until = NULL
                            WHERE id IN (SELECT id FROM qanat.run
                                         WHERE status = 'running' AND landed_at IS NULL AND error_code IS NULL
                                           AND cancel_requested_at IS NULL AND %s
                                         FOR UPDATE SKIP LOCKED)
                            RETURNING *
                        ), redone AS (
                            INSERT INTO qanat.run (pipeline, config_version, trigger, scheduled_for, full_refresh, redoes, replays,
                                                   source, file, file_size, file_modified, polled, range_from, range_to, models, from_bronze,
                                                   resource, available_at)
                            SELECT pipeline, config_version, trigger, scheduled_for, full_refresh, id, replays, source, file, file_size,
                                   file_modified, polled, range_from, range_to, models, from_bronze,
                                   CASE WHEN from_bronze THEN resource END, now() + make_interval(secs => :delay)
                            FROM interrupted
                            ON CONFLICT DO NOTHING      -- one that will do the same waits already
                            RETURNING id, redoes
                        ), known AS (
                            INSERT INTO qanat.poll_partition
                                   (run_id, resource, partition, status, token, cursor, error_code, error_message)
                            SELECT redone.id, resource, partition, status, token, cursor, error_code, error_message
                            FROM redone JOIN qanat.poll_partition ON run_id = redoes
                        )
                        SELECT id FROM interrupted""".formatted(which))
                .param("reason", reason)
                .param("delay", delaySeconds)
                .query(Long.class)
                .list();
    }

    /**
     * Queues a run that polls, unless the same one waits already.
     *
     * @return the run that waits
     */
    public long enqueuePoll(String pipeline, int configVersion, Run.Trigger trigger, boolean fullRefresh, Run.Poll poll) {
        return db.sql("""
                        INSERT INTO qanat.run (pipeline, config_version, trigger, full_refresh, polled, range_from, range_to)
                        VALUES (:pipeline, :version, :trigger, :fullRefresh, :polled, :from, :to)
                        ON CONFLICT (pipeline, polled, coalesce(range_from, ''), coalesce(range_to, ''), full_refresh)
                            WHERE status IN ('queued', 'deferred') AND polled IS NOT NULL
                        DO UPDATE SET full_refresh = excluded.full_refresh
                        RETURNING id""")
                .param("pipeline", pipeline)
                .param("version", configVersion)
                .param("trigger", trigger.id())
                .param("fullRefresh", fullRefresh)
                .param("polled", poll.resources().toArray(String[]::new))
                .param("from", poll.from().orElse(null))
                .param("to", poll.to().orElse(null))
                .query(Long.class)
                .single();
    }

    /** Queues a run that builds models and does nothing else. */
    public long enqueueModels(String select, boolean fullRefresh) {
        return db.sql("""
                        INSERT INTO qanat.run (pipeline, config_version, trigger, full_refresh, models)
                        VALUES (:none, 0, :trigger, :fullRefresh, :select) RETURNING id""")
                .param("none", Run.NO_PIPELINE)
                .param("trigger", Run.Trigger.API.id())
                .param("fullRefresh", fullRefresh)
                .param("select", select)
                .query(Long.class)
                .single();
    }

    /**
     * Queues a run that builds the silver tables of a resource again from bronze, behind what is queued now, unless one waits already.
     *
     * @return the run that waits
     */
    public long enqueueFromBronze(String pipeline, int configVersion, String resource) {
        // The time stands where a file's does, by which runs are put in order.
        return db.sql("""
                        INSERT INTO qanat.run (pipeline, config_version, trigger, from_bronze, resource, file_modified)
                        VALUES (:pipeline, :version, :trigger, true, :resource, now())
                        ON CONFLICT (pipeline, resource) WHERE status = 'queued' AND from_bronze
                        DO UPDATE SET from_bronze = excluded.from_bronze
                        RETURNING id""")
                .param("pipeline", pipeline)
                .param("version", configVersion)
                .param("trigger", Run.Trigger.API.id())
                .param("resource", resource)
                .query(Long.class)
                .single();
    }

    /**
     * Makes a claimed run that was to look for work one that polls, and queues it as such.
     *
     * @return false when such a run waits already, or this one is no longer this process's or is to be cancelled
     */
    public boolean takePoll(long run, List<String> resources) {
        try {
            return db.sql("""
                            UPDATE qanat.run SET status = 'queued', worker = NULL, lease_until = NULL, polled = :polled
                            WHERE id = :run AND worker = :worker AND status = 'running' AND cancel_requested_at IS NULL
                              AND file IS NULL""")
                            .param("polled", resources.toArray(String[]::new))
                            .param("run", run)
                            .param("worker", worker)
                            .update()
                    == 1;
        } catch (DuplicateKeyException e) {
            return false;
        }
    }

    /** Ends a claimed run that was to poll, since another one that waits will do the same. */
    public void coalesce(long run) {
        db.sql("""
                        UPDATE qanat.run
                        SET status = 'cancelled', finished_at = now(), worker = NULL, lease_until = NULL, error_code = :code,
                            error_message = 'an earlier run that fetches the same is waiting'
                        WHERE id = :run AND worker = :worker AND status = 'running'""")
                .param("code", Code.CANCELLED.id())
                .param("run", run)
                .param("worker", worker)
                .update();
    }

    /**
     * Defers a claimed run that polls: it goes on by itself then. Until then it counts what has landed.
     *
     * @return false when it is no longer this process's or is to be cancelled, or when another that waits will do the same
     */
    public boolean defer(long run, Instant until, Code code, String reason) {
        try {
            return db.sql("""
                            UPDATE qanat.run
                            SET status = 'deferred', worker = NULL, lease_until = NULL, available_at = CAST(:until AS timestamptz),
                                error_code = :code, error_message = :reason,
                                (read, inserted, updated, unchanged, duplicate, filtered, rejected) = (
                                    SELECT coalesce(sum(read), 0), coalesce(sum(inserted), 0), coalesce(sum(updated), 0),
                                           coalesce(sum(unchanged), 0), coalesce(sum(duplicate), 0), coalesce(sum(filtered), 0),
                                           coalesce(sum(rejected), 0)
                                    FROM qanat.run_resource WHERE run_id = run.id AND resource = ANY (run.polled))
                            WHERE id = :run AND worker = :worker AND status = 'running' AND cancel_requested_at IS NULL""")
                            .param("until", until.toString())
                            .param("code", code.id())
                            .param("reason", reason.replace('\0', '\uFFFD'))
                            .param("run", run)
                            .param("worker", worker)
                            .update()
                    == 1;
        } catch (DuplicateKeyException e) {
            return false;
        }
    }

    /** Queues the deferred runs whose time has come. */
    public List<Long> wakeDeferred() {
        return db.sql("""
                        UPDATE qanat.run SET status = 'queued', error_code = NULL, error_message = NULL
                        WHERE status = 'deferred' AND available_at <= now() AND cancel_requested_at IS NULL
                        RETURNING id""")
                .query(Long.class)
                .list();
    }

    /** How many runs of a pipeline are running, in any process. */
    public int running(String pipeline) {
        return db.sql("SELECT count(*) FROM qanat.run WHERE pipeline = :pipeline AND status = 'running'")
                .param("pipeline", pipeline)
                .query(Integer.class)
                .single();
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
