package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
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
}
