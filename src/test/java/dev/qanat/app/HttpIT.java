package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The control of the server over HTTP, as its contract says, for good requests and bad ones. */
class HttpIT {

    private static final String FORM = "application/x-www-form-urlencoded";
    private static final String JSON = "application/json";

    private static Qanat qanat;

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.shared();
    }

    private static String pipeline(String name) {
        return """
                pipeline: %s
                sources: { drops: { type: files } }
                resources: [ { name: %s, source: drops, columns: { id: { type: integer, required: true }, name: text } } ]
                """
                .formatted(name, name);
    }

    private static Response trigger(String body) {
        return qanat.request().contentType(JSON).body(body).queryParam("wait", "PT30S").post("/trigger-job");
    }

    private static void isProblem(Response answer, int status, String code) {
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(status);
        assertThat(answer.contentType()).isEqualTo("application/problem+json");
        JsonPath problem = answer.jsonPath();
        assertThat(problem.getString("code")).isEqualTo(code);
        assertThat(problem.getInt("status")).isEqualTo(status);
        assertThat(problem.getString("title")).isNotBlank();
        assertThat(problem.getString("detail")).isNotBlank().doesNotContain("Exception", "dev.qanat", "io.vertx");
    }

    @Test
    void a_pipeline_is_created_found_unchanged_and_changed_in_numbered_versions() {
        String name = Qanat.newName("versions");

        Response created = qanat.upload(pipeline(name));
        assertThat(created.statusCode()).isEqualTo(201);
        assertThat(created.header("Location")).isEqualTo("/configs/" + name + "/versions/1");
        assertThat(created.jsonPath().getString("pipeline")).isEqualTo(name);
        assertThat(created.jsonPath().getInt("version")).isEqualTo(1);
        assertThat(created.jsonPath().getString("sha256")).matches("[0-9a-f]{64}");
        assertThat(created.jsonPath().getBoolean("unchanged")).isFalse();

        Response same = qanat.upload(pipeline(name));
        assertThat(same.statusCode()).isEqualTo(200);
        assertThat(same.jsonPath().getBoolean("unchanged")).isTrue();
        assertThat(same.jsonPath().getInt("version")).isEqualTo(1);
        assertThat(same.jsonPath().getString("sha256")).isEqualTo(created.jsonPath().getString("sha256"));

        Response changed = qanat.upload(pipeline(name) + "description: more\n");
        assertThat(changed.statusCode()).isEqualTo(201);
        assertThat(changed.header("Location")).isEqualTo("/configs/" + name + "/versions/2");
        assertThat(changed.jsonPath().getList("changes")).isNotEmpty();
    }

    @Test
    void a_pipeline_may_come_in_any_body_that_holds_its_text() throws Exception {
        String name = Qanat.newName("bodies");
        String yaml = pipeline(name) + "# " + "long enough for the limits of forms ".repeat(300) + "\n";
        byte[] bytes = yaml.getBytes(StandardCharsets.UTF_8);
        qanat.pipeline(yaml);

        for (String type : List.of("application/yaml", "text/yaml", "text/plain", "application/octet-stream", FORM)) {
            HttpResponse<String> answer = send("POST", "/upload-config", type, yaml);
            assertThat(answer.statusCode()).as(type + answer.body()).isEqualTo(200);
        }
        assertThat(send("POST", "/upload-config", null, yaml).statusCode()).isEqualTo(200);
        Response file = qanat.request().multiPart("file", "any.yaml", bytes, "application/yaml").post("/upload-config");
        assertThat(file.statusCode()).as(file.asString()).isEqualTo(200);
        Response field = qanat.request().multiPart("file", yaml).post("/upload-config");
        assertThat(field.statusCode()).as(field.asString()).isEqualTo(200);
        assertThat(qanat.upload("\uFEFF" + yaml).statusCode()).as("with a byte order mark").isEqualTo(200);
    }

    @Test
    void a_pipeline_that_is_not_valid_is_refused_with_all_its_problems_and_not_stored() {
        String name = Qanat.newName("refused");

        Response answer = qanat.upload("""
                pipeline: %s
                sources: { drops: { type: files } }
                resources:
                  - name: sales
                    sauce: drops
                    columns: { price: money }
                """.formatted(name));

        isProblem(answer, 422, "invalid_pipeline");
        List<Map<String, Object>> errors = answer.jsonPath().getList("errors");
        assertThat(errors).extracting(error -> error.get("line") + " " + error.get("code")).contains("5 unknown_key");
        assertThat(errors).hasSize(2).allSatisfy(error ->
                assertThat(error).containsOnlyKeys("line", "column", "path", "code", "message"));
        isProblem(trigger("{\"pipeline\": \"%s\"}".formatted(name)), 404, "unknown_pipeline");
    }

    @Test
    void a_body_that_is_no_yaml_is_refused_with_its_place() {
        Response answer = qanat.upload("pipeline: x\n  sources: [\n");

        isProblem(answer, 400, "not_yaml");
        assertThat(answer.jsonPath().getInt("errors[0].line")).isEqualTo(2);
        isProblem(qanat.upload(""), 400, "not_yaml");
        isProblem(
                qanat.request().contentType("application/yaml").body(new byte[] {(byte) 0xFF, 0x61}).post("/upload-config"),
                400,
                "not_yaml");
    }

    @Test
    void a_body_that_is_too_large_is_refused_and_the_connection_can_be_used_further() throws Exception {
        isProblem(qanat.upload("# " + "x".repeat(2 << 20)), 413, "body_too_large");
        for (String path : List.of("/upload-config", "/trigger-job")) {
            HttpResponse<String> answer = send("POST", path, "application/yaml", "x".repeat((10 << 20) + 1));
            assertThat(answer.statusCode()).isEqualTo(413);
            assertThat(answer.headers().firstValue("content-type")).contains("application/problem+json");
            assertThat(answer.body()).contains("\"code\":\"body_too_large\"");
        }
    }

    @Test
    void a_job_for_an_empty_folder_succeeds_with_zeros() {
        String name = Qanat.newName("nothing");
        qanat.pipeline(pipeline(name));

        Response answer = trigger("{\"pipeline\": \"%s\"}".formatted(name));

        assertThat(answer.statusCode()).isEqualTo(202);
        assertThat(answer.jsonPath().getList("runs.status")).containsExactly("succeeded");
        JsonPath run = qanat.awaitRun(name);
        assertThat(run.getInt("id")).isEqualTo(answer.jsonPath().getInt("runs[0].id"));
        assertThat(run.getString("trigger")).isEqualTo("api");
        assertThat(run.getInt("config_version")).isEqualTo(1);
        for (String count : List.of("read", "inserted", "updated", "unchanged", "duplicate", "filtered", "rejected", "bytes")) {
            assertThat(run.getInt(count)).as(count).isZero();
        }
        assertThat(run.getList("files")).isEmpty();
        assertThat(run.getString("error")).isNull();
    }

    @Test
    void a_job_without_a_body_is_for_every_pipeline() {
        String one = Qanat.newName("every");
        String other = Qanat.newName("every");
        qanat.pipeline(pipeline(one));
        qanat.pipeline(pipeline(other));

        Response answer = qanat.request().post("/trigger-job");

        assertThat(answer.statusCode()).isEqualTo(202);
        assertThat(answer.jsonPath().getList("runs.pipeline")).contains(one, other);
    }

    @Test
    void a_job_loads_what_lies_there_and_waits_for_the_end_when_asked_to() throws Exception {
        String name = Qanat.newName("job");
        qanat.pipeline(pipeline(name));
        qanat.drop(name, "a.csv", "id,name\n1,a\n");
        qanat.drop(name, "b.csv", "id,name\n2,b\nx,c\n");

        // As curl -d sends it.
        HttpResponse<String> answer = send("POST", "/trigger-job?wait=PT30S", FORM, "{\"pipeline\": \"%s\"}".formatted(name));

        assertThat(answer.statusCode()).isEqualTo(202);
        JsonPath runs = new JsonPath(answer.body());
        assertThat(runs.getList("runs.pipeline")).containsOnly(name).hasSize(2);
        assertThat(runs.getList("runs.status")).containsExactly("succeeded", "succeeded");
    }

    @Test
    void a_job_is_for_the_named_resources_only() throws Exception {
        String name = Qanat.newName("chosen");
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files, on_success: keep, watch: PT1H } }
                resources:
                  - { name: %1$s_a, files: { glob: "a*" } }
                  - { name: %1$s_b, files: { glob: "b*" } }
                """.formatted(name));
        qanat.drop(name, "a.csv", "id\n1\n");
        qanat.drop(name, "b.csv", "id\n1\n");

        Response answer = trigger("{\"pipeline\": \"%1$s\", \"resources\": [\"%1$s_b\"]}".formatted(name));

        assertThat(answer.jsonPath().getList("runs.status")).containsExactly("succeeded");
        int id = answer.jsonPath().getInt("runs[0].id");
        JsonPath run = qanat.request().get("/runs/" + id).jsonPath();
        assertThat(run.getString("files[0].name")).isEqualTo("b.csv");
        assertThat(run.getString("resources[0].resource")).isEqualTo(name + "_b");
    }

    @Test
    void a_job_for_what_does_not_exist_is_refused() {
        String name = Qanat.newName("known");
        qanat.pipeline(pipeline(name));

        isProblem(trigger("{\"pipeline\": \"unknown_to_all\"}"), 404, "unknown_pipeline");
        isProblem(trigger("{\"pipeline\": \"%s\", \"resources\": [\"x\"]}".formatted(name)), 404, "unknown_resource");
        isProblem(trigger("{\"pipeline\": "), 400, "invalid_request");
        isProblem(trigger("{\"pipelin\": \"%s\"}".formatted(name)), 400, "invalid_request");
        assertThat(qanat.runs(name)).isEmpty();
    }

    @Test
    void runs_are_listed_newest_first_by_pipeline_and_status_page_by_page() {
        String name = Qanat.newName("pages");
        qanat.pipeline(pipeline(name));
        for (int i = 0; i < 5; i++) {
            trigger("{\"pipeline\": \"%s\"}".formatted(name));
        }

        List<Integer> paged = new ArrayList<>();
        String next = null;
        int pages = 0;
        do {
            var request = qanat.request().queryParam("pipeline", name).queryParam("limit", 2);
            JsonPath page = (next == null ? request : request.queryParam("after", next)).get("/runs").jsonPath();
            paged.addAll(page.getList("items.id"));
            next = page.getString("next");
            pages++;
        } while (next != null && pages < 10);

        assertThat(pages).isEqualTo(3);
        assertThat(paged).hasSize(5).isSortedAccordingTo((a, b) -> b - a).doesNotHaveDuplicates();
        var named = qanat.request().queryParam("pipeline", name);
        assertThat(named.queryParam("status", "failed").get("/runs").jsonPath().getList("items")).isEmpty();
        var byStatus = qanat.request().queryParam("pipeline", name).queryParam("status", "succeeded");
        assertThat(byStatus.get("/runs").jsonPath().getList("items")).hasSize(5);
    }

    @Test
    void a_limit_beyond_a_thousand_is_capped() throws Exception {
        String name = Qanat.newName("capped");
        qanat.execute("""
                INSERT INTO qanat.run (pipeline, config_version, trigger, status, finished_at, landed_at)
                SELECT '%s', 1, 'api', 'succeeded', now(), now() FROM generate_series(1, 1001)""".formatted(name));

        for (String limit : List.of("1001", "99999999999999999999999")) {
            JsonPath page = qanat.request().queryParam("pipeline", name).queryParam("limit", limit).get("/runs").jsonPath();
            assertThat(page.getList("items")).hasSize(1000);
            assertThat(page.getString("next")).isNotNull();
        }
    }

    @Test
    void a_run_and_its_rejections_are_told_of_page_by_page() throws Exception {
        String name = Qanat.newName("rejected");
        qanat.pipeline(pipeline(name));

        JsonPath run = qanat.load(name, "r.csv", "id,name\n1,a\nx,b\n,c\n2.5,d\n5,e\n");

        long id = run.getLong("id");
        JsonPath told = qanat.request().get("/runs/" + id).jsonPath();
        assertThat(told.getString("status")).isEqualTo("succeeded");
        assertThat(told.getInt("read")).isEqualTo(5);
        assertThat(told.getInt("inserted")).isEqualTo(2);
        assertThat(told.getInt("rejected")).isEqualTo(3);
        assertThat(told.getInt("resources[0].rejected")).isEqualTo(3);
        assertThat(told.getString("files[0].status")).isEqualTo("loaded");
        assertThat(told.getString("started_at")).endsWith("Z");

        JsonPath first = qanat.request().queryParam("limit", 2).get("/runs/" + id + "/rejections").jsonPath();
        assertThat(first.getList("items.position")).containsExactly(3, 4);
        assertThat(first.getList("items.code")).containsExactly("type_mismatch", "required");
        Map<String, Object> rejection = first.getMap("items[0]");
        assertThat(rejection).containsOnlyKeys("id", "resource", "source", "position", "column", "code", "reason", "record");
        assertThat(rejection).containsEntry("resource", name).containsEntry("source", "r.csv").containsEntry("column", "id");
        JsonPath rest = qanat.request()
                .queryParam("limit", 2)
                .queryParam("after", first.getString("next"))
                .get("/runs/" + id + "/rejections")
                .jsonPath();
        assertThat(rest.getList("items.position")).containsExactly(5);
        assertThat(rest.getString("next")).isNull();
        isProblem(qanat.request().get("/runs/999999999"), 404, "unknown_run");
        isProblem(qanat.request().get("/runs/999999999/rejections"), 404, "unknown_run");
    }

    @Test
    void the_routes_are_listed_with_their_files() {
        List<Map<String, Object>> routes = qanat.request().queryParam("limit", 1000).get("/routes").jsonPath().getList("items");

        assertThat(routes).extracting(route -> route.get("id")).contains("load-file", "landing", "upload-config", "list-routes");
        assertThat(routes).filteredOn(route -> "load-file".equals(route.get("id"))).singleElement().satisfies(route -> {
            assertThat(route.get("file")).asString().endsWith("load-file.camel.yaml");
            assertThat(route).containsEntry("status", "started").containsKeys("exchanges", "failures", "last_error");
        });
    }

    @Test
    void health_is_told_to_probes_and_to_people() {
        assertThat(qanat.request().get("/q/health").jsonPath().getString("status")).isEqualTo("UP");
        assertThat(qanat.request().get("/q/health/ready").statusCode()).isEqualTo(200);
        assertThat(qanat.request().get("/q/health/live").statusCode()).isEqualTo(200);
        JsonPath health = qanat.request().get("/api/v1/health").jsonPath();
        assertThat(health.getString("status")).isEqualTo("UP");
        assertThat(health.getString("database")).isEqualTo("UP");
    }

    @Test
    void an_unknown_path_and_a_wrong_method_are_problems_too() {
        isProblem(qanat.request().get("/nope"), 404, "not_found");
        isProblem(qanat.request().get("/q/nope"), 404, "not_found");
        isProblem(qanat.request().post("/runs"), 405, "method_not_allowed");
        isProblem(qanat.request().get("/upload-config"), 405, "method_not_allowed");
        Response deletion = qanat.request().delete("/runs/1/rejections");
        isProblem(deletion, 405, "method_not_allowed");
        assertThat(deletion.header("Allow")).isEqualTo("GET, HEAD");
    }

    @Test
    void a_head_is_answered_as_a_get_without_its_body() {
        for (String path : List.of("/runs", "/runs/0", "/runs?limit=0", "/configs", "/routes", "/schedules", "/api/v1/health", "/keys", "/audit")) {
            Response get = qanat.request().get(path);
            Response head = qanat.request().head(path);
            assertThat(head.statusCode()).as(path).isEqualTo(get.statusCode());
            assertThat(head.contentType()).as(path).isEqualTo(get.contentType());
            assertThat(head.asString()).as(path).isEmpty();
        }
        String name = Qanat.newName("head");
        qanat.pipeline(pipeline(name));
        int run = trigger("{\"pipeline\": \"%s\"}".formatted(name)).jsonPath().getInt("runs[0].id");
        Response download = qanat.request().queryParam("format", "csv").head("/runs/" + run + "/rejections");
        assertThat(download.statusCode()).isEqualTo(200);
        assertThat(download.header("Content-Disposition")).contains("run-" + run + "-rejections.csv");
        assertThat(download.asString()).isEmpty();
    }

    @Test
    void the_routes_are_listed_page_by_page() {
        List<String> paged = new ArrayList<>();
        String next = null;
        do {
            var request = qanat.request().queryParam("limit", 7);
            JsonPath page = (next == null ? request : request.queryParam("after", next)).get("/routes").jsonPath();
            assertThat(page.getList("items")).hasSizeBetween(1, 7);
            paged.addAll(page.getList("items.id"));
            next = page.getString("next");
        } while (next != null && paged.size() < 1_000);

        assertThat(paged).isSorted().doesNotHaveDuplicates().hasSizeGreaterThan(20).contains("load-file", "upload-config");
        isProblem(qanat.request().queryParam("limit", "x").get("/routes"), 400, "invalid_request");
    }

    @Test
    void a_url_that_is_too_long_is_a_problem() {
        Response answer = qanat.request().queryParam("pipeline", "x".repeat(10_000)).get("/runs");
        isProblem(answer, 414, "invalid_request");
        assertThat(answer.jsonPath().getString("title")).isEqualTo("URI Too Long");
    }

    @Test
    void the_headers_of_a_request_do_not_come_back() {
        for (String path : List.of("/runs", "/runs/x", "/api/v1/health", "/nope")) {
            Response answer = qanat.request()
                    .header("X-Secret", "hunter2")
                    .header("CamelHttpResponseCode", "418")
                    .header("Cookie", "session=hunter2")
                    .get(path);
            assertThat(answer.headers().toString()).as(path).doesNotContain("hunter2", "Camel", "X-Secret");
            assertThat(answer.statusCode()).isNotEqualTo(418);
        }
    }

    @Test
    void a_malformed_request_is_answered_with_a_problem_and_never_with_an_error_of_the_server() throws IOException {
        List<String> cases = Files.readAllLines(Path.of("src/test/resources/http/malformed.txt"));
        List<String> wrong = new ArrayList<>();
        for (String line : cases) {
            if (!line.startsWith("#")) {
                String[] request = line.split(" ", 4);
                String answer = raw(request[0], request[1], request[2], request.length > 3 ? request[3] : "");
                int status = Integer.parseInt(answer.substring(9, 12));
                boolean problem = answer.contains("application/problem+json") && answer.contains("\"code\":");
                if (status < 400 || status >= 500 || !problem && isUri(request[1])) {
                    wrong.add(line + "\n    -> " + answer.replace("\r\n", " | "));
                }
            }
        }
        for (String path : List.of("/", "/upload-config", "/trigger-job", "/runs", "/runs/1", "/runs/1/rejections", "/routes", "/x")) {
            for (String method : List.of("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "X")) {
                String answer = raw(method, path, "-", "");
                if (!answer.startsWith("HTTP/1.1 404") && !answer.startsWith("HTTP/1.1 405")) {
                    wrong.add(method + " " + path + " -> " + answer.replace("\r\n", " | "));
                }
            }
        }
        assertThat(String.join("\n", wrong)).isEmpty();
        assertThat(qanat.request().get("/api/v1/health").statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"pipeline: x\r\n", "pipeline: x\r\n--x", "pipeline: x\r\n--x\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nmore"})
    void a_form_that_is_cut_off_is_answered_within_seconds(String rest) throws IOException {
        String form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.yaml\"\r\nContent-Type: application/yaml\r\n\r\n" + rest;
        for (String path : List.of("/upload-config", "/configs/plan")) {
            assertThat(raw("POST", path, "multipart/form-data; boundary=x", form)).startsWith("HTTP/1.1 4").contains("\"code\":");
        }
    }

    @Test
    void a_form_of_too_many_fields_is_refused_in_a_line_of_the_log_at_most() throws IOException {
        StringBuilder form = new StringBuilder();
        for (int i = 0; i < 600; i++) {
            form.append("--x\r\nContent-Disposition: form-data; name=\"f").append(i).append("\"; filename=\"a\"\r\n\r\nv\r\n");
        }
        int before = qanat.logText().split(" ERROR ", -1).length;
        assertThat(raw("POST", "/upload-config", "multipart/form-data; boundary=x", form + "--x--\r\n"))
                .startsWith("HTTP/1.1 400")
                .contains("\"code\":\"invalid_request\"");
        assertThat(qanat.logText().split(" ERROR ", -1).length).isLessThanOrEqualTo(before + 1);
    }

    @Test
    void a_form_that_comes_whole_is_not_taken_for_one_that_is_cut_off() throws Exception {
        String name = Qanat.newName("whole");
        String form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.yaml\"\r\n\r\n" + pipeline(name) + "\r\n--x--\r\n";
        assertThat(raw("POST", "/upload-config", "multipart/form-data; boundary=x", form)).startsWith("HTTP/1.1 201");
        assertThat(qanat.request().get("/configs/" + name).statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u00c3\u00a9", "localhost\u00ff", "\u0080:8080", "a%zz", "localhost:x"})
    void a_host_that_is_none_is_answered_at_once_and_the_connection_closed(String host) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", qanat.port())) {
            socket.setSoTimeout(5_000);
            socket.getOutputStream().write(("GET /runs HTTP/1.1\r\nHost: " + host + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 400").contains("\"code\":\"invalid_request\"").endsWith("}");
        }
    }

    /** What is none is answered with a bare 400 by Quarkus, before anything that could say more. */
    private static boolean isUri(String target) {
        try {
            URI.create(target);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static HttpResponse<String> send(String method, String path, String type, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://localhost:" + qanat.port() + path))
                .method(method, HttpRequest.BodyPublishers.ofString(body));
        if (type != null) {
            request.header("Content-Type", type);
        }
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /** A request as it stands, which no client would send; the answer as it stands. */
    private static String raw(String method, String target, String type, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        String head = method + " " + target + " HTTP/1.1\r\nHost: localhost:" + qanat.port() + "\r\nConnection: close\r\n"
                + (type.equals("-") ? "" : "Content-Type: " + type + "\r\n") + "Content-Length: " + bytes.length + "\r\n\r\n";
        try (Socket socket = new Socket("127.0.0.1", qanat.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(head.getBytes(StandardCharsets.UTF_8));
            socket.getOutputStream().write(bytes);
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void a_page_of_large_rejections_ends_early_and_says_that_there_are_more() throws Exception {
        String name = keyed();
        long run = qanat.load(name, "a.csv", "id\n1\n").getLong("id");
        qanat.execute("""
                INSERT INTO qanat.rejection (run_id, resource, source, position, code, reason, record)
                SELECT %d, 'big', 'big.csv', n, 'type_mismatch', 'big', repeat(chr(1080), 32768) FROM generate_series(1, 999) AS n"""
                .formatted(run));
        try {
            List<Integer> positions = new ArrayList<>();
            String after = "0";
            while (after != null) {
                Response page = qanat.request().queryParam("limit", 1000).queryParam("after", after).get("/runs/" + run + "/rejections");
                assertThat(page.statusCode()).isEqualTo(200);
                assertThat(page.jsonPath().getList("items")).hasSizeBetween(1, 16);
                positions.addAll(page.jsonPath().getList("items.position", Integer.class));
                after = page.jsonPath().getString("next");
            }
            assertThat(positions).isEqualTo(IntStream.rangeClosed(1, 999).boxed().toList());
        } finally {
            qanat.execute("DELETE FROM qanat.rejection WHERE run_id = " + run);
        }
    }

    @Test
    void a_trigger_sent_again_with_its_key_queues_nothing_more() {
        String name = keyed();
        String key = name + "-1";
        long first = trigger(name, key);
        assertThat(trigger(name, key)).isEqualTo(first);
        assertThat(trigger(name, key + "-other")).isNotEqualTo(first);
    }

    @Test
    void requests_with_one_key_at_once_queue_one_run() throws Exception {
        String name = keyed();

        List<Long> runs = IntStream.range(0, 8).parallel().mapToObj(i -> trigger(name, name)).distinct().toList();

        assertThat(runs).hasSize(1);
        assertThat(qanat.runs(name)).hasSize(1);
    }

    @Test
    void a_key_that_a_killed_process_left_without_runs_is_taken_by_one_request() throws Exception {
        String name = keyed();
        qanat.execute("INSERT INTO qanat.trigger_key (key, runs) VALUES ('" + name + "', '{}')");

        List<Long> runs = IntStream.range(0, 5).parallel().mapToObj(i -> trigger(name, name)).distinct().toList();

        assertThat(runs).hasSize(1);
        assertThat(qanat.runs(name)).hasSize(1);
    }

    @Test
    void requests_with_one_key_queue_nothing_while_the_first_waits_for_the_database() throws Exception {
        String name = keyed();
        ExecutorService clients = Executors.newFixedThreadPool(4);
        List<Future<Response>> answers;
        try (Connection holder = qanat.database();
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("LOCK TABLE qanat.run");
            answers = IntStream.range(0, 4).mapToObj(i -> clients.submit(() -> triggered(name, name))).toList();
            qanat.await("three are sent away", () -> answers.stream().filter(Future::isDone).count() == 3);
        } finally {
            clients.shutdown();
        }

        List<Response> all = new ArrayList<>();
        for (Future<Response> answer : answers) {
            all.add(answer.get());
        }
        assertThat(all).extracting(Response::statusCode).containsExactlyInAnyOrder(202, 409, 409, 409);
        assertThat(all).filteredOn(answer -> answer.statusCode() == 409).allSatisfy(answer -> {
            assertThat(answer.jsonPath().getString("code")).isEqualTo("idempotency_key_in_use");
            assertThat(answer.header("Retry-After")).isEqualTo("2");
        });
        assertThat(trigger(name, name)).isEqualTo(qanat.runs(name).get(0).getLong("id"));
        assertThat(qanat.runs(name)).hasSize(1);
    }

    @Test
    void a_request_that_is_refused_leaves_its_key_free() throws Exception {
        String name = Qanat.newName("key");
        assertThat(triggered(name, name).statusCode()).isEqualTo(404);
        keyed(name);
        assertThat(triggered(name, name).statusCode()).isEqualTo(202);
    }

    @Test
    void a_key_is_for_one_request_for_seven_days() throws Exception {
        String name = keyed();
        long first = trigger(name, name);

        Response other = qanat.request()
                .header("Idempotency-Key", name)
                .body("{\"pipeline\": \"" + name + "\", \"full_refresh\": true}")
                .post("/trigger-job");
        assertThat(other.statusCode()).isEqualTo(422);
        assertThat(other.jsonPath().getString("code")).isEqualTo("idempotency_key_reused");
        assertThat(qanat.request()
                        .header("Idempotency-Key", name)
                        .body("{\"full_refresh\": false, \"resources\": [], \"pipeline\": \"" + name + "\"}")
                        .post("/trigger-job")
                        .jsonPath()
                        .getLong("runs[0].id"))
                .isEqualTo(first);

        qanat.execute("UPDATE qanat.trigger_key SET created_at = now() - interval '8 days' WHERE key = '" + name + "'");
        assertThat(trigger(name, name + "-other")).isNotEqualTo(first);
        assertThat(qanat.value("SELECT count(*) FROM qanat.trigger_key WHERE key = '" + name + "'")).isEqualTo("0");
        assertThat(trigger(name, name)).isNotEqualTo(first);
    }

    private static String keyed() {
        String name = Qanat.newName("key");
        keyed(name);
        return name;
    }

    private static void keyed(String name) {
        qanat.pipeline("pipeline: " + name + "\nsources: { drops: { type: files } }\nresources: [ { name: " + name + " } ]\n");
    }

    private static long trigger(String pipeline, String key) {
        return triggered(pipeline, key).jsonPath().getLong("runs[0].id");
    }

    private static Response triggered(String pipeline, String key) {
        return qanat.request()
                .header("Idempotency-Key", key)
                .contentType("application/json")
                .body("{\"pipeline\": \"" + pipeline + "\"}")
                .post("/trigger-job");
    }
}
