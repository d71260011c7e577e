package dev.qanat.ledger;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * The schedules in force, and the account of their ticks: each is dealt with in one transaction, by one process. Safe for use by
 * several threads.
 */
@ApplicationScoped
public class Schedules {

    /** A restart that takes no longer misses nothing; its ticks are late. */
    private static final Duration SILENCE = Duration.ofSeconds(5);

    private final DataSource dataSource;
    private final JdbcClient db;
    private final Instant begun = Instant.now();

    Schedules(DataSource dataSource) {
        this.dataSource = dataSource;
        this.db = JdbcClient.create(dataSource);
    }

    /** Where a schedule comes from; an earlier one stands above a later one. */
    public enum Origin {
        /** {@code POST /schedule-job}. */
        API,
        /** The pipeline's own. */
        PIPELINE,
        /** The server's setting. */
        SETTING;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A schedule's terms as texts; one of the first two is given. */
    public record Terms(Optional<String> every, Optional<String> cron, Optional<String> timezone, String catchup) {}

    /**
     * A schedule in force.
     *
     * @param since where the ticks of {@code every} are counted from
     * @param nextFireAt the first tick that nobody has dealt with
     * @param lastFireAt the last tick that got a run
     * @param missed how many ticks were missed
     */
    public record Entry(
            String pipeline,
            Origin origin,
            Terms terms,
            Instant since,
            Instant nextFireAt,
            Optional<Instant> lastFireAt,
            long missed,
            Optional<Instant> lastMissedAt) {}

    /**
     * What becomes of a schedule's ticks that are due.
     *
     * @param runs ticks that get a run
     * @param missed those at which nobody was there; with a run if they are among the first, too
     * @param refused those that get none because the pipeline is busy and refuses another; they count as missed, too
     * @param next the first tick that is not due
     */
    public record Decision(List<Instant> runs, List<Instant> missed, List<Instant> refused, Instant next) {}

    /**
     * A schedule with a tick that is due.
     *
     * @param unattended whether no process ran for a while before this one began
     * @param running how many runs of the pipeline are running, in any process
     */
    public record Due(Entry schedule, boolean unattended, int running) {}

    private static final String SELECT = """
            SELECT schedule.*, missed.count AS missed, missed.last AS last_missed_at
            FROM qanat.schedule CROSS JOIN LATERAL (
                SELECT count(*), max(tick) AS last FROM qanat.missed_tick WHERE missed_tick.pipeline = schedule.pipeline) missed
            """;

    public Optional<Entry> find(String pipeline) {
        return db.sql(SELECT + "WHERE pipeline = :pipeline")
                .param("pipeline", pipeline)
                .query(Schedules::entry)
                .optional();
    }

    /**
     * Schedules in the order of their pipelines' names.
     *
     * @param after only those of pipelines after this
     */
    public List<Entry> list(Optional<String> after, int limit) {
        return db.sql(SELECT + "WHERE pipeline > coalesce(:after::text, '') ORDER BY pipeline LIMIT :limit")
                .param("after", after.orElse(null))
                .param("limit", limit)
                .query(Schedules::entry)
                .list();
    }

    /**
     * Puts a schedule in force that somebody asked for.
     *
     * @return whether another stood in its place
     */
    public boolean set(String pipeline, Terms terms, Instant since, Instant next) {
        return bound(pipeline, terms, since, next, """
                        WITH before AS (SELECT 1 FROM qanat.schedule WHERE pipeline = :pipeline)
                        INSERT INTO qanat.schedule (pipeline, origin, every, cron, timezone, catchup, since, next_fire_at)
                        VALUES (:pipeline, 'api', :every, :cron, :timezone, :catchup, :since, :next)
                        ON CONFLICT (pipeline) DO UPDATE
                        SET origin = excluded.origin, every = excluded.every, cron = excluded.cron, timezone = excluded.timezone,
                            catchup = excluded.catchup, since = excluded.since, next_fire_at = excluded.next_fire_at
                        RETURNING EXISTS (SELECT FROM before)""")
                .query(Boolean.class)
                .single();
    }

    /** Puts the schedule in force that follows from a version, if that is the last and nobody asked for another. */
    public boolean follow(String pipeline, int version, Origin origin, Terms terms, Instant since, Instant next) {
        return bound(pipeline, terms, since, next, """
                        INSERT INTO qanat.schedule (pipeline, origin, every, cron, timezone, catchup, since, next_fire_at)
                        SELECT :pipeline, :origin, :every::text, :cron::text, :timezone::text, :catchup, CAST(:since AS timestamptz),
                               CAST(:next AS timestamptz)
                        WHERE :version = (SELECT max(version) FROM qanat.config_history WHERE pipeline = :pipeline)
                        ON CONFLICT (pipeline) DO UPDATE
                        SET origin = excluded.origin, every = excluded.every, cron = excluded.cron, timezone = excluded.timezone,
                            catchup = excluded.catchup, since = excluded.since, next_fire_at = excluded.next_fire_at
                        WHERE schedule.origin <> 'api'
                          AND (schedule.origin, schedule.every, schedule.cron, schedule.timezone, schedule.catchup)
                              IS DISTINCT FROM (excluded.origin, excluded.every, excluded.cron, excluded.timezone, excluded.catchup)""")
                        .param("version", version)
                        .param("origin", origin.id())
                        .update()
                == 1;
    }

    private JdbcClient.StatementSpec bound(String pipeline, Terms terms, Instant since, Instant next, String sql) {
        return db.sql(sql)
                .param("pipeline", pipeline)
                .param("every", terms.every().orElse(null))
                .param("cron", terms.cron().orElse(null))
                .param("timezone", terms.timezone().orElse(null))
                .param("catchup", terms.catchup())
                .param("since", Timestamp.from(since))
                .param("next", Timestamp.from(next));
    }

    /** Takes the schedule out of force of a pipeline whose last version, this one, has none, unless somebody asked for one. */
    public boolean unfollow(String pipeline, int version) {
        return db.sql("""
                        DELETE FROM qanat.schedule
                        WHERE pipeline = :pipeline AND origin <> 'api'
                          AND :version = (SELECT max(version) FROM qanat.config_history WHERE pipeline = :pipeline)""")
                        .param("pipeline", pipeline)
                        .param("version", version)
                        .update()
                == 1;
    }

    /** Takes a schedule out of force that somebody asked for. */
    public boolean remove(String pipeline) {
        return db.sql("DELETE FROM qanat.schedule WHERE pipeline = :pipeline AND origin = 'api'")
                        .param("pipeline", pipeline)
                        .update()
                == 1;
    }

    /** Takes the schedules out of force of pipelines that are not in force any more. */
    public List<String> removeOfGone() {
        return db.sql("""
                        DELETE FROM qanat.schedule
                        WHERE coalesce((SELECT removed FROM qanat.config_history
                                        WHERE config_history.pipeline = schedule.pipeline ORDER BY version DESC LIMIT 1), true)
                        RETURNING pipeline""")
                .query(String.class)
                .list();
    }

    /**
     * Deals with ticks: queues a run for those that get one and notes the missed ones. What this does becomes visible at once, and
     * no other process deals with a tick meanwhile.
     *
     * @param until ticks up to here are due
     * @param patience only schedules whose first tick has been due for so long
     * @param except not the schedules of these pipelines
     * @param decide what becomes of the ticks of a schedule; they are all dealt with then
     * @return the schedules whose next tick is another now
     */
    public List<Entry> account(
            Instant until, Duration patience, Collection<String> except, Function<Due, Decision> decide) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                List<Entry> advanced =
                        account(JdbcClient.create(new SingleConnectionDataSource(connection, true)), until, patience, except, decide);
                connection.commit();
                return advanced;
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    private List<Entry> account(
            JdbcClient tx, Instant until, Duration patience, Collection<String> except, Function<Due, Decision> decide) {
        // A process that stands still must not hold up the others for long.
        tx.sql("SET LOCAL idle_in_transaction_session_timeout = '3s'").update();
        Instant watched = tx.sql("SELECT watched_at FROM qanat.schedule_watch FOR UPDATE")
                .query(Timestamp.class)
                .single()
                .toInstant();
        // A process that was there and is late, because it had to wait, has missed nothing.
        boolean unattended = watched.isBefore(begun) && watched.plus(SILENCE).isBefore(until);
        List<Entry> due = tx.sql(SELECT + "WHERE next_fire_at <= :until AND NOT pipeline = ANY (:except)")
                .param("until", Timestamp.from(unattended ? until : until.minus(patience)))
                .param("except", except.toArray(String[]::new))
                .query(Schedules::entry)
                .list();
        List<Entry> advanced = new ArrayList<>();
        for (Entry schedule : due) {
            int running = tx.sql("SELECT count(*) FROM qanat.run WHERE pipeline = :pipeline AND status = 'running'")
                    .param("pipeline", schedule.pipeline())
                    .query(Integer.class)
                    .single();
            Decision decision = decide.apply(new Due(schedule, unattended, running));
            advanced.add(carryOut(tx, schedule, decision));
        }
        tx.sql("UPDATE qanat.schedule_watch SET watched_at = greatest(watched_at, :until)")
                .param("until", Timestamp.from(until))
                .update();
        return advanced;
    }

    private static Entry carryOut(JdbcClient tx, Entry schedule, Decision decision) {
        tx.sql("""
                        INSERT INTO qanat.run (pipeline, config_version, trigger, scheduled_for)
                        SELECT :pipeline, latest.version, 'schedule', tick
                        FROM (SELECT version, removed FROM qanat.config_history
                              WHERE pipeline = :pipeline ORDER BY version DESC LIMIT 1) latest,
                             unnest(CAST(:ticks AS timestamptz[])) tick
                        WHERE NOT latest.removed
                        ORDER BY tick
                        ON CONFLICT (pipeline, scheduled_for) WHERE scheduled_for IS NOT NULL AND redoes IS NULL DO NOTHING""")
                .param("pipeline", schedule.pipeline())
                .param("ticks", array(decision.runs()))
                .update();
        noteMissed(tx, schedule.pipeline(), decision.missed(), "unattended", decision.runs());
        noteMissed(tx, schedule.pipeline(), decision.refused(), "busy", decision.runs());
        Optional<Instant> last = decision.runs().stream().max(Instant::compareTo).or(schedule::lastFireAt);
        tx.sql("UPDATE qanat.schedule SET next_fire_at = :next, last_fire_at = :last WHERE pipeline = :pipeline")
                .param("next", Timestamp.from(decision.next()))
                .param("last", last.map(Timestamp::from).orElse(null))
                .param("pipeline", schedule.pipeline())
                .update();
        return new Entry(
                schedule.pipeline(),
                schedule.origin(),
                schedule.terms(),
                schedule.since(),
                decision.next(),
                last,
                schedule.missed() + decision.missed().size() + decision.refused().size(),
                schedule.lastMissedAt());
    }

    private static void noteMissed(JdbcClient tx, String pipeline, List<Instant> missed, String reason, List<Instant> runs) {
        tx.sql("""
                        INSERT INTO qanat.missed_tick (pipeline, tick, reason, caught_up)
                        SELECT :pipeline, tick, :reason, tick = ANY (CAST(:runs AS timestamptz[]))
                        FROM unnest(CAST(:missed AS timestamptz[])) tick
                        ON CONFLICT DO NOTHING""")
                .param("pipeline", pipeline)
                .param("missed", array(missed))
                .param("reason", reason)
                .param("runs", array(runs))
                .update();
    }

    private static String array(List<Instant> instants) {
        return instants.stream().map(Instant::toString).collect(Collectors.joining(",", "{", "}"));
    }

    private static Entry entry(ResultSet row, int number) throws SQLException {
        return new Entry(
                row.getString("pipeline"),
                Origin.valueOf(row.getString("origin").toUpperCase(Locale.ROOT)),
                new Terms(
                        Optional.ofNullable(row.getString("every")),
                        Optional.ofNullable(row.getString("cron")),
                        Optional.ofNullable(row.getString("timezone")),
                        row.getString("catchup")),
                row.getTimestamp("since").toInstant(),
                row.getTimestamp("next_fire_at").toInstant(),
                instant(row.getTimestamp("last_fire_at")),
                row.getLong("missed"),
                instant(row.getTimestamp("last_missed_at")));
    }

    private static Optional<Instant> instant(@Nullable Timestamp timestamp) {
        return Optional.ofNullable(timestamp).map(Timestamp::toInstant);
    }
}
