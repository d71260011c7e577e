package dev.qanat.app;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The main way through an installation, over HTTP and its inbox alone. Where {@code qanat.url} or {@code QANAT_URL} says, with the home that
 * {@code QANAT_HOME} names and the keys of the environment; otherwise through the packaged application. It may be run there any number of
 * times, and leaves a pipeline {@code smoke} behind.
 */
class SmokeIT {

    private static final String PIPELINE = """
            pipeline: smoke
            description: Tries the installation
            sources:
              drops: { type: files }
            resources:
              - name: smoke_rows
                source: drops
                schema: { id: text, qty: integer, price: "numeric(12,2)", sold_at: timestamptz }
                primary_key: [id]
                strict_mode: true
            """;

    private static Qanat started;
    private static String url;
    private static Path inbox;
    private static String key;
    private static String viewerKey;

    @BeforeAll
    static void find() throws IOException {
        Optional<String> given = setting("QANAT_URL");
        if (given.isPresent()) {
            url = given.get();
            inbox = Path.of(setting("QANAT_HOME").orElseThrow()).resolve("inbox").resolve("smoke");
            key = setting("QANAT_API_KEY").orElseThrow();
            viewerKey = setting("QANAT_VIEWER_KEY").orElseThrow();
        } else {
            key = "a-key-of-the-smoke-test";
            viewerKey = "a-viewer-of-the-smoke-test";
            started = Qanat.fresh("smoke").with("QANAT_API_KEY", key).with("QANAT_VIEWER_KEY", viewerKey).start();
            url = "http://127.0.0.1:" + started.port();
            inbox = started.inbox("smoke");
        }
    }

    @AfterAll
    static void stop() {
        if (started != null) {
            started.close();
        }
    }

    /** As a property such as {@code qanat.url} or in the environment. */
    private static Optional<String> setting(String name) {
        String property = System.getProperty(name.toLowerCase(Locale.ROOT).replaceFirst("_", ".").replace('_', '-'));
        return Optional.ofNullable(property == null ? System.getenv(name) : property).filter(value -> !value.isBlank());
    }

    private static RequestSpecification with(String shown) {
        return given().baseUri(url).header("X-API-Key", shown);
    }

    @Test
    void a_file_becomes_rows_and_rejections_and_a_second_one_changes_rows() throws Exception {
        int status = with(key).contentType("application/yaml").body(PIPELINE.getBytes(StandardCharsets.UTF_8)).post("/upload-config").statusCode();
        assertThat(status).isIn(200, 201);
        String id = UUID.randomUUID().toString();

        JsonPath first = load(id + "-1.csv", """
                id,qty,price,sold_at
                %1$s-a,2,19.90,2026-11-20T08:00:00Z
                %1$s-b,zwei,5.00,2026-11-20T08:05:00Z
                """.formatted(id));
        assertThat(counts(first)).isEqualTo("2 read, 1 inserted, 0 updated, 1 rejected");
        assertThat(rows(id)).isEqualTo(row(id, 2));
        JsonPath rejections = with(viewerKey).get("/runs/" + first.getLong("id") + "/rejections").jsonPath();
        assertThat(rejections.getString("items[0].reason")).isEqualTo("'zwei' is not an integer");
        assertThat(rejections.getInt("items[0].position")).isEqualTo(3);

        JsonPath second = load(id + "-2.csv", """
                id,qty,price,sold_at
                %1$s-a,3,19.90,2026-11-20T08:00:00Z
                """.formatted(id));
        assertThat(counts(second)).isEqualTo("1 read, 0 inserted, 1 updated, 0 rejected");
        assertThat(rows(id)).isEqualTo(row(id, 3));
    }

    @Test
    void health_is_for_all_and_the_rest_for_those_with_a_key() {
        assertThat(given().baseUri(url).get("/q/health/ready").jsonPath().getString("status")).isEqualTo("UP");
        assertThat(given().baseUri(url).get("/runs").statusCode()).isEqualTo(401);
        assertThat(with(viewerKey).get("/runs").statusCode()).isEqualTo(200);
        assertThat(with(viewerKey).get("/q/metrics").asString()).contains("# TYPE qanat_");
        assertThat(with(viewerKey).post("/trigger-job").statusCode()).isEqualTo(403);
        assertThat(with(viewerKey).get("/q/openapi.json").jsonPath().getString("openapi")).startsWith("3.1");
        assertThat(given().baseUri(url).get("/docs/").statusCode()).isEqualTo(200);
    }

    /** Drops a file and waits until the run that loads it has ended. */
    private static JsonPath load(String name, String text) throws Exception {
        Qanat.dropInto(inbox, name, text.getBytes(StandardCharsets.UTF_8));
        long until = System.nanoTime() + Duration.ofSeconds(90).toNanos();
        while (true) {
            JsonPath runs = with(key).queryParam("pipeline", "smoke").queryParam("limit", 20).get("/runs").jsonPath();
            Map<String, Object> run = runs.param("name", name).getMap("items.find { run -> run.files.any { it.name == name } }");
            if (run != null && run.get("finished_at") != null) {
                return with(key).get("/runs/" + run.get("id")).jsonPath();
            }
            assertThat(System.nanoTime()).as("%s is loaded: %s", name, runs.prettify()).isLessThan(until);
            Thread.sleep(200);
        }
    }

    private static String counts(JsonPath run) {
        assertThat(run.getString("status")).as(run.prettify()).isEqualTo("succeeded");
        return "%d read, %d inserted, %d updated, %d rejected"
                .formatted(run.getLong("read"), run.getLong("inserted"), run.getLong("updated"), run.getLong("rejected"));
    }

    private static String row(String id, int quantity) {
        return "{\"items\":[{\"id\":\"%s-a\",\"qty\":%d,\"price\":19.90}],\"next\":null}".formatted(id, quantity);
    }

    private static String rows(String id) {
        return with(viewerKey)
                .queryParam("id", "like." + id + "*")
                .queryParam("select", "id,qty,price")
                .get("/api/v1/data/silver.smoke_rows")
                .asString();
    }
}
