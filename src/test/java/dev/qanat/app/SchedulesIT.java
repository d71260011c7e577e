package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Schedules: asked for, of a pipeline's own, by the settings; their ticks with several processes, and with none. */
class SchedulesIT {

    private static final String JSON = "application/json";

    private static Qanat qanat;

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.fresh("schedules").start();
    }

    @AfterAll
    static void stop() {
        qanat.close();
    }

    private static String pipeline(String name, String further) {
        return """
                pipeline: %s
                sources: { drops: { type: files } }
                resources: [ { name: %s, source: drops, columns: { id: integer } } ]
                %s
                """
                .formatted(name, name, further);
    }

    private static String withPipeline(String begin) {
        String name = Qanat.newName(begin);
        qanat.pipeline(pipeline(name, ""));
        return name;
    }

    private static Response schedule(String body) {
        return qanat.request().contentType(JSON).body(body).post("/schedule-job");
    }

    private static JsonPath scheduled(String body) {
        Response answer = schedule(body);
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(200);
        return answer.jsonPath();
    }

    private static Response delete(String pipeline) {
        return qanat.request().delete("/schedules/" + pipeline);
    }

    private static Map<String, Object> inForce(Qanat process, String pipeline) {
        return process.request().queryParam("limit", 1000).get("/schedules").jsonPath().param("name", pipeline)
                .getMap("items.find { it.pipeline == name }");
    }

    private static void awaitInForce(Qanat process, String pipeline, String key, Object value) {
        process.await(key + " of " + pipeline + " is " + value, Duration.ofSeconds(15), () -> {
            Map<String, Object> schedule = inForce(process, pipeline);
            return schedule != null && value.equals(schedule.get(key));
        });
    }

    private static void awaitNone(Qanat process, String pipeline) {
        process.await(pipeline + " has no schedule", Duration.ofSeconds(15), () -> inForce(process, pipeline) == null);
    }

    private static void isProblem(Response answer, int status, String code, String detail) {
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(status);
        assertThat(answer.contentType()).isEqualTo("application/problem+json");
        assertThat(answer.jsonPath().getString("code")).isEqualTo(code);
        assertThat(answer.jsonPath().getString("detail")).contains(detail);
    }

    private static long ticks(Qanat process, String pipeline) {
        return number(process, "SELECT count(*) FROM qanat.run WHERE redoes IS NULL AND pipeline = '" + pipeline + "'");
    }

    private static long number(Qanat process, String sql) {
        try {
            return Long.parseLong(process.value(sql));
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    // Asked for

    @Test
    void a_schedule_runs_the_pipeline_at_its_ticks_until_it_is_deleted() throws Exception {
        String name = withPipeline("asked");

        JsonPath answer = scheduled("{\"pipeline\": \"%s\", \"every\": \"PT1S\"}".formatted(name));
        assertThat(answer.getMap("")).containsOnlyKeys(
                "pipeline", "every", "cron", "timezone", "catchup", "next_fire_at", "replaced");
        assertThat(answer.getString("pipeline")).isEqualTo(name);
        assertThat(answer.getString("every")).isEqualTo("PT1S");
        assertThat(answer.getString("cron")).isNull();
        assertThat(answer.getBoolean("replaced")).isFalse();
        assertThat(Instant.parse(answer.getString("next_fire_at"))).isCloseTo(Instant.now(), within(2, ChronoUnit.SECONDS));

        qanat.await("it ticks", Duration.ofSeconds(20), () -> ticks(qanat, name) >= 3);
        Map<String, Object> schedule = inForce(qanat, name);
        assertThat(schedule).containsEntry("origin", "api").containsEntry("missed", 0).containsKeys("last_fire_at", "last_missed_at");
        assertThat(delete(name).statusCode()).isEqualTo(200);
        assertThat(inForce(qanat, name)).isNull();
        isProblem(delete(name), 404, "unknown_schedule", "has no schedule");
        long after = ticks(qanat, name);
        Thread.sleep(2_500);
        assertThat(ticks(qanat, name)).isBetween(after, after + 1);
        assertThat(qanat.runs(name)).allSatisfy(run -> {
            assertThat(run.getString("trigger")).isEqualTo("schedule");
            assertThat(run.getString("status")).isEqualTo("succeeded");
            assertThat(run.getString("scheduled_for")).endsWith("Z");
            assertThat(run.getInt("read")).isZero();
        });
    }

    @Test
    void a_scheduled_run_loads_what_lies_in_the_folder() throws Exception {
        String name = Qanat.newName("kept");
        qanat.pipeline("""
                pipeline: %s
                sources: { drops: { type: files, on_success: keep } }
                resources: [ { name: %s, source: drops, columns: { id: integer } } ]
                """.formatted(name, name));
        for (String file : List.of("a.csv", "b.csv", "c.csv")) {
            qanat.drop(name, file, ("id\n" + file.hashCode() + "\n").getBytes(StandardCharsets.UTF_8));
        }
        Thread.sleep(500);
        assertThat(qanat.runs(name)).as("nobody looks at a kept folder unasked").isEmpty();

        scheduled("{\"pipeline\": \"%s\", \"every\": \"PT1S\"}".formatted(name));

        qanat.await("all are loaded", Duration.ofSeconds(30), () -> qanat.runs(name).stream()
                        .filter(run -> run.getInt("inserted") == 1 && run.getString("status").equals("succeeded"))
                        .count() == 3);
        delete(name);
        assertThat(qanat.runs(name)).allSatisfy(run -> assertThat(run.getString("trigger")).isEqualTo("schedule"));
        assertThat(qanat.value("SELECT count(*) FROM silver." + name)).isEqualTo("3");
    }

    @Test
    void a_cron_expression_means_the_clock_of_its_zone_and_replaces_what_stands() {
        String name = withPipeline("cron");
        scheduled("{\"pipeline\": \"%s\", \"every\": \"PT5M\"}".formatted(name));

        JsonPath answer = scheduled("""
                {"pipeline": "%s", "cron": "30 17 * * 1-5", "timezone": "America/New_York"}""".formatted(name));

        assertThat(answer.getBoolean("replaced")).isTrue();
        assertThat(answer.getString("every")).isNull();
        assertThat(answer.getString("cron")).isEqualTo("30 17 * * 1-5");
        assertThat(answer.getString("timezone")).isEqualTo("America/New_York");
        ZonedDateTime next = Instant.parse(answer.getString("next_fire_at")).atZone(ZoneId.of("America/New_York"));
        assertThat(next.toLocalTime()).isEqualTo(LocalTime.of(17, 30));
        assertThat(next.getDayOfWeek()).isNotIn(DayOfWeek.SATURDAY, DayOfWeek.SUNDAY);
        assertThat(inForce(qanat, name)).containsEntry("cron", "30 17 * * 1-5").containsEntry("every", null);
        assertThat(scheduled("{\"pipeline\": \"%s\", \"cron\": \"0 0 * * *\"}".formatted(name)).getString("timezone")).isEqualTo("UTC");
    }

    @Test
    void without_a_body_every_pipeline_runs_hourly() {
        String name = withPipeline("all");

        Response answer = qanat.request().post("/schedule-job");

        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(200);
        List<Map<String, Object>> items = answer.jsonPath().getList("items");
        assertThat(items).anySatisfy(item -> assertThat(item).containsEntry("pipeline", name).containsEntry("every", "PT1H"));
        Instant next = Instant.parse((String) inForce(qanat, name).get("next_fire_at"));
        assertThat(next).isCloseTo(Instant.now().plus(1, ChronoUnit.HOURS), within(5, ChronoUnit.SECONDS));
        items.forEach(item -> delete((String) item.get("pipeline")));
    }

    @Test
    void a_request_that_makes_no_schedule_is_refused() {
        String name = withPipeline("refused");
        Map<String, String> invalid = Map.of(
                "\"every\": \"PT5M\", \"cron\": \"0 * * * *\"", "every and cron: give one of them",
                "\"every\": \"PT0.9S\"", "every: 'PT0.9S' is out of bounds",
                "\"every\": \"-PT5M\"", "out of bounds",
                "\"every\": \"P400D\"", "out of bounds",
                "\"every\": \"5 minutes\"", "is no ISO-8601 duration",
                "\"cron\": \"* * * *\"", "is no cron expression of five fields",
                "\"cron\": \"0 0 30 2 *\"", "never comes",
                "\"cron\": \"0 25 * * *\"", "the hour '25' is not understood",
                "\"cron\": \"0 9 * * *\", \"timezone\": \"Europe/Berln\"", "did you mean 'Europe/Berlin'?",
                "\"catchup\": \"some\"", "catchup: 'some' is none of none, latest, all");
        invalid.forEach((terms, detail) ->
                isProblem(schedule("{\"pipeline\": \"%s\", %s}".formatted(name, terms)), 422, "invalid_schedule", detail));
        for (String body : List.of("{", "[]", "\"x\"", "{\"every\": 5}", "{\"cron\": []}", "{\"pipeline\": 1}", "{\"often\": true}",
                "{\"every\": {\"a\": 1}}", "{\"timezone\": true}", "{\"pipeline\": \"a\", \"pipeline\": \"b\"}")) {
            isProblem(schedule(body), 400, "invalid_request", "");
        }
        for (String text : List.of("\\u0000", "x".repeat(10_000), "\\ud800", "PT99999999999999999999S")) {
            assertThat(schedule("{\"pipeline\": \"%s\", \"every\": \"%s\"}".formatted(name, text)).statusCode()).isEqualTo(422);
            assertThat(schedule("{\"pipeline\": \"%s\", \"cron\": \"%s\"}".formatted(name, text)).statusCode()).isEqualTo(422);
            assertThat(schedule("{\"pipeline\": \"%s\"}".formatted(text)).statusCode()).isEqualTo(404);
        }
        isProblem(schedule("{\"pipeline\": \"nobody\"}"), 404, "unknown_pipeline", "there is no pipeline 'nobody'");
        isProblem(delete("nobody"), 404, "unknown_pipeline", "there is no pipeline 'nobody'");
        isProblem(qanat.request().get("/schedules?limit=0"), 400, "invalid_request", "limit");
        isProblem(qanat.request().multiPart("file", "x").post("/schedule-job"), 400, "invalid_request", "not a form");
        assertThat(qanat.request().queryParam("after", "\0").get("/schedules").statusCode()).isLessThan(500);
        assertThat(inForce(qanat, name)).isNull();
    }

    @Test
    void a_list_goes_on_where_its_page_ends() {
        String first = withPipeline("page_a");
        String second = withPipeline("page_b");
        for (String name : List.of(first, second)) {
            scheduled("{\"pipeline\": \"%s\"}".formatted(name));
        }

        JsonPath page = qanat.request().queryParam("after", "page_a").queryParam("limit", 1).get("/schedules").jsonPath();

        assertThat(page.getList("items.pipeline")).isEqualTo(List.of(first));
        assertThat(page.getString("next")).isEqualTo(first);
        JsonPath next = qanat.request().queryParam("after", first).queryParam("limit", 1).get("/schedules").jsonPath();
        assertThat(next.getList("items.pipeline")).isEqualTo(List.of(second));
    }

    // The pipeline's own

    @Test
    void a_pipelines_own_schedule_follows_its_versions_and_gives_way_to_one_asked_for() {
        String name = Qanat.newName("own");
        qanat.pipeline(pipeline(name, "schedule: { every: PT10M, catchup: all }"));
        awaitInForce(qanat, name, "every", "PT10M");
        assertThat(inForce(qanat, name)).containsEntry("origin", "pipeline").containsEntry("catchup", "all");
        isProblem(delete(name), 409, "schedule_not_set", "upload it without `schedule:`");

        qanat.pipeline(pipeline(name, "schedule: { cron: \"0 3 * * *\", timezone: Europe/Berlin }"));
        awaitInForce(qanat, name, "cron", "0 3 * * *");

        assertThat(scheduled("{\"pipeline\": \"%s\", \"every\": \"PT2H\"}".formatted(name)).getBoolean("replaced")).isTrue();
        qanat.pipeline(pipeline(name, "schedule: { every: PT20M }"));
        qanat.await("the version is in force", () -> number(qanat,
                "SELECT max(version) FROM qanat.config_history WHERE pipeline = '" + name + "'") == 3);
        assertThat(inForce(qanat, name)).containsEntry("origin", "api").containsEntry("every", "PT2H");

        JsonPath deleted = delete(name).jsonPath();
        assertThat(deleted.getBoolean("removed")).isTrue();
        assertThat(deleted.getString("now.every")).isEqualTo("PT20M");
        assertThat(inForce(qanat, name)).containsEntry("origin", "pipeline").containsEntry("every", "PT20M");

        qanat.pipeline(pipeline(name, ""));
        awaitNone(qanat, name);
    }

    @Test
    void a_plan_tells_what_would_become_of_the_schedule_and_a_diff_what_became_of_it() {
        String name = Qanat.newName("planned");
        String every = pipeline(name, "schedule: { every: PT10M, catchup: all }");
        String cron = pipeline(name, "schedule: { cron: \"0 3 * * *\", timezone: Europe/Berlin }");
        String none = pipeline(name, "");

        assertThat(planned(none)).isEmpty();
        Map<String, Object> created = planned(every).get(0);
        assertThat(created).containsOnlyKeys(
                "effect", "origin", "every", "cron", "timezone", "catchup", "next_fire_at", "before");
        assertThat(created).containsEntry("effect", "created").containsEntry("origin", "pipeline").containsEntry("every", "PT10M")
                .containsEntry("catchup", "all").containsEntry("cron", null).containsEntry("before", null);
        assertThat(Instant.parse((String) created.get("next_fire_at")))
                .isCloseTo(Instant.now().plus(10, ChronoUnit.MINUTES), within(5, ChronoUnit.SECONDS));
        assertThat(inForce(qanat, name)).isNull();

        qanat.pipeline(every);
        awaitInForce(qanat, name, "every", "PT10M");
        assertThat(planned(every)).singleElement().satisfies(same -> assertThat(same).containsEntry("effect", "unchanged")
                .containsEntry("next_fire_at", inForce(qanat, name).get("next_fire_at")));
        assertThat(planned(cron)).singleElement().satisfies(changed -> {
            assertThat(changed).containsEntry("effect", "changed").containsEntry("cron", "0 3 * * *")
                    .containsEntry("timezone", "Europe/Berlin").containsEntry("every", null);
            assertThat(changed.get("before")).isEqualTo(JsonPath.from(
                    "{\"every\": \"PT10M\", \"cron\": null, \"timezone\": null, \"catchup\": \"all\"}").getMap(""));
        });
        assertThat(planned(none)).singleElement().satisfies(removed -> assertThat(removed)
                .containsEntry("effect", "removed").containsEntry("every", "PT10M").containsEntry("next_fire_at", null));
        assertThat(inForce(qanat, name)).containsEntry("every", "PT10M");

        scheduled("{\"pipeline\": \"%s\", \"every\": \"PT2H\"}".formatted(name));
        for (String yaml : List.of(cron, none)) {
            assertThat(planned(yaml)).singleElement().satisfies(posted -> assertThat(posted)
                    .containsEntry("effect", "unchanged").containsEntry("origin", "api").containsEntry("every", "PT2H"));
        }
        delete(name);

        qanat.pipeline(cron);
        assertThat(qanat.request().get("/configs/" + name + "/diff").jsonPath().getList("changes.message"))
                .containsExactlyInAnyOrder(
                        "schedule.cron added (0 3 * * *)",
                        "schedule.timezone added (Europe/Berlin)",
                        "schedule.every removed (PT10M)",
                        "schedule.catchup removed (all)");
    }

    private static List<Map<String, Object>> planned(String yaml) {
        Response answer = qanat.request().contentType("application/yaml").body(yaml.getBytes(StandardCharsets.UTF_8)).post("/configs/plan");
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(200);
        return answer.jsonPath().getList("schedules");
    }

    // Busy

    @Test
    void a_tick_of_a_pipeline_that_is_running_and_refuses_another_run_gets_none_and_is_told() throws Exception {
        String name = Qanat.newName("refusing");
        qanat.pipeline(pipeline(name, "concurrency: { behavior: refuse }"));
        try (Connection holder = heldUp(name)) {
            scheduled("{\"pipeline\": \"%s\", \"every\": \"PT1S\"}".formatted(name));
            qanat.await("ticks are refused", Duration.ofSeconds(20), () ->
                    number(qanat, "SELECT count(*) FROM qanat.missed_tick WHERE pipeline = '" + name + "'") >= 2);
            assertThat(qanat.runs(name)).extracting(run -> run.getString("trigger")).containsExactly("file");
            assertThat((Integer) inForce(qanat, name).get("missed")).isGreaterThanOrEqualTo(2);
            assertThat(inForce(qanat, name)).containsEntry("last_fire_at", null);
            assertThat((String) inForce(qanat, name).get("last_missed_at")).endsWith("Z");
        }
        qanat.await("it ticks again", Duration.ofSeconds(20), () -> ticks(qanat, name) >= 2);
        delete(name);
        assertThat(qanat.value("SELECT bool_and(reason = 'busy' AND NOT caught_up) FROM qanat.missed_tick WHERE pipeline = '" + name + "'"))
                .isEqualTo("t");
        assertThat(qanat.logText())
                .containsPattern("WARN .*Pipeline " + name + " missed \\d+ ticks, .*: it was running, and its concurrency says behavior: refuse");
    }

    @Test
    void a_tick_waits_for_a_load_where_a_file_would_cancel_it_and_can_be_cancelled_itself() throws Exception {
        String name = Qanat.newName("waiting");
        qanat.pipeline(pipeline(name, "concurrency: { behavior: cancel }"));
        try (Connection holder = heldUp(name)) {
            scheduled("{\"pipeline\": \"%s\", \"every\": \"PT1S\"}".formatted(name));
            qanat.await("it ticks", Duration.ofSeconds(20), () -> ticks(qanat, name) >= 4);
            delete(name);
            List<JsonPath> runs = qanat.runs(name);
            assertThat(runs.get(runs.size() - 1).getString("status")).isEqualTo("running");
            assertThat(runs.get(0).getString("status")).isEqualTo("queued");

            Response cancelled = qanat.request().post("/runs/" + runs.get(0).getLong("id") + "/cancel");

            assertThat(cancelled.statusCode()).as(cancelled.asString()).isEqualTo(200);
            assertThat(cancelled.jsonPath().getString("status")).isEqualTo("cancelled");
        }
        qanat.await("all have ended", Duration.ofSeconds(20), () -> qanat.runs(name).stream()
                .noneMatch(run -> List.of("queued", "running").contains(run.getString("status"))));
        assertThat(qanat.runs(name)).filteredOn(run -> run.getString("status").equals("cancelled")).hasSize(1);
        assertThat(qanat.value("SELECT count(*) FROM silver." + name)).isEqualTo("1");
    }

    /** Has a run of a file running until the connection is closed. */
    private static Connection heldUp(String name) throws Exception {
        Connection holder = qanat.database();
        holder.createStatement().execute("SELECT pg_advisory_lock(hashtextextended('\"silver\".\"" + name + "\"', 0))");
        qanat.drop(name, "a.csv", "id\n1\n");
        qanat.await("a run is running", () -> qanat.runs(name).stream().anyMatch(run -> run.getString("status").equals("running")));
        return holder;
    }

    // Several processes, and none

    @Test
    void of_three_processes_one_deals_with_each_tick_also_when_one_is_killed() throws Exception {
        String name = withPipeline("three");
        try (Qanat second = qanat.another().launch();
                Qanat third = qanat.another().launch()) {
            second.awaitReady();
            third.awaitReady();
            scheduled("{\"pipeline\": \"%s\", \"every\": \"PT1S\"}".formatted(name));
            qanat.await("it ticks", Duration.ofSeconds(30), () -> ticks(qanat, name) >= 6);
            second.kill();
            qanat.await("it ticks on", Duration.ofSeconds(30), () -> ticks(qanat, name) >= 14);
            third.kill();
            qanat.await("it still ticks", Duration.ofSeconds(30), () -> ticks(qanat, name) >= 20);
            delete(name);
            qanat.await("all have ended", Duration.ofSeconds(30), () -> qanat.runs(name).stream()
                    .noneMatch(run -> List.of("queued", "running").contains(run.getString("status"))));
        }
        assertThat(qanat.query("""
                        SELECT count(*) = count(DISTINCT scheduled_for) AS once,
                               count(*) = extract(epoch FROM max(scheduled_for) - min(scheduled_for)) + 1 AS each
                        FROM qanat.run WHERE pipeline = '%s' AND redoes IS NULL""".formatted(name)))
                .isEqualTo(List.of(Map.of("once", "t", "each", "t")));
        assertThat(qanat.value("SELECT count(*) FROM qanat.missed_tick WHERE pipeline = '" + name + "'")).isEqualTo("0");
    }

    @Test
    void what_is_missed_while_no_process_runs_is_told_and_made_up_for_as_the_schedule_says() throws Exception {
        try (Qanat alone = Qanat.fresh("schedules-missed").start()) {
            for (String catchup : List.of("none", "latest", "all")) {
                alone.pipeline(pipeline("missed_" + catchup, "schedule: { every: PT3S, catchup: " + catchup + " }"));
            }
            alone.pipeline(pipeline("silent", ""));
            alone.await("they tick", Duration.ofSeconds(20), () -> ticks(alone, "missed_all") >= 1 && ticks(alone, "missed_none") >= 1);
            alone.kill();
            Instant killed = Instant.now();
            Thread.sleep(7_000);
            alone.with("ETL_INTERVAL_MINUTES", "30").start();
            Instant ready = Instant.now();

            assertThat(missed(alone, "none")).containsEntry("caught_up", "0");
            assertThat(missed(alone, "latest")).containsEntry("caught_up", "1");
            Map<String, String> all = missed(alone, "all");
            assertThat(all.get("caught_up")).isEqualTo(all.get("ticks"));
            long expected = Duration.between(killed, ready).toSeconds() / 3;
            for (String catchup : List.of("none", "latest", "all")) {
                String pipeline = "missed_" + catchup;
                long count = Long.parseLong(missed(alone, catchup).get("ticks"));
                assertThat(count).as(pipeline).isBetween(2L, expected + 1);
                assertThat(((Number) inForce(alone, pipeline).get("missed")).longValue()).isEqualTo(count);
                assertThat(alone.logText()).containsPattern("WARN .*Pipeline " + pipeline + " missed " + count + " ticks");
                // Every tick until now got a run or was missed without one.
                assertThat(alone.value("""
                                SELECT count(*) = extract(epoch FROM max(tick) - min(tick)) / 3 + 1
                                FROM (SELECT scheduled_for AS tick FROM qanat.run WHERE pipeline = '%1$s' AND redoes IS NULL
                                      UNION SELECT tick FROM qanat.missed_tick WHERE pipeline = '%1$s') ticks"""
                        .formatted(pipeline))).as(pipeline).isEqualTo("t");
            }

            awaitInForce(alone, "silent", "origin", "setting");
            assertThat(inForce(alone, "silent")).containsEntry("every", "PT30M");
            assertThat(inForce(alone, "missed_all")).containsEntry("origin", "pipeline");
            isProblem(alone.request().delete("/schedules/silent"), 409, "schedule_not_set", "ETL_ENABLED=false");
            alone.stop();
            alone.with("ETL_ENABLED", "false").start();
            awaitNone(alone, "silent");
            assertThat(inForce(alone, "missed_all")).containsEntry("origin", "pipeline");
        }
    }

    private static Map<String, String> missed(Qanat process, String catchup) throws SQLException {
        return process.query("SELECT count(*) AS ticks, count(*) FILTER (WHERE caught_up) AS caught_up FROM qanat.missed_tick"
                        + " WHERE pipeline = 'missed_" + catchup + "'")
                .get(0);
    }

    @Test
    void the_schedule_of_a_pipeline_that_went_ends() throws Exception {
        Qanat folders = Qanat.fresh("schedules-gone");
        folders.with("QANAT_PIPELINES", folders.home().resolve("pipelines").toString());
        Files.createDirectories(folders.home().resolve("pipelines"));
        Files.writeString(folders.home().resolve("pipelines/gone.yaml"), pipeline("gone", "schedule: { every: PT1S }"));
        try (folders) {
            folders.start();
            folders.await("it ticks", Duration.ofSeconds(20), () -> ticks(folders, "gone") >= 2);
            Files.delete(folders.home().resolve("pipelines/gone.yaml"));
            awaitNone(folders, "gone");
            long after = ticks(folders, "gone");
            Thread.sleep(2_000);
            assertThat(ticks(folders, "gone")).isEqualTo(after);
            assertThat(folders.value("SELECT count(*) FROM qanat.qrtz_triggers WHERE trigger_name = 'gone'")).isEqualTo("0");
        }
    }
}
