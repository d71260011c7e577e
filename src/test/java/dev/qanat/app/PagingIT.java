package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Pages of tables that two others write to: rows with an even id stay, those with an odd one come and go, the one at which a page ended
 * among them.
 */
class PagingIT {

    private static final int STAYING = 200;
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

    /** Columns of each type that has an order, with few values, so that many rows are alike; null is one of them for most. */
    private static final Map<String, String> COLUMNS = columns();

    private static Qanat qanat;
    private static String keyed;
    private static String composite;
    private static String keyless;
    private static String view;
    private static final AtomicBoolean DONE = new AtomicBoolean();
    private static final List<CompletableFuture<Void>> WRITERS = new ArrayList<>();

    private static Map<String, String> columns() {
        Map<String, String> columns = new LinkedHashMap<>();
        columns.put("t text", "(ARRAY['', 'a', 'A', 'é', 'z', 'a b', '10', '9', E'\\\\', '\uD83D\uDE00', NULL])[1 + i %% 11]");
        columns.put("c text COLLATE \"C\" NOT NULL", "(ARRAY['', 'a', 'A', 'é', 'z'])[1 + i %% 5]");
        columns.put("v varchar(9)", "(ARRAY['x', 'it''s', '\"', NULL])[1 + i / 3 %% 4]");
        columns.put("h char(4) NOT NULL", "(ARRAY['x', 'xy', ''])[1 + i %% 3]");
        columns.put("f double precision", "(ARRAY['NaN', 'Infinity', '-Infinity', '-0', '0', '0.1', '1e-300', NULL])[1 + i %% 8]::float8");
        columns.put("r real", "(ARRAY['NaN', '0.1', '-0.3', NULL])[1 + i %% 4]::float4");
        columns.put("n numeric(20,4)", "(ARRAY['NaN', '1.1000', '1.1', '-99999999999999.9999', NULL])[1 + i %% 5]::numeric");
        columns.put("b boolean", "(ARRAY[true, false, NULL])[1 + i %% 3]");
        columns.put("d date", "(ARRAY['infinity', '-infinity', '0044-03-15 BC', '2024-02-29', NULL])[1 + i %% 5]::date");
        columns.put("l timestamp NOT NULL", "(ARRAY['infinity', '-infinity', '2024-01-01 00:00:00.000001'])[1 + i %% 3]::timestamp");
        columns.put("z timestamptz", "(ARRAY['infinity', '2024-10-27 02:30+02', '2024-10-27 02:30+01', NULL])[1 + i %% 4]::timestamptz");
        columns.put("p interval", "(ARRAY['1 month', '30 days', '-1 day', '00:00:00.5', NULL])[1 + i %% 5]::interval");
        columns.put("u uuid", "(ARRAY[NULL, '00000000-0000-0000-0000-000000000001', 'ffffffff-ffff-ffff-ffff-ffffffffffff'])"
                + "[1 + i %% 3]::uuid");
        columns.put("x bytea NOT NULL", "(ARRAY['', '\\x00ff', '\\x27'])[1 + i %% 3]::bytea");
        columns.put("m mood", "(ARRAY['sad', 'ok', NULL])[1 + i %% 3]::mood");
        columns.put("a text[]", "(ARRAY['{}', '{a,NULL}', '{\"b,c\"}', NULL])[1 + i %% 4]::text[]");
        columns.put("j jsonb", "(ARRAY['{}', '{\"a\": 1.10}', '\"x\"', 'null', NULL])[1 + i %% 5]::jsonb");
        columns.put("g int4range", "(ARRAY['empty', '[1,2)', '(,3]', NULL])[1 + i %% 4]::int4range");
        columns.put("o bit(3) NOT NULL", "(ARRAY['000', '101', '111'])[1 + i %% 3]::bit(3)");
        columns.put("w integer", "i %% 2");
        return columns;
    }

    private static String name(String column) {
        return column.substring(0, column.indexOf(' '));
    }

    private static List<String> names() {
        return COLUMNS.keySet().stream().map(PagingIT::name).filter(name -> !name.equals("w")).toList();
    }

    private static String insert(String table, int from) {
        String more = table.equals(composite) ? "i / 7 %% 5, " : "";
        return ("INSERT INTO silver." + table + " SELECT i, " + more + String.join(", ", COLUMNS.values())
                + " FROM generate_series(" + from + ", " + (2 * STAYING) + ", 2) AS i").replace("%%", "%");
    }

    @BeforeAll
    static void start() throws Exception {
        qanat = Qanat.shared();
        keyed = Qanat.newName("keyed");
        composite = Qanat.newName("composite");
        keyless = Qanat.newName("keyless");
        view = Qanat.newName("view");
        String columns = String.join(", ", COLUMNS.keySet()).replace("m mood", "m silver." + keyed + "_mood");
        qanat.execute("CREATE TYPE silver.%1$s_mood AS ENUM ('sad', 'ok', 'it''s fine')".formatted(keyed));
        qanat.execute("CREATE TABLE silver.%s (id integer PRIMARY KEY, %s)".formatted(keyed, columns));
        qanat.execute("CREATE TABLE silver.%s (id integer, k integer, %s, PRIMARY KEY (c, k, id))".formatted(composite, columns));
        qanat.execute("CREATE TABLE silver.%s (id integer, %s)".formatted(keyless, columns));
        for (String table : List.of(keyed, composite, keyless)) {
            qanat.execute(insertInto(table, 0));
        }
        qanat.execute("CREATE VIEW silver.%s AS SELECT id / 4 AS part, v.* FROM silver.%s AS v".formatted(view, keyless));
        qanat.await("the tables are there", () -> qanat.request().get("/api/v1/data/silver." + view).statusCode() == 200);
        for (int writer = 0; writer < 2; writer++) {
            boolean first = writer == 0;
            WRITERS.add(CompletableFuture.runAsync(() -> write(first)));
        }
    }

    private static String insertInto(String table, int from) {
        return insert(table, from).replace("::mood", "::silver." + keyed + "_mood");
    }

    /** One writes to the tables with a key, which change their rows as well, the other to the one without. */
    private static void write(boolean first) {
        try (Connection connection = qanat.database();
                Statement statement = connection.createStatement()) {
            while (!DONE.get()) {
                for (String table : first ? List.of(keyed, composite) : List.of(keyless)) {
                    statement.execute(insertInto(table, 1));
                    if (first) {
                        statement.execute("UPDATE silver." + table + " SET w = w + 1 WHERE id % 5 = 0");
                    }
                    statement.execute("DELETE FROM silver." + table + " WHERE id % 2 = 1 AND id % 3 = 0");
                    statement.execute("DELETE FROM silver." + table + " WHERE id % 2 = 1");
                }
                Thread.sleep(5);
            }
        } catch (SQLException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterAll
    static void stop() {
        DONE.set(true);
        WRITERS.forEach(CompletableFuture::join);
    }

    /** A page. */
    private static JsonNode page(String table, Map<String, String> parameters) throws IOException, InterruptedException {
        StringBuilder query = new StringBuilder("?");
        parameters.forEach((name, value) ->
                query.append(name).append('=').append(URLEncoder.encode(value, StandardCharsets.UTF_8)).append('&'));
        URI uri = URI.create("http://localhost:" + qanat.port() + "/api/v1/data/silver." + table + query);
        HttpResponse<String> answer = HTTP.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(table + query + " " + answer.body()).isEqualTo(200);
        return JSON.readTree(answer.body());
    }

    /** How often each item comes on the pages of a walk, at each of whose ends the row is deleted that may. */
    private static Map<String, Integer> walk(String table, Map<String, String> asked) throws Exception {
        Map<String, Integer> seen = new HashMap<>();
        Map<String, String> parameters = new LinkedHashMap<>(asked);
        Optional<String> next;
        do {
            JsonNode page = page(table, parameters);
            JsonNode last = page;
            for (JsonNode item : page.path("items")) {
                seen.merge(item.toString(), 1, Integer::sum);
                last = item;
            }
            int id = last.path("id").asInt(0);
            if (id % 2 == 1 && List.of(keyed, composite, keyless).contains(table)) {
                qanat.execute("DELETE FROM silver." + table + " WHERE id = " + id);
            }
            next = Optional.ofNullable(page.path("next").textValue());
            next.ifPresent(cursor -> parameters.put("after", cursor));
        } while (next.isPresent());
        return seen;
    }

    private static String direction(Random random) {
        return List.of("", ".asc", ".desc").get(random.nextInt(3)) + List.of("", ".nullsfirst", ".nullslast").get(random.nextInt(3));
    }

    private static List<String> some(Random random, List<String> names, int most) {
        List<String> left = new ArrayList<>(names);
        List<String> some = new ArrayList<>();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            some.add(left.remove(random.nextInt(left.size())));
        }
        return some;
    }

    private static String order(Random random, List<String> names) {
        return String.join(",", names.stream().map(name -> name + direction(random)).toList());
    }

    @Test
    void no_row_that_stays_is_missed_or_comes_twice() throws Exception {
        Random random = new Random(7);
        List<String> orders = new ArrayList<>(names());
        while (orders.size() < 40) {
            orders.add(String.join(",", some(random, names(), 4)));
        }
        for (String columns : orders) {
            String table = List.of(keyed, composite, keyless, view).get(random.nextInt(4));
            Map<String, String> asked = new LinkedHashMap<>(Map.of("select", "id", "limit", String.valueOf(20 + random.nextInt(80))));
            if (!columns.isEmpty()) {
                asked.put("order", order(random, List.of(columns.split(","))));
            }
            Map<String, Integer> seen = walk(table, asked);
            seen.keySet().removeIf(item -> !item.matches("\\{\"id\":\\d*[02468]}"));
            assertThat(seen).as(table + " " + asked).hasSize(STAYING + 1).allSatisfy((item, times) -> assertThat(times).isEqualTo(1));
        }
    }

    @Test
    void no_group_that_stays_is_missed_or_comes_twice() throws Exception {
        Random random = new Random(8);
        for (int i = 0; i < 15; i++) {
            // In JSON a null of jsonb's own and none are the same.
            List<String> by = some(random, names().stream().filter(name -> !name.equals("j")).toList(), 2);
            by.add(by.contains("t") ? "v" : "t");
            String columns = String.join(",", by);
            Map<String, String> asked = new LinkedHashMap<>(Map.of("group", columns, "select", columns));
            asked.put("limit", String.valueOf(2 + random.nextInt(9)));
            asked.put("order", order(random, some(random, by, by.size())));
            if (asked.get("order").isEmpty()) {
                asked.remove("order");
            }
            Map<String, Integer> seen = walk(keyless, asked);
            String groups = "SELECT DISTINCT ON (%1$s) row_to_json((SELECT whole FROM (SELECT %1$s) AS whole))::text AS item"
                    + " FROM silver.%2$s WHERE id %% 2 = 0";
            for (Map<String, String> group : qanat.query(groups.formatted(columns, keyless))) {
                String item = JSON.readTree(group.get("item")).toString();
                // Of values that are alike, such as 0 and -0, a group shows the one or the other.
                if (by.stream().noneMatch(List.of("f", "p", "n")::contains)) {
                    assertThat(seen).as(asked.toString()).containsEntry(item, 1);
                }
            }
            assertThat(seen.values()).as(asked.toString()).allMatch(times -> times == 1);
        }
    }

    @Test
    void a_column_that_may_hold_null_all_the_same_loses_no_row() throws Exception {
        String table = Qanat.newName("not_valid");
        qanat.execute("CREATE TABLE silver.%1$s (id integer PRIMARY KEY, x integer)".formatted(table));
        qanat.execute("INSERT INTO silver.%1$s SELECT i, nullif(i %% 3, 0) FROM generate_series(1, 30) AS i".formatted(table));
        qanat.execute("ALTER TABLE silver.%1$s ADD CONSTRAINT filled NOT NULL x NOT VALID".formatted(table));
        qanat.await("the table is there", () -> qanat.request().get("/api/v1/data/silver." + table).statusCode() == 200);

        for (String order : List.of("x", "x.desc", "x.nullsfirst", "x.desc.nullslast")) {
            assertThat(walk(table, Map.of("select", "id", "limit", "4", "order", order))).as(order).hasSize(30);
        }
    }

    @Test
    void a_key_that_tables_beneath_need_not_keep_is_none() throws Exception {
        String table = Qanat.newName("parent");
        qanat.execute("CREATE TABLE silver.%1$s (id integer PRIMARY KEY, x integer)".formatted(table));
        qanat.execute("CREATE TABLE silver.%1$s_child () INHERITS (silver.%1$s)".formatted(table));
        qanat.execute("INSERT INTO silver.%1$s SELECT i, 0 FROM generate_series(1, 10) AS i".formatted(table));
        qanat.execute("INSERT INTO silver.%1$s_child SELECT i, 1 FROM generate_series(1, 10) AS i".formatted(table));
        qanat.await("the table is there", () -> qanat.request().get("/api/v1/data/silver." + table).statusCode() == 200);

        assertThat(walk(table, Map.of("limit", "3"))).hasSize(20).allSatisfy((item, times) -> assertThat(times).isEqualTo(1));
    }

    @Test
    void rows_that_have_no_order_are_paged_all_the_same() throws Exception {
        String table = Qanat.newName("orderless");
        qanat.execute("CREATE TABLE silver.%1$s (j json, p point)".formatted(table));
        qanat.execute("INSERT INTO silver.%1$s SELECT to_json(i), point(i, i) FROM generate_series(1, 20) AS i".formatted(table));
        qanat.await("the table is there", () -> qanat.request().get("/api/v1/data/silver." + table).statusCode() == 200);

        assertThat(walk(table, Map.of("select", "j", "limit", "3"))).hasSize(20);
    }
}
