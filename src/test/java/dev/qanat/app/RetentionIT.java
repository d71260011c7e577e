package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.Connection;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What was kept long enough is deleted, and nothing that anything leads to. Time passes by making what is there older. */
class RetentionIT {

    private static final String KEYED = "columns: { id: integer, amount: integer }\nprimary_key: id\nbronze: { keep: rows, retention: P90D }";

    private static Qanat qanat;

    /** Its pass begins while other tests are at work. */
    private static Qanat daily;

    @BeforeAll
    static void start() throws Exception {
        daily = Qanat.fresh("daily").with("QANAT_RETAIN_REJECTIONS", "P30D").with("QANAT_RETENTION_AT", "04:15").launch();
        qanat = Qanat.fresh("retention")
                .with("QANAT_RETAIN_REJECTIONS", "P30D")
                .with("QANAT_RETAIN_RUNS", "P30D")
                .with("QANAT_RETAIN_ARCHIVE", "P60D")
                .with("QANAT_RETAIN_QUARANTINE", "P60D")
                .start();
        daily.awaitReady().execute("INSERT INTO qanat.retention (trigger) VALUES ('schedule')");
        daily.await("the alarm is set", () -> daily.is("EXISTS (SELECT FROM qanat.qrtz_triggers WHERE trigger_group = 'retention')"));
        // The day is over. Quartz looks every half minute at the latest.
        daily.execute("UPDATE qanat.qrtz_triggers SET next_fire_time = extract(epoch FROM now()) * 1000 WHERE trigger_group = 'retention'");
    }

    @AfterAll
    static void stop() {
        qanat.close();
        daily.close();
    }

    /** Whatever happened to the pipeline happened so many days earlier. */
    private static void older(Feed feed, int days) throws Exception {
        qanat.execute("UPDATE qanat.run SET finished_at = finished_at - interval '%1$d days', landed_at = landed_at - interval '%1$d days' WHERE pipeline = '%2$s'"
                .formatted(days, feed.name()));
        if (qanat.is("to_regclass('" + feed.bronze() + "') IS NOT NULL")) {
            qanat.execute("UPDATE " + feed.bronze() + " SET _loaded_at = _loaded_at - interval '" + days + " days'");
        }
    }

    private static Map<String, Long> counts(List<Map<String, Object>> deleted) {
        Map<String, Long> counts = new HashMap<>();
        deleted.forEach(one -> counts.put((String) one.get("what"), ((Number) one.get("count")).longValue()));
        return counts;
    }

    private static Map<String, Long> dryRun() {
        return counts(qanat.request().queryParam("dry_run", "true").post("/retention").jsonPath().getList("would_delete"));
    }

    /** A pass, once it has ended. */
    private static JsonPath pass() {
        long id = qanat.request().post("/retention").then().statusCode(202).extract().jsonPath().getLong("id");
        qanat.await("pass " + id + " has ended", () -> !last().getString("status").equals("running"));
        assertThat(last().getLong("id")).isEqualTo(id);
        return last();
    }

    private static JsonPath last() {
        return new JsonPath(qanat.request().queryParam("limit", 1).get("/retention").asString()).setRootPath("items[0]");
    }

    @Test
    void old_records_go_and_their_rows_still_lead_to_run_version_file_and_line() throws Exception {
        Feed feed = Feed.of(qanat, KEYED);
        JsonPath old = feed.load("id,amount\n1,5\n2,6\n3,x\n");
        older(feed, 100);
        feed.load("id,amount\n2,7\n4,8\n");
        assertThat(dryRun()).containsEntry(feed.bronze(), 2L);
        assertThat(qanat.request().post("/retention?dry-run=true").jsonPath().getString("detail"))
                .isEqualTo("dry-run: there is no such parameter; there is dry_run; nothing was deleted");
        assertThat(qanat.value("SELECT count(*) FROM " + feed.bronze())).isEqualTo("4");

        JsonPath pass = pass();

        assertThat(pass.getString("status")).isEqualTo("succeeded");
        assertThat(pass.getString("trigger")).isEqualTo("api");
        assertThat(counts(pass.getList("deleted"))).containsEntry(feed.bronze(), 2L);
        assertThat(qanat.query("SELECT DISTINCT _source FROM " + feed.bronze())).containsExactly(Map.of("_source", "002.csv"));
        assertThat(qanat.query("SELECT id, amount FROM " + feed.table() + " ORDER BY id").toString())
                .isEqualTo("[{id=1, amount=5}, {id=2, amount=7}, {id=4, amount=8}]");
        JsonPath origin = qanat.request().queryParam("table", feed.table()).queryParam("id", 1).get("/api/v1/lineage/row").jsonPath();
        assertThat(origin.getLong("run.id")).isEqualTo(old.getLong("id"));
        assertThat(origin.getString("bronze.status")).isEqualTo("not_found");
        assertThat(origin.getString("bronze.reason")).endsWith(
                "has no record of run " + old.getLong("id") + " at position 2 any more; the pipeline keeps them for 90 days");
        assertThat(origin.getInt("run.config_version")).isEqualTo(1);
        assertThat(origin.getString("file.sha256")).isEqualTo(old.getString("files[0].sha256"));
        assertThat(origin.getInt("file.line")).isEqualTo(2);
        JsonPath rebuilt = feed.fromBronze();
        assertThat(rebuilt.getString("error.code")).isEqualTo("not_rebuildable");
        assertThat(rebuilt.getString("error.message")).contains(
                "of the 2 records that run " + old.getLong("id") + " accepted it holds 0 (the pipeline keeps them for 90 days: bronze.retention)");
        // The same bytes stay known.
        qanat.drop(feed.name(), "again.csv", "id,amount\n1,5\n2,6\n3,x\n");
        qanat.await("the file is known", () -> qanat.is("EXISTS (SELECT FROM qanat.run WHERE pipeline = '" + feed.name()
                + "' AND file_status = 'already_loaded' AND status = 'succeeded')"));
    }

    @Test
    void of_a_table_that_is_replaced_silver_is_built_again_from_the_last_replacement() throws Exception {
        Feed feed = Feed.of(qanat, "columns: { id: integer }\nwrite_disposition: replace\nbronze: { retention: P90D }");
        feed.load("id\n1\n");
        older(feed, 100);
        feed.load("id\n2\n");
        pass();
        assertThat(qanat.value("SELECT count(*) FROM " + feed.bronze())).isEqualTo("1");
        assertThat(Feed.outcome(feed.fromBronze())).isEqualTo("1 read, 1 unchanged");
    }

    @Test
    void records_are_left_alone_while_silver_is_built_from_them() throws Exception {
        Feed feed = Feed.of(qanat, KEYED);
        feed.load("id,amount\n1,5\n");
        older(feed, 100);
        try (Connection holder = qanat.database()) {
            holder.createStatement().execute("SELECT pg_advisory_lock(hashtextextended('\"bronze\".\"" + feed.name() + "__rows\"', 0))");
            assertThat(counts(pass().getList("deleted"))).containsEntry(feed.bronze(), 0L);
        }
        assertThat(counts(pass().getList("deleted"))).containsEntry(feed.bronze(), 1L);
    }

    @Test
    void rejections_go_and_their_number_stays() throws Exception {
        Feed feed = Feed.of(qanat, "columns: { id: integer }\nprimary_key: id");
        JsonPath run = feed.load("id\n1\nx\ny\n");
        long id = run.getLong("id");
        older(feed, 20);
        pass();
        assertThat(qanat.rejections(id)).hasSize(2);
        assertThat(qanat.run(id).getString("rejections_deleted_at")).isNull();
        older(feed, 20);

        assertThat(counts(pass().getList("deleted")).get("rejections")).isGreaterThanOrEqualTo(2);

        assertThat(qanat.rejections(id)).isEmpty();
        assertThat(Feed.outcome(qanat.run(id))).isEqualTo("3 read, 1 inserted, 2 rejected");
        assertThat(qanat.run(id).getString("rejections_deleted_at")).isNotNull();
        assertThat(qanat.request().post("/runs/" + id + "/replay").then().statusCode(409).extract().jsonPath().getString("detail"))
                .startsWith("the rejections of run " + id + " were deleted at ")
                .endsWith(" (QANAT_RETAIN_REJECTIONS)");
    }

    @Test
    void runs_that_left_nothing_go_and_those_that_anything_leads_to_stay() throws Exception {
        Feed feed = Feed.of(qanat, "columns: { id: integer, at: { type: date, required: true } }\nprimary_key: id");
        String text = "id,at\n1,2024-01-01\n";
        long loaded = feed.load(text).getLong("id");
        long known = feed.load(text).getLong("id");
        long failed = feed.load("id\n1\n").getLong("id");
        long empty = feed.load("id,at\n").getLong("id");
        long knownAgain = feed.load(text).getLong("id");
        older(feed, 40);
        // A run of a file tells how long that lies in the archive or in quarantine, and these are kept for 60 days.
        pass();
        assertThat(ids(feed)).containsExactly(loaded, known, failed, empty, knownAgain);
        older(feed, 40);

        pass();

        // The last run of the pipeline stays, and the last that landed of the resource.
        assertThat(ids(feed)).containsExactly(loaded, empty, knownAgain);
        assertThat(qanat.run(knownAgain).getLong("files[0].run")).isEqualTo(loaded);
        assertThat(qanat.value("SELECT count(*) FROM qanat.file WHERE pipeline = '" + feed.name() + "'")).isEqualTo("2");
        assertThat(Feed.outcome(feed.fromBronze())).isEqualTo("1 read, 1 unchanged");
    }

    @Test
    void of_a_run_that_stays_the_details_go_but_for_the_last_word_on_a_model() throws Exception {
        Feed feed = Feed.of(qanat, "columns: { id: integer }\nprimary_key: id");
        long first = feed.load("id\n1\n").getLong("id");
        long second = feed.load("id\n2\n").getLong("id");
        long third = feed.load("id\n3\n").getLong("id");
        String model = """
                INSERT INTO qanat.run_model (run_id, node, name, kind, relation, materialized, status, rows, started_at, compiled_sql)
                VALUES (%1$d, 'model.p.%2$s', '%2$s', 'model', 'gold.%2$s', 'table', '%3$s', 1, now(), 'SELECT 1')""";
        qanat.execute(model.formatted(first, feed.name(), "succeeded"));
        qanat.execute(model.formatted(second, feed.name(), "succeeded"));
        qanat.execute(model.formatted(third, feed.name(), "failed"));
        qanat.execute("INSERT INTO qanat.run_test (run_id, node, name, severity, status, seconds, compiled_sql) VALUES (" + first
                + ", 'test.p.t', 't', 'error', 'passed', 0.1, 'SELECT 1')");
        older(feed, 40);

        pass();

        assertThat(qanat.run(first).getList("models")).isEmpty();
        assertThat(qanat.run(first).getString("details_deleted_at")).isNotNull();
        assertThat(Feed.outcome(qanat.run(first))).isEqualTo("1 read, 1 inserted");
        assertThat(qanat.run(second).getList("models.status")).containsExactly("succeeded");
        assertThat(qanat.run(third).getList("models.status")).containsExactly("failed");
        assertThat(qanat.run(third).getString("details_deleted_at")).isNull();
        pass();
        assertThat(qanat.value("SELECT count(*) FROM qanat.run_test WHERE run_id = " + first)).isEqualTo("0");
    }

    private static List<Long> ids(Feed feed) throws Exception {
        return qanat.query("SELECT id FROM qanat.run WHERE pipeline = '" + feed.name() + "' ORDER BY id").stream()
                .map(row -> Long.valueOf(row.get("id")))
                .toList();
    }

    @Test
    void files_go_by_when_they_were_put_away_and_not_by_their_own_time() throws Exception {
        Feed feed = Feed.of(qanat, "columns: { id: integer }\nprimary_key: id");
        Path ofLastYear = Files.writeString(qanat.home().resolve("aside"), "id\n1\n");
        Files.setLastModifiedTime(ofLastYear, FileTime.from(Instant.now().minus(365, ChronoUnit.DAYS)));
        Files.createDirectories(qanat.inbox(feed.name()));
        Files.move(ofLastYear, qanat.inbox(feed.name()).resolve("old.csv"));
        qanat.awaitRuns(feed.name(), 1);
        qanat.drop(feed.name(), "bad.csv", "id\nx\n");
        qanat.awaitRuns(feed.name(), 2);
        Path stranger = Files.writeString(qanat.archive(feed.name()).resolve("stranger.csv"), "id\n77777\n");
        pass();
        assertThat(Feeds.list(qanat.archive(feed.name()))).containsExactlyInAnyOrder("old.csv", "stranger.csv");
        assertThat(Feeds.list(qanat.quarantine(feed.name()))).containsExactlyInAnyOrder("bad.csv", "bad.csv.error.txt");
        older(feed, 70);

        Path archive = qanat.archive(feed.name());
        Path elsewhere = Files.move(archive, qanat.home().resolve("elsewhere"));
        Files.createSymbolicLink(archive, elsewhere);
        pass();
        assertThat(elsewhere.resolve("old.csv")).as("a link leads to what is not the archive's").exists();
        Files.delete(archive);
        Files.move(elsewhere, archive);

        JsonPath pass = pass();

        assertThat(Feeds.list(archive)).containsExactly("stranger.csv");
        assertThat(Feeds.list(qanat.quarantine(feed.name()))).isEmpty();
        assertThat(pass.getInt("deleted.find { it.what == 'archive' }.unknown")).isPositive();
        assertThat(pass.getInt("deleted.find { it.what == 'archive' }.bytes")).isPositive();
        assertThat(stranger).exists();
    }

    @Test
    void a_failure_is_told_and_keeps_the_other_kinds_from_nothing() throws Exception {
        Feed feed = Feed.of(qanat, KEYED);
        feed.load("id,amount\n1,5\n2,x\n");
        older(feed, 100);
        try (Connection holder = qanat.database()) {
            holder.setAutoCommit(false);
            holder.createStatement().execute("LOCK TABLE " + feed.bronze());
            JsonPath pass = pass();
            assertThat(pass.getString("status")).isEqualTo("failed");
            assertThat(pass.getString("error.code")).isEqualTo("database_conflict");
            assertThat(pass.getString("error.message")).startsWith(feed.bronze());
            assertThat(counts(pass.getList("deleted")).get("rejections")).isPositive();
            qanat.await("the health check tells it", () -> qanat.request().get("/q/health/ready").asString()
                    .replace(" ", "").contains("\"status\":\"failed\""));
            assertThat(qanat.request().get("/q/health/ready").statusCode()).isEqualTo(200);
        }
        assertThat(pass().getString("status")).isEqualTo("succeeded");
    }

    @Test
    void it_begins_by_itself_each_day_and_what_a_killed_process_left_the_next_pass_deletes() throws Exception {
        daily.await("a pass has ended", () -> daily.request().get("/retention").jsonPath().getList("items.status").contains("succeeded"));
        JsonPath page = daily.request().get("/retention").jsonPath();
        assertThat(page.getList("items.status")).containsExactly("succeeded", "interrupted");
        assertThat(page.getString("items[0].trigger")).isEqualTo("schedule");
        assertThat(page.getMap("kept")).isEqualTo(Map.of("rejections", "P30D"));
        assertThat(Instant.parse(page.getString("next_pass_at"))).isAfter(Instant.now());
        assertThat(page.getString("next_pass_at")).endsWith("T04:15:00Z");
    }

    @Test
    void what_is_no_time_ends_the_start() throws Exception {
        for (Map.Entry<String, String> wrong : Map.of(
                        "QANAT_RETAIN_RUNS", "P6D", "QANAT_RETAIN_ARCHIVE", "a year", "QANAT_RETENTION_AT", "noon")
                .entrySet()) {
            try (Qanat refused = Qanat.fresh("refused").with(wrong.getKey(), wrong.getValue()).launch()) {
                refused.process().waitFor();
                assertThat(refused.logText()).contains("invalid_setting: " + wrong.getKey() + " is " + wrong.getValue() + ", expected ");
            }
        }
    }
}
