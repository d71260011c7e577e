package dev.qanat.app;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Rows of tables over HTTP. */
class DataApiIT {

    private static final Map<String, String> OPERATORS = Map.of("eq", "=", "neq", "<>", "gt", ">", "gte", ">=", "lt", "<", "lte", "<=");

    private static final List<String> HOSTILE = List.of(
            "'", "''; DROP TABLE silver.%s; --", "\"", "\" OR 1=1 --", "1) OR (1=1", "\\", "\\'", "$1", "?", ":x", "{0}", "%",
                    "a\u0001b", "\uD83D\uDE00", "a\u0000b", "{{7*7}}", "${jndi:ldap://x}", "\u2019 OR \u20191\u2019=\u20191",
            "1 UNION SELECT hash FROM qanat.api_key", "pg_sleep(10)", "../../qanat.api_key", "*/ OR /*");

    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final ObjectMapper JSON = new ObjectMapper();

    private static Qanat qanat;
    private static String table;

    @BeforeAll
    static void start() throws Exception {
        qanat = Qanat.shared();
        table = Qanat.newName("served");
        qanat.execute("""
                CREATE TYPE silver.%1$s_mood AS ENUM ('sad', 'ok', 'it''s "fine"');
                CREATE TABLE silver.%1$s (
                    id integer PRIMARY KEY, t text, v varchar(20), c char(4), i bigint, n numeric(20,4), f double precision, b boolean,
                    d date, h time, l timestamp, z timestamptz, u uuid, x bytea, p interval, jb jsonb, m silver.%1$s_mood,
                        a text[], j json);
                INSERT INTO silver.%1$s VALUES
                    (1, 'a', 'a,b', 'ab', 9007199254740993, 1.2500, 0.1, true, '2024-02-29', '23:59:59.5',
                        '2024-01-01 12:00', '2024-01-01 12:00+02',
                        '00000000-0000-0000-0000-000000000001', '\\x00ff', '1 day 02:00', '{"b": 1.10, "a": [1]}', 'sad',
                        '{a,"b,c",NULL}', '{"b":  1.10,
                 "a": null}'),
                    (2, '', 'it''s "so"', 'x', -1, 'NaN', 'Infinity', false, 'infinity', '00:00', '-infinity', 'infinity',
                        'ffffffff-ffff-ffff-ffff-ffffffffffff', '', '-3 days', '"x"', 'it''s "fine"', '{}', '[]'),
                    (3, 'näme (ü), "x" \uD83D\uDE00', '日本', 'é', 0, 0, '-0', NULL, '0044-03-15 BC', '12:00',
                        '1999-12-31 23:59:59.999999', '1969-07-20 20:17:40Z',
                        NULL, '\\x27', '00:00:00.000001', '1', 'ok', NULL, 'null'),
                    (4, '=1+1', 'a*b_c\\d', '', 1, 99999999999999.9999, 1e-300, true, '9999-12-31', '12:00:00.000001',
                        '2024-01-01', '2024-06-01 00:00Z',
                        '123e4567-e89b-12d3-a456-426614174000', '\\x5c', '1 year', '{}', 'ok', '{x}', '1');
                INSERT INTO silver.%1$s (id) VALUES (5)
                """.formatted(table));
        qanat.await("the table is there", () -> data("limit", "1").statusCode() == 200);
    }

    private static Response data(String... parameters) {
        return get(qanat, "silver." + table, parameters);
    }

    private static Response get(Qanat from, String name, String... parameters) {
        RequestSpecification request = from.request();
        for (int i = 0; i < parameters.length; i += 2) {
            request.queryParam(parameters[i], parameters[i + 1]);
        }
        return request.get("/api/v1/data/{table}", name);
    }

    /** The ids of the rows that are served; by a lighter client, since there are many. */
    private static List<Integer> served(String... parameters) throws Exception {
        StringBuilder query = new StringBuilder("?select=id");
        for (int i = 0; i < parameters.length; i += 2) {
            query.append('&').append(encoded(parameters[i])).append('=').append(encoded(parameters[i + 1]));
        }
        URI uri = URI.create("http://localhost:" + qanat.port() + "/api/v1/data/silver." + table + query);
        HttpRequest request = HttpRequest.newBuilder(uri).build();
        HttpResponse<String> answer = HTTP.send(request, BodyHandlers.ofString());
        assertThat(answer.statusCode()).as(query + " " + answer.body()).isEqualTo(200);
        return JSON.readTree(answer.body()).path("items").findValues("id").stream().map(JsonNode::asInt).toList();
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static List<Integer> ids(String condition) throws SQLException {
        return qanat.query("SELECT id FROM silver." + table + " WHERE " + condition + " ORDER BY id").stream()
                .map(row -> Integer.valueOf(row.get("id")))
                .toList();
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    @Test
    void every_operator_means_for_every_type_what_postgresql_means_by_it() throws Exception {
        for (String column : List.of("t", "v", "c", "i", "n", "f", "b", "d", "h", "l", "z", "u", "x", "p", "jb", "m", "a")) {
            String distinct = "SELECT DISTINCT %1$s::text AS value FROM silver.%2$s WHERE %1$s IS NOT NULL".formatted(column, table);
            List<String> values = qanat.query(distinct).stream()
                    .map(row -> row.get("value"))
                    .toList();
            for (String value : values) {
                String compared = OPERATORS.entrySet().stream()
                        .map(operator -> ("SELECT '%s' AS operator,"
                                        + " array_to_string(array(SELECT id FROM silver.%s WHERE %s %s %s ORDER BY id), ',') AS ids")
                                .formatted(operator.getKey(), table, column, operator.getValue(), literal(value)))
                        .collect(joining(" UNION ALL "));
                for (Map<String, String> expected : qanat.query(compared)) {
                    String filter = expected.get("operator") + "." + value;
                    assertThat(served(column, filter).stream().map(String::valueOf).collect(joining(",")))
                            .as(column + " " + filter)
                            .isEqualTo(expected.get("ids"));
                }
                String quoted = '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
                assertThat(served(column, "not.eq." + value)).isEqualTo(ids("NOT " + column + " = " + literal(value)));
                assertThat(served(column, "in.(" + quoted + ")")).as(quoted).isEqualTo(ids(column + " = " + literal(value)));
                assertThat(served("or", "(" + column + ".eq." + quoted + ",id.eq.5)")).as(quoted)
                        .isEqualTo(ids(column + " = " + literal(value) + " OR id = 5"));
            }
            assertThat(served(column, "is.null")).isEqualTo(ids(column + " IS NULL")).contains(5);
            assertThat(served(column, "not.is.null")).isEqualTo(ids(column + " IS NOT NULL"));
            assertThat(served("order", column + ".desc.nullslast")).hasSize(5).endsWith(5);
            assertThat(served("order", column + ".nullsfirst")).hasSize(5);
        }
        assertThat(served("j", "is.null")).containsExactly(5);
        assertThat(served("b", "is.true")).containsExactly(1, 4);
        assertThat(served("b", "not.is.true")).containsExactly(2, 3, 5);
        assertThat(served("v", "like.a*")).containsExactly(1, 4);
        assertThat(served("v", "like.a\\*b\\_c\\\\d")).containsExactly(4);
        assertThat(served("v", "like.a\\*")).isEmpty();
        assertThat(served("v", "like.*\\_*")).containsExactly(4);
        assertThat(served("t", "ilike.N\u00c4ME*")).containsExactly(3);
    }

    @Test
    void values_keep_their_digits_and_moments_their_offset() {
        String ndjson = get(qanat, "silver." + table + ".ndjson").asString();

        String[] lines = ndjson.split("\n");
        assertThat(lines).hasSize(5);
        assertThat(lines[0])
                .isEqualTo("{\"id\":1,\"t\":\"a\",\"v\":\"a,b\",\"c\":\"ab  \",\"i\":9007199254740993,\"n\":1.2500,\"f\":0.1,\"b\":true,"
                        + "\"d\":\"2024-02-29\",\"h\":\"23:59:59.5\",\"l\":\"2024-01-01T12:00:00\",\"z\":\"2024-01-01T10:00:00+00:00\","
                        + "\"u\":\"00000000-0000-0000-0000-000000000001\",\"x\":\"\\\\x00ff\",\"p\":\"1 day 02:00:00\","
                        + "\"jb\":{\"a\": [1], \"b\": 1.10},"
                        + "\"m\":\"sad\",\"a\":[\"a\",\"b,c\",null],\"j\":{\"b\":  1.10,  \"a\": null}}");
        assertThat(lines[1]).contains("\"n\":\"NaN\",\"f\":\"Infinity\"", "\"d\":\"infinity\"",
                "\"l\":\"-infinity\",\"z\":\"infinity\"", "\"jb\":\"x\"", "\"a\":[]");
        assertThat(lines[4]).startsWith("{\"id\":5,\"t\":null,").endsWith(",\"j\":null}");
        Response json = data("select", "id,n,when:z", "limit", "1");
        assertThat(json.contentType()).isEqualTo("application/json");
        assertThat(json.asString()).startsWith("{\"items\":[{\"id\":1,\"n\":1.2500,\"when\":\"2024-01-01T10:00:00+00:00\"}],\"next\":\"");
    }

    @Test
    void a_csv_says_the_same_and_has_no_formula() {
        Response csv = qanat.request().accept("text/csv").queryParam("select", "id,t,i,n,f,b,z,a")
                .get("/api/v1/data/{table}", "silver." + table);

        assertThat(csv.contentType()).isEqualTo("text/csv; charset=utf-8; header=present");
        assertThat(csv.header("Vary")).contains("Accept");
        assertThat(new String(csv.asByteArray(), StandardCharsets.UTF_8))
                .isEqualTo("id,t,i,n,f,b,z,a\r\n"
                        + "1,a,9007199254740993,1.2500,0.1,true,2024-01-01T10:00:00+00:00,\"[\"\"a\"\",\"\"b,c\"\",null]\"\r\n"
                        + "2,\"\",-1,NaN,Infinity,false,infinity,[]\r\n"
                        + "3,\"näme (ü), \"\"x\"\" \uD83D\uDE00\",0,0.0000,-0,,1969-07-20T20:17:40+00:00,\r\n"
                        + "4,'=1+1,1,99999999999999.9999,1e-300,true,2024-06-01T00:00:00+00:00,\"[\"\"x\"\"]\"\r\n"
                        + "5,,,,,,,\r\n");
        assertThat(qanat.request().accept("image/png").get("/api/v1/data/{table}", "silver." + table).statusCode()).isEqualTo(406);
    }

    @Test
    void what_is_hostile_stays_a_value_or_is_refused_wherever_it_stands() throws Exception {
        String before = qanat.value("SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM silver." + table + " AS t");
        for (String each : HOSTILE) {
            String hostile = each.replace("%s", table);
            String quoted = '"' + hostile.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
            if (hostile.indexOf('\0') < 0) {
                assertThat(served("t", "eq." + hostile)).isEmpty();
                assertThat(served("t", "in.(" + quoted + ")")).isEmpty();
                assertThat(data("select", quoted + ":id", "order", "id", "limit", "1").jsonPath().<Map<String, Object>>get("items[0]"))
                        .isEqualTo(Map.of(hostile, 1));
                assertThat(data("group", "b", "select", quoted + ":count()", "order", quoted + ".desc").jsonPath().getList("items"))
                        .isEqualTo(List.of(Map.of(hostile, 2), Map.of(hostile, 2), Map.of(hostile, 1)));
            } else {
                for (String filter : List.of("eq.", "neq.", "like.", "not.ilike.")) {
                    assertThat(data("t", filter + hostile).statusCode()).as(filter).isEqualTo(400);
                }
                assertThat(data("select", quoted + ":id").statusCode()).isEqualTo(400);
            }
            assertThat(data("t", "like." + hostile + "*").statusCode()).isIn(200, 400);
            for (String column : List.of("i", "z", "u", "m", "x", "jb")) {
                assertThat(data(column, "eq." + hostile).statusCode()).as(column + " " + hostile).isIn(200, 400);
            }
            for (String word : List.of("select", "order", "group", "limit", "offset", "after", "count", "and", "or", hostile)) {
                Response answer = data(word, hostile);
                assertThat(answer.statusCode()).as(word + " " + hostile + " " + answer.asString()).isEqualTo(400);
                assertThat(answer.jsonPath().getString("code")).isEqualTo("invalid_request");
            }
            assertThat(data("t", hostile + ".a").statusCode()).isEqualTo(400);
            assertThat(data("or", "(" + hostile + ".eq.a,id.eq.1)").statusCode()).isEqualTo(400);
            assertThat(get(qanat, "silver." + table + hostile.replaceAll("[{}\\x00]", "x")).statusCode()).as(hostile).isEqualTo(404);
            assertThat(qanat.request().accept(hostile.replaceAll("[^ -~]", "x")).get("/api/v1/data/{table}", "silver." + table)
                    .statusCode())
                    .as("Accept: " + hostile)
                    .isIn(200, 400, 406);
            for (String header : List.of("Accept-Encoding", "Range", "If-None-Match", "Cookie", "User-Agent", "Prefer")) {
                assertThat(qanat.request().header(header, hostile.replaceAll("[^ -~]", "x")).queryParam("limit", 1)
                        .get("/api/v1/data/{table}", "silver." + table).statusCode())
                        .as(header + ": " + hostile)
                        .isEqualTo(200);
            }
        }
        assertThat(qanat.value("SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM silver." + table + " AS t")).isEqualTo(before);
        for (String name : List.of("qanat.api_key", "qanat.run", "pg_catalog.pg_class", "information_schema.tables", "bronze.x",
                "nope.nope", "nope")) {
            Response answer = get(qanat, name);
            assertThat(answer.statusCode()).as(name).isEqualTo(404);
            assertThat(answer.jsonPath().getString("detail")).isEqualTo("there is no table '" + name + "'");
        }
    }

    @Test
    void lists_trees_and_their_negations_take_values_of_every_type_and_null() throws Exception {
        for (String column : List.of("id", "t", "v", "c", "i", "n", "f", "b", "d", "h", "l", "z", "u", "x", "p", "jb", "m", "a")) {
            List<String> values = qanat.query("SELECT DISTINCT %1$s::text AS value FROM silver.%2$s WHERE %1$s IS NOT NULL ORDER BY 1"
                    .formatted(column, table)).stream().map(row -> row.get("value")).toList();
            List<String> quoted = values.stream().map(value -> '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"').toList();
            String literals = values.stream().map(DataApiIT::literal).collect(joining(", "));
            String one = literal(values.get(0));
            String other = literal(values.get(values.size() - 1));

            String all = "in.(" + String.join(",", quoted) + ")";
            assertThat(served(column, all)).as(column).isEqualTo(ids(column + " IN (" + literals + ")"));
            assertThat(served(column, "not.in.(" + quoted.get(0) + ")")).as(column).isEqualTo(ids("NOT " + column + " IN (" + one + ")"));
            for (Map.Entry<String, String> operator : OPERATORS.entrySet()) {
                assertThat(served("and", "(" + column + ".not." + operator.getKey() + "." + quoted.get(0) + ",id.gt.0)"))
                        .as(column + " " + operator)
                        .isEqualTo(ids("NOT " + column + " " + operator.getValue() + " " + one));
            }
            String tree = "(" + column + ".gt." + quoted.get(0) + ",not.and(" + column + ".lte." + quoted.get(quoted.size() - 1) + ","
                    + column + ".not.is.null))";
            String meant = "(%1$s > %2$s OR NOT (%1$s <= %3$s AND %1$s IS NOT NULL))".formatted(column, one, other);
            assertThat(served("or", tree)).as(tree).isEqualTo(ids(meant));
            assertThat(served("not.or", tree)).as(tree).isEqualTo(ids("NOT " + meant));
        }
        for (String pattern : List.of("*", "%", "", "a_*", "*\"*", "*\\\\*", "n\u00e4*\uD83D\uDE00", "_", "*'*")) {
            for (String column : List.of("t", "v", "c")) {
                String like = literal(pattern.replace('*', '%'));
                assertThat(served(column, "like." + pattern)).as(pattern).isEqualTo(ids(column + " LIKE " + like));
                assertThat(served(column, "not.ilike." + pattern)).as(pattern).isEqualTo(ids("NOT " + column + " ILIKE " + like));
            }
        }
    }

    @Test
    void an_operator_that_is_not_for_a_type_is_told() {
        for (String column : List.of("id", "i", "n", "f", "b", "d", "h", "l", "z", "u", "x", "p", "jb", "m", "a", "j")) {
            for (String operator : List.of("like", "ilike", "not.like")) {
                Response answer = data(column, operator + ".a*");
                assertThat(answer.statusCode()).isEqualTo(400);
                assertThat(answer.jsonPath().getString("detail")).contains("like' is for text, and '" + column + "' is of type ");
            }
        }
        for (String column : List.of("id", "t", "n", "d", "z", "u", "jb", "m", "a", "j")) {
            for (String truth : List.of("true", "false", "unknown")) {
                assertThat(data(column, "not.is." + truth).jsonPath().getString("detail")).contains("'is." + truth + "' is for booleans");
            }
            assertThat(data(column, "is.1").jsonPath().getString("detail")).contains("'1' is none of null, not_null, true, false, unknown");
        }
        for (String operator : List.of("eq.1", "neq.1", "gt.1", "gte.1", "lt.1", "lte.1", "in.(1)")) {
            assertThat(data("j", operator).jsonPath().getString("detail")).contains("whose values cannot be compared");
        }
        Map<String, String> wrong = Map.ofEntries(
                Map.entry("id", "1.5"), Map.entry("i", "9223372036854775808"), Map.entry("n", "1,5"), Map.entry("f", "1e999"),
                Map.entry("b", "maybe"), Map.entry("d", "2024-13-01"), Map.entry("h", "25:00"), Map.entry("l", "yesterday evening"),
                Map.entry("z", "2024-01-01T00:00:00+99"), Map.entry("u", "x"), Map.entry("x", "\\xg"), Map.entry("p", "1 lustrum"),
                Map.entry("jb", "{"), Map.entry("m", "SAD"), Map.entry("a", "{"));
        wrong.forEach((column, value) -> {
            for (String filter : List.of("eq." + value, "not.gte." + value)) {
                Response answer = data(column, filter);
                assertThat(answer.statusCode()).as(column + " " + answer.asString()).isEqualTo(400);
                assertThat(answer.jsonPath().getString("detail"))
                        .startsWith(column + ": '" + value + "' is no value of '" + column + "', which is of");
            }
        });
        String longest = "x".repeat(63);
        assertThat(data("select", longest + ":id", "limit", "1", "order", "id").jsonPath().getList("items").toString())
                .isEqualTo("[{" + longest + "=1}]");
        assertThat(data("select", longest + "x:id").jsonPath().getString("detail")).contains("63 bytes at most");
    }

    @Test
    void a_value_that_is_none_of_its_type_is_named() {
        Response answer = data("i", "gt.1", "d", "eq.2024-02-30", "n", "lt.x");

        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.jsonPath().getString("detail")).isEqualTo("d: '2024-02-30' is no value of 'd', which is of type date");
    }

    @Test
    void pages_miss_and_repeat_no_row_that_stays_while_others_come_and_go() throws Exception {
        String paged = Qanat.newName("paged");
        qanat.execute("""
                CREATE TABLE silver.%1$s (id integer PRIMARY KEY, g integer, name text);
                INSERT INTO silver.%1$s SELECT i, nullif(i %% 7, 0), repeat('n', i %% 5)
                FROM generate_series(0, 2998, 2) AS i""".formatted(paged));
        qanat.await("the table is there", () -> get(qanat, "silver." + paged).statusCode() == 200);
        AtomicBoolean done = new AtomicBoolean();
        CompletableFuture<Void> others = CompletableFuture.runAsync(() -> {
            try {
                while (!done.get()) {
                    qanat.execute(("INSERT INTO silver.%s SELECT i, nullif(i %% 7, 0), repeat('n', i %% 5)"
                                    + " FROM generate_series(1, 2999, 2) AS i")
                            .formatted(paged));
                    qanat.execute("DELETE FROM silver.%1$s WHERE id %% 2 = 1".formatted(paged));
                }
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        for (String order : List.of("", "g.desc.nullslast,name", "name.desc,g.nullsfirst", "g.desc", "id.desc")) {
            List<Integer> seen = new ArrayList<>();
            String next = null;
            do {
                List<String> parameters = new ArrayList<>(List.of("select", "id", "limit", "100"));
                parameters.addAll(order.isEmpty() ? List.of() : List.of("order", order));
                parameters.addAll(next == null ? List.of() : List.of("after", next));
                JsonPath page = get(qanat, "silver." + paged, parameters.toArray(String[]::new)).jsonPath();
                seen.addAll(page.getList("items.id"));
                next = page.getString("next");
            } while (next != null);
            assertThat(seen.stream().filter(id -> id % 2 == 0)).as(order).hasSize(1500).doesNotHaveDuplicates();
        }
        done.set(true);
        others.join();
        String cursor = get(qanat, "silver." + paged, "order", "g").jsonPath().getString("next");
        assertThat(get(qanat, "silver." + paged, "order", "name", "after", cursor).statusCode()).isEqualTo(400);
        assertThat(get(qanat, "silver." + paged, "order", "g", "after", cursor.substring(1)).statusCode()).isEqualTo(400);
    }

    @Test
    void rows_that_nothing_tells_apart_come_on_one_page() throws Exception {
        String view = Qanat.newName("alike");
        qanat.execute("CREATE VIEW gold." + view
                + " AS SELECT i / 4 AS a, json_build_object('i', i) AS j FROM generate_series(0, 19) AS i");
        qanat.await("the view is there", () -> get(qanat, "gold." + view).statusCode() == 200);
        List<Integer> seen = new ArrayList<>();
        String next = null;
        do {
            String[] parameters = next == null ? new String[] {"limit", "3"} : new String[] {"limit", "3", "after", next};
            JsonPath page = get(qanat, "gold." + view, parameters).jsonPath();
            seen.addAll(page.getList("items.j.i"));
            next = page.getString("next");
        } while (next != null);

        assertThat(seen).hasSize(20).doesNotHaveDuplicates();
    }

    @Test
    void rows_are_counted_and_grouped() {
        JsonPath counted = data("count", "exact", "limit", "1", "id", "lte.4").jsonPath();
        assertThat(counted.getInt("total")).isEqualTo(4);
        assertThat(counted.getList("items")).hasSize(1);
        assertThat(data("count", "estimated", "limit", "1").jsonPath().getLong("total")).isNotNegative();
        assertThat(data("group", "b", "select", "b,count(),i.sum(),least:min(i),avg(n)", "id", "neq.2", "order", "count.desc,b").asString())
                .isEqualTo("{\"items\":[{\"b\":true,\"count\":2,\"sum\":9007199254740994,\"least\":1,\"avg\":50000000000000.6250},"
                        + "{\"b\":null,\"count\":2,\"sum\":0,\"least\":0,\"avg\":0.00000000000000000000}],\"next\":null}");
        JsonPath first = data("group", "b", "limit", "1").jsonPath();
        assertThat(first.getList("items.count", Integer.class)).containsExactly(1);
        assertThat(data("group", "b", "limit", "1", "after", first.getString("next")).jsonPath()
                .getList("items.count", Integer.class)).containsExactly(2);
    }

    @Test
    void a_table_is_there_within_a_second_of_the_run_that_made_it_with_its_next_column_as_well() throws Exception {
        String pipeline = Qanat.newName("appears");
        assertThat(get(qanat, "silver." + pipeline).statusCode()).isEqualTo(404);
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources: [ { name: %1$s, source: drops } ]
                """.formatted(pipeline));
        qanat.load(pipeline, "a.csv", "id,name\n1,a\n");
        qanat.await("the table is there", Duration.ofSeconds(1), () -> get(qanat, "silver." + pipeline).statusCode() == 200);
        qanat.load(pipeline, "b.csv", "id,name,more\n2,b,c\n");
        qanat.await("the column is there", Duration.ofSeconds(1), () -> get(qanat, "silver." + pipeline, "more", "eq.c")
                .statusCode() == 200);
        qanat.execute("DROP TABLE silver." + pipeline);
        assertThat(get(qanat, "silver." + pipeline).statusCode()).isEqualTo(404);
    }

    @Test
    void an_answer_is_packed_for_whoever_takes_that_and_empty_for_head() throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + qanat.port() + "/api/v1/data/silver." + table
                + ".csv"))
                .header("Accept-Encoding", "gzip")
                .build();
        var packed = HTTP.send(request, BodyHandlers.ofInputStream());

        assertThat(packed.headers().firstValue("Content-Encoding")).contains("gzip");
        try (InputStream body = new GZIPInputStream(packed.body())) {
            assertThat(new String(body.readAllBytes(), StandardCharsets.UTF_8)).startsWith("id,t,v,").endsWith("\r\n");
        }
        Response head = qanat.request().head("/api/v1/data/{table}", "silver." + table);
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.asByteArray()).isEmpty();
        assertThat(qanat.request().head("/api/v1/data/{table}", "silver.nope").statusCode()).isEqualTo(404);
    }

    @Test
    void a_header_with_a_quote_that_is_not_closed_is_no_error_of_the_server() {
        Response accept = qanat.request().header("Accept", "text/csv;a=\"").get("/api/v1/data/{table}", "silver." + table);
        assertThat(accept.statusCode()).isEqualTo(400);
        assertThat(accept.jsonPath().getString("detail")).isEqualTo("the Accept has a quote that is not closed");
        assertThat(qanat.request().header("Accept-Encoding", "gzip;a=\"").get("/api/v1/data/{table}", "silver." + table).statusCode())
                .isEqualTo(200);
    }

    @Test
    void a_client_that_goes_away_ends_its_statement() throws Exception {
        String view = Qanat.newName("endless");
        qanat.execute("CREATE VIEW gold." + view + " AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
                + " SELECT i, repeat('x', 1000) AS x FROM n");
        qanat.await("the view is there", () -> get(qanat, "gold." + view, "select", "nope").statusCode() == 400);
        try (Socket client = new Socket("localhost", qanat.port())) {
            client.getOutputStream()
                    .write(("GET /api/v1/data/gold." + view + ".ndjson HTTP/1.1\r\nHost: localhost\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(client.getInputStream().readNBytes(5_000_000)).hasSize(5_000_000);
        }
        qanat.await("nothing is at work for it", Duration.ofSeconds(10), () -> qanat.is(
                "NOT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE '%\"" + view
                        + "\"%' AND state <> 'idle' AND pid <> pg_backend_pid())"));
    }

    @Test
    void viewers_see_no_personal_columns_and_nobody_more_than_the_limits_allow() throws Exception {
        try (Qanat guarded = Qanat.fresh("data-api")
                .with("QANAT_API_KEY", "0123456789abcdef")
                .with("QANAT_MAX_QUERIES", "1")
                .with("QANAT_QUERY_TIMEOUT", "PT1S")
                .with("QANAT_MAX_ROWS", "1000")
                .with("QANAT_EXPOSED", "silver,bronze.people__people")
                .start()) {
            String yaml = "pipeline: people\nsources: { drops: { type: files } }\nresources: [ { name: people, source: drops,"
                    + " columns: { id: integer, mail: { type: text, pii: hash } }, primary_key: [mail] } ]\n";
            assertThat(admin(guarded).contentType("application/yaml").body(yaml.getBytes(StandardCharsets.UTF_8))
                    .post("/upload-config").statusCode()).isEqualTo(201);
            guarded.drop("people", "a.csv", "id,mail\n1,a@example.com\n2,b@example.com\n");
            guarded.await("the file has landed", () -> guarded.is("EXISTS (SELECT FROM silver.people)"));
            String key = admin(guarded).contentType("application/json").body("{\"name\": \"v\", \"role\": \"viewer\"}")
                    .post("/keys").jsonPath().getString("key");
            String path = "/api/v1/data/silver.people";
            guarded.await("the table is there", () -> admin(guarded).get(path).statusCode() == 200);

            assertThat(admin(guarded).get(path).jsonPath().getMap("items[0]")).containsKeys("id", "mail");
            Response seen = guarded.request().header("X-API-Key", key).queryParam("limit", 1).get(path);
            assertThat(seen.jsonPath().getMap("items[0]").keySet().stream().map(String::valueOf).collect(toSet()))
                    .containsExactlyInAnyOrder("id", "_run_id", "_position", "_row_hash", "_created_at", "_updated_at");
            for (String parameter : List.of("select", "order", "group")) {
                assertThat(guarded.request().header("X-API-Key", key).queryParam(parameter, "mail").get(path).jsonPath()
                        .getString("detail"))
                        .contains("there is no column 'mail' in silver.people");
            }
            byte[] moved = yaml.replace("drops, columns", "drops, table: persons, columns").getBytes(StandardCharsets.UTF_8);
            assertThat(admin(guarded).contentType("application/yaml").body(moved).post("/upload-config").statusCode()).isEqualTo(201);
            // The pipeline has moved to another table, and this one has the values still.
            Thread.sleep(600);
            assertThat(guarded.request().header("X-API-Key", key).queryParam("select", "mail").get(path).statusCode()).isEqualTo(400);
            assertThat(guarded.request().get(path).statusCode()).isEqualTo(401);
            assertThat(admin(guarded).get("/api/v1/data/bronze.people__people").statusCode()).isEqualTo(200);
            assertThat(admin(guarded).get("/api/v1/data/gold.x").statusCode()).isEqualTo(404);

            guarded.execute("CREATE VIEW silver.slow AS SELECT pg_sleep(2)::text AS x;"
                    + " CREATE VIEW silver.many AS SELECT i FROM generate_series(1, 2000) AS i;"
                    + " CREATE VIEW silver.long AS SELECT i, repeat('x', 1000) AS x FROM generate_series(1, 2000) AS i;"
                    + " CREATE VIEW silver.wide AS SELECT i, repeat('x', 100000) AS x FROM generate_series(1, 900) AS i");
            guarded.await("the views are there", () -> admin(guarded).queryParam("limit", 1).get("/api/v1/data/silver.many")
                    .statusCode() == 200);
            Response slow = admin(guarded).get("/api/v1/data/silver.slow");
            assertThat(slow.statusCode()).isEqualTo(503);
            assertThat(slow.jsonPath().getString("code")).isEqualTo("query_timed_out");
            HttpRequest all = HttpRequest.newBuilder(URI.create("http://localhost:" + guarded.port() + "/api/v1/data/silver.long.ndjson"))
                    .header("X-API-Key", "0123456789abcdef")
                    .build();
            assertThatThrownBy(() -> HTTP.send(all, BodyHandlers.ofString())).isInstanceOf(IOException.class);
            assertThat(admin(guarded).get("/api/v1/data/silver.many.ndjson").jsonPath().getString("detail"))
                    .isEqualTo("there are more rows than the 1000 that an answer may have; filter, or read pages in JSON");
            assertThat(admin(guarded).queryParam("limit", 5000).get("/api/v1/data/silver.many.ndjson").asString().split("\n"))
                    .hasSize(1000);
            try (Socket reader = new Socket("localhost", guarded.port())) {
                reader.setReceiveBufferSize(4096);
                reader.getOutputStream()
                        .write(("GET /api/v1/data/silver.wide.csv HTTP/1.1\r\nHost: localhost\r\nX-API-Key: 0123456789abcdef\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
                assertThat(reader.getInputStream().readNBytes(100)).hasSize(100);
                Response second = admin(guarded).get("/api/v1/data/silver.many.csv");
                assertThat(second.statusCode()).isEqualTo(503);
                assertThat(second.jsonPath().getString("code")).isEqualTo("too_many_downloads");
                assertThat(second.header("Retry-After")).isNotBlank();
                assertThat(admin(guarded).get(path).jsonPath().getString("code")).isEqualTo("too_many_queries");
            }
            guarded.await("its place is free", () -> admin(guarded).get(path).statusCode() == 200);
        }
    }

    private static RequestSpecification admin(Qanat guarded) {
        return guarded.request().header("X-API-Key", "0123456789abcdef");
    }
}
