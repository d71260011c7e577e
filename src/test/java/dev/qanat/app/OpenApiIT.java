package dev.qanat.app;

import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.qanat.app.ApiDescription.Operation;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is described is served, and what is served is described. */
class OpenApiIT {

    private static final Path ROUTES = Path.of("routes");
    private static final String VARIABLE = "\\{\\w+}";
    private static final Pattern QUOTED = Pattern.compile("(?:src|href)=\"([^\"]+)\"");

    private static final String PAGES = "/api/v1/{path}";
    private static final String ROWS = PAGES + "/{id}";

    /** What Quarkus serves; all else are routes. */
    private static final Set<String> NOT_ROUTES =
            Set.of("GET /q/health", "GET /q/health/ready", "GET /q/health/live", "GET /q/metrics", "GET /q/openapi", "GET /docs", "GET /redoc", "GET /runs/{id}/events",
                    "GET /api/v1/data/{table}", "GET " + PAGES, "POST " + PAGES, "GET " + ROWS, "PUT " + ROWS, "PATCH " + ROWS, "DELETE " + ROWS,
                    "GET " + ROWS + "/changes");

    /** What is seen where an API key is set or the database is away. */
    private static final Set<String> ELSEWHERE = Set.of("401", "429", "503", "default");

    private static Qanat qanat;
    private static ApiDescription description;

    private final String pipeline = Qanat.newName("described");
    private final Set<String> seen = new TreeSet<>();

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.shared();
        description = ApiDescription.ofYaml(Files.readString(OpenApiTest.FILE));
    }

    @Test
    void the_description_is_served_as_it_is_written_in_yaml_and_in_json() throws IOException {
        JsonNode written = ApiDescription.tree(Files.readString(OpenApiTest.FILE));

        for (String yaml : List.of("/q/openapi", "/q/openapi.yaml", "/q/openapi.yml", "/q/openapi?format=YAML")) {
            Response answer = qanat.request().get(yaml);
            assertThat(answer.contentType()).as(yaml).startsWith("application/yaml");
            assertThat(withoutTables(ApiDescription.tree(answer.asString()))).as(yaml).isEqualTo(written);
        }
        for (RequestSpecification request :
                List.of(qanat.request().queryParam("format", "json"), qanat.request().accept("application/json"))) {
            Response json = request.get("/q/openapi");
            assertThat(json.contentType()).startsWith("application/json");
            assertThat(withoutTables(ApiDescription.json(json.asString()))).isEqualTo(written);
        }
        assertThat(qanat.request().get("/q/openapi.json").contentType()).startsWith("application/json");
    }

    /** Without what is described of the tables of other tests, for which see {@link LiveDescriptionIT}. */
    private static JsonNode withoutTables(JsonNode description) {
        ((ObjectNode) description.path("paths")).properties().removeIf(path -> path.getKey().matches("/api/v1/(data/(silver|gold)\\.|(other-)?Path-x_|described_).+"));
        ((ObjectNode) description.at("/components/schemas")).properties().removeIf(schema -> schema.getKey().matches("(silver|gold)\\..+"));
        return description;
    }

    @Test
    void every_route_over_http_is_described_and_no_other() throws IOException {
        Map<String, String> routes = routes();
        Map<String, String> described = description.operations().stream()
                .filter(operation -> !NOT_ROUTES.contains(operation.toString()))
                .collect(toMap(Operation::toString, Operation::id));

        assertThat(described).isEqualTo(routes);
        assertThat(description.operations()).extracting(Operation::toString).containsAll(NOT_ROUTES);
        List<String> running = qanat.request().queryParam("limit", 1000).get("/routes").jsonPath().getList("items.id");
        assertThat(running).containsAll(routes.values());
    }

    @Test
    void every_path_takes_the_methods_that_are_described_and_no_other() {
        List<Operation> routes = description.operations().stream()
                .filter(operation -> !NOT_ROUTES.contains(operation.toString()))
                .toList();
        for (Operation route : routes) {
            String path = route.path().replaceAll(VARIABLE, "x");
            Set<String> methods = routes.stream()
                    .filter(each -> path.matches(each.path().replaceAll(VARIABLE, "[^/]+")))
                    .map(Operation::method)
                    .collect(toSet());
            for (String method : List.of("GET", "POST", "PUT", "PATCH", "DELETE")) {
                Response answer = qanat.request().queryParam("limit", "x").body("{").request(method, path);
                String asked = method + " " + path + " " + answer.asString();
                if (methods.contains(method)) {
                    assertThat(answer.statusCode()).as(asked).isNotEqualTo(405);
                    assertThat(answer.asString()).as(asked).doesNotContain("\"not_found\"");
                } else {
                    assertThat(answer.statusCode()).as(asked).isEqualTo(405);
                    Set<String> allowed = new HashSet<>(methods);
                    if (methods.contains("GET")) {
                        allowed.add("HEAD");
                    }
                    assertThat(answer.header("Allow").split(", ")).as(asked).containsExactlyInAnyOrderElementsOf(allowed);
                    assertThat(answer.jsonPath().getString("code")).isEqualTo("method_not_allowed");
                }
            }
        }
    }

    /** The routes' ids by their methods and paths, as their files have them. */
    private static Map<String, String> routes() throws IOException {
        Map<String, String> routes = new TreeMap<>();
        try (Stream<Path> files = Files.walk(ROUTES)) {
            for (Path file : files.filter(path -> path.toString().endsWith(".yaml")).toList()) {
                for (JsonNode item : ApiDescription.tree(Files.readString(file))) {
                    JsonNode from = item.path("route").path("from");
                    String uri = from.path("uri").asText();
                    // Routes of the demo and of examples are not there otherwise.
                    boolean always = item.path("route").path("precondition").isMissingNode();
                    if (always && uri.startsWith("platform-http:")) {
                        String methods = from.path("parameters").path("httpMethodRestrict").asText("every method");
                        // HEAD goes without saying where there is GET.
                        Arrays.stream(methods.split(",")).filter(method -> !method.equals("HEAD")).forEach(method -> routes.put(
                                method + " " + uri.substring("platform-http:".length()), item.path("route").path("id").asText()));
                    }
                }
            }
        }
        return routes;
    }

    @Test
    void every_answer_is_one_that_is_described() throws Exception {
        configurations();
        lineage();
        runs();
        schedules();
        access();
        data();
        rows();
        retention();
        server();
        forAll();

        Set<String> described = new TreeSet<>();
        description.operations().forEach(operation -> operation.text().path("responses").fieldNames().forEachRemaining(status -> {
            boolean down = status.equals("503") || operation.path().startsWith("/q/") || operation.path().matches("/docs|/redoc");
            if (!ELSEWHERE.contains(status) && !(down && !status.equals("200"))) {
                described.add(operation + " " + status);
            }
        }));
        assertThat(seen).as("what is described was seen").containsAll(described);
    }

    private void configurations() {
        String first = yaml("numeric(12,2)", pipeline);
        answers("POST", "/configs/plan", body(first), 200);
        answers("POST", "/upload-config", body(first), 201);
        answers("POST", "/upload-config", body(first), 200);
        answers("POST", "/upload-config", body(yaml("numeric(14,2)", pipeline)), 201);
        answers("POST", "/upload-config", body(yaml("numeric(14,2)", pipeline + "_other")), 201);
        answers("POST", "/configs/plan", body(yaml("text", pipeline + "_other")), 200);
        answers("POST", "/configs/plan", body(first), 200);
        for (String path : List.of("/upload-config", "/configs/plan")) {
            answers("POST", path, body("{"), 400);
            answers("POST", path, body(""), 400);
            answers("POST", path, body("pipeline: x\nresources: [ { name: r, columns: { a: money } } ]\n"), 422);
            answers("POST", path, body("# " + "x".repeat(2 << 20)), 413);
        }
        answers("GET", "/configs", request().queryParam("limit", 1), 200);
        answers("GET", "/configs", request().queryParam("limit", 1000), 200);
        answers("GET", "/configs", request().queryParam("limit", 0), 400);
        answers("GET", "/configs/{pipeline}", of(pipeline), 200);
        answers("GET", "/configs/{pipeline}", of(pipeline).accept("application/yaml"), 200);
        answers("GET", "/configs/{pipeline}", of(pipeline).accept("text/yaml"), 200);
        answers("GET", "/configs/{pipeline}", of("nope"), 404);
        answers("GET", "/configs/{pipeline}/versions", of(pipeline).queryParam("limit", 1), 200);
        answers("GET", "/configs/{pipeline}/versions", of(pipeline).queryParam("after", "x"), 400);
        answers("GET", "/configs/{pipeline}/versions", of("nope"), 404);
        answers("GET", "/configs/{pipeline}/versions/{version}", of(pipeline).pathParam("version", 1), 200);
        answers("GET", "/configs/{pipeline}/versions/{version}", of(pipeline).pathParam("version", 1).accept("application/x-yaml"), 200);
        answers("GET", "/configs/{pipeline}/versions/{version}", of(pipeline).pathParam("version", 9), 404);
        answers("GET", "/configs/{pipeline}/versions/{version}", of("nope").pathParam("version", 1), 404);
        answers("GET", "/configs/{pipeline}/diff", of(pipeline).queryParam("from", 1), 200);
        answers("GET", "/configs/{pipeline}/diff", of(pipeline + "_other"), 200);
        answers("GET", "/configs/{pipeline}/diff", of(pipeline).queryParam("to", "x"), 400);
        answers("GET", "/configs/{pipeline}/diff", of(pipeline).queryParam("to", 9), 404);
        answers("POST", "/configs/{pipeline}/rollback", of(pipeline).queryParam("to", 1), 201);
        answers("POST", "/configs/{pipeline}/rollback", of(pipeline).queryParam("to", 1), 200);
        answers("POST", "/configs/{pipeline}/rollback", of(pipeline), 400);
        answers("POST", "/configs/{pipeline}/rollback", of("nope").queryParam("to", 1), 404);
        // Another pipeline takes the table of the first version.
        String moved = first + "    table: " + pipeline + "_moved\n";
        answers("POST", "/configs/plan", body(moved), 200);
        answers("POST", "/upload-config", body(moved), 201);
        qanat.pipeline(yaml("text", pipeline + "_third") + "    table: " + pipeline + "\n");
        answers("POST", "/configs/{pipeline}/rollback", of(pipeline).queryParam("to", 1), 422);
        answers("GET", "/schemas/pipeline.json", request(), 200);
    }

    private void runs() throws Exception {
        String refusing = Qanat.newName("described");
        String yaml = yaml("numeric(12,2)", refusing) + "concurrency: { behavior: refuse }\n";
        qanat.pipeline(yaml);
        JsonPath landed = qanat.load(refusing, "a.csv", "id,amount\n1,1.5\n2,x\n3,1.234\n");
        long run = landed.getLong("id");
        try (Connection holder = qanat.lockTable(refusing)) {
            qanat.drop(refusing, "b.csv", "id,amount\n4,4\n");
            qanat.await("the landing waits", () -> qanat.is(
                    "EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'advisory' AND query LIKE '%\"" + refusing + "\"%')"));
            qanat.drop(refusing, "c.csv", "id,amount\n5,5\n");
            qanat.await("another run is queued", () -> qanat.runs(refusing).size() == 3);
            answers("GET", "/runs", request().queryParam("pipeline", refusing), 200);
            answers("POST", "/trigger-job", json("{\"pipeline\": \"" + refusing + "\"}"), 409);
            answers("POST", "/trigger-job", request(), 202);
            answers("POST", "/runs/{id}/replay", of(run), 409);
            answers("POST", "/runs/{id}/cancel", of(qanat.runs(refusing).get(0).getLong("id")), 200);
            answers("POST", "/runs/{id}/cancel", of(qanat.runs(refusing).get(1).getLong("id")), 202);
            answers("GET", "/runs/{id}", of(qanat.runs(refusing).get(1).getLong("id")), 200);
        }
        qanat.awaitRuns(refusing, 3);
        qanat.load(refusing, "again.csv", "id,amount\n1,1.5\n2,x\n3,1.234\n");
        qanat.load(refusing, "empty.csv", "");
        answers("POST", "/trigger-job", json("{\"pipeline\": \"" + refusing + "\"}").queryParam("wait", "PT30S"), 202);
        answers("POST", "/trigger-job", json("{\"pipeline\": \"" + refusing + "\"}").header("Idempotency-Key", refusing), 202);
        answers("POST", "/trigger-job", json("{\"full_refresh\": true}").header("Idempotency-Key", refusing), 422);
        answers("POST", "/trigger-job", json("{\"pipeline\": \"nope\"}"), 404);
        answers("POST", "/trigger-job", json("{\"pipeline\": 1}"), 400);
        answers("POST", "/trigger-job", json("x".repeat(11 << 20)), 413);
        answers("POST", "/runs/{id}/cancel", of(run), 409);
        answers("POST", "/runs/{id}/cancel", of(999_999_999), 404);
        answers("POST", "/runs/{id}/replay", of(run).queryParam("wait", "x"), 400);
        for (String type : List.of("numeric(12,2)", "numeric(14,3)", "date")) {
            answers("POST", "/configs/plan", body(yaml(type, refusing)), 200);
        }
        qanat.pipeline(yaml.replace("numeric(12,2)", "numeric(14,3)"));
        answers("POST", "/runs/{id}/replay", of(run).queryParam("wait", "PT30S"), 202);
        answers("POST", "/runs/{id}/replay", of(999_999_999), 404);
        answers("GET", "/runs", request().queryParam("limit", 1000), 200);
        answers("GET", "/runs", request().queryParam("status", "x"), 400);
        for (JsonPath each : qanat.runs(refusing)) {
            answers("GET", "/runs/{id}", of(each.getLong("id")), 200);
            answers("GET", "/runs/{id}/rejections", of(each.getLong("id")), 200);
        }
        answers("GET", "/runs/{id}", of(pollThatFails()), 200);
        answers("GET", "/runs/{id}", of(999_999_999), 404);
        answers("GET", "/runs/{id}/events", of(run), 200);
        answers("GET", "/runs/{id}/events", of(run).header("Last-Event-ID", "ended"), 204);
        answers("GET", "/runs/{id}/events", of(999_999_999), 404);
        answers("GET", "/runs/{id}/rejections", of(run).queryParam("limit", 1), 200);
        answers("GET", "/runs/{id}/rejections", of(run).accept("text/csv"), 200);
        answers("GET", "/runs/{id}/rejections", of(run).queryParam("format", "xml"), 400);
        answers("GET", "/runs/{id}/rejections", of(999_999_999), 404);
        answers("GET", "/runs/{id}/models", of(run), 200);
        answers("GET", "/runs/{id}/models", of(999_999_999), 404);
        assertThat(qanat.runs(refusing)).extracting(each -> each.getString("status")).contains("succeeded", "failed", "cancelled");
    }

    private long pollThatFails() {
        String polling = Qanat.newName("described");
        qanat.pipeline("""
                pipeline: %1$s
                sources: { api: { type: rest_api, base_url: "http://127.0.0.1:1", retry: { max_attempts: 1 } } }
                resources:
                  - { name: %1$s, endpoint: { path: "/{{ partition.n }}" }, partitions: { n: [ 1, 2 ] } }
                """.formatted(polling));
        answers("POST", "/trigger-job", json("{\"pipeline\": \"" + polling + "\"}").queryParam("wait", "PT30S"), 202);
        long run = qanat.runs(polling).get(0).getLong("id");
        assertThat(request().get("/runs/" + run).jsonPath().getList("partitions.status")).containsExactly("failed", "failed");
        return run;
    }

    private void schedules() {
        String ticking = Qanat.newName("described");
        String own = Qanat.newName("described");
        qanat.pipeline(yaml("text", ticking));
        qanat.pipeline(yaml("text", own) + "schedule: { cron: \"0 0 1 1 *\", timezone: Europe/Berlin }\n");
        answers("POST", "/schedule-job", json("{\"pipeline\": \"" + ticking + "\", \"every\": \"P300D\"}"), 200);
        answers("POST", "/schedule-job", json("{\"pipeline\": 1}"), 400);
        answers("POST", "/schedule-job", json("{\"pipeline\": \"nope\"}"), 404);
        answers("POST", "/schedule-job", json("x".repeat(11 << 20)), 413);
        answers("POST", "/schedule-job", json("{\"pipeline\": \"" + ticking + "\", \"every\": \"x\"}"), 422);
        answers("POST", "/configs/plan", body(yaml("text", own) + "schedule: { every: PT2H }\n"), 200);
        answers("POST", "/configs/plan", body(yaml("text", own)), 200);
        answers("GET", "/schedules", request().queryParam("limit", 1), 200);
        answers("GET", "/schedules", request().queryParam("limit", 1000), 200);
        answers("GET", "/schedules", request().queryParam("limit", 0), 400);
        answers("DELETE", "/schedules/{pipeline}", of(own), 409);
        answers("POST", "/schedule-job", json("{\"pipeline\": \"" + own + "\", \"cron\": \"0 0 2 1 *\"}"), 200);
        answers("DELETE", "/schedules/{pipeline}", of(own), 200);
        answers("DELETE", "/schedules/{pipeline}", of(ticking), 200);
        answers("DELETE", "/schedules/{pipeline}", of(ticking), 404);
    }

    private void lineage() throws IOException {
        String fed = Qanat.newName("described");
        qanat.pipeline(yaml("numeric(12,2)", fed));
        qanat.load(fed, "a.csv", "id,amount\n1,1.5\n");
        answers("GET", "/api/v1/lineage", request(), 200);
        answers("GET", "/api/v1/lineage", request().queryParam("node", "silver." + fed).queryParam("direction", "upstream"), 200);
        answers("GET", "/api/v1/lineage", request().queryParam("node", "nope"), 404);
        answers("GET", "/api/v1/lineage", request().queryParam("depth", 1), 400);
        answers("GET", "/api/v1/lineage/row", request().queryParam("table", "silver." + fed).queryParam("id", 1), 200);
        answers("GET", "/api/v1/lineage/row", request().queryParam("table", "silver." + fed).queryParam("id", 2), 404);
        answers("GET", "/api/v1/lineage/row", request(), 400);
    }

    /** On an application of its own: where there is a key, every request must show one. */
    private void access() throws Exception {
        try (Qanat closed = Qanat.fresh("keys").start()) {
            answers("POST", "/keys", key(closed, "dashboard", "viewer"), 409);
            answers("POST", "/keys", key(closed, "dashboard", "nobody"), 400);
            answers("POST", "/keys", key(closed, "x".repeat(11 << 20), "admin"), 413);
            String admin = key(closed, "first", "admin").post("/keys").path("key");
            answers("POST", "/keys", key(closed, "dashboard", "viewer").header("X-API-Key", admin), 201);
            answers("GET", "/keys", closed.request().header("X-API-Key", admin), 200);
            answers("GET", "/keys", closed.request().header("X-API-Key", admin).queryParam("limit", 1), 200);
            answers("DELETE", "/keys/{id}", closed.request().header("X-API-Key", admin).pathParam("id", 99), 404);
            answers("DELETE", "/keys/{id}", closed.request().header("X-API-Key", admin).pathParam("id", 1), 409);
            answers("DELETE", "/keys/{id}", closed.request().header("X-API-Key", admin).pathParam("id", 2), 204);
            answers("GET", "/audit", closed.request().header("X-API-Key", admin), 200);
        }
    }

    private static RequestSpecification key(Qanat closed, String name, String role) {
        return closed.request().contentType("application/json").body("{\"name\": \"" + name + "\", \"role\": \"" + role + "\"}");
    }

    private void data() throws Exception {
        String table = "silver." + Qanat.newName("described");
        qanat.execute("CREATE TABLE " + table + " AS SELECT 1 AS id, 'a' AS name, 1.50 AS amount; CALL qanat.note_changes('" + table
                + "')");
        qanat.await("the table is there", () -> qanat.request().get("/api/v1/data/" + table).statusCode() == 200);
        answers("GET", "/api/v1/data/{table}", rowsOf(table).queryParam("count", "exact"), 200);
        answers("GET", "/api/v1/data/{table}", rowsOf(table).queryParam("limit", 1), 200);
        answers("GET", "/api/v1/data/{table}", rowsOf(table).accept("application/x-ndjson").queryParam("count", "exact"), 200);
        answers("GET", "/api/v1/data/{table}", rowsOf(table + ".csv"), 200);
        answers("GET", "/api/v1/data/{table}", rowsOf(table).header("If-None-Match", "*"), 304);
        answers("GET", "/api/v1/data/{table}", rowsOf(table).queryParam("name", "x"), 400);
        answers("GET", "/api/v1/data/{table}", rowsOf("silver.nope"), 404);
        answers("GET", "/api/v1/data/{table}", rowsOf(table).accept("image/png"), 406);
    }

    private void rows() {
        String exposed = Qanat.newName("described");
        String resource = "pipeline: %1$s%2$s\nsources: { drops: { type: files } }\nresources: [ { name: %1$s%2$s, columns: { id: integer, name: text },"
                + " %3$s expose: { path: %1$s%2$s, filters: { name: name.eq } } } ]\n";
        qanat.pipeline(resource.formatted(exposed, "", "primary_key: id,"));
        qanat.pipeline(resource.formatted(exposed, "_x", ""));
        answers("POST", PAGES, at(exposed, "{\"id\": 1, \"name\": \"a\"}"), 201);
        answers("POST", PAGES, at(exposed, "{\"id\": 2}"), 201);
        answers("POST", PAGES, at(exposed, "{\"id\": 1}"), 409);
        answers("POST", PAGES, at(exposed, "{\"id\": \"x\"}"), 422);
        answers("GET", PAGES, at(exposed).queryParam("name", "a"), 200);
        answers("GET", PAGES, at(exposed).queryParam("page_size", 1).accept("text/csv"), 200);
        answers("GET", PAGES, at(exposed).header("If-None-Match", "*"), 304);
        answers("GET", PAGES, at(exposed).queryParam("page", "x"), 400);
        answers("GET", PAGES, at(exposed).accept("image/png"), 406);
        String version = at(exposed).pathParam("id", 1).get(ROWS).header("ETag");
        answers("GET", ROWS, row(exposed, 1, ""), 200);
        answers("GET", ROWS, row(exposed, 1, "").header("If-None-Match", version), 304);
        answers("PATCH", ROWS, row(exposed, 1, "{\"name\": null}").header("If-Match", version), 200);
        answers("PUT", ROWS, row(exposed, 1, "{\"id\": 1, \"name\": \"b\"}"), 200);
        for (String method : List.of("PUT", "PATCH")) {
            answers(method, ROWS, row(exposed, 1, "{\"id\": 2}"), 409);
            answers(method, ROWS, row(exposed, 1, "{\"id\": 1}").header("If-Match", version), 412);
            answers(method, ROWS, row(exposed, 1, "{\"id\": 1, \"x\": 1}"), 422);
        }
        answers("GET", ROWS + "/changes", row(exposed, 1, "").queryParam("limit", 2), 200);
        answers("GET", ROWS + "/changes", row(exposed, 1, "").queryParam("after", "x"), 400);
        answers("DELETE", ROWS, row(exposed, 1, "").header("If-Match", version), 412);
        answers("DELETE", ROWS, row(exposed, 1, ""), 204);
        for (String operation : NOT_ROUTES.stream().filter(each -> each.contains("{path}")).toList()) {
            String method = operation.substring(0, operation.indexOf(' '));
            String path = operation.substring(method.length() + 1);
            String body = method.startsWith("P") ? "{}" : "";
            boolean known = path.equals(ROWS);
            answers(method, path, asked(path, known ? exposed : "nope", body), 404);
            if (!operation.equals("GET " + PAGES)) {
                answers(method, path, asked(path, exposed + "_x", body), 405);
            }
            if (!body.isEmpty()) {
                answers(method, path, asked(path, exposed, "{\"name\": \"" + "x".repeat(11 << 20) + "\"}"), 413);
                answers(method, path, asked(path, exposed, body).contentType("text/csv"), 415);
            }
        }
    }

    /** A request for a row that is not there, or for all of them. */
    private static RequestSpecification asked(String path, String exposed, String body) {
        return path.equals(PAGES) ? at(exposed, body) : row(exposed, 7, body);
    }

    private static RequestSpecification at(String path) {
        return request().pathParam("path", path);
    }

    private static RequestSpecification at(String path, String body) {
        return body.isEmpty() ? at(path) : at(path).contentType("application/json").body(body);
    }

    private static RequestSpecification row(String path, int id, String body) {
        return at(path, body).pathParam("id", id);
    }

    private void retention() throws SQLException {
        answers("POST", "/retention", request().queryParam("dry_run", true), 200);
        answers("POST", "/retention", request(), 202);
        answers("GET", "/retention", request(), 200);
        qanat.await("the pass has ended", () -> qanat.is("NOT EXISTS (SELECT FROM qanat.retention WHERE status = 'running')"));
        try (Connection another = qanat.database()) {
            another.createStatement().execute("SELECT pg_advisory_lock(hashtextextended('qanat retention', 0))");
            answers("POST", "/retention", request(), 409);
        }
    }

    private void server() {
        answers("GET", "/routes", request(), 200);
        answers("GET", "/api/v1/health", request(), 200);
        answers("GET", "/q/health", request(), 200);
        answers("GET", "/q/health/ready", request(), 200);
        answers("GET", "/q/health/live", request(), 200);
        answers("GET", "/q/metrics", request(), 200);
        answers("GET", "/q/openapi", request(), 200);
        answers("GET", "/q/openapi", request().queryParam("format", "json"), 200);
        answers("GET", "/q/openapi", request().header("If-None-Match", "*"), 304);
        answers("GET", "/docs", request(), 200);
        answers("GET", "/redoc", request(), 200);
    }

    /** What any operation answers to a request from another site, and to a URL that cannot be. */
    private void forAll() {
        for (Operation operation : description.operations()) {
            if (operation.text().path("responses").has("403")) {
                answers(operation.method(), operation.path(), any(operation).header("Origin", "https://example.com"), 403);
            }
            if (operation.text().path("responses").has("400")) {
                answers(operation.method(), operation.path(), any(operation).urlEncodingEnabled(false).queryParam("x", "%00"), 400);
            }
        }
    }

    private void answers(String method, String path, RequestSpecification request, int status) {
        Operation operation = description.operation(method, path);
        Response answer = request.request(method, path);
        String asked = operation + " " + status;
        assertThat(answer.statusCode()).as(asked + " " + answer.asString()).isEqualTo(status);
        Map<String, String> headers = new HashMap<>();
        answer.headers().forEach(header -> headers.put(header.getName().toLowerCase(Locale.ROOT), header.getValue()));
        String body = new String(answer.asByteArray(), StandardCharsets.UTF_8);
        assertThat(description.faults(operation, status, headers, body)).as(asked + " " + body).isEmpty();
        seen.add(asked);
    }

    @Test
    void the_pages_for_people_need_nothing_from_elsewhere() {
        for (String at : List.of("/docs", "/redoc")) {
            Response page = qanat.request().get(at);

            assertThat(page.contentType()).startsWith("text/html");
            assertThat(page.header("Content-Security-Policy")).contains("script-src 'self'", "frame-ancestors 'none'");
            assertThat(page.asString()).contains("/q/openapi");
            List<String> parts = QUOTED.matcher(page.asString()).results()
                    .map((MatchResult found) -> found.group(1))
                    .filter(part -> !part.startsWith("data:"))
                    .toList();
            assertThat(parts).anyMatch(part -> part.endsWith(".js"));
            for (String part : parts) {
                String path = part.startsWith("/") ? part : at + "/" + part;
                assertThat(part).doesNotContain("//");
                assertThat(qanat.request().get(path).statusCode()).as(path).isEqualTo(200);
            }
        }
        assertThat(qanat.request().get("/redoc/redoc.standalone.js").asString()).contains("Redoc").doesNotContain("//cdn.");
    }

    private static RequestSpecification request() {
        return qanat.request();
    }

    private static RequestSpecification of(String pipeline) {
        return request().pathParam("pipeline", pipeline);
    }

    private static RequestSpecification rowsOf(String table) {
        return request().pathParam("table", table);
    }

    private static RequestSpecification of(long run) {
        return request().pathParam("id", run);
    }

    private static RequestSpecification any(Operation operation) {
        RequestSpecification request = request();
        description.parameters(operation).stream()
                .filter(parameter -> parameter.path("in").asText().equals("path"))
                .forEach(parameter -> request.pathParam(parameter.path("name").asText(), "x"));
        return request;
    }

    private static RequestSpecification body(String yaml) {
        return request().contentType("application/yaml").body(yaml.getBytes(StandardCharsets.UTF_8));
    }

    private static RequestSpecification json(String json) {
        return request().contentType("application/json").body(json);
    }

    private static String yaml(String type, String pipeline) {
        return """
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources:
                  - name: %1$s
                    columns: { id: { type: integer, required: true }, amount: "%2$s" }
                    primary_key: id
                """
                .formatted(pipeline, type);
    }
}
