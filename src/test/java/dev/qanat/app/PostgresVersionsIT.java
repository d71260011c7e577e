package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The way of a row on each PostgreSQL that Qanat is for: files to tables, models and rows over HTTP, with a kill in between. */
class PostgresVersionsIT {

    private static final Path CASES = Path.of("src/test/resources/backup");
    private static final int MANY = 2_000;

    @ParameterizedTest
    @ValueSource(ints = {15, 16, 17, 18})
    void rows_go_their_way_on_postgres(int version) throws Exception {
        try (PostgresServer server = PostgresServer.start(version, Map.of());
                Qanat qanat = Qanat.fresh("postgres" + version)
                        .with("DATABASE_URL", server.newDatabase("rows"))
                        .with("QANAT_TRANSFORM", CASES.resolve("project").toString())) {
            qanat.start();
            assertThat(server.value("rows", "SHOW server_version")).startsWith(version + ".");
            qanat.pipeline(Files.readString(CASES.resolve("orders.yaml")));
            loadsAndMerges(qanat, server);
            editsRows(qanat, server);
            replaces(qanat, server);
            survivesAKill(qanat, server);
            assertThat(qanat.request().get("/schedules").jsonPath().getString("items[0].cron")).isEqualTo("30 17 * * 1-5");
            assertThat(qanat.logText()).doesNotContain("internal_error", "database_refused");
        }
    }

    private static void loadsAndMerges(Qanat qanat, PostgresServer server) throws Exception {
        JsonPath first = qanat.load("orders", "first.ndjson", """
                {"id": 1, "customer": "ann", "amount": 5.00, "lines": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 2}]}
                {"id": 2, "customer": "bob", "amount": 50.00, "lines": []}
                {"id": 3, "customer": "cho", "amount": -1}
                """);
        assertThat(Feed.outcome(first)).isEqualTo("3 read, 2 inserted, 1 rejected");
        assertThat(qanat.rejections(first.getLong("id"))).extracting(rejection -> rejection.get("code")).containsExactly("below_min");
        JsonPath second = qanat.load("orders", "second.ndjson", """
                {"id": 1, "customer": "ann", "amount": 5.00, "lines": [{"sku": "a", "qty": 3}]}
                {"id": 2, "customer": "bob", "amount": 60.00, "lines": []}
                {"id": 4, "customer": "ann", "amount": 7, "note": "a new column", "lines": []}
                """);
        assertThat(Feed.outcome(second)).isEqualTo("3 read, 1 inserted, 1 updated, 1 unchanged");
        assertThat(second.getString("status")).isEqualTo("succeeded");
        assertThat(server.value("rows", "SELECT string_agg(concat_ws(' ', sku, qty), ', ') FROM silver.orders__lines")).isEqualTo("a 3");
        assertThat(server.value("rows", "SELECT concat_ws(' ', orders, amount) FROM gold_marts.revenue")).isEqualTo("3 72.00");
        assertThat(server.value("rows", "SELECT string_agg(id::text, ' ') FROM gold_marts.large_orders")).isEqualTo("2");
    }

    private static void editsRows(Qanat qanat, PostgresServer server) throws SQLException {
        JsonPath rows = qanat.request().get("/api/v1/orders?order=number&page_size=2").jsonPath();
        assertThat(rows.getInt("total")).isEqualTo(3);
        assertThat(rows.getList("items.number")).containsExactly(1, 2);
        assertThat(qanat.request().contentType("application/json").body("{\"id\": 8, \"customer\": \"dan\", \"amount\": 80}")
                        .post("/api/v1/orders").statusCode())
                .isEqualTo(201);
        assertThat(qanat.request().contentType("application/merge-patch+json").body("{\"amount\": 81}").patch("/api/v1/orders/2")
                        .statusCode())
                .isEqualTo(200);
        assertThat(qanat.request().delete("/api/v1/orders/1").statusCode()).isEqualTo(204);
        assertThat(server.value("rows", "SELECT string_agg(concat_ws(' ', id, amount), ', ' ORDER BY id) FROM silver.orders"))
                .isEqualTo("2 81.00, 4 7.00, 8 80.00");
        assertThat(qanat.request().get("/api/v1/data/silver.orders?select=id&amount=gte.80&order=id").jsonPath().getList("items.id"))
                .containsExactly(2, 8);
    }

    private static void replaces(Qanat qanat, PostgresServer server) throws Exception {
        qanat.pipeline("""
                pipeline: stock
                sources: { drops: { type: files } }
                resources: [ { name: stock, source: drops, schema: { sku: text, qty: integer }, write_disposition: replace } ]
                """);
        assertThat(qanat.load("stock", "monday.csv", "sku,qty\na,1\nb,2\n").getLong("inserted")).isEqualTo(2);
        assertThat(qanat.load("stock", "tuesday.csv", "sku,qty\nc,3\n").getString("status")).isEqualTo("succeeded");
        assertThat(server.value("rows", "SELECT string_agg(sku, '') FROM silver.stock")).isEqualTo("c");
    }

    private static void survivesAKill(Qanat qanat, PostgresServer server) throws Exception {
        StringBuilder many = new StringBuilder("{\"id\": 2, \"amount\": 1}\n");
        for (int i = 0; i < MANY; i++) {
            many.append("{\"id\": ").append(100 + i).append(", \"amount\": 1, \"lines\": [{\"sku\": \"z\"}]}\n");
        }
        try (Connection holder = server.connect("rows")) {
            holder.createStatement().execute("SELECT pg_advisory_lock(hashtextextended('\"silver\".\"orders\"', 0))");
            qanat.drop("orders", "many.ndjson", many.toString());
            qanat.await("it lands", () -> landing(server));
            qanat.kill();
        }
        assertThat(server.value("rows", "SELECT count(*) FROM silver.orders")).isEqualTo("3");
        qanat.start();
        qanat.await("it is done again", () -> {
            List<JsonPath> runs = qanat.runs("orders");
            return runs.get(0).getString("status").equals("succeeded") && runs.get(0).getLong("read") == MANY + 1;
        });
        assertThat(server.value("rows", "SELECT count(*) || ' ' || sum(amount) FROM silver.orders")).isEqualTo(MANY + 3 + " " + (MANY + 88) + ".00");
        assertThat(server.value("rows", "SELECT count(*) FROM silver.orders__lines")).isEqualTo(Integer.toString(MANY));
    }

    private static boolean landing(PostgresServer server) {
        try {
            return server.value("rows", "SELECT EXISTS (SELECT FROM qanat.run WHERE status = 'running' AND landing_attempts > 0)").equals("t");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
