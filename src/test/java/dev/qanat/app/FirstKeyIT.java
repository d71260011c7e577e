package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How the first key comes to be, and who is served while there is none. */
class FirstKeyIT {

    private static final Pattern TOLD = Pattern.compile("The first API key, with the role admin, is (qanat_\\S+): keep it");

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "Host: localhost:1|200",
        "Host: 127.0.0.1|200",
        "Host: 127.1.2.3:8080|200",
        "Host: [::1]|200",
        "Host: console.localhost|200",
        "Host: example.com|403",
        "Host: localhost.example.com|403",
        "Host: 127.0.0.1.example.com|403",
        "Host: 192.0.2.1|403",
        "Host: localhost; X-Forwarded-For: 127.0.0.1|403",
        "Host: localhost; X-Forwarded-For: ::1|403",
        "Host: localhost; X-Forwarded-For:|403",
        "Host: localhost; x-forwarded-proto: https|403",
        "Host: localhost; X-Forwarded-Host: etl.example.com|403",
        "Host: localhost; X-Forwarded: for=192.0.2.1|403",
        "Host: localhost; Via: 1.1 proxy|403",
        "Host: localhost; CF-Connecting-IP: 192.0.2.1|403",
        "Host: localhost; CF-Connecting-IPv6: 2001:db8::1|403",
        "Host: localhost; True-Client-IP: 192.0.2.1|403",
        "Host: localhost; X-Client-IP: 127.0.0.1|403",
        "Host: localhost; X-Cluster-Client-IP: 192.0.2.1|403",
        "Host: localhost; Client-IP: 192.0.2.1|403",
        "Host: localhost; X-Request-ID: 5|200",
        "Host: localhost; X-Forwarded-For: 192.0.2.1|403",
        "Host: localhost; X-Forwarded-For: 127.0.0.1, 192.0.2.1|403",
        "Host: localhost; X-Forwarded-For: unknown|403",
        "Host: localhost; X-Real-IP: 192.0.2.1|403",
        "Host: localhost; Forwarded: for=192.0.2.1|403",
        "Host: example.com; X-Forwarded-Host: localhost|403",
        "Host: localhost; Origin: http://localhost|200",
        "Host: localhost:8080; Origin: http://LOCALHOST:8080|200",
        "Host: localhost; Origin: http://localhost:3000|403",
        "Host: localhost; Origin: http://127.0.0.1|403",
        "Host: localhost; Origin: https://localhost|403",
        "Host: localhost; Origin: https://example.com|403",
        "Host: localhost; Origin: null|403",
        "Host: localhost; Sec-Fetch-Site: cross-site|403",
        "Host: localhost; Sec-Fetch-Site: same-site|403",
        "Host: localhost; Sec-Fetch-Site: same-origin|200",
        "Host: localhost; Sec-Fetch-Site: none|200"
    })
    void without_a_key_this_machine_is_served_and_no_page_of_another_origin(String headers, String status) throws IOException {
        String answer = raw(Qanat.shared().port(), InetAddress.getLoopbackAddress(), headers.replace("; ", "\r\n"));
        assertThat(answer).startsWith("HTTP/1.1 " + status);
        if (status.equals("403")) {
            assertThat(answer).contains("\"code\":\"forbidden\"").doesNotContain("Access-Control-Allow-Origin");
        }
    }

    private static String raw(int port, InetAddress address, String headers) throws IOException {
        try (Socket socket = new Socket(address, port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write(("GET /runs HTTP/1.1\r\nConnection: close\r\n" + headers + "\r\n\r\n").getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void the_first_key_is_an_admins_and_from_then_on_a_key_is_needed_here_too() throws Exception {
        try (Qanat qanat = Qanat.fresh("first-key").with("QANAT_CORS_ORIGINS", "https://console.example.com").start()) {
            for (String site : List.of("cross-site", "same-site", "same-origin")) {
                Response page = qanat.request()
                        .header("Origin", "https://console.example.com")
                        .header("Sec-Fetch-Site", site)
                        .contentType("application/json")
                        .body("{\"name\": \"page\", \"role\": \"admin\"}")
                        .post("/keys");
                assertThat(code(page, 403)).isEqualTo("forbidden");
                assertThat(page.header("Access-Control-Allow-Origin")).as("it may read why").isEqualTo("https://console.example.com");
            }
            assertThat(code(make(qanat, null, "viewer"), 409)).isEqualTo("admin_key_needed");
            assertThat(qanat.request().get("/keys").jsonPath().getList("items")).isEmpty();

            Response made = make(qanat, null, "admin");
            assertThat(made.statusCode()).as(made.asString()).isEqualTo(201);
            assertThat(made.jsonPath().getString("created_by")).isEqualTo("local");
            String admin = made.jsonPath().getString("key");
            long adminId = made.jsonPath().getLong("id");
            assertThat(code(qanat.request().get("/runs"), 401)).isEqualTo("unauthorized");
            assertThat(with(qanat, admin).get("/runs").statusCode()).isEqualTo(200);
            assertThat(with(qanat, admin).header("Host", "example.com").get("/runs").statusCode()).isEqualTo(200);

            JsonPath viewer = make(qanat, admin, "viewer").jsonPath();
            assertThat(code(with(qanat, admin).delete("/keys/" + adminId), 409)).isEqualTo("admin_key_needed");
            try (Qanat second = Qanat.fresh("first-key-second")
                    .with("QUARKUS_DATASOURCE_JDBC_URL", "jdbc:postgresql://127.0.0.1:" + qanat.pgPort() + "/qanat")
                    .with("QUARKUS_DATASOURCE_USERNAME", "qanat")
                    .start()) {
                assertThat(with(second, viewer.getString("key")).get("/runs").statusCode()).isEqualTo(200);
                assertThat(with(qanat, admin).delete("/keys/" + viewer.getLong("id")).statusCode()).isEqualTo(204);
                assertThat(with(qanat, viewer.getString("key")).get("/runs").statusCode()).isEqualTo(401);
                second.await("the other process has heard", Duration.ofSeconds(5), () ->
                        with(second, viewer.getString("key")).get("/runs").statusCode() == 401);
            }

            qanat.stop();
            qanat.start();
            assertThat(qanat.request().get("/runs").statusCode()).isEqualTo(401);
            assertThat(with(qanat, admin).delete("/keys/" + adminId).statusCode()).isEqualTo(204);
            assertThat(qanat.request().get("/runs").statusCode()).as("no key is left").isEqualTo(200);
            qanat.await("the last request is in the audit", () ->
                    qanat.is("EXISTS (SELECT FROM qanat.audit WHERE path = '/keys/" + adminId + "' AND status = 204)"));
            List<String> audited = qanat.query("SELECT who || ' ' || method || ' ' || path AS entry FROM qanat.audit ORDER BY id").stream()
                    .map(row -> row.get("entry"))
                    .toList();
            assertThat(audited).containsSubsequence("local POST /keys", "local POST /keys", "me POST /keys", "me DELETE /keys/" + adminId);
        }
    }

    @Test
    void where_a_key_is_required_the_first_start_makes_one_tells_it_once_and_serves_others_too() throws Exception {
        try (Qanat qanat = Qanat.fresh("required").with("QANAT_REQUIRE_API_KEY", "true").with("QUARKUS_HTTP_HOST", "0.0.0.0").start()) {
            assertThat(qanat.request().get("/runs").statusCode()).isEqualTo(401);
            String key = told(qanat).orElseThrow();
            assertThat(with(qanat, key).get("/keys").jsonPath().getList("items.name")).containsExactly("first");
            long id = with(qanat, key).get("/keys").jsonPath().getLong("items[0].id");
            assertThat(code(with(qanat, key).delete("/keys/" + id), 409)).isEqualTo("admin_key_needed");
            Optional<InetAddress> other = notLoopback();
            if (other.isPresent()) {
                assertThat(raw(qanat.port(), other.get(), "Host: localhost")).startsWith("HTTP/1.1 401");
                assertThat(raw(qanat.port(), other.get(), "Host: localhost\r\nX-API-Key: " + key)).startsWith("HTTP/1.1 200");
            }

            qanat.stop();
            qanat.start();
            assertThat(with(qanat, key).get("/runs").statusCode()).isEqualTo(200);
            assertThat(TOLD.matcher(qanat.logText()).results()).hasSize(1);
        }
    }

    private static Optional<InetAddress> notLoopback() throws IOException {
        return Collections.list(NetworkInterface.getNetworkInterfaces()).stream()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> address.getAddress().length == 4 && !address.isLoopbackAddress())
                .findFirst();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "QUARKUS_HTTP_HOST=0.0.0.0: open_without_credentials: quarkus.http.host is 0.0.0.0, which others can reach, and no API key is set."
                + " Set QANAT_API_KEY",
        "QANAT_API_KEY=short: invalid_setting: QANAT_API_KEY has 5 characters",
        "QANAT_KEY_SECRET=short: invalid_setting: QANAT_KEY_SECRET has 5 characters",
        "QANAT_ACCESS=GET /x=everybody: invalid_setting: QANAT_ACCESS: 'GET /x=everybody' is no rule",
        "QANAT_CORS_ORIGINS=*: invalid_setting: QANAT_CORS_ORIGINS: '*' is no origin",
        "QANAT_EXPOSED=qanat.api_key: invalid_setting: QANAT_EXPOSED: 'qanat.api_key' is neither a schema",
        // Whatever the database is; /proc can be written by nobody.
        "QANAT_HOME=/proc: invalid_setting: QANAT_HOME /proc cannot be used: "
    })
    void a_setting_that_would_open_too_much_or_nothing_ends_the_start_with_a_line(String text) throws Exception {
        String[] parts = text.split(": ", 2);
        String[] setting = parts[0].split("=", 2);
        try (Qanat refused = Qanat.fresh("refused").with(setting[0], setting[1]).launch()) {
            assertThat(refused.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(refused.process().exitValue()).isEqualTo(1);
            assertThat(refused.logText()).contains(parts[1]);
        }
    }

    private static Optional<String> told(Qanat qanat) {
        Matcher told = TOLD.matcher(qanat.logText());
        return told.find() ? Optional.of(told.group(1)) : Optional.empty();
    }

    private static RequestSpecification with(Qanat qanat, String key) {
        return qanat.request().header("X-API-Key", key);
    }

    private static Response make(Qanat qanat, String key, String role) {
        RequestSpecification request = key == null ? qanat.request() : with(qanat, key);
        return request.contentType("application/json").body("{\"name\": \"me\", \"role\": \"" + role + "\"}").post("/keys");
    }

    private static String code(Response answer, int status) {
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(status);
        return answer.jsonPath().getString("code");
    }
}
