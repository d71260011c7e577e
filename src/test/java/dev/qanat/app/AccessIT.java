package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Who may do what, with keys: every path of the contract against every role and none, and what the answers tell of it. */
class AccessIT {

    private static final String KEY = "the key of the environment";
    private static final String ORIGIN = "https://console.example.com";
    private static final List<String> ROLES = List.of("public", "viewer", "operator", "admin");
    private static final Path CASES = Path.of("src/test/resources/http/access.txt");
    private static final AtomicInteger ADDRESSES = new AtomicInteger();

    private static final String VIEWER_KEY = "a-key-for-monitoring";

    private static Qanat qanat;
    private static String viewer;
    private static String operator;
    private static String admin;
    private static String revoked;

    private record Case(String method, String path, String role) {}

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.fresh("access");
        qanat.with("QANAT_API_KEY", KEY)
                .with("QANAT_VIEWER_KEY", VIEWER_KEY)
                .with("QANAT_ACCESS", "GET /my/viewed=viewer, /my/hook/*=public, /my/open=public")
                .with("QANAT_CORS_ORIGINS", ORIGIN + ", http://localhost:3000")
                // Tests may so have an address of their own.
                .with("QUARKUS_HTTP_PROXY_PROXY_ADDRESS_FORWARDING", "true")
                .with("QANAT_ROUTES", routes(qanat.home().resolve("routes")).toString())
                .start();
        viewer = make(KEY, "ann", "viewer").getString("key");
        operator = make(KEY, "bob", "operator").getString("key");
        admin = make(KEY, "eve", "admin").getString("key");
        JsonPath gone = make(admin, "gone", "admin");
        revoked = gone.getString("key");
        assertThat(with(revoked).get("/keys").statusCode()).isEqualTo(200);
        assertThat(with(admin).delete("/keys/" + gone.getLong("id")).statusCode()).isEqualTo(204);
    }

    @AfterAll
    static void stop() {
        if (qanat != null) {
            qanat.close();
        }
    }

    /** The routes of the project, and a user's beside them. */
    static Path routes(Path folder) throws IOException {
        Path source = Path.of("routes");
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = folder.resolve(source.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
        Files.writeString(folder.resolve("my.camel.yaml"), """
                - route:
                    id: my-closed
                    from: { uri: "platform-http:/my/closed", steps: [ { setBody: { constant: mine } } ] }
                - route:
                    id: my-viewed
                    from: { uri: "platform-http:/my/viewed", steps: [ { setBody: { constant: mine } } ] }
                - route:
                    id: my-hook
                    from: { uri: "platform-http:/my/hook/{name}", steps: [ { setBody: { constant: mine } } ] }
                - route:
                    id: my-seen
                    from: { uri: "platform-http:/my/seen", steps: [ { to: direct:seen } ] }
                - route:
                    id: my-open
                    from: { uri: "platform-http:/my/open", steps: [ { to: direct:seen } ] }
                - route:
                    id: my-echo
                    from:
                      uri: direct:seen
                      steps: [ { setBody: { simple: "key: ${header.X-API-Key}authorization: ${header.Authorization}" } } ]
                - route:
                    id: my-broken
                    from: { uri: "platform-http:/my/broken", steps: [ { throwException: { message: hidden, exceptionType: java.lang.IllegalStateException } } ] }
                """);
        return folder;
    }

    static JsonPath make(String key, String name, String role) {
        Response made = with(key).contentType("application/json")
                .body("{\"name\": \"" + name + "\", \"role\": \"" + role + "\"}")
                .post("/keys");
        assertThat(made.statusCode()).as(made.asString()).isEqualTo(201);
        return made.jsonPath();
    }

    private static RequestSpecification with(String key) {
        return qanat.request().header("X-API-Key", key);
    }

    private static List<Case> cases() throws IOException {
        return Files.readAllLines(CASES).stream()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.split(" "))
                .map(cells -> new Case(cells[0], cells[1], cells[2]))
                .flatMap(each -> each.method.equals("GET") ? Stream.of(each, new Case("HEAD", each.path, each.role)) : Stream.of(each))
                .toList();
    }

    @Test
    void every_path_and_method_is_for_the_roles_that_the_contract_says_and_for_no_other() throws IOException {
        Map<String, String> keys = new LinkedHashMap<>();
        keys.put("viewer", viewer);
        keys.put("operator", operator);
        keys.put("admin", admin);
        keys.put("environment", KEY);
        keys.put("none", "");
        keys.put("wrong", viewer.substring(0, viewer.length() - 1) + (viewer.endsWith("A") ? "B" : "A"));
        keys.put("revoked", revoked);
        List<String> wrong = new ArrayList<>();
        int asked = 0;
        for (Case each : cases()) {
            for (Map.Entry<String, String> key : keys.entrySet()) {
                String role = key.getKey().equals("environment") ? "admin" : key.getKey();
                int rank = Math.max(0, ROLES.indexOf(role));
                String answer = raw(each.method, each.path, "X-API-Key: " + key.getValue() + "\r\nX-Forwarded-For: " + newAddress() + "\r\n");
                String expected = rank >= ROLES.indexOf(each.role) ? "an answer" : rank == 0 ? "401" : "403";
                String status = answer.substring(9, 12);
                boolean refused = List.of("401", "403", "429").contains(status);
                boolean right = expected.equals("an answer")
                        ? !refused && !status.startsWith("5")
                        : status.equals(expected)
                                && (each.method.equals("HEAD")
                                        || answer.contains(expected.equals("401") ? "\"code\":\"unauthorized\"" : "\"code\":\"forbidden\""));
                if (!right) {
                    wrong.add(each + " as " + key.getKey() + ": expected " + expected + ", got " + answer.replace("\r\n", " | "));
                }
                asked++;
            }
        }
        assertThat(String.join("\n", wrong)).isEmpty();
        assertThat(asked).isGreaterThan(400);
    }

    /** One that no request came from, so that none is slowed down by those before. */
    private static String newAddress() {
        int number = ADDRESSES.incrementAndGet();
        return "198." + (18 + number / 65_536) + "." + number / 256 % 256 + "." + number % 256;
    }

    @Test
    void the_viewers_key_of_the_environment_reads_and_no_more() {
        assertThat(with(VIEWER_KEY).get("/runs").statusCode()).isEqualTo(200);
        assertThat(with(VIEWER_KEY).post("/trigger-job").statusCode()).isEqualTo(403);
    }

    @Test
    void every_route_of_the_project_is_among_the_cases() throws IOException {
        Pattern endpoint = Pattern.compile("uri: platform-http:(/\\S+)\\s+parameters: \\{ httpMethodRestrict: \"?([A-Z,]+)");
        List<Case> cases = cases();
        List<String> missing = new ArrayList<>();
        int found = 0;
        try (Stream<Path> files = Files.walk(Path.of("routes"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Matcher routes = endpoint.matcher(Files.readString(file));
                while (routes.find()) {
                    found++;
                    String pattern = routes.group(1).replaceAll("\\{[^}]+}", "[^/]+");
                    for (String method : routes.group(2).split(",")) {
                        if (cases.stream().noneMatch(each -> each.method.equals(method) && each.path.matches(pattern))) {
                            missing.add(method + " " + routes.group(1));
                        }
                    }
                }
            }
        }
        assertThat(missing).isEmpty();
        assertThat(found).isGreaterThanOrEqualTo(20);
    }

    @Test
    void a_closed_path_tells_a_viewer_as_much_as_one_that_leads_nowhere() {
        Response closed = with(viewer).get("/my/closed");
        Response nowhere = with(viewer).get("/my/nowhere");

        assertThat(closed.statusCode()).isEqualTo(403);
        assertThat(nowhere.asString()).isEqualTo(closed.asString());
        assertThat(with(admin).get("/my/closed").asString()).isEqualTo("mine");
        assertThat(with(viewer).get("/my/viewed").asString()).isEqualTo("mine");
        assertThat(qanat.request().get("/my/hook/x").asString()).isEqualTo("mine");
        assertThat(with(admin).get("/my/nowhere").jsonPath().getString("code")).isEqualTo("not_found");
    }

    @Test
    void no_route_sees_a_key_nor_sends_it_back() {
        for (String path : List.of("/my/open", "/my/seen")) {
            for (String scheme : List.of("Bearer ", "bearer ", "BEARER  ")) {
                Response answer = with(admin).header("Authorization", scheme + admin).get(path);
                assertThat(answer.asString()).as(path).isEqualTo("key: authorization: ");
                assertThat(answer.headers().toString()).as(path).doesNotContain(admin);
            }
        }
        assertThat(with(admin).header("Authorization", "Basic dTpw").get("/my/seen").asString()).isEqualTo("key: authorization: ");
        assertThat(qanat.request().header("Authorization", "Basic dTpw").get("/my/open").asString())
                .as("credentials of the route's own")
                .isEqualTo("key: authorization: Basic dTpw");
        assertThat(qanat.request().header("Authorization", "Bearer a token of another").get("/my/open").asString())
                .isEqualTo("key: authorization: ");
    }

    @Test
    void a_key_is_shown_once_and_kept_as_a_hash() throws Exception {
        JsonPath made = make(admin, "once", "viewer");
        String key = made.getString("key");
        long id = made.getLong("id");
        assertThat(made.getString("created_by")).isEqualTo("eve");
        assertThat(key).startsWith(made.getString("prefix") + "_").hasSize(58);

        assertThat(with(key).get("/runs").statusCode()).isEqualTo(200);
        qanat.await("its use is noted", () -> item(id).get("last_used_at") != null);
        Response list = with(admin).get("/keys");
        assertThat(list.asString()).doesNotContain(key, key.substring(15)).contains(made.getString("prefix"));
        assertThat(item(id))
                .containsEntry("name", "once")
                .containsEntry("role", "viewer")
                .containsEntry("revoked_at", null)
                .containsOnlyKeys("id", "name", "role", "prefix", "created_at", "created_by", "last_used_at", "revoked_at");
        assertThat(qanat.value("SELECT to_jsonb(k)::text FROM qanat.api_key k WHERE id = " + id)).doesNotContain(key.substring(15));

        assertThat(with(admin).delete("/keys/" + id).statusCode()).isEqualTo(204);
        assertThat(with(key).get("/runs").statusCode()).isEqualTo(401);
        assertThat(with(admin).delete("/keys/" + id).statusCode()).as("again").isEqualTo(204);
        assertThat(item(id).get("revoked_at")).isNotNull();
    }

    private static Map<String, Object> item(long id) {
        List<Map<String, Object>> items = with(admin).queryParam("limit", 1000).get("/keys").jsonPath().getList("items");
        return items.stream().filter(item -> ((Number) item.get("id")).longValue() == id).findFirst().orElseThrow();
    }

    @Test
    void keys_are_listed_page_by_page_and_bad_ones_are_refused() {
        JsonPath first = with(admin).queryParam("limit", 1).get("/keys").jsonPath();
        JsonPath second = with(admin).queryParam("limit", 1).queryParam("after", first.getString("next")).get("/keys").jsonPath();
        assertThat(first.getList("items.id")).hasSize(1);
        assertThat(second.getLong("items[0].id")).isLessThan(first.getLong("items[0].id"));

        for (String body : List.of("", "[]", "{", "{}", "{\"name\":\"a\"}", "{\"role\":\"viewer\"}", "{\"name\":\"\",\"role\":\"viewer\"}",
                "{\"name\":\"a\",\"role\":\"public\"}", "{\"name\":\"a\",\"role\":\"ADMIN\"}", "{\"name\":1,\"role\":\"viewer\"}",
                "{\"name\":\"a\\nb\",\"role\":\"viewer\"}", "{\"name\":\"a\\u0000\",\"role\":\"viewer\"}",
                "{\"name\":\"local\",\"role\":\"viewer\"}", "{\"name\":\"" + "x".repeat(101) + "\",\"role\":\"viewer\"}",
                "{\"name\":\"a\",\"role\":\"viewer\",\"key\":\"mine\"}")) {
            Response answer = with(admin).contentType("application/json").body(body).post("/keys");
            assertThat(answer.statusCode()).as(body).isEqualTo(400);
            assertThat(answer.jsonPath().getString("code")).isEqualTo("invalid_request");
        }
        for (String id : List.of("0", "x", "999999999999999999", "99999999999999999999")) {
            Response answer = with(admin).delete("/keys/" + id);
            assertThat(answer.statusCode()).as(id).isEqualTo(404);
            assertThat(answer.jsonPath().getString("code")).isEqualTo("unknown_api_key");
        }
    }

    @Test
    void a_version_is_by_the_name_of_the_key_and_no_parameter_can_say_otherwise() {
        String name = Qanat.newName("by_key");
        String yaml = "pipeline: %s\nsources: { drops: { type: files } }\nresources: [ { name: %s } ]\n".formatted(name, name);

        Response answer = with(admin)
                .header("CamelVertxPlatformHttpAuthenticatedUser", "mallory")
                .queryParam("CamelVertxPlatformHttpAuthenticatedUser", "mallory")
                .contentType("application/yaml")
                .body(yaml.getBytes(StandardCharsets.UTF_8))
                .post("/upload-config");

        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(201);
        assertThat(with(viewer).get("/configs/" + name).jsonPath().getString("by")).isEqualTo("eve");
    }

    @Test
    void the_pages_of_the_description_open_for_a_browser_and_ask_for_a_key() {
        for (RequestSpecification request : List.of(qanat.request(), with(viewer), qanat.request().header("Authorization", "Bearer " + viewer))) {
            Response page = request.get("/docs");
            assertThat(page.statusCode()).as(page.asString()).isEqualTo(200);
            assertThat(page.contentType()).startsWith("text/html");
            assertThat(page.asString()).contains("SwaggerUIBundle", "requestInterceptor: async request => { if (request.loadSpec");
            Response other = request.get("/redoc");
            assertThat(other.statusCode()).as(other.asString()).isEqualTo(200);
            assertThat(other.asString()).contains("Redoc.init", "prompt('API key')");
        }
        assertThat(qanat.request().get("/q/openapi").statusCode()).isEqualTo(401);
    }

    @Test
    void a_key_may_come_as_a_bearer_as_well_and_nothing_else_is_one() {
        assertThat(qanat.request().header("Authorization", "Bearer " + viewer).get("/runs").statusCode()).isEqualTo(200);
        assertThat(qanat.request().header("authorization", "bearer  " + viewer).get("/runs").statusCode()).isEqualTo(200);
        String address = newAddress();
        for (String header : List.of("Basic " + viewer, viewer, "Bearer", "Bearer " + viewer + "x")) {
            Response answer = qanat.request().header("Authorization", header).header("X-Forwarded-For", address).get("/runs");
            assertThat(answer.statusCode()).as(header).isEqualTo(401);
            assertThat(answer.header("WWW-Authenticate")).isEqualTo("Bearer realm=\"qanat\"");
        }
        assertThat(qanat.request().queryParam("X-API-Key", viewer).get("/runs").statusCode()).isEqualTo(401);
    }

    @Test
    void wrong_keys_are_answered_ever_later_and_then_not_at_all_for_a_minute() throws Exception {
        String address = newAddress();
        assertThat(from(address, viewer)).isEqualTo(200);
        long begun = System.nanoTime();
        for (int i = 0; i < 9; i++) {
            assertThat(from(address, "wrong" + i)).isEqualTo(401);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThanOrEqualTo(Duration.ofMillis(50 + 100 + 200 + 400));
        List<Integer> more = IntStream.range(0, 40).parallel().mapToObj(i -> from(address, "wrong too " + i)).toList();
        assertThat(more).contains(401, 429);

        Response blocked = with(operator).header("X-Forwarded-For", address).get("/runs");
        assertThat(blocked.statusCode()).isEqualTo(429);
        assertThat(blocked.jsonPath().getString("code")).isEqualTo("too_many_attempts");
        assertThat(Integer.parseInt(blocked.header("Retry-After"))).isBetween(1, 60);
        assertThat(from(address, viewer)).as("it was right here before").isEqualTo(200);
        assertThat(from(newAddress(), operator)).as("another address").isEqualTo(200);
        long asked = System.nanoTime();
        assertThat(qanat.request().header("X-Forwarded-For", address).get("/q/health/live").statusCode()).isEqualTo(200);
        assertThat(Duration.ofNanos(System.nanoTime() - asked)).isLessThan(Duration.ofSeconds(1));
    }

    private static int from(String address, String key) {
        return with(key).header("X-Forwarded-For", address).get("/runs").statusCode();
    }

    @Test
    void pages_of_the_configured_origins_may_read_every_answer_and_others_none() {
        Map<String, Response> answers = new LinkedHashMap<>();
        answers.put("a route's", with(viewer).header("Origin", ORIGIN).get("/runs"));
        answers.put("a problem of a route", with(viewer).header("Origin", ORIGIN).get("/runs/0"));
        answers.put("a user's route", with(admin).header("Origin", ORIGIN).get("/my/closed"));
        answers.put("none", qanat.request().header("Origin", ORIGIN).get("/runs"));
        answers.put("forbidden", with(viewer).header("Origin", ORIGIN).get("/keys"));
        answers.put("not found", with(admin).header("Origin", ORIGIN).get("/nope"));
        answers.put("not allowed", with(admin).header("Origin", ORIGIN).post("/runs"));
        answers.put("too large", with(admin).header("Origin", ORIGIN).body(new byte[(10 << 20) + 1]).post("/upload-config"));
        answers.put("health", qanat.request().header("Origin", "http://localhost:3000").get("/q/health"));
        answers.forEach((name, answer) -> {
            assertThat(answer.headers().getValues("Access-Control-Allow-Origin"))
                    .as(name)
                    .containsExactly(name.equals("health") ? "http://localhost:3000" : ORIGIN);
            assertThat(String.join(",", answer.headers().getValues("Vary")).toLowerCase()).as(name).contains("origin");
            assertThat(answer.header("Access-Control-Expose-Headers")).as(name).contains("Location");
        });
        assertThat(answers.values().stream().map(Response::statusCode)).containsExactly(200, 404, 200, 401, 403, 404, 405, 413, 200);

        for (String origin : List.of("https://evil.example", ORIGIN + ".evil.example", "http://console.example.com", "null")) {
            Response other = with(viewer).header("Origin", origin).get("/runs");
            assertThat(other.statusCode()).isEqualTo(200);
            assertThat(other.header("Access-Control-Allow-Origin")).as(origin).isNull();
            assertThat(other.header("Vary").toLowerCase()).contains("origin");
            Response preflight = preflight(origin);
            assertThat(preflight.statusCode()).as(origin).isEqualTo(401);
            assertThat(preflight.header("Access-Control-Allow-Origin")).as(origin).isNull();
        }
    }

    private static Response preflight(String origin) {
        return qanat.request()
                .header("Origin", origin)
                .header("Access-Control-Request-Method", "POST")
                .header("Access-Control-Request-Headers", "x-api-key,content-type")
                .options("/trigger-job");
    }

    @Test
    void a_preflight_is_answered_without_a_key() {
        Response preflight = preflight(ORIGIN);
        assertThat(preflight.statusCode()).isEqualTo(204);
        assertThat(preflight.header("Access-Control-Allow-Origin")).isEqualTo(ORIGIN);
        assertThat(preflight.header("Access-Control-Allow-Methods")).contains("POST", "DELETE");
        assertThat(preflight.header("Access-Control-Allow-Headers")).isEqualTo("x-api-key,content-type");
        assertThat(preflight.header("Access-Control-Allow-Credentials")).isNull();
    }

    @Test
    void every_answer_has_the_headers_for_browsers_once_and_tells_nothing_of_the_server() {
        List<Response> answers = List.of(
                with(viewer).get("/runs"),
                with(viewer).get("/runs/0"),
                qanat.request().get("/runs"),
                with(viewer).get("/keys"),
                with(admin).get("/nope"),
                with(admin).delete("/runs"),
                with(admin).get("/my/closed"),
                with(admin).get("/my/broken"),
                with(admin).body(new byte[(10 << 20) + 1]).post("/upload-config"),
                with(admin).urlEncodingEnabled(false).get("/runs/%00"),
                qanat.request().get("/q/health/ready"));
        assertThat(answers).extracting(Response::statusCode).containsExactly(200, 404, 401, 403, 404, 405, 200, 500, 413, 400, 200);
        for (Response answer : answers) {
            String shown = answer.statusLine() + "\n" + answer.headers() + "\n" + answer.asString();
            Map.of(
                            "X-Content-Type-Options", "nosniff",
                            "X-Frame-Options", "DENY",
                            "Referrer-Policy", "no-referrer",
                            "Cache-Control", "no-store",
                            "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
                    .forEach((name, value) -> assertThat(answer.headers().getValues(name)).as(shown).containsExactly(value));
            assertThat(answer.headers().getValues("Content-Type")).as(shown).hasSizeLessThan(2);
            assertThat(answer.headers().getValues("Server")).as(shown).isEmpty();
            assertThat(shown).doesNotContain(admin, "hidden", "Exception", "\tat ", "0.1.0", "Quarkus", "Vert.x", "Camel");
        }
        assertThat(with(viewer).get("/docs").header("Content-Security-Policy"))
                .contains("script-src 'self'", "frame-ancestors 'none'");
    }

    @Test
    void an_error_that_a_route_does_not_deal_with_is_a_problem() {
        Response answer = with(admin).get("/my/broken");
        assertThat(answer.statusCode()).isEqualTo(500);
        assertThat(answer.contentType()).isEqualTo("application/problem+json");
        assertThat(answer.jsonPath().getString("code")).isEqualTo("internal_error");
        List<Map<String, Object>> routes = with(admin).queryParam("limit", 1000).get("/routes").jsonPath().getList("items");
        assertThat(routes).filteredOn(route -> "my-broken".equals(route.get("id"))).singleElement().satisfies(route -> {
            assertThat(((Number) route.get("failures")).intValue()).isPositive();
            assertThat(route.get("last_error")).asString().contains("hidden");
        });
    }

    @Test
    void a_body_without_a_length_is_held_to_the_limit_as_well() throws Exception {
        for (String path : List.of("/upload-config", "/trigger-job", "/keys", "/my/closed")) {
            String answer = chunked(path, 11);
            assertThat(answer).as(path).startsWith("HTTP/1.1 413").contains("\"code\":\"body_too_large\"");
            assertThat(answer.toLowerCase().split("content-type: application/problem\\+json", -1)).as(path).hasSize(2);
            assertThat(answer.toLowerCase().split("\ncontent-type:", -1)).as(path).hasSize(2);
        }
        assertThat(chunked("/my/closed", 1)).startsWith("HTTP/1.1 200").contains("\r\nmine\r\n");
        assertThat(qanat.request().get("/api/v1/health").statusCode()).isEqualTo(200);
    }

    /** Sends so many MiB in chunks; the answer, or what of it came before the connection was closed. */
    private static String chunked(String path, int mebibytes) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), qanat.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-API-Key: " + KEY
                            + "\r\nContent-Type: application/yaml\r\nTransfer-Encoding: chunked\r\n\r\n")
                    .getBytes(StandardCharsets.UTF_8));
            byte[] chunk = ("100000\r\n" + "x".repeat(1 << 20) + "\r\n").getBytes(StandardCharsets.UTF_8);
            try {
                for (int i = 0; i < mebibytes; i++) {
                    socket.getOutputStream().write(chunk);
                }
                socket.getOutputStream().write("0\r\n\r\n".getBytes(StandardCharsets.UTF_8));
            } catch (IOException e) {
                // It was answered before the end.
            }
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void what_is_refused_is_not_read_without_end() throws Exception {
        for (String key : List.of("X-API-Key: " + KEY, "X-No-Key: none")) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), qanat.port())) {
                socket.setSoTimeout(20_000);
                socket.getOutputStream()
                        .write(("POST /upload-config HTTP/1.1\r\nHost: localhost\r\n" + key + "\r\nTransfer-Encoding: chunked\r\n\r\n")
                                .getBytes(StandardCharsets.UTF_8));
                byte[] chunk = ("100000\r\n" + "x".repeat(1 << 20) + "\r\n").getBytes(StandardCharsets.UTF_8);
                int sent = 0;
                try {
                    for (; sent < 200; sent++) {
                        socket.getOutputStream().write(chunk);
                    }
                } catch (IOException e) {
                    // The connection is closed.
                }
                // Up to 10 MiB before it is too large, 10 MiB more, and what the kernel holds.
                assertThat(sent).as(key).isBetween(9, 60);
            }
        }
    }

    @Test
    void a_refused_upload_leaves_the_connection_usable() throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (int i = 0; i < 3; i++) {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + qanat.port() + "/upload-config"))
                    .version(HttpClient.Version.HTTP_1_1)
                    .header("X-API-Key", viewer)
                    .timeout(Duration.ofSeconds(20))
                    .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[5 << 20]))
                    .build();
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(403);
        }
    }

    @Test
    void what_would_change_something_is_in_the_audit_done_or_refused() {
        String address = newAddress();
        String path = "/runs/0/cancel?for=" + address;
        String wrong = "not a key at all";
        Map<String, Integer> asked = new LinkedHashMap<>();
        asked.put(operator, 404);
        asked.put(viewer, 403);
        asked.put(wrong, 401);
        asked.forEach((key, status) -> assertThat(with(key).header("X-Forwarded-For", address).post(path).statusCode()).isEqualTo(status));
        with(wrong).header("X-Forwarded-For", address).get("/runs?for=" + address);
        with(viewer).header("X-Forwarded-For", address).get("/runs?for=" + address);
        qanat.request().header("X-Forwarded-For", address).get("/runs?for=" + address);

        qanat.await("all four are in the audit", () -> audited(address).size() >= 4);
        List<Map<String, Object>> items = audited(address);
        assertThat(items).extracting(item -> item.get("who") + " " + item.get("role") + " " + item.get("method") + " " + item.get("path") + " "
                        + item.get("status"))
                .containsExactly(
                        "null null GET /runs?for=" + address + " 401",
                        "null null POST " + path + " 401",
                        "ann viewer POST " + path + " 403",
                        "bob operator POST " + path + " 404");
        assertThat(items).allSatisfy(item -> assertThat(item)
                .containsOnlyKeys(
                        "id", "at", "who", "key_id", "role", "remote_address", "method", "path", "status", "what", "requests")
                .containsEntry("remote_address", address)
                .containsEntry("requests", 1));
        assertThat(items.get(3).get("key_id")).isNotNull();
    }

    private static List<Map<String, Object>> audited(String address) {
        List<Map<String, Object>> items = with(admin).queryParam("limit", 1000).get("/audit").jsonPath().getList("items");
        return items.stream().filter(item -> address.equals(item.get("remote_address"))).toList();
    }

    @Test
    void the_audit_says_what_came_of_a_request_and_is_read_page_by_page() {
        String address = newAddress();
        Response made = with(admin)
                .header("X-Forwarded-For", address)
                .contentType("application/json")
                .body("{\"name\": \"noted\", \"role\": \"viewer\"}")
                .post("/keys");
        qanat.await("it is noted", () -> !audited(address).isEmpty());
        assertThat(audited(address)).singleElement().satisfies(item -> assertThat(item)
                .containsEntry("who", "eve")
                .containsEntry("what", made.header("Location"))
                .containsEntry("status", 201));

        String other = newAddress();
        String name = Qanat.newName("noted");
        with(admin).contentType("application/yaml")
                .body("pipeline: %s\nsources: { drops: { type: files } }\nresources: [ { name: %s } ]\n".formatted(name, name).getBytes(StandardCharsets.UTF_8))
                .post("/upload-config");
        Response triggered = with(operator)
                .header("X-Forwarded-For", other)
                .contentType("application/json")
                .body("{\"pipeline\": \"" + name + "\"}")
                .post("/trigger-job");
        assertThat(triggered.statusCode()).as(triggered.asString()).isEqualTo(202);
        assertThat(triggered.header("Qanat-What")).isNull();
        qanat.await("it is noted", () -> !audited(other).isEmpty());
        assertThat(audited(other)).singleElement().satisfies(item ->
                assertThat(item).containsEntry("who", "bob").containsEntry("what", "runs " + triggered.jsonPath().getInt("runs[0].id")));

        JsonPath first = with(admin).queryParam("limit", 2).get("/audit").jsonPath();
        JsonPath second = with(admin).queryParam("limit", 2).queryParam("after", first.getString("next")).get("/audit").jsonPath();
        List<Integer> ids = Stream.concat(first.<Integer>getList("items.id").stream(), second.<Integer>getList("items.id").stream())
                .toList();
        assertThat(ids).hasSize(4).isSortedAccordingTo((a, b) -> b - a).doesNotHaveDuplicates();
        assertThat(with(admin).queryParam("limit", 0).get("/audit").statusCode()).isEqualTo(400);
        assertThat(with(admin).queryParam("after", "x").get("/audit").statusCode()).isEqualTo(400);
    }

    @Test
    void a_flood_of_refused_requests_is_counted_and_not_listed() throws Exception {
        String address = newAddress();
        for (int i = 0; i < 120; i++) {
            assertThat(qanat.request().header("X-Forwarded-For", address).post("/trigger-job").statusCode()).isEqualTo(401);
        }
        qanat.await("the others are summed up", () -> qanat.is("(SELECT coalesce(sum(requests), 0) FROM qanat.audit WHERE requests > 1) >= 100"));
        assertThat(audited(address)).hasSizeLessThanOrEqualTo(20);
    }

    private static String raw(String method, String target, String headers) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), qanat.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write((method + " " + target + " HTTP/1.1\r\nHost: localhost:" + qanat.port() + "\r\nConnection: close\r\n"
                            + headers.replace("X-API-Key: \r\n", "") + "Content-Length: 0\r\n\r\n")
                    .getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
