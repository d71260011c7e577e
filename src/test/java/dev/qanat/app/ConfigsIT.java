package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Versions of pipelines over HTTP: listed, compared, put back, and planned. */
class ConfigsIT {

    private static final String KEY = "a-key-of-this-test";

    private static Qanat qanat;

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.shared();
    }

    private static String pipeline(String name, String close) {
        return """
                # Größen and prices
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources:
                  - name: %1$s
                    columns:
                      day: { type: date }
                      close: { type: "%2$s", min: 0 }
                """.formatted(name, close);
    }

    private static JsonPath get(String path) {
        Response answer = qanat.request().get(path);
        assertThat(answer.statusCode()).as(path + " " + answer.asString()).isEqualTo(200);
        return answer.jsonPath();
    }

    private static Response post(String path) {
        return qanat.request().post(path);
    }

    private static Response plan(String yaml) {
        return qanat.request()
                .contentType("application/yaml")
                .body(yaml.getBytes(StandardCharsets.UTF_8))
                .post("/configs/plan");
    }

    private static JsonPath planned(String yaml) {
        Response answer = plan(yaml);
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(200);
        return answer.jsonPath();
    }

    private static void isProblem(Response answer, int status, String code) {
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(status);
        assertThat(answer.contentType()).isEqualTo("application/problem+json");
        assertThat(answer.jsonPath().getString("code")).isEqualTo(code);
        assertThat(answer.jsonPath().getString("detail")).isNotBlank();
    }

    @Test
    void a_version_is_served_where_its_upload_said() {
        String name = Qanat.newName("served");
        String first = pipeline(name, "numeric(18,4)");
        String place = qanat.upload(first).header("Location");
        qanat.pipeline(pipeline(name, "numeric(20,6)"));

        JsonPath version = get(place);
        assertThat(version.getString("pipeline")).isEqualTo(name);
        assertThat(version.getInt("version")).isEqualTo(1);
        assertThat(version.getString("sha256")).matches("[0-9a-f]{64}");
        assertThat(version.getString("origin")).isEqualTo("upload");
        assertThat(version.getString("by")).isEqualTo("local");
        assertThat(version.getString("file")).isNull();
        assertThat(version.getString("created_at")).endsWith("Z");
        assertThat(version.getString("yaml")).isEqualTo(first);
        for (String type : List.of("application/yaml", "text/yaml", "application/x-yaml")) {
            Response yaml = qanat.request().accept(type).get(place);
            assertThat(yaml.contentType()).startsWith(type);
            assertThat(new String(yaml.asByteArray(), StandardCharsets.UTF_8)).isEqualTo(first);
        }
        assertThat(qanat.request().accept("text/html, */*;q=0.8").get(place).contentType()).startsWith("application/json");
        assertThat(qanat.request().accept("application/json;q=0.5, application/yaml").get("/configs/" + name).asString())
                .contains("numeric(20,6)");
    }

    @Test
    void pipelines_and_their_versions_are_listed_page_by_page() {
        String name = Qanat.newName("listed");
        for (int digits = 10; digits < 15; digits++) {
            qanat.pipeline(pipeline(name, "numeric(" + digits + ",2)"));
        }

        List<Map<String, Object>> configs = get("/configs?limit=1000").getList("items");
        assertThat(configs).extracting(config -> config.get("pipeline").toString()).isSorted().contains(name);
        assertThat(configs).filteredOn(config -> name.equals(config.get("pipeline"))).singleElement().satisfies(config ->
                assertThat(config).containsEntry("version", 5).containsEntry("status", "active").doesNotContainKey("yaml"));

        JsonPath page = get("/configs/" + name + "/versions?limit=2");
        assertThat(page.getList("items.version")).containsExactly(5, 4);
        page = get("/configs/" + name + "/versions?limit=2&after=" + page.getString("next"));
        assertThat(page.getList("items.version")).containsExactly(3, 2);
        page = get("/configs/" + name + "/versions?limit=2&after=" + page.getString("next"));
        assertThat(page.getList("items.version")).containsExactly(1);
        assertThat(page.getString("next")).isNull();

        String before = get("/configs?limit=1").getString("items[0].pipeline");
        assertThat(get("/configs?limit=1&after=" + before).getString("items[0].pipeline")).isGreaterThan(before);
    }

    @Test
    void what_differs_is_told_by_its_meaning() {
        String name = Qanat.newName("differs");
        qanat.pipeline(pipeline(name, "numeric(18,4)"));
        qanat.pipeline(pipeline(name, "numeric(20,6)") + "      note: text\n");
        qanat.pipeline("# Only a comment\n" + pipeline(name, "numeric(20, 6)") + "      note: { type: text }\n");

        assertThat(get("/configs/" + name + "/diff").getList("changes")).isEmpty();
        JsonPath diff = get("/configs/" + name + "/diff?from=1&to=2");
        assertThat(diff.getInt("from")).isEqualTo(1);
        assertThat(diff.getInt("to")).isEqualTo(2);
        assertThat(diff.getList("changes.message"))
                .containsExactlyInAnyOrder(
                        "resource %s, column close: type numeric(18,4) to numeric(20,6)".formatted(name),
                        "resource %s: column note added (text)".formatted(name));
        assertThat(diff.getMap("changes.find { it.change == 'changed' }"))
                .containsEntry("path", "resources." + name + ".columns.close.type")
                .containsEntry("from", "numeric(18,4)")
                .containsEntry("to", "numeric(20,6)");
        assertThat(get("/configs/" + name + "/diff?from=3&to=1").getList("changes.change")).containsExactlyInAnyOrder("changed", "removed");
        assertThat(get("/configs/" + name + "/diff?to=1").getList("changes.message")).containsExactly("created");
    }

    @Test
    void a_pipeline_that_was_taken_out_of_force_is_removed_and_a_rollback_creates_it_again() throws Exception {
        String name = Qanat.newName("gone");
        String first = pipeline(name, "numeric(18,4)");
        qanat.pipeline(first);
        qanat.execute("""
                INSERT INTO qanat.config_history (pipeline, version, yaml, sha256, origin, file, removed)
                SELECT pipeline, 2, yaml, sha256, 'file', 'gone.yaml', true FROM qanat.config_history WHERE pipeline = '%s'""".formatted(name));

        assertThat(get("/configs/" + name + "/diff").getList("changes.message")).containsExactly("removed");
        assertThat(planned(first).getList("changes")).containsExactly("created");
        assertThat(post("/configs/" + name + "/rollback?to=1").jsonPath().getList("changes")).containsExactly("created");
        assertThat(get("/configs/" + name + "/diff?to=3").getList("changes.message")).containsExactly("created");
        assertThat(get("/configs/" + name + "/diff?from=1&to=3").getList("changes")).isEmpty();
    }

    @Test
    void a_rollback_is_a_new_version_with_the_old_content() throws IOException {
        String name = Qanat.newName("back");
        String first = pipeline(name, "numeric(18,4)");
        qanat.pipeline(first);
        qanat.pipeline(pipeline(name, "numeric(20,6)"));

        Response answer = post("/configs/" + name + "/rollback?to=1");

        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(201);
        assertThat(answer.header("Location")).isEqualTo("/configs/" + name + "/versions/3");
        assertThat(answer.jsonPath().getInt("version")).isEqualTo(3);
        assertThat(answer.jsonPath().getList("changes"))
                .containsExactly("resource %s, column close: type numeric(20,6) to numeric(18,4)".formatted(name));
        JsonPath now = get("/configs/" + name);
        assertThat(now.getInt("version")).isEqualTo(3);
        assertThat(now.getString("yaml")).isEqualTo(first);
        assertThat(now.getString("origin")).isEqualTo("rollback");
        assertThat(now.getInt("restores")).isEqualTo(1);
        assertThat(now.getString("by")).isEqualTo("local");
        assertThat(qanat.load(name, "a.csv", "day,close\n2026-11-20,1.5\n").getInt("config_version")).isEqualTo(3);

        Response again = post("/configs/" + name + "/rollback?to=1");
        assertThat(again.statusCode()).isEqualTo(200);
        assertThat(again.jsonPath().getBoolean("unchanged")).isTrue();
    }

    @Test
    void a_rollback_to_what_is_not_valid_any_more_is_refused() {
        String name = Qanat.newName("taken");
        String other = Qanat.newName("taker");
        qanat.pipeline(pipeline(name, "date").replace(", min: 0", "") + "    table: " + name + "_x\n");
        qanat.pipeline(pipeline(name, "date").replace(", min: 0", ""));
        qanat.pipeline(pipeline(other, "date").replace(", min: 0", "") + "    table: " + name + "_x\n");

        Response answer = post("/configs/" + name + "/rollback?to=1");

        isProblem(answer, 422, "invalid_pipeline");
        assertThat(answer.jsonPath().getString("errors[0].code")).isEqualTo("table_claimed");
        assertThat(get("/configs/" + name).getInt("version")).isEqualTo(2);
    }

    @Test
    void fifty_uploads_at_once_are_fifty_versions() throws Exception {
        String name = Qanat.newName("many");
        int uploads = 50;
        ExecutorService threads = Executors.newFixedThreadPool(uploads);
        try {
            CyclicBarrier start = new CyclicBarrier(uploads);
            List<Callable<Response>> calls = new ArrayList<>();
            for (int i = 0; i < uploads; i++) {
                String yaml = pipeline(name, "numeric(" + (i + 10) + ",2)");
                calls.add(() -> {
                    start.await();
                    return qanat.upload(yaml);
                });
            }
            List<Integer> versions = new ArrayList<>();
            for (Future<Response> answer : threads.invokeAll(calls)) {
                assertThat(answer.get().statusCode()).as(answer.get().asString()).isEqualTo(201);
                versions.add(answer.get().jsonPath().getInt("version"));
            }
            assertThat(versions).containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, uploads).boxed().toList());
        } finally {
            threads.shutdownNow();
        }
        assertThat(get("/configs/" + name + "/versions?limit=100").getList("items.version")).hasSize(uploads);
        assertThat(get("/configs/" + name).getInt("version")).isEqualTo(uploads);
    }

    @Test
    void of_three_uploads_at_once_through_three_processes_one_gets_what_all_claim() throws Exception {
        String own = """
                pipeline: %1$s
                sources: { drops: { type: files, path: inbox/%2$s } }
                resources: [ { name: rows, source: drops, table: %3$s, columns: { id: integer } } ]
                combined_csv: exports/%4$s.csv
                """;
        ExecutorService clients = Executors.newFixedThreadPool(3);
        try (Qanat first = Qanat.fresh("claims").start();
                Qanat second = first.another().start();
                Qanat third = first.another().start()) {
            List<Qanat> processes = List.of(first, second, third);
            for (int round = 0; round < 15; round++) {
                CyclicBarrier start = new CyclicBarrier(3);
                List<Future<Response>> answers = new ArrayList<>();
                for (Qanat process : processes) {
                    String name = Qanat.newName("claims");
                    String[] claims = { name, name, name, name };
                    claims[1 + round % 3] = "claimed_" + round;
                    String yaml = own.formatted((Object[]) claims);
                    answers.add(clients.submit(() -> {
                        start.await();
                        return process.upload(yaml);
                    }));
                }
                List<Integer> statuses = new ArrayList<>();
                for (Future<Response> answer : answers) {
                    statuses.add(answer.get().statusCode());
                }
                assertThat(statuses).as("round " + round).containsExactlyInAnyOrder(201, 422, 422);
            }
        } finally {
            clients.shutdownNow();
        }
    }

    @Test
    void a_plan_for_a_table_that_is_not_there_names_its_columns() throws SQLException {
        String name = Qanat.newName("planned");

        JsonPath plan = planned(pipeline(name, "numeric(18,4)"));

        assertThat(plan.getInt("version")).isEqualTo(1);
        assertThat(plan.getBoolean("unchanged")).isFalse();
        assertThat(plan.getList("changes")).containsExactly("created");
        assertThat(plan.getMap("routes[0]"))
                .containsEntry("id", "inbox-" + name + "-drops")
                .containsEntry("effect", "created")
                .containsEntry("folder", "inbox/" + name);
        assertThat(plan.getList("tables.table")).containsExactly("silver." + name, "bronze." + name + "__" + name);
        assertThat(plan.getList("tables.effect")).containsExactly("created", "created");
        assertThat(plan.getList("tables[0].columns"))
                .containsExactly(Map.of("name", "day", "type", "date"), Map.of("name", "close", "type", "numeric(18,4)"));

        isProblem(qanat.request().get("/configs/" + name), 404, "unknown_pipeline");
        assertThat(qanat.value("SELECT to_regclass('silver." + name + "')")).isNull();
        assertThat(qanat.inbox(name)).doesNotExist();
    }

    @Test
    void a_plan_holds_the_very_statements_and_the_rows_they_touch_and_changes_nothing() throws Exception {
        Feed feed = Feed.of("schema: { id: integer, amount: \"numeric(12,2)\", day: date }");
        feed.load("id,amount,day\n1,1.50,2026-11-20\n2,2.50,2026-11-21\n3,,\n");
        String view = "gold." + feed.name() + "_v";
        qanat.execute("CREATE VIEW " + view + " AS SELECT id, amount FROM " + feed.table());
        String wider = feed.yaml("schema: { id: bigint, amount: \"numeric(14,4)\", day: date, note: text }\nprimary_key: id");

        JsonPath plan = planned(wider);

        assertThat(plan.getInt("version")).isEqualTo(2);
        assertThat(plan.getString("routes[0].effect")).isEqualTo("unchanged");
        assertThat(plan.getString("tables[0].table")).isEqualTo(feed.table());
        assertThat(plan.getString("tables[0].effect")).isEqualTo("changed");
        assertThat(plan.getInt("tables[0].rows")).isEqualTo(3);
        assertThat(plan.getList("tables[0].views")).containsExactly("VIEW " + view);
        List<String> statements = plan.getList("tables[0].statements.sql");
        assertThat(statements)
                .startsWith(
                        "DROP VIEW " + view,
                        "ALTER TABLE \"silver\".\"%s\" ADD COLUMN \"note\" text, ALTER COLUMN \"id\" TYPE bigint, "
                                        .formatted(feed.name())
                                + "ALTER COLUMN \"amount\" TYPE numeric(14,4)")
                .endsWith("ALTER TABLE \"silver\".\"%s\" ADD PRIMARY KEY (\"id\")".formatted(feed.name()));
        List<Integer> rows = plan.getList("tables[0].statements.rows");
        assertThat(rows.get(0)).isZero();
        assertThat(rows.get(1)).isEqualTo(3);
        assertThat(rows.get(rows.size() - 1)).isEqualTo(3);

        assertThat(columns(feed.name())).doesNotContain("note text");
        assertThat(get("/configs/" + feed.name()).getInt("version")).isEqualTo(1);
        try (Connection connection = qanat.database();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            for (String sql : statements) {
                statement.execute(sql);
            }
            connection.rollback();
        }
        qanat.pipeline(wider);
        assertThat(feed.load("id,amount,day,note\n4,1.2345,,x\n").getString("status")).isEqualTo("succeeded");
        assertThat(columns(feed.name())).contains("id bigint", "amount numeric(14,4)", "note text");
        assertThat(planned(wider).getList("tables.effect")).containsExactly("unchanged", "unchanged");
        assertThat(planned(wider).getBoolean("unchanged")).isTrue();
    }

    @Test
    void what_only_adds_to_a_table_touches_no_row() throws IOException {
        Feed feed = Feed.of("schema: { id: integer, amount: \"numeric(12,2)\" }");
        feed.load("id,amount\n1,1.50\n2,2.50\n");

        JsonPath plan = planned(feed.yaml("schema: { id: integer, amount: \"numeric(14,2)\", note: text }"));

        assertThat(plan.getList("tables[0].statements.rows")).containsExactly(0);
        assertThat(plan.getInt("tables[0].rows")).isEqualTo(2);
    }

    @Test
    void a_plan_tells_what_a_landing_would_refuse() throws IOException {
        Feed feed = Feed.of("schema: { id: integer, amount: \"numeric(12,2)\" }");
        feed.load("id,amount\n1,1.50\n1,2.50\n");

        JsonPath narrower = planned(feed.yaml("schema: { id: integer, amount: \"numeric(10,2)\" }"));
        assertThat(narrower.getString("tables[0].effect")).isEqualTo("refused");
        assertThat(narrower.getString("tables[0].error.code")).isEqualTo("incompatible_schema");
        assertThat(narrower.getString("tables[0].error.message")).contains("cannot become numeric(10,2) without loss");
        JsonPath keyed = planned(feed.yaml("schema: { id: integer, amount: \"numeric(12,2)\" }\nprimary_key: id"));
        assertThat(keyed.getString("tables[0].error.message")).contains("not unique or null in id");
        JsonPath frozen = planned(pipeline(Qanat.newName("frozen"), "numeric") + "    schema_contract: { tables: freeze }\n");
        assertThat(frozen.getString("tables[0].error.code")).isEqualTo("schema_frozen");
    }

    @Test
    void a_plan_tells_which_folders_and_tables_are_left() throws IOException {
        String name = Qanat.newName("moved");
        qanat.pipeline(pipeline(name, "numeric"));

        JsonPath plan = planned(pipeline(name, "numeric").replace("drops: {", "others: { path: inbox/%s/deep,".formatted(name))
                + "    table: " + name + "_b\n");

        assertThat(plan.getList("routes.collect { it.id + ' ' + it.effect }"))
                .containsExactly("inbox-%s-others created".formatted(name), "inbox-%s-drops removed".formatted(name));
        assertThat(plan.getList("tables.collect { it.table + ' ' + it.effect }"))
                .contains("silver.%s_b created".formatted(name), "silver.%s left".formatted(name));
    }

    @Test
    void a_plan_of_what_is_not_valid_is_refused_as_an_upload_is() {
        String name = Qanat.newName("unplanned");
        isProblem(plan(pipeline(name, "money")), 422, "invalid_pipeline");
        isProblem(plan("pipeline: ["), 400, "not_yaml");
        isProblem(plan(""), 400, "not_yaml");
        Response secret = plan(pipeline(name, "numeric") + "vars: { token: abc }\n");
        isProblem(secret, 422, "invalid_pipeline");
        assertThat(secret.jsonPath().getString("errors[0].code")).isEqualTo("literal_secret");
        assertThat(secret.jsonPath().getString("errors[0].message")).contains("${secret:NAME}");
    }

    @Test
    void what_does_not_exist_is_a_problem() {
        String name = Qanat.newName("known");
        qanat.pipeline(pipeline(name, "numeric"));

        for (String path : List.of("", "/versions", "/versions/1", "/diff")) {
            isProblem(qanat.request().get("/configs/unknown_to_all" + path), 404, "unknown_pipeline");
        }
        isProblem(post("/configs/unknown_to_all/rollback?to=1"), 404, "unknown_pipeline");
        for (String version : List.of("0", "2", "-1", "x", "99999999999999999999")) {
            isProblem(qanat.request().get("/configs/" + name + "/versions/" + version), 404, "unknown_version");
        }
        isProblem(qanat.request().get("/configs/" + name + "/diff?from=7"), 404, "unknown_version");
        isProblem(qanat.request().get("/configs/" + name + "/diff?to=x"), 400, "invalid_request");
        isProblem(post("/configs/" + name + "/rollback"), 400, "invalid_request");
        isProblem(post("/configs/" + name + "/rollback?to=0"), 404, "unknown_version");
        isProblem(post("/configs/" + name + "/rollback?to=1.5"), 400, "invalid_request");
        isProblem(post("/configs/" + name), 405, "method_not_allowed");
        isProblem(qanat.request().delete("/configs/" + name + "/versions/1"), 405, "method_not_allowed");
    }

    @Test
    void the_vocabulary_is_served_to_editors() throws IOException {
        Response schema = qanat.request().get("/schemas/pipeline.json");

        assertThat(schema.statusCode()).isEqualTo(200);
        assertThat(schema.contentType()).startsWith("application/schema+json");
        assertThat(schema.asString()).isEqualTo(Files.readString(Path.of("src/main/resources/schemas/pipeline.json")));
    }

    @Test
    void a_file_is_a_version_like_any_other_and_takes_the_place_of_an_upload_only_when_it_changes() throws Exception {
        try (Qanat own = Qanat.fresh("configs")) {
            Path folder = Files.createDirectories(own.home().resolve("pipelines"));
            Path file = folder.resolve("prices.yaml");
            String ten = pipeline("prices", "numeric(10,2)");
            String twelve = pipeline("prices", "numeric(12,2)");
            Files.writeString(file, ten);
            own.with("QANAT_PIPELINES", folder.toString()).with("QANAT_API_KEY", KEY).start();
            assertThat(version(own).getString("origin")).isEqualTo("file");
            assertThat(version(own).getString("file")).isEqualTo("prices.yaml");
            assertThat(version(own).getString("by")).isNull();

            Response upload = known(own)
                    .contentType("application/yaml")
                    .body(twelve.getBytes(StandardCharsets.UTF_8))
                    .post("/upload-config");
            assertThat(upload.statusCode()).as(upload.asString()).isEqualTo(201);
            assertThat(version(own).getString("by")).isEqualTo("api_key");
            own.stop();
            own.start();
            Files.writeString(file, ten);
            Thread.sleep(3_000);
            assertThat(version(own).getInt("version")).isEqualTo(2);

            // It comes to say what the upload says, and then goes back: that is a change of the file.
            Files.writeString(file, twelve);
            own.await("it is read", () -> !"".equals(seen(own)));
            assertThat(version(own).getInt("version")).isEqualTo(2);
            Files.writeString(file, ten);
            own.await("the file is in force", () -> version(own).getInt("version") == 3);
            assertThat(version(own).getString("origin")).isEqualTo("file");
            assertThat(version(own).getString("yaml")).isEqualTo(ten);

            assertThat(known(own).post("/configs/prices/rollback?to=2").statusCode()).isEqualTo(201);
            own.stop();
            own.start();
            Thread.sleep(3_000);
            assertThat(version(own).getString("yaml")).isEqualTo(twelve);
            Files.delete(file);
            Thread.sleep(3_000);
            assertThat(version(own).getString("status")).isEqualTo("active");
        }
    }

    @Test
    void a_process_takes_no_pipeline_out_of_force_that_came_from_the_folder_of_another() throws Exception {
        try (Qanat first = Qanat.fresh("folders")) {
            Path firstFolder = Files.createDirectories(first.home().resolve("pipelines"));
            Files.writeString(firstFolder.resolve("a.yaml"), pipeline("first_a", "date").replace(", min: 0", ""));
            Files.writeString(firstFolder.resolve("b.yaml"), pipeline("first_b", "date").replace(", min: 0", ""));
            first.with("QANAT_PIPELINES", firstFolder.toString()).start();
            Path secondFolder = Files.createDirectories(first.home().resolve("other-pipelines"));
            Path otherHome = Files.createDirectories(first.home().resolve("other-home"));
            try (Qanat second = first.another().with("QANAT_PIPELINES", secondFolder.toString()).start();
                    Qanat third = first.another()
                            .with("QANAT_HOME", otherHome.toString())
                            .with("QANAT_PIPELINES", secondFolder.toString())
                            .start()) {
                assertThat(inForce(second)).containsExactly("first_a", "first_b");
                Path file = secondFolder.resolve("a.yaml");
                Files.writeString(file, pipeline("second", "date").replace(", min: 0", ""));
                third.await("it is in force beside the others", () -> inForce(third).equals(List.of("first_a", "first_b", "second")));
                Files.delete(file);
                third.await("it is out of force, and no other", () -> inForce(third).equals(List.of("first_a", "first_b")));
            }
            first.stop();
            Files.delete(firstFolder.resolve("b.yaml"));
            first.start();
            assertThat(inForce(first)).containsExactly("first_a");
        }
    }

    private static List<String> inForce(Qanat process) {
        List<Map<String, Object>> configs = process.request().get("/configs").jsonPath().getList("items");
        return configs.stream()
                .filter(config -> !"removed".equals(config.get("status")))
                .map(config -> config.get("pipeline").toString())
                .toList();
    }

    private static RequestSpecification known(Qanat own) {
        return own.request().header("X-API-Key", KEY);
    }

    private static JsonPath version(Qanat own) {
        return known(own).get("/configs/prices").jsonPath();
    }

    private static String seen(Qanat own) {
        try {
            return own.value("SELECT coalesce(file_sha256, '') FROM qanat.config_history WHERE version = 2");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> columns(String table) throws SQLException {
        return qanat.query("SELECT attname || ' ' || format_type(atttypid, atttypmod) AS of FROM pg_attribute WHERE attrelid = 'silver."
                        + table + "'::regclass AND attnum > 0")
                .stream()
                .map(row -> row.get("of"))
                .toList();
    }
}
