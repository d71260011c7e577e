package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Two processes on one home and one database: what one stands still over, the other takes. */
class LeaseIT {

    private static final String PIPELINE = "stood";
    private static final int ROWS = 300_000;

    @Test
    void a_run_whose_process_stands_still_while_it_reads_is_taken_over_and_lands_once() throws Exception {
        try (Qanat first = Qanat.fresh("lease").start()) {
            pipeline(first);
            first.drop(PIPELINE, "a.csv", file());
            first.await("the file is being staged", () -> first.is("EXISTS (SELECT FROM qanat.run WHERE read > 0)"));
            first.signal("STOP");
            try (Qanat second = first.another().start()) {
                JsonPath run = awaitTakeOver(first, second);
                first.signal("CONT");
                first.await("the first process has noticed", () -> first.logText().contains("Left to who has it now"));
                assertLandedOnce(first, second, run);
            } finally {
                first.signal("CONT");
            }
        }
    }

    @Test
    void a_landing_that_stands_still_gives_the_table_back_and_lands_nothing() throws Exception {
        try (Qanat first = Qanat.fresh("lease").start()) {
            pipeline(first);
            try (Connection holder = first.database();
                    Statement statement = holder.createStatement()) {
                statement.execute("SELECT pg_advisory_lock(hashtextextended('\"silver\".\"" + PIPELINE + "\"', 0))");
                first.drop(PIPELINE, "a.csv", file());
                first.await("the landing waits", () -> first.is("EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'advisory')"));
                first.signal("STOP");
                // Its statement gets the lock now, and nobody goes on with its transaction.
            }
            try (Qanat second = first.another().start()) {
                JsonPath run = awaitTakeOver(first, second);
                first.signal("CONT");
                first.await("the first process has noticed", () -> first.logText().contains("Left to who has it now"));
                assertLandedOnce(first, second, run);
            } finally {
                first.signal("CONT");
            }
        }
    }

    private static JsonPath awaitTakeOver(Qanat first, Qanat second) {
        second.await("the run has been done again", Duration.ofSeconds(120), () -> first.is("EXISTS (SELECT FROM qanat.run WHERE status = 'succeeded')"));
        return second.runs(PIPELINE).get(0);
    }

    private static void assertLandedOnce(Qanat first, Qanat second, JsonPath run) throws SQLException {
        assertThat(run.getInt("read")).isEqualTo(ROWS);
        assertThat(run.getInt("inserted")).isEqualTo(ROWS);
        List<JsonPath> runs = second.awaitRuns(PIPELINE, 2);
        assertThat(runs).extracting(each -> each.getString("status")).containsExactly("succeeded", "interrupted");
        assertThat(first.query("SELECT (SELECT count(*) FROM silver.stood) AS silver,"
                        + " (SELECT count(*) FROM bronze.stood__rows) AS bronze, (SELECT count(*) FROM qanat.file) AS files"))
                .isEqualTo(List.of(Map.of("silver", "" + ROWS, "bronze", "" + ROWS, "files", "1")));
        second.await("no staging tables are left", () -> first.is("NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'qanat_staging')"));
    }

    private static void pipeline(Qanat qanat) {
        qanat.pipeline("""
                pipeline: stood
                sources: { drops: { type: files } }
                resources:
                  - name: rows
                    source: drops
                    table: stood
                    columns: { id: { type: integer }, amount: { type: "numeric(12,2)" } }
                    primary_key: [id]
                """);
    }

    private static String file() {
        StringBuilder text = new StringBuilder("id,amount\n");
        for (int id = 0; id < ROWS; id++) {
            text.append(id).append(',').append(id % 100).append(".50\n");
        }
        return text.toString();
    }
}
