package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.restassured.response.Response;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** More requests for rows than can be served. */
class OverloadIT {

    private static final String SLOW = "/api/v1/data/gold.slow";
    private static final String SMALL = "/api/v1/data/silver.wide?select=id&limit=1";

    private static Qanat qanat;

    @BeforeAll
    static void start() throws Exception {
        qanat = Qanat.fresh("overload").with("QANAT_MAX_QUERIES", "2").with("QANAT_QUERY_TIMEOUT", "PT20S").start();
        qanat.pipeline("""
                pipeline: shop
                sources: { drops: { type: files } }
                resources: [ { name: shop, source: drops, primary_key: [id], schema: { id: integer } } ]
                """);
        qanat.execute("""
                CREATE VIEW gold.slow AS SELECT pg_sleep(15)::text AS x;
                CREATE TABLE silver.wide AS SELECT i AS id, repeat('x', 20000) AS x FROM generate_series(1, 1000) AS i;
                ALTER TABLE silver.wide ADD PRIMARY KEY (id)
                """);
        qanat.await("the table is there", () -> small().statusCode() == 200);
    }

    @AfterAll
    static void stop() {
        qanat.close();
    }

    private static Response small() {
        return qanat.request().get(SMALL);
    }

    private static Socket send(String path, int times) throws IOException {
        Socket client = new Socket("localhost", qanat.port());
        client.setReceiveBufferSize(4096);
        String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
        client.getOutputStream().write(request.repeat(times).getBytes(StandardCharsets.US_ASCII));
        return client;
    }

    private static void close(List<Socket> clients) throws IOException {
        for (Socket client : clients) {
            client.close();
        }
    }

    private static boolean isAtWork() {
        return qanat.is("EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%\"gold\".\"slow\"%' AND state = 'active'"
                + " AND pid <> pg_backend_pid())");
    }

    @Test
    void what_cannot_be_served_is_told_when_to_come_again_and_all_else_goes_on() throws Exception {
        List<Socket> waiting = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            waiting.add(send(SLOW, 1));
        }
        qanat.await("they are at work", OverloadIT::isAtWork);
        HttpClient http = HttpClient.newHttpClient();
        HttpRequest slow = HttpRequest.newBuilder(URI.create("http://localhost:" + qanat.port() + SLOW)).build();
        List<CompletableFuture<HttpResponse<String>>> more = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            more.add(http.sendAsync(slow, BodyHandlers.ofString()));
        }
        assertThat(qanat.request().get("/q/health").statusCode()).isEqualTo(200);
        assertThat(qanat.load("shop", "a.csv", "id\n1\n").getString("status")).isEqualTo("succeeded");
        for (CompletableFuture<HttpResponse<String>> each : more) {
            assertThat(each.join().statusCode()).isEqualTo(503);
            assertThat(each.join().headers().firstValue("Retry-After")).contains("2");
            assertThat(each.join().body()).contains("too_many_queries");
        }
        close(waiting);
        qanat.await("nothing works for those who have gone", Duration.ofSeconds(8), () -> !isAtWork());
        qanat.await("all is as before", Duration.ofSeconds(8), () -> small().statusCode() == 200);
    }

    @Test
    void pages_that_nobody_reads_do_not_hold_all_places() throws Exception {
        List<Socket> readers = List.of(
                send("/api/v1/data/silver.wide?limit=1000", 1), send("/api/v1/data/silver.wide?limit=999", 1));
        Thread.sleep(1_000);
        assertThat(small().statusCode()).isIn(200, 503);
        qanat.await("there is a place again", Duration.ofSeconds(10), () -> small().statusCode() == 200);
        close(readers);
    }

    @Test
    void a_page_whose_rows_have_become_wide_is_whole() throws Exception {
        qanat.execute("CREATE TABLE silver.grows AS SELECT i AS id, 'x' AS x FROM generate_series(1, 40) AS i;"
                + " ALTER TABLE silver.grows ADD PRIMARY KEY (id)");
        String path = "/api/v1/data/silver.grows";
        qanat.await("the table is there", () -> qanat.request().get(path).statusCode() == 200);
        assertThat(qanat.request().get(path).jsonPath().getList("items")).hasSize(40);
        // More than a connection may take into memory at once.
        qanat.execute("UPDATE silver.grows SET x = repeat('y', 1000000)");
        List<String> wide = qanat.request().get(path).jsonPath().getList("items.x");
        assertThat(wide).hasSize(40).allMatch(x -> x.length() == 1_000_000);
    }

    @Test
    void a_client_that_sends_and_reads_nothing_is_not_listened_to_any_more() throws Exception {
        try (Socket client = send(SLOW, 1)) {
            assertThatCode(() -> {
                byte[] more = ("GET " + SMALL + " HTTP/1.1\r\nHost: localhost\r\n\r\n").repeat(1_000).getBytes(StandardCharsets.US_ASCII);
                for (int i = 0; i < 1_000; i++) {
                    client.getOutputStream().write(more);
                }
            }).isInstanceOf(SocketException.class);
        }
        assertThat(small().statusCode()).isEqualTo(200);
    }
}
