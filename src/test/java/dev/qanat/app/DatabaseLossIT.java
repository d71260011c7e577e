package dev.qanat.app;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** PostgreSQL goes away under the running application and comes back; nobody restarts anything else. */
class DatabaseLossIT {

    private static final long SEED = Long.getLong("qanat.seed", 20261121L);
    private static final int ROWS = Integer.getInteger("qanat.kill.rows", 120_000);

    @Test
    void loads_go_on_by_themselves_when_postgresql_is_back() throws Exception {
        Random random = new Random(SEED);
        try (Qanat qanat = Qanat.fresh("loss").start()) {
            Feeds feeds = new Feeds(qanat, SEED, ROWS);
            feeds.upload();
            String[] modes = {"immediate", "fast", "immediate"};
            // How long it is away: shorter and longer than a lease.
            int[] away = {1_000, 500, 12_000};
            for (int stop = 0; stop < modes.length; stop++) {
                feeds.drop();
                feeds.drop();
                qanat.await("a load is at work", () -> running(qanat, stopsInLanding(random)));
                Thread.sleep(random.nextInt(1_500));
                String at = qanat.query("SELECT read, landing_attempts, landed_at IS NOT NULL AS landed FROM qanat.run"
                                + " WHERE status = 'running' ORDER BY id")
                        .toString();
                qanat.stopPostgres(modes[stop]);
                Thread.sleep(away[stop]);
                qanat.startPostgres();
                System.out.printf("stop %d: %s, away for %d ms, at work: %s%n", stop + 1, modes[stop], away[stop], at);
                qanat.await("requests are answered again", () -> qanat.request().get("/runs").statusCode() == 200);
            }
            feeds.assertAsIfNothingHadHappened();
        }
    }

    private static String stopsInLanding(Random random) {
        return random.nextBoolean() ? "landing_attempts > 0" : "read > 0";
    }

    private static boolean running(Qanat qanat, String condition) {
        try {
            return !qanat.value("SELECT count(*) FROM qanat.run WHERE status = 'running' AND " + condition).equals("0");
        } catch (java.sql.SQLException e) {
            return false;
        }
    }
}
