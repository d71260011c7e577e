package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The route that users start from, {@code routes/examples/products.camel.yaml}, polls a server of this test. */
class ExampleRouteIT {

    private static final String ROWS = "SELECT id, title, price, category FROM gold.example_products ORDER BY id";

    private static HttpServer api;
    private static volatile int status = 200;
    private static volatile String answer = "[]";
    private static Qanat qanat;

    @BeforeAll
    static void start() throws IOException {
        api = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        api.createContext("/products", exchange -> {
            byte[] body = answer.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        api.start();
        qanat = Qanat.fresh("example")
                .with("EXAMPLE_PRODUCTS_URL", "http://127.0.0.1:" + api.getAddress().getPort() + "/products?sort=asc")
                .with("EXAMPLE_PRODUCTS_EVERY", "300")
                .start();
    }

    @AfterAll
    static void stop() {
        if (qanat != null) {
            qanat.close();
        }
        api.stop(0);
    }

    @Test
    void products_are_stored_and_a_changed_one_replaces_its_row() throws SQLException {
        answer("""
                [{"id": 1, "title": "Women's jacket", "price": 29.990, "category": "women's clothing"},
                 {"id": 2, "title": "Gold \\"ring\\"; :id ${body} ? # --", "price": 0.1234567890123456789, "category": null},
                 {"id": 9007199254740993, "title": "Ring", "price": 9, "category": "jewelery"}]""");
        assertThat(qanat.query(ROWS))
                .containsExactly(
                        row("1", "Women's jacket", "29.990", "women's clothing"),
                        row("2", "Gold \"ring\"; :id ${body} ? # --", "0.1234567890123456789", null),
                        row("9007199254740993", "Ring", "9", "jewelery"));
        List<Map<String, String>> before = qanat.query("SELECT id, updated_at FROM gold.example_products ORDER BY id");

        answer("""
                [{"id": 1, "title": "Women's jacket", "price": 19.99, "category": "women's clothing"},
                 {"id": 2, "title": "Gold \\"ring\\"; :id ${body} ? # --", "price": 0.1234567890123456789, "category": null}]""");
        assertThat(qanat.query(ROWS))
                .extracting(row -> row.get("id") + " " + row.get("price"))
                .containsExactly("1 19.99", "2 0.1234567890123456789", "9007199254740993 9");
        List<Map<String, String>> after = qanat.query("SELECT id, updated_at FROM gold.example_products ORDER BY id");
        assertThat(after.get(0)).isNotEqualTo(before.get(0));
        assertThat(after.get(1)).as("an unchanged row is not written").isEqualTo(before.get(1));
    }

    @Test
    void a_look_that_fails_is_counted_and_the_next_goes_on() throws SQLException {
        fails(500, "[]", "HTTP operation failed");
        fails(200, "{\"error\": \"key invalid\"}", "Cannot deserialize");
        fails(200, "[]", "Validation failed");
        fails(200, "null", "Validation failed");
        fails(200, "[{\"id\": 5, \"price\": 1}]", "title");
        answer("[{\"id\": 5, \"title\": \"Mended\", \"price\": 1, \"category\": \"c\"}]");
        assertThat(qanat.value("SELECT title FROM gold.example_products WHERE id = 5")).isEqualTo("Mended");
    }

    private static void fails(int replyStatus, String reply, String reason) {
        answer("[{\"id\": 6, \"title\": \"Sound\"}]");
        status = replyStatus;
        answer = reply;
        int before = (Integer) route().get("failures");
        qanat.await("the route fails", () -> (Integer) route().get("failures") > before + 1);
        qanat.await("the route fails with " + reason, () -> String.valueOf(route().get("last_error")).contains(reason));
    }

    /** Sets what the server answers, and waits until a look that began after that has gone well. */
    private static void answer(String reply) {
        answer = reply;
        status = 200;
        // The look that is under way may have begun before.
        int enough = successes() + 2;
        qanat.await("two looks have gone well", () -> successes() >= enough);
    }

    private static int successes() {
        Map<String, Object> route = route();
        return (Integer) route.get("exchanges") - (Integer) route.get("failures");
    }

    private static Map<String, Object> route() {
        List<Map<String, Object>> routes = qanat.request().queryParam("limit", 1000).get("/routes").jsonPath().getList("items");
        return routes.stream()
                .filter(route -> "example-products".equals(route.get("id")))
                .peek(route -> assertThat(route.get("file")).isEqualTo("examples/products.camel.yaml"))
                .findFirst()
                .orElseThrow();
    }

    private static Map<String, String> row(String id, String title, String price, String category) {
        Map<String, String> row = new java.util.LinkedHashMap<>();
        row.put("id", id);
        row.put("title", title);
        row.put("price", price);
        row.put("category", category);
        return row;
    }
}
