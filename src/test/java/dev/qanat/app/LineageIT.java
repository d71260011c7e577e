package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.app.ApiStub.Came;
import dev.qanat.app.ApiStub.Said;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What comes from what, and where a row comes from. */
class LineageIT {

    private static final String SECRET = "s3cr3t-k3y-of-the-shop";

    private static Qanat qanat;
    private static ApiStub api;
    private static Path project;

    private final String pipeline = Qanat.newName("led");
    private final String table = "silver." + pipeline;

    @BeforeAll
    static void start() throws Exception {
        api = new ApiStub(LineageIT::page);
        qanat = Qanat.fresh("lineage");
        project = qanat.home().resolve("project");
        write("dbt_project.yml", "name: shop\nmodels: { +materialized: table }\n");
        write("models/sources.yml", """
                sources:
                  - name: silver
                    tables:
                      - name: orders
                        description: What was ordered
                        columns:
                          - { name: id, description: The order, data_tests: [unique] }
                      - name: elsewhere
                """);
        write("models/schema.yml", """
                models:
                  - name: totals
                    description: What does a buyer order?
                    columns:
                      - { name: buyer, description: Who ordered, data_tests: [not_null] }
                """);
        write("models/counted.sql", "select buyer, count(*) as n from {{ source('silver', 'orders') }} group by buyer");
        write("models/totals.sql", "{{ config(tags=['daily']) }} select buyer, n, 1 as one from {{ ref('counted') }} cross join {{ ref('units') }}");
        write("models/unread.sql", "{{ config(materialized='ephemeral') }} select * from {{ source('silver', 'elsewhere') }}");
        write("seeds/units.csv", "unit\npiece\n");
        write("tests/few.sql", "{{ config(severity='warn') }} select * from {{ ref('totals') }} where n > 0");
        qanat.with("QANAT_TRANSFORM", project.toString())
                .with("QANAT_ALLOWED_HOSTS", "127.0.0.1")
                .with("QANAT_ALLOWED_ENV", "TEST_*")
                .with("TEST_KEY", SECRET)
                .start();
        qanat.pipeline("""
                pipeline: shop
                description: What the shop knows
                sources:
                  drops: { type: files }
                  prices: { type: rest_api, base_url: "%s", auth: { type: bearer, token: "${secret:TEST_KEY}" } }
                resources:
                  - name: orders
                    source: drops
                    columns: { id: { type: integer }, buyer: { type: text, pii: hash } }
                    primary_key: id
                    children: { lines: { columns: { sku: { type: text } } } }
                  - name: list
                    source: prices
                    endpoint: { path: /list }
                    table: list_prices
                    columns: { sku: { type: text } }
                    bronze: { keep: none }
                """.formatted(api.url("shop")));
        JsonPath run = qanat.load("shop", "orders.json", "[{\"id\": 1, \"buyer\": \"ann\", \"lines\": [{\"sku\": \"A\"}]}]");
        assertThat(run.getString("status")).as(run.prettify()).isEqualTo("succeeded");
    }

    @AfterAll
    static void stop() {
        qanat.close();
        api.close();
    }

    private static void write(String file, String text) throws IOException {
        Path path = project.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    private static JsonPath lineage(Object... parameters) {
        Response answer = asked("/api/v1/lineage", parameters);
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(200);
        return answer.jsonPath();
    }

    private static Response asked(String path, Object... parameters) {
        Map<String, Object> query = new TreeMap<>();
        for (int i = 0; i < parameters.length; i += 2) {
            query.put(parameters[i].toString(), parameters[i + 1]);
        }
        return qanat.request().queryParams(query).get(path);
    }

    @Test
    void data_goes_from_sources_through_bronze_and_silver_to_models() {
        JsonPath whole = lineage();
        List<Map<String, String>> edges = whole.getList("edges");

        assertThat(edges).extracting(edge -> edge.get("from") + " > " + edge.get("to")).contains(
                "source:shop.drops > resource:shop.orders",
                "resource:shop.orders > bronze.shop__orders",
                "bronze.shop__orders > silver.orders",
                "bronze.shop__orders > silver.orders__lines",
                "source:shop.prices > resource:shop.list",
                "resource:shop.list > silver.list_prices",
                "silver.orders > gold.counted",
                "gold.counted > gold.totals",
                "gold.units > gold.totals",
                "silver.elsewhere > gold.unread");
        assertThat(edges).extracting(edge -> edge.get("to")).doesNotContain("bronze.shop__list");
        assertThat(whole.getString("problem")).isNull();
        assertThat(whole.<String>getList("nodes.id")).doesNotHaveDuplicates();
        assertThat(edges).allSatisfy(edge -> assertThat(whole.<String>getList("nodes.id")).contains(edge.get("from"), edge.get("to")));
    }

    @Test
    void a_node_tells_what_it_is_what_is_in_it_and_what_became_of_it() {
        JsonPath whole = lineage();
        long run = qanat.runs("shop").get(0).getLong("id");

        assertThat(node(whole, "source:shop.prices")).containsEntry("type", "rest_api").containsEntry("base_url", api.url("shop"));
        assertThat(node(whole, "source:shop.drops")).containsEntry("type", "files").containsEntry("path", "inbox/shop");
        assertThat(whole.prettify()).doesNotContain(SECRET);
        assertThat(node(whole, "resource:shop.orders"))
                .containsEntry("config_version", 1)
                .containsEntry("write_disposition", "merge")
                .containsEntry("primary_key", List.of("id"))
                .containsEntry("description", "What the shop knows");
        assertThat(node(whole, "silver.orders")).containsEntry("kind", "silver").containsEntry("description", "What was ordered");
        assertThat(whole.getLong(path("silver.orders", "last_run.id"))).isEqualTo(run);
        assertThat(whole.getString(path("silver.list_prices", "last_run"))).isNull();
        assertThat(whole.getBoolean(path("silver.list_prices", "exists"))).isFalse();
        assertThat(column(whole, "silver.list_prices", "sku")).containsEntry("type", "text");
        assertThat(column(whole, "silver.orders", "id")).containsEntry("type", "integer").containsEntry("description", "The order");
        assertThat(column(whole, "silver.orders", "buyer")).containsEntry("pii", "hash");
        assertThat(column(whole, "silver.orders", "_run_id")).containsEntry("description", "The run that gave the row its values");
        assertThat(whole.<String>getList(path("silver.orders", "tests.name"))).containsExactly("source_unique_silver_orders_id");

        assertThat(node(whole, "gold.totals"))
                .containsEntry("kind", "model")
                .containsEntry("materialized", "table")
                .containsEntry("tags", List.of("daily"))
                .containsEntry("file", "models/totals.sql")
                .containsEntry("exists", true);
        assertThat(whole.getLong(path("gold.totals", "last_run.id"))).isEqualTo(run);
        assertThat(whole.getString(path("gold.totals", "last_run.status"))).isEqualTo("succeeded");
        assertThat(column(whole, "gold.totals", "buyer")).containsEntry("type", "text").containsEntry("description", "Who ordered");
        assertThat(column(whole, "gold.totals", "n")).containsEntry("type", "bigint");
        assertThat(whole.<Map<String, Object>>getList(path("gold.totals", "tests")))
                .extracting(test -> test.get("name") + " " + test.get("severity") + " " + test.get("status") + " " + test.get("failures"))
                .containsExactlyInAnyOrder("few warn warned 1", "not_null_totals_buyer error passed 0");
        assertThat(node(whole, "gold.units")).containsEntry("kind", "seed");
        assertThat(node(whole, "gold.unread")).containsEntry("materialized", "ephemeral").containsEntry("exists", false);
        assertThat(node(whole, "silver.elsewhere")).containsEntry("kind", "table").containsEntry("exists", false);
    }

    private static String path(String id, String rest) {
        return "nodes.find { it.id == '" + id + "' }." + rest;
    }

    private static Map<String, Object> node(JsonPath whole, String id) {
        return whole.getMap("nodes.find { it.id == '" + id + "' }");
    }

    private static Map<String, Object> column(JsonPath whole, String id, String name) {
        return whole.getMap(path(id, "columns.find { it.name == '" + name + "' }"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            gold.counted            | upstream   |   | source:shop.drops resource:shop.orders bronze.shop__orders silver.orders gold.counted
            counted                 | upstream   | 2 | bronze.shop__orders silver.orders gold.counted
            gold.counted            | downstream |   | gold.counted gold.totals
            silver.orders           |            | 1 | bronze.shop__orders silver.orders gold.counted
            resource:shop.list      | downstream |   | resource:shop.list silver.list_prices
            shop.list               | upstream   |   | source:shop.prices resource:shop.list
            gold.totals             | both       | 0 | gold.totals
            """)
    void it_is_narrowed_to_what_is_around_a_node(String node, String direction, Integer depth, String expected) {
        JsonPath part = qanat.request()
                .queryParams(direction == null ? Map.of("node", node) : Map.of("node", node, "direction", direction))
                .queryParams(depth == null ? Map.of() : Map.of("depth", depth))
                .get("/api/v1/lineage")
                .jsonPath();
        assertThat(part.<String>getList("nodes.id")).containsExactlyInAnyOrder(expected.split(" "));
    }

    @Test
    void a_project_that_cannot_be_read_leaves_the_rest() throws IOException {
        write("models/broken.sql", "select * from {{ ref('nobody') }}");
        try {
            JsonPath whole = lineage();
            assertThat(whole.getString("problem.message")).startsWith("models/broken.sql:1 ").contains("nobody");
            assertThat(whole.getString("problem.code")).isEqualTo("unknown_reference");
            assertThat(whole.<String>getList("nodes.id")).contains("silver.orders").doesNotContain("gold.totals");
        } finally {
            Files.delete(project.resolve("models/broken.sql"));
        }
        assertThat(lineage().<String>getList("nodes.id")).contains("gold.totals");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /api/v1/lineage?node=gold.total             | 404 | not_found       | there is no node 'gold.total'; did you mean 'gold.totals'?
            /api/v1/lineage?node=orders&direction=up    | 400 | invalid_request | direction: 'up' is none of upstream, downstream, both
            /api/v1/lineage?node=orders&depth=-1        | 400 | invalid_request | depth: '-1' is not a number
            /api/v1/lineage?depth=1                     | 400 | invalid_request | node: is missing; direction and depth say where to look from it
            /api/v1/lineage/row                         | 400 | invalid_request | table: is missing; a row is asked for like ?table=silver.products&id=7
            /api/v1/lineage/row?table=silver.orders     | 400 | invalid_request | which row of silver.orders? Name it by id
            /api/v1/lineage/row?table=silver.orders&idd=1 | 400 | invalid_request | silver.orders has no column 'idd'; did you mean 'id'?
            /api/v1/lineage/row?table=silver.orders&id=1&id=2 | 400 | invalid_request | id: is given 2 times
            /api/v1/lineage/row?table=silver.orders&id=x | 400 | invalid_request | a value is none of its column's type: invalid input syntax for type integer: "x"
            /api/v1/lineage/row?table=silver.orders&id=2 | 404 | not_found       | silver.orders has no row with these values
            /api/v1/lineage/row?table=orders&id=1       | 404 | not_found       | there is no table 'orders'; write it with its schema, such as silver.sales
            /api/v1/lineage/row?table=silver.nope&id=1  | 404 | not_found       | there is no table 'silver.nope'
            /api/v1/lineage/row?table=gold.totals&n=1   | 400 | invalid_request | table: rows of gold.totals were not loaded by a pipeline; GET /api/v1/lineage?node=gold.totals&direction=upstream tells what they are made of
            """)
    void what_cannot_be_understood_is_told(String url, int status, String code, String detail) {
        Response answer = qanat.request().get(url);
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(status);
        assertThat(answer.jsonPath().getString("code")).isEqualTo(code);
        assertThat(answer.jsonPath().getString("detail")).isEqualTo(detail);
    }

    @Test
    void names_are_no_way_into_the_statement() {
        for (String name : List.of("id\" = 1 OR \"id", "1=1; DROP TABLE silver.orders; --", "id\"", "")) {
            assertThat(asked("/api/v1/lineage/row", "table", "silver.orders", name, "1").statusCode()).as(name).isEqualTo(400);
        }
        for (String name : List.of("silver.orders\"; DROP TABLE silver.orders; --", "silver.\"orders\"", "qanat.run; SELECT", ".")) {
            assertThat(asked("/api/v1/lineage/row", "table", name, "id", "1").statusCode()).as(name).isEqualTo(404);
        }
        assertThat(asked("/api/v1/lineage/row", "table", "qanat.run", "id", "1").statusCode()).isEqualTo(400);
        assertThat(asked("/api/v1/lineage/row", "table", "silver.orders", "buyer", "' OR '1'='1").statusCode()).isEqualTo(404);
        assertThat(asked("/api/v1/lineage/row", "table", "silver.orders", "id", "1").statusCode()).isEqualTo(200);
    }

    private JsonPath row(String of, Object... key) {
        Object[] parameters = new Object[key.length + 2];
        parameters[0] = "table";
        parameters[1] = of;
        System.arraycopy(key, 0, parameters, 2, key.length);
        Response answer = asked("/api/v1/lineage/row", parameters);
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(200);
        return answer.jsonPath();
    }

    private void declareFiles(String resource) {
        qanat.pipeline("pipeline: %1$s\nsources: { drops: { type: files } }\nresources:\n  - name: %1$s\n%2$s"
                .formatted(pipeline, resource.indent(4)));
    }

    @Test
    void a_row_leads_to_the_run_and_the_line_that_gave_it_its_values() throws IOException {
        declareFiles("columns: { id: { type: integer }, price: { type: \"numeric(12,2)\" } }\nprimary_key: id\n");
        long first = qanat.load(pipeline, "first.csv", "id,price\n1,1.50\n2,2.50\n").getLong("id");
        long second = qanat.load(pipeline, "second.csv", "id,price\n1,1.5\n2,3\n").getLong("id");

        JsonPath unchanged = row(table, "id", 1);
        assertThat(unchanged.getLong("run.id")).isEqualTo(first);
        assertThat(unchanged.getString("run.trigger")).isEqualTo("file");
        assertThat(unchanged.getInt("run.config_version")).isEqualTo(1);
        assertThat(unchanged.getString("file.name")).isEqualTo("first.csv");
        assertThat(unchanged.getInt("file.line")).isEqualTo(2);
        assertThat(unchanged.getString("file.sha256")).hasSize(64);
        assertThat(unchanged.getString("request")).isNull();
        assertThat(unchanged.getString("bronze.status")).isEqualTo("found");
        assertThat(unchanged.<String, String>getMap("bronze.record")).isEqualTo(Map.of("id", "1", "price", "1.50"));

        JsonPath changed = row(table, "id", "2");
        assertThat(changed.getLong("run.id")).isEqualTo(second);
        assertThat(changed.getString("file.name")).isEqualTo("second.csv");
        assertThat(changed.getInt("file.line")).isEqualTo(3);
        assertThat(changed.getString("bronze.record.price")).isEqualTo("3");
        assertThat(row(table, "_row_hash", changed.getString("row._row_hash")).getLong("run.id")).isEqualTo(second);
    }

    @Test
    void rows_of_an_archive_lead_to_the_file_in_it() throws IOException, SQLException {
        declareFiles("columns: { id: { type: integer }, at: { type: timestamptz } }\nprimary_key: id\n");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (int file = 1; file <= 3; file++) {
                zip.putNextEntry(new ZipEntry("shop/" + file + ".csv"));
                // The last two are the same.
                zip.write("id,at\n%d,2026-11-20T08:00:00+01:00\n".formatted(Math.min(file, 2)).getBytes(StandardCharsets.UTF_8));
            }
        }
        qanat.load(pipeline, "all.zip", bytes.toByteArray());

        JsonPath first = row(table, "id", 1);
        assertThat(first.getString("file.name") + " " + first.getString("file.entry") + " " + first.getString("file.line"))
                .isEqualTo("all.zip shop/1.csv 2");
        JsonPath second = row(table, "id", 2);
        assertThat(second.getString("file.entry")).isEqualTo("shop/3.csv");
        assertThat(second.getString("bronze.record.id")).isEqualTo("2");

        // As an earlier version has kept them.
        qanat.execute("UPDATE bronze.%1$s__%1$s SET _ordinal = NULL".formatted(pipeline));
        JsonPath untold = row(table, "id", 2);
        assertThat(untold.getString("bronze.status")).isEqualTo("ambiguous");
        assertThat(untold.getString("bronze.reason"))
                .isEqualTo("3 records of run %d in bronze.%s__%s have position 2, and 2 of them give this row"
                        .formatted(untold.getLong("run.id"), pipeline, pipeline));
        assertThat(untold.getString("file.name")).isEqualTo("all.zip");
        assertThat(untold.getString("file.entry")).isNull();
        assertThat(row(table, "id", 1).getString("file.entry")).isEqualTo("shop/1.csv");
    }

    /** Two pages for each shop, with a record each. */
    private static Said page(Came came) {
        String page = came.parameter("page");
        return Said.json(page.equals("1") || page.equals("2")
                ? "[{\"id\": %s, \"price\": 12345678901234567890.10, \"lines\": [{\"n\": 7}, {\"n\": %s}]}]".formatted(page, page)
                : "[]");
    }

    @Test
    void rows_of_a_poll_and_their_items_lead_to_the_request_of_their_page() {
        qanat.pipeline("""
                pipeline: %1$s
                sources: { api: { type: rest_api, base_url: "%2$s" } }
                resources:
                  - name: %1$s
                    endpoint: { path: "/{{ partition.shop }}", paginator: page_number }
                    partitions: { shop: [ north, south ] }
                    columns:
                      shop:  { type: text }
                      id:    { type: bigint }
                      price: { type: "numeric(30,2)" }
                      twice: { type: "numeric(30,2)", expr: "price * 2" }
                    primary_key: [ shop, id ]
                    children: { lines: { columns: { n: { type: integer } } } }
                """.formatted(pipeline, api.url(pipeline)));
        JsonPath run = qanat.awaitEnd(qanat.trigger(pipeline));
        assertThat(run.getString("status")).as(run.prettify()).isEqualTo("succeeded");

        for (String shop : List.of("north", "south")) {
            for (int page = 1; page <= 2; page++) {
                String parent = "[\"" + shop + "\", \"" + page + "\"]";
                for (JsonPath found : List.of(
                        row(table, "shop", shop, "id", page),
                        row(table + "__lines", "_parent_id", parent, "_index", 0),
                        row(table + "__lines", "_parent_id", parent, "_index", 1))) {
                    assertThat(found.getString("bronze.status")).as(found.prettify()).isEqualTo("found");
                    assertThat(found.getString("request.source"))
                            .startsWith("GET " + api.url(pipeline) + "/" + shop)
                            .contains("page=" + page);
                    assertThat(found.getInt("request.position")).isEqualTo(1);
                    assertThat(found.getString("resource")).isEqualTo(pipeline);
                    assertThat(found.getInt("bronze.record.id")).isEqualTo(page);
                    assertThat(found.getString("file")).isNull();
                }
            }
        }
        assertThat(asked("/api/v1/lineage/row", "table", table, "shop", "north", "id", 1).asString()).contains("12345678901234567890.10");
        assertThat(asked("/api/v1/lineage/row", "table", table, "shop", "north").jsonPath().getString("detail"))
                .isEqualTo("several rows of %s have these values; name one by shop, id".formatted(table));
    }

    @Test
    void without_bronze_what_is_known_is_told() throws IOException {
        declareFiles("columns: { id: { type: integer } }\nprimary_key: id\nbronze: { keep: none }\n");
        qanat.load(pipeline, "a.csv", "id\n1\n");
        JsonPath found = row(table, "id", 1);
        assertThat(found.getString("bronze.status")).isEqualTo("not_kept");
        assertThat(found.getString("bronze.reason")).isEqualTo("the pipeline says bronze: {keep: none} for '" + pipeline + "'");
        assertThat(found.getString("file.name") + " " + found.getInt("file.line")).isEqualTo("a.csv 2");
    }

    @Test
    void a_record_that_was_removed_is_told_as_gone() throws IOException, SQLException {
        declareFiles("columns: { id: { type: integer } }\nprimary_key: id\n");
        long run = qanat.load(pipeline, "a.csv", "id\n1\n").getLong("id");
        qanat.execute("DELETE FROM bronze." + pipeline + "__" + pipeline);

        JsonPath found = row(table, "id", 1);
        assertThat(found.getString("bronze.status")).isEqualTo("not_found");
        assertThat(found.getString("bronze.reason"))
                .isEqualTo("bronze.%1$s__%1$s has no record of run %2$d at position 2 any more".formatted(pipeline, run));
        assertThat(found.getString("file.name")).isEqualTo("a.csv");
        assertThat(found.getLong("run.id")).isEqualTo(run);

        qanat.execute("UPDATE " + table + " SET _run_id = 999999999");
        JsonPath strange = row(table, "id", 1);
        assertThat(strange.getString("run")).isNull();
        assertThat(strange.getString("bronze.reason")).isEqualTo("the ledger does not have run 999999999 any more");
    }

    @Test
    void what_a_replay_landed_leads_to_the_file_that_was_rejected() throws IOException {
        String columns = "columns: { id: { type: integer }, price: { type: \"numeric(%s)\" } }\nprimary_key: id\n";
        declareFiles(columns.formatted("12,2"));
        long rejected = qanat.load(pipeline, "prices.csv", "id,price\n1,2.50\n2,2.505\n").getLong("id");
        declareFiles(columns.formatted("14,3"));
        Response replay = qanat.request().queryParam("wait", "PT30S").post("/runs/" + rejected + "/replay");
        assertThat(replay.statusCode()).as(replay.asString()).isEqualTo(202);

        JsonPath found = row(table, "id", 2);
        assertThat(found.getLong("run.replays")).isEqualTo(rejected);
        assertThat(found.getString("file.name") + " " + found.getInt("file.line")).isEqualTo("prices.csv 3");
        assertThat(found.getString("bronze.record.price")).isEqualTo("2.505");
    }

    @Test
    void rows_that_were_built_again_by_another_contract_lead_to_their_records() throws IOException {
        String columns = "columns: { id: { type: integer }, price: { type: %s } }\nprimary_key: id\n";
        declareFiles(columns.formatted("text"));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (int file = 1; file <= 2; file++) {
                zip.putNextEntry(new ZipEntry(file + ".csv"));
                zip.write("id,price\n%d,%d.50\n".formatted(file, file).getBytes(StandardCharsets.UTF_8));
            }
        }
        long loaded = qanat.load(pipeline, "all.zip", bytes.toByteArray()).getLong("id");
        String whole = "columns: { id: { type: integer }, price: { type: text, null_if: [ \"2.50\" ] } }\nprimary_key: id\n";
        declareFiles(whole);
        Response again = qanat.request()
                .contentType("application/json")
                .body(Map.of("pipeline", pipeline, "from_bronze", true))
                .queryParam("wait", "PT30S")
                .post("/trigger-job");
        assertThat(again.jsonPath().getString("runs[0].status")).as(again.asString()).isEqualTo("succeeded");

        for (int id = 1; id <= 2; id++) {
            JsonPath found = row(table, "id", id);
            assertThat(found.getLong("run.id")).isEqualTo(loaded);
            assertThat(found.getString("file.entry")).isEqualTo(id + ".csv");
            assertThat(found.getString("bronze.record.price")).isEqualTo(id + ".50");
        }
    }
}
