package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The database fails a landing at a chosen place; the run lands all the same, once. */
class LandingFailuresIT {

    private static final String FILE = "id,amount\n1,1.50\n2,2.50\n2,2.75\n3,x\n";
    private static final String ONCE = "[read:4, inserted:2, updated:0, unchanged:0, duplicate:1, filtered:0, rejected:1]";

    private static Qanat qanat;

    private final String pipeline = Qanat.newName("landing");

    @BeforeAll
    static void start() throws Exception {
        qanat = Qanat.fresh("landing").start();
        // Triggers that do something the first time only: a sequence is not rolled back.
        qanat.execute("CREATE SCHEMA test");
        // A commit can be made to wait for a standby only where there could be one.
        qanat.execute("ALTER SYSTEM SET wal_level = 'replica'");
        qanat.execute("ALTER SYSTEM SET max_wal_senders = 2");
        qanat.stopPostgres("fast");
        qanat.startPostgres();
    }

    @AfterAll
    static void close() {
        qanat.close();
    }

    @Test
    void a_landing_whose_connection_is_lost_is_tried_again() throws Exception {
        pipeline();
        try (Connection holder = qanat.database();
                Statement statement = holder.createStatement()) {
            String lock = "(hashtextextended('\"silver\".\"" + pipeline + "\"', 0))";
            statement.execute("SELECT pg_advisory_lock" + lock);
            qanat.drop(pipeline, "a.csv", FILE);
            String waiting = "FROM pg_stat_activity WHERE wait_event = 'advisory' AND query LIKE '%" + pipeline + "%'";
            qanat.await("the landing waits for the table", () -> qanat.is("EXISTS (SELECT " + waiting + ")"));
            statement.execute("SELECT pg_terminate_backend(pid) " + waiting);
            statement.execute("SELECT pg_advisory_unlock" + lock);
        }
        assertLandedOnce(2);
    }

    @Test
    void a_landing_whose_connection_is_lost_in_its_midst_is_tried_again() throws Exception {
        loadOnce();
        onFirst("BEFORE INSERT ON silver." + pipeline, "PERFORM pg_terminate_backend(pg_backend_pid());");
        qanat.drop(pipeline, "b.csv", FILE.replace("1,", "11,").replace("2,2", "12,2"));
        assertLanded(2, "succeeded");
    }

    @Test
    void a_deadlock_in_a_landing_is_tried_again() throws Exception {
        loadOnce();
        onFirst("BEFORE INSERT ON silver." + pipeline, "RAISE EXCEPTION 'a deadlock' USING ERRCODE = '40P01';");
        qanat.drop(pipeline, "b.csv", FILE.replace("1,", "11,").replace("2,2", "12,2"));
        assertLanded(2, "succeeded");
    }

    /** As in a container whose shared memory is too small for a statement in several processes. */
    @Test
    void a_landing_that_finds_no_shared_memory_is_tried_again_in_one_process() throws Exception {
        loadOnce();
        trigger("BEFORE INSERT ON silver." + pipeline, """
                IF current_setting('max_parallel_workers_per_gather') <> '0' THEN
                    RAISE EXCEPTION 'could not resize shared memory segment: No space left on device' USING ERRCODE = '53100';
                END IF;""");
        qanat.drop(pipeline, "b.csv", FILE.replace("1,", "11,").replace("2,2", "12,2"));
        assertLanded(2, "succeeded");
    }

    @Test
    void a_serialization_failure_at_the_commit_is_tried_again() throws Exception {
        loadOnce();
        atFirstCommit("RAISE EXCEPTION 'a conflict' USING ERRCODE = '40001';");
        qanat.drop(pipeline, "b.csv", FILE.replace("1,", "11,").replace("2,2", "12,2"));
        assertLanded(2, "succeeded");
    }

    @Test
    void a_connection_lost_at_the_commit_is_tried_again() throws Exception {
        loadOnce();
        atFirstCommit("PERFORM pg_terminate_backend(pg_backend_pid());");
        qanat.drop(pipeline, "b.csv", FILE.replace("1,", "11,").replace("2,2", "12,2"));
        assertLanded(2, "succeeded");
    }

    @Test
    void a_conflict_that_does_not_end_fails_the_run_after_three_more_attempts() throws Exception {
        loadOnce();
        trigger("BEFORE INSERT ON silver." + pipeline, "RAISE EXCEPTION 'a deadlock' USING ERRCODE = '40P01';");
        qanat.drop(pipeline, "b.csv", FILE.replace("1,", "11,").replace("2,2", "12,2"));
        List<JsonPath> runs = qanat.awaitRuns(pipeline, 2);
        assertThat(runs.get(0).getString("status")).isEqualTo("failed");
        assertThat(runs.get(0).getString("error.code")).isEqualTo("database_conflict");
        assertThat(runs.get(0).getInt("landing_attempts")).isEqualTo(4);
        assertThat(Feeds.list(qanat.quarantine(pipeline))).containsExactly("b.csv", "b.csv.error.txt");
        assertThat(qanat.value("SELECT count(*) FROM silver." + pipeline)).isEqualTo("2");
        assertThat(qanat.value("SELECT count(*) FROM bronze." + pipeline + "__rows")).isEqualTo("3");
    }

    /** The commit is on disk, its answer never arrives: the server waits for a standby that does not exist, and is cut off. */
    @Test
    void a_landing_whose_commit_was_not_answered_is_finished_and_not_landed_twice() throws Exception {
        loadOnce();
        qanat.execute("ALTER ROLE qanat SET synchronous_commit = 'local'");
        // Connections of the pool know the new setting when they are new.
        qanat.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'qanat' AND pid <> pg_backend_pid()");
        trigger("BEFORE INSERT ON silver." + pipeline, "PERFORM set_config('synchronous_commit', 'on', true);");
        qanat.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
        qanat.execute("SELECT pg_reload_conf()");
        try {
            qanat.drop(pipeline, "b.csv", FILE.replace("1,", "11,").replace("2,2", "12,2"));
            String waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
            qanat.await("the commit waits", () -> qanat.is("EXISTS (SELECT " + waiting + ")"));
            qanat.execute("SELECT pg_terminate_backend(pid) " + waiting);
        } finally {
            qanat.execute("ALTER SYSTEM RESET synchronous_standby_names");
            qanat.execute("ALTER ROLE qanat RESET synchronous_commit");
            qanat.execute("SELECT pg_reload_conf()");
        }
        assertLanded(1, "succeeded");
    }

    @Test
    void a_landing_that_waits_when_the_database_crashes_is_done_again_from_the_file() throws Exception {
        pipeline();
        Connection holder = qanat.database();
        try (Statement statement = holder.createStatement()) {
            statement.execute("SELECT pg_advisory_lock(hashtextextended('\"silver\".\"" + pipeline + "\"', 0))");
            qanat.drop(pipeline, "a.csv", FILE);
            qanat.await("the landing waits for the table", () -> qanat.is("EXISTS (SELECT FROM pg_stat_activity WHERE"
                    + " wait_event = 'advisory' AND query LIKE '%" + pipeline + "%')"));
            // Recovery empties unlogged tables: the landing must not take that for a file without rows.
            qanat.stopPostgres("immediate");
            qanat.startPostgres();
        }
        qanat.await("the run has been done again", () -> qanat.is("EXISTS (SELECT FROM qanat.run WHERE status = 'succeeded'"
                + " AND redoes IS NOT NULL AND pipeline = '" + pipeline + "')"));
        List<JsonPath> runs = qanat.awaitRuns(pipeline, 2);
        assertThat(runs).extracting(run -> run.getString("status")).containsExactly("succeeded", "interrupted");
        assertThat(runs.get(1).getString("error.code")).isEqualTo("interrupted");
        assertOneCopy(1);
    }

    private void pipeline() {
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources:
                  - name: rows
                    source: drops
                    table: %1$s
                    columns: { id: { type: integer }, amount: { type: "numeric(12,2)" } }
                    primary_key: [id]
                """.formatted(pipeline));
    }

    private void loadOnce() throws IOException {
        pipeline();
        assertThat(qanat.load(pipeline, "a.csv", FILE).getString("status")).isEqualTo("succeeded");
    }

    private void onFirst(String when, String statement) throws SQLException {
        qanat.execute("CREATE SEQUENCE test." + pipeline);
        trigger(when, "IF nextval('test." + pipeline + "') = 1 THEN " + statement + " END IF;");
    }

    private void atFirstCommit(String statement) throws SQLException {
        qanat.execute("CREATE SEQUENCE test." + pipeline);
        function("IF nextval('test." + pipeline + "') = 1 THEN " + statement + " END IF;");
        qanat.execute("CREATE CONSTRAINT TRIGGER test AFTER INSERT ON silver." + pipeline
                + " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION test." + pipeline + "()");
    }

    private void trigger(String when, String statement) throws SQLException {
        function(statement);
        qanat.execute("CREATE TRIGGER test " + when + " FOR EACH ROW EXECUTE FUNCTION test." + pipeline + "()");
    }

    private void function(String statement) throws SQLException {
        qanat.execute("CREATE FUNCTION test." + pipeline + "() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + statement
                + " RETURN NEW; END $$");
    }

    private void assertLandedOnce(int attempts) throws SQLException {
        JsonPath run = qanat.awaitRun(pipeline);
        assertThat(run.getString("status")).as(run.prettify()).isEqualTo("succeeded");
        assertThat(run.getInt("landing_attempts")).isEqualTo(attempts);
        assertCounts(run);
        assertOneCopy(1);
    }

    /** The second file of two has landed in so many attempts, and both are there once. */
    private void assertLanded(int attempts, String status) throws SQLException {
        List<JsonPath> runs = qanat.awaitRuns(pipeline, 2);
        assertThat(runs).as("runs").hasSize(2);
        JsonPath run = runs.get(0);
        assertThat(run.getString("status")).as(run.prettify()).isEqualTo(status);
        assertThat(run.getInt("landing_attempts")).isEqualTo(attempts);
        assertCounts(run);
        assertOneCopy(2);
    }

    private static void assertCounts(JsonPath run) {
        StringBuilder counts = new StringBuilder("[");
        for (String count : List.of("read", "inserted", "updated", "unchanged", "duplicate", "filtered", "rejected")) {
            counts.append(counts.length() == 1 ? "" : ", ").append(count).append(':').append(run.getInt(count));
        }
        assertThat(counts.append(']').toString()).isEqualTo(ONCE);
    }

    private void assertOneCopy(int files) throws SQLException {
        assertThat(qanat.query("SELECT (SELECT count(*) FROM silver.%1$s) AS silver, (SELECT count(*) FROM bronze.%1$s__rows) AS bronze,"
                        .formatted(pipeline)
                        + " (SELECT count(*) FROM qanat.rejection JOIN qanat.run ON run.id = run_id WHERE pipeline = '" + pipeline
                        + "') AS rejected, (SELECT count(*) FROM qanat.file WHERE pipeline = '" + pipeline + "') AS files,"
                        + " (SELECT count(*) FROM qanat.run_resource JOIN qanat.run ON run.id = run_id WHERE pipeline = '" + pipeline
                        + "') AS resources"))
                .isEqualTo(List.of(Map.of(
                        "silver", "" + 2 * files,
                        "bronze", "" + 3 * files,
                        "rejected", "" + files,
                        "files", "" + files,
                        "resources", "" + files)));
        assertThat(Feeds.list(qanat.inbox(pipeline))).isEmpty();
        assertThat(Feeds.list(qanat.archive(pipeline))).hasSize(files);
        assertThat(Feeds.list(qanat.quarantine(pipeline))).isEmpty();
    }
}
