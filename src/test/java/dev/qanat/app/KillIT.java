package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * The application is killed while it loads, again and again, and what it leaves is compared with an undisturbed load of the same
 * files. Ten kills by default; {@code -Dqanat.kills=300} makes it more, in rounds of ten with an application each, and
 * {@code -Dqanat.seed=…} repeats a run. {@code bench/kill} does both.
 */
class KillIT {

    private static final int KILLS = Integer.getInteger("qanat.kills", 10);
    private static final long SEED = Long.getLong("qanat.seed", 20261121L);
    private static final int ROWS = Integer.getInteger("qanat.kill.rows", 120_000);
    private static final int A_ROUND = 10;
    private static final long REDONE_MILLIS = 10_000;

    /** How far the furthest load was when it was hit. */
    private enum Phase {
        IDLE,
        READING,
        STAGING,
        PREPARING,
        LANDING,
        AFTER_LANDING
    }

    /** What a kill aims at, and how long after it began to strike at the latest. */
    private enum Aim {
        READING("status = 'running'", 150),
        STAGING("status = 'running' AND read > 0", 900),
        LANDING("status = 'running' AND landing_attempts > 0 AND landed_at IS NULL", 900),
        COMMIT("status = 'running' AND landing_attempts > 0 AND landed_at IS NULL AND EXISTS (SELECT FROM pg_stat_activity"
                + " WHERE state <> 'idle' AND pid <> pg_backend_pid() AND (query LIKE 'INSERT INTO qanat.rejection%'"
                + " OR query LIKE '%qanat.file%' OR query = 'COMMIT'))", 60),
        AFTER_LANDING("landed_at IS NOT NULL AND landed_at > now() - interval '1 minute' AND id > %d", 4),
        ANY("true", 4_000);

        private final String condition;
        private final int most;

        Aim(String condition, int most) {
            this.condition = condition;
            this.most = most;
        }
    }

    @Test
    void an_application_killed_at_any_moment_of_its_loads_ends_up_as_if_nothing_had_happened() throws Exception {
        Map<Phase, Integer> hit = new EnumMap<>(Phase.class);
        List<Long> redone = new ArrayList<>();
        int killed = 0;
        for (int round = 0; killed < KILLS; round++) {
            killed += round(round, Math.min(A_ROUND, KILLS - killed), killed, hit, redone);
        }
        System.out.printf(
                "kills: %d, seed %d, by phase: %s; from readiness to all interrupted runs queued again: at most %d ms%n",
                killed, SEED, hit, redone.stream().mapToLong(Long::longValue).max().orElse(0));
    }

    private static int round(int round, int kills, int before, Map<Phase, Integer> hit, List<Long> redone) throws Exception {
        Random random = new Random(SEED + round);
        try (Qanat qanat = Qanat.fresh("kill").start()) {
            Feeds feeds = new Feeds(qanat, SEED + round, ROWS);
            feeds.upload();
            for (int kill = 1; kill <= kills; kill++) {
                while (feeds.waiting() < 4) {
                    feeds.drop();
                }
                Aim aim = Aim.values()[(before + kill - 1) % Aim.values().length];
                int delay = random.nextInt(aim.most);
                boolean aimed = await(qanat, aim);
                Thread.sleep(delay);
                qanat.kill();
                Phase phase = phase(qanat);
                hit.merge(phase, 1, Integer::sum);
                List<Map<String, String>> left = qanat.query("SELECT id, worker FROM qanat.run WHERE status = 'running'");
                long restarted = System.nanoTime();
                qanat.start();
                long ready = System.nanoTime();
                qanat.await("interrupted runs are queued again", Duration.ofSeconds(20), () -> takenOver(qanat, left));
                long again = (System.nanoTime() - ready) / 1_000_000;
                redone.add(again);
                System.out.printf("kill %3d  aimed at %-13s%s hit %-13s +%4d ms  ready again after %5d ms, redone after %5d ms%n",
                        before + kill, aim, aimed ? " " : "?", phase, delay, (ready - restarted) / 1_000_000, again);
                assertThat(again).as("milliseconds from readiness until interrupted runs are queued again").isLessThan(REDONE_MILLIS);
            }
            feeds.assertAsIfNothingHadHappened();
            System.out.printf("round %d: %s%n", round + 1, qanat.query("""
                    SELECT count(*) FILTER (WHERE status = 'succeeded' AND pipeline NOT LIKE '%twin') AS landed,
                           count(*) FILTER (WHERE status = 'interrupted') AS interrupted,
                           sum(read) FILTER (WHERE status = 'succeeded' AND pipeline NOT LIKE '%twin') AS records
                    FROM qanat.run""").get(0));
        }
        return kills;
    }

    /** Waits until a load is where the kill aims at; not for ever. */
    private static boolean await(Qanat qanat, Aim aim) throws SQLException, InterruptedException {
        try (Connection connection = qanat.database();
                Statement statement = connection.createStatement()) {
            String last = one(statement, "SELECT coalesce(max(id), 0) FROM qanat.run WHERE landed_at IS NOT NULL");
            String condition = "SELECT EXISTS (SELECT FROM qanat.run WHERE "
                    + aim.condition.replace("%d", last) + ")";
            long until = System.nanoTime() + Duration.ofSeconds(40).toNanos();
            while (System.nanoTime() < until) {
                if (one(statement, condition).equals("t")) {
                    return true;
                }
                Thread.sleep(2);
            }
            return false;
        }
    }

    /** What the dead process was at, as the database has it. */
    private static Phase phase(Qanat qanat) throws SQLException {
        try (Connection connection = qanat.database();
                Statement statement = connection.createStatement()) {
            return Phase.valueOf(one(statement, """
                    SELECT coalesce(max(CASE
                        WHEN landed_at IS NOT NULL THEN '5 AFTER_LANDING'
                        WHEN landing_attempts > 0 AND EXISTS (
                            SELECT FROM pg_class WHERE relname = run.pipeline AND relnamespace = 'silver'::regnamespace)
                            THEN '4 LANDING'
                        WHEN landing_attempts > 0 THEN '3 PREPARING'
                        WHEN to_regclass('qanat_staging.run_' || id || '_rejections') IS NOT NULL THEN '2 STAGING'
                        ELSE '1 READING' END), '0 IDLE')
                    FROM qanat.run WHERE status = 'running'""").substring(2));
        }
    }

    /** Whether the runs of the dead process are queued again or, where they had landed, belong to its successor. */
    private static boolean takenOver(Qanat qanat, List<Map<String, String>> left) {
        try {
            for (Map<String, String> run : left) {
                if (!qanat.value("SELECT count(*) FROM qanat.run WHERE status = 'running' AND id = " + run.get("id")
                                + " AND worker = '" + run.get("worker") + "'")
                        .equals("0")) {
                    return false;
                }
            }
            return true;
        } catch (SQLException e) {
            return false;
        }
    }

    private static String one(Statement statement, String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }
}
