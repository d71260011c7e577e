package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A run is cancelled in each of its phases: it ends within five seconds and leaves nothing behind. */
class CancelIT {

    private static final Duration FIVE_SECONDS = Duration.ofSeconds(5);
    private static final String FILE = "id,name\n1,a\n2,b\nx,c\n";

    private static Qanat qanat;

    private final String pipeline = Qanat.newName("cancel");

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.shared();
    }

    @Test
    void a_queued_run_ends_at_once_and_the_one_before_it_goes_on() throws Exception {
        pipeline("");
        try (Connection holder = qanat.lockTable(pipeline)) {
            long first = drop("a.csv", FILE);
            qanat.await("the first run waits", this::waitsForTable);
            long second = drop("b.csv", FILE.replace("1,", "11,"));

            Response answer = cancel(second);

            assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(200);
            assertThat(answer.jsonPath().getString("status")).isEqualTo("cancelled");
            assertThat(status(first)).isEqualTo("running");
            isCancelled(second, "b.csv");
        }
        assertThat(qanat.awaitRuns(pipeline, 2)).extracting(run -> run.getString("status")).containsExactly("cancelled", "succeeded");
        assertThat(qanat.value("SELECT count(*) FROM silver." + pipeline)).isEqualTo("2");
    }

    @Test
    void a_run_that_reads_stops_reading_and_keeps_its_first_rejections() throws Exception {
        pipeline("");
        String rows = IntStream.range(0, 1_000_000)
                .mapToObj(id -> (id % 3 == 0 ? "x" : id) + ",name of " + id + "\n")
                .collect(Collectors.joining("", "id,name\n", ""));
        long run = drop("long.csv", rows);
        awaitStaging(run, "(SELECT count(*) FROM qanat_staging.run_" + run + "_rejections) > 1000");

        JsonPath ended = cancelled(run, "long.csv");

        assertThat(ended.getInt("read")).isBetween(3_000, 999_999);
        assertThat(ended.getInt("rejected")).isBetween(1_000, 334_000);
        List<Integer> positions = qanat.request().queryParam("limit", 1000).get("/runs/" + run + "/rejections").jsonPath().getList("items.position");
        assertThat(positions).hasSize(1_000).startsWith(2, 5, 8).isSorted();
        assertThat(qanat.value("SELECT count(*) FROM qanat.rejection WHERE run_id = " + run)).isEqualTo("1000");
    }

    @Test
    void a_run_that_copies_rows_stops_though_their_table_is_held() throws Exception {
        pipeline("");
        try (Connection holder = qanat.database();
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            // What is dropped is copied in several chunks: the table is locked between two of them.
            String rows = IntStream.range(0, 400_000).mapToObj(id -> id + ",n\n").collect(Collectors.joining("", "id,name\n", ""));
            long run = drop("a.csv", rows);
            // Its columns have been added, for which it would wait otherwise.
            awaitStaging(run, "EXISTS (SELECT FROM qanat_staging.run_" + run + "_rows)");
            statement.execute("LOCK TABLE qanat_staging.run_" + run + "_rows IN ACCESS EXCLUSIVE MODE");
            qanat.await("a copy waits", () -> is("EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'COPY%run_"
                    + run + "_rows%')"));
            assertThat(cancel(run).statusCode()).isEqualTo(202);
            qanat.await("it is cancelled", FIVE_SECONDS, () -> status(run).equals("cancelled"));
            holder.rollback();
            qanat.await("the staging tables are gone", () -> !hasStaging(run));
            isCancelled(run, "a.csv");
        }
    }

    @Test
    void a_run_that_cleans_its_rows_stops() throws Exception {
        pipeline("where: \"length(repeat(name, 50000000)) > 0\"");
        String rows = IntStream.range(0, 2_000).mapToObj(id -> id + ",n\n").collect(Collectors.joining("", "id,name\n", ""));
        long run = drop("a.csv", rows);
        qanat.await("rows are cleaned", () -> is("EXISTS (SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'INSERT INTO%run_"
                + run + "_cleaned%')"));

        cancelled(run, "a.csv");
    }

    @Test
    void a_run_that_waits_for_the_lock_of_its_table_stops_waiting() throws Exception {
        pipeline("");
        try (Connection holder = qanat.lockTable(pipeline)) {
            long run = drop("a.csv", FILE);
            qanat.await("the landing waits", this::waitsForTable);

            JsonPath ended = cancelled(run, "a.csv");

            assertThat(ended.getInt("read")).isEqualTo(3);
            assertThat(ended.getInt("rejected")).isEqualTo(1);
            assertThat(qanat.rejections(run)).singleElement().satisfies(one -> assertThat(one).containsEntry("position", 4));
        }
        assertThat(qanat.load(pipeline, "again.csv", FILE).getString("status")).isEqualTo("succeeded");
    }

    @Test
    void a_run_that_lands_is_undone() throws Exception {
        pipeline("");
        assertThat(qanat.load(pipeline, "first.csv", FILE).getInt("inserted")).isEqualTo(2);
        qanat.execute("CREATE FUNCTION silver." + pipeline + "_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60);"
                + " RETURN NEW; END $$");
        qanat.execute("CREATE TRIGGER slow BEFORE INSERT ON silver." + pipeline + " FOR EACH ROW EXECUTE FUNCTION silver." + pipeline
                + "_slow()");
        long run = drop("a.csv", FILE.replace("1,", "11,"));
        qanat.await("it lands", () -> is("EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = 'qanat run "
                + run + "')"));

        JsonPath ended = cancelled(run, "a.csv");

        assertThat(ended.getInt("landing_attempts")).isEqualTo(1);
        assertThat(qanat.value("SELECT count(*) FROM silver." + pipeline)).isEqualTo("2");
        assertThat(qanat.value("SELECT count(*) FROM bronze." + pipeline + "__rows")).isEqualTo("2");
        qanat.execute("DROP FUNCTION silver." + pipeline + "_slow() CASCADE");
    }

    @Test
    void the_request_may_go_to_another_process_than_the_one_at_work() throws Exception {
        pipeline("");
        try (Qanat second = Qanat.fresh("cancel-second")
                        .with("QANAT_HOME", qanat.home().toString())
                        .with("QUARKUS_DATASOURCE_JDBC_URL", "jdbc:postgresql://127.0.0.1:" + qanat.pgPort() + "/qanat")
                        .with("QUARKUS_DATASOURCE_USERNAME", "qanat")
                        .start();
                Connection holder = qanat.lockTable(pipeline)) {
            long run = drop("elsewhere.csv", FILE);
            qanat.await("the landing waits", this::waitsForTable);
            Qanat idle = second.logText().contains("Loading elsewhere.csv") ? qanat : second;

            assertThat(idle.request().post("/runs/" + run + "/cancel").statusCode()).isEqualTo(202);

            qanat.await("it is cancelled", FIVE_SECONDS, () -> status(run).equals("cancelled"));
            isCancelled(run, "elsewhere.csv");
        }
    }

    @Test
    void a_run_whose_process_has_just_died_is_ended_by_another() throws Exception {
        pipeline("");
        Path aside = Files.writeString(qanat.home().resolve(pipeline), FILE);
        Path file = qanat.inbox(pipeline).resolve("dead.csv");
        qanat.execute("""
                INSERT INTO qanat.run (pipeline, config_version, trigger, status, worker, lease_until, source, file, file_size, file_modified)
                VALUES ('%1$s', 1, 'file', 'running', gen_random_uuid(), now() + interval '8 seconds', 'drops', 'inbox/%1$s/dead.csv', %2$d, '%3$s')"""
                .formatted(pipeline, Files.size(aside), Files.getLastModifiedTime(aside).toInstant().truncatedTo(ChronoUnit.MICROS)));
        Files.createDirectories(file.getParent());
        Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE);
        long run = qanat.runs(pipeline).get(0).getLong("id");
        assertThat(cancel(run).statusCode()).isEqualTo(202);

        qanat.await("it is cancelled", FIVE_SECONDS, () -> status(run).equals("cancelled"));
        isCancelled(run, "dead.csv");
        assertThat(qanat.runs(pipeline)).hasSize(1);
    }

    @Test
    void what_has_ended_or_is_unknown_cannot_be_cancelled() throws Exception {
        pipeline("");
        long landed = qanat.load(pipeline, "a.csv", FILE).getLong("id");
        long failed = qanat.load(pipeline, "b.csv", "id,name\nx,y\n").getLong("id");

        for (long run : List.of(landed, failed)) {
            Response answer = cancel(run);
            assertThat(answer.statusCode()).isEqualTo(409);
            assertThat(answer.contentType()).isEqualTo("application/problem+json");
            assertThat(answer.jsonPath().getString("code")).isEqualTo("not_cancellable");
        }
        assertThat(cancel(999_999_999).statusCode()).isEqualTo(404);
        assertThat(qanat.request().post("/runs/x/cancel").jsonPath().getString("code")).isEqualTo("unknown_run");
        assertThat(qanat.request().get("/runs/" + landed + "/cancel").statusCode()).isEqualTo(405);
        assertThat(status(landed)).isEqualTo("succeeded");
    }

    private void pipeline(String more) {
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources:
                  - name: rows
                    source: drops
                    table: %1$s
                    columns: { id: { type: integer, required: true }, name: text }
                    primary_key: id
                    %2$s
                """.formatted(pipeline, more));
    }

    /** Drops a file and gives its run. */
    private long drop(String name, String text) throws IOException {
        int before = qanat.runs(pipeline).size();
        qanat.drop(pipeline, name, text);
        qanat.await("a run is queued", () -> qanat.runs(pipeline).size() > before);
        return qanat.runs(pipeline).get(0).getLong("id");
    }

    private static Response cancel(long run) {
        return qanat.request().post("/runs/" + run + "/cancel");
    }

    /** Cancels a run at work and sees that nothing is left of it. */
    private JsonPath cancelled(long run, String file) throws Exception {
        Response answer = cancel(run);
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(202);
        assertThat(answer.jsonPath().getString("cancel_requested_at")).endsWith("Z");
        qanat.await("it is cancelled", FIVE_SECONDS, () -> status(run).equals("cancelled"));
        isCancelled(run, file);
        return qanat.request().get("/runs/" + run).jsonPath();
    }

    private void isCancelled(long run, String file) throws Exception {
        JsonPath ended = qanat.request().get("/runs/" + run).jsonPath();
        assertThat(ended.getString("error.code")).isEqualTo("cancelled");
        assertThat(ended.getString("landed_at")).isNull();
        assertThat(ended.getString("finished_at")).endsWith("Z");
        assertThat(ended.getString("files[0].status")).isEqualTo("cancelled");
        assertThat(hasStaging(run)).as("staging tables").isFalse();
        for (String table : List.of("silver." + pipeline, "bronze." + pipeline + "__rows")) {
            if (is("to_regclass('" + table + "') IS NOT NULL")) {
                assertThat(qanat.value("SELECT count(*) FROM " + table + " WHERE _run_id = " + run)).as(table).isEqualTo("0");
            }
        }
        assertThat(qanat.value("SELECT count(*) FROM qanat.file WHERE run_id = " + run)).isEqualTo("0");
        assertThat(qanat.inbox(pipeline).resolve(file)).doesNotExist();
        assertThat(qanat.quarantine(pipeline).resolve(file)).exists();
        assertThat(qanat.quarantine(pipeline).resolve(file + ".error.txt")).content().contains("cancelled", "drop it into the inbox again");
        assertThat(cancel(run).jsonPath().getString("code")).isEqualTo("not_cancellable");
    }

    private static String status(long run) {
        return qanat.request().get("/runs/" + run).jsonPath().getString("status");
    }

    private boolean waitsForTable() {
        return is("EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'advisory' AND query LIKE '%\"" + pipeline + "\"%')");
    }

    private static boolean hasStaging(long run) {
        return is("EXISTS (SELECT FROM pg_tables WHERE schemaname = 'qanat_staging' AND tablename LIKE 'run\\_" + run + "\\_%')");
    }

    private static void awaitStaging(long run, String condition) {
        qanat.await("rows are staged", () -> hasStaging(run) && is(condition));
    }

    private static boolean is(String condition) {
        try {
            return qanat.value("SELECT " + condition).equals("t");
        } catch (SQLException e) {
            return false;
        }
    }
}
