package dev.qanat.app;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.TextNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.ValidationMessage;
import dev.qanat.app.ApiDescription.Operation;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import io.swagger.v3.parser.OpenAPIV3Parser;
import io.swagger.v3.parser.core.models.ParseOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the description says of tables, to whoever asks, in two processes on one database. */
class LiveDescriptionIT {

    private static final String KEY = "0123456789abcdef";
    private static final Duration SECOND = Duration.ofSeconds(1);

    /** Names that mean something in URLs, in templates of paths, in YAML, or that are nearly the same. */
    private static final List<String> AWKWARD = List.of(
            "a b", "a_b", "A b", "a-20b", "a+b", "a.b", "..", "a/b", "a\\b", "a{b}", "a%20b", "a#b?c&d=e;f", "\"a\" 'b'", "a: b", "- a",
            "*", "~", "$ref", "日本 é \uD83D\uDE00", "a\tb\nc", "a.csv", "<b>a</b>", "null", "1e5");

    private static Qanat qanat;
    private static Qanat other;
    private static String viewer;
    private static String operator;

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.fresh("described").with("QANAT_API_KEY", KEY).start();
        other = qanat.another().with("QANAT_API_KEY", KEY).with("QANAT_ACCESS", "GET /q/openapi.yml=public").start();
        viewer = key("viewer");
        operator = key("operator");
        // Of two keys that are made one after the other, who knows the second knows the first.
        other.await("the keys are known", () -> request(other, operator).get("/q/openapi.json").statusCode() == 200);
    }

    @AfterAll
    static void stop() {
        other.close();
        qanat.close();
    }

    private static String key(String role) {
        return request(qanat, KEY)
                .contentType("application/json")
                .body(Map.of("name", role, "role", role))
                .post("/keys")
                .path("key");
    }

    private static RequestSpecification request(Qanat process, String key) {
        return process.request().header("X-API-Key", key);
    }

    private static ApiDescription described(Qanat process, String key) {
        Response answer = request(process, key).get("/q/openapi.json");
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(200);
        return ApiDescription.ofJson(answer.asString());
    }

    /** What is said of a table: the operation of its path, or nothing. */
    private static JsonNode operation(ApiDescription description, String table) {
        return description.text().path("paths").path("/api/v1/data/" + table).path("get");
    }

    /** The schema of the rows that an operation answers with. */
    private static JsonNode row(ApiDescription description, JsonNode operation) {
        return description.resolved(operation.at("/responses/200/content/application~1json/schema/properties/items/items"));
    }

    /** By the names of the columns that can be filtered by, an example of each. */
    private static Map<String, String> filters(JsonNode operation) {
        Map<String, String> filters = new TreeMap<>();
        operation.path("parameters").forEach(parameter -> {
            if (!parameter.has("$ref")) {
                assertThat(parameter.path("in").asText()).isEqualTo("query");
                filters.put(parameter.path("name").asText(), parameter.at("/schema/examples/0").asText());
            }
        });
        return filters;
    }

    private static void withinASecond(String what, BooleanSupplier condition) {
        qanat.await(what, SECOND, condition);
    }

    private static boolean everywhere(String table, boolean there) {
        return !operation(described(qanat, KEY), table).isMissingNode() == there
                && !operation(described(other, viewer), table).isMissingNode() == there;
    }

    @Test
    void a_table_is_described_within_a_second_of_the_run_that_made_it_and_personal_columns_not_for_viewers() throws Exception {
        String yaml = """
                pipeline: people
                sources: { drops: { type: files } }
                resources:
                  - { name: people, source: drops, primary_key: id,
                      columns: { id: integer, born: date, private_mail: { type: text, pii: hash } } }
                """;
        assertThat(request(qanat, KEY).contentType("application/yaml").body(yaml.getBytes(StandardCharsets.UTF_8)).post("/upload-config")
                .statusCode()).isEqualTo(201);
        qanat.drop("people", "a.csv", "id,born,private_mail\n1,2001-02-03,a@example.com\n");
        qanat.await("the file has landed", () -> qanat.is("EXISTS (SELECT FROM silver.people)"));
        withinASecond("it is described everywhere", () -> everywhere("silver.people", true));

        for (String key : List.of(KEY, operator)) {
            ApiDescription whole = described(other, key);
            assertThat(row(whole, operation(whole, "silver.people")).path("properties").has("private_mail")).isTrue();
            assertThat(filters(operation(whole, "silver.people"))).containsEntry("private_mail", "ilike.a*");
        }
        ApiDescription part = described(other, viewer);
        JsonNode operation = operation(part, "silver.people");
        assertThat(row(part, operation).path("properties").fieldNames()).toIterable()
                .containsExactly("id", "born", "_run_id", "_position", "_row_hash", "_created_at", "_updated_at");
        assertThat(operation.path("description").asText()).startsWith("Loaded by pipeline people");
        for (String form : List.of("json", "yaml")) {
            assertThat(request(qanat, viewer).get("/q/openapi." + form).asString())
                    .contains("silver.people")
                    .doesNotContain("private_mail");
        }
        assertThat(qanat.request().get("/q/openapi").statusCode()).isEqualTo(401);
        // Whoever may see no rows is told of no table.
        assertThat(ApiDescription.tree(other.request().get("/q/openapi.yml").asString()))
                .isEqualTo(ApiDescription.tree(read(OpenApiTest.FILE)));
    }

    @Test
    void what_is_changed_in_the_database_is_described_so_within_a_second_in_every_process() throws SQLException {
        qanat.execute("CREATE TYPE gold.mood AS ENUM ('sad', 'ok'); CREATE TABLE gold.moods (day date NOT NULL, mood gold.mood);"
                + " COMMENT ON TABLE gold.moods IS 'How it was'; COMMENT ON COLUMN gold.moods.day IS 'In Basel'");
        withinASecond("it is described everywhere", () -> everywhere("gold.moods", true));
        ApiDescription before = described(other, viewer);
        assertThat(row(before, operation(before, "gold.moods"))).isEqualTo(ApiDescription.json("""
                { "type": "object", "title": "gold.moods", "description": "How it was", "properties": {
                    "day": { "type": "string", "format": "date", "description": "In Basel" },
                    "mood": { "type": ["string", "null"], "enum": ["sad", "ok", null] } } }"""));
        assertThat(operation(before, "gold.moods").at("/parameters/0/description").asText())
                .isEqualTo("In Basel\n\n`date`, as in `gte.2026-01-01`");
        assertThat(operation(before, "gold.moods").path("description").asText()).isEqualTo("How it was");

        changed("COMMENT ON TABLE gold.moods IS 'How it is'", "/description", "How it is");
        changed("COMMENT ON COLUMN gold.moods.day IS NULL", "/properties/day", "{\"type\":\"string\",\"format\":\"date\"}");
        changed("ALTER TYPE gold.mood ADD VALUE 'fine'", "/properties/mood/enum", "[\"sad\",\"ok\",\"fine\",null]");
        changed(
                "ALTER TABLE gold.moods ADD COLUMN note varchar(9)",
                "/properties/note",
                "{\"type\":[\"string\",\"null\"],\"maxLength\":9}");
        changed("ALTER TABLE gold.moods RENAME COLUMN note TO remark", "/properties/note", "");

        qanat.execute("DROP TABLE gold.moods");
        withinASecond("it is gone everywhere", () -> everywhere("gold.moods", false));
        assertThat(described(qanat, KEY).text().path("components").path("schemas").has("gold.moods")).isFalse();
    }

    private static void changed(String statement, String place, String expected) throws SQLException {
        qanat.execute(statement);
        for (Qanat process : List.of(qanat, other)) {
            withinASecond(statement, () -> {
                ApiDescription now = described(process, operator);
                JsonNode part = row(now, operation(now, "gold.moods")).at(place);
                return (part.isTextual() ? part.asText() : part.toString()).equals(expected);
            });
        }
    }

    @Test
    void hundreds_of_tables_with_awkward_names_are_a_valid_description_and_each_path_leads_to_its_rows() throws Exception {
        for (String name : AWKWARD) {
            String quoted = '"' + name.replace("\"", "\"\"") + '"';
            String second = '"' + name.replace("\"", "\"\"") + " 2\"";
            qanat.execute("CREATE TABLE silver." + quoted + " (id integer PRIMARY KEY, " + quoted + " text, \"select\" text, \"or\" text, "
                    + second + " numeric); INSERT INTO silver." + quoted + " VALUES (7, 'x', 'y', 'z', 1.5)");
        }
        qanat.execute("DO $$ BEGIN FOR i IN 1..300 LOOP EXECUTE format('CREATE TABLE gold.\"Table %s\" (a integer, b text, c date)', i);"
                + " END LOOP; END $$");
        withinASecond("they are described", () -> everywhere("gold.Table%20300", true));
        String json = request(qanat, KEY).get("/q/openapi.json").asString();
        ApiDescription description = ApiDescription.ofJson(json);

        assertThat(ApiDescription.tree(request(other, KEY).get("/q/openapi").asString())).isEqualTo(description.text());
        assertThat(new OpenAPIV3Parser().readContents(json, null, new ParseOptions()).getMessages()).isEmpty();
        JsonSchema schemas = JsonSchemaFactory.getInstance(VersionFlag.V202012)
                .getSchema(SchemaLocation.of("https://json-schema.org/draft/2020-12/schema"));
        description.text().at("/components/schemas").properties().forEach(schema ->
                assertThat(schemas.validate(schema.getValue())).as(schema.getKey()).isEmpty());
        Map<String, Operation> bySummary = description.operations().stream()
                .collect(toMap(operation -> operation.text().path("summary").asText(), operation -> operation));
        for (String name : AWKWARD) {
            Operation operation = bySummary.get("Rows of silver." + name);
            assertThat(operation).as(name).isNotNull();
            JsonNode row = row(description, operation.text());
            assertThat(row.path("title").asText()).isEqualTo("silver." + name);
            assertThat(row.path("properties").fieldNames()).toIterable().containsExactly("id", name, "select", "or", name + " 2");
            assertThat(filters(operation.text()).keySet()).containsExactlyInAnyOrder("id", name, name + " 2");
            Response rows = get(operation.path());
            assertThat(rows.statusCode()).as(operation.path() + rows.asString()).isEqualTo(200);
            assertThat(ApiDescription.json(rows.asString()).at("/items/0")).isEqualTo(ApiDescription.json(
                    "{\"id\": 7, %s: \"x\", \"select\": \"y\", \"or\": \"z\", %s: 1.5}".formatted(quoted(name), quoted(name + " 2"))));
        }
    }

    private static String quoted(String text) {
        return TextNode.valueOf(text).toString();
    }

    /** Of a path that is encoded already. */
    private static Response get(String path) {
        return request(qanat, KEY).urlEncodingEnabled(false).get(path);
    }

    @Test
    void each_row_is_as_the_schema_of_its_table_says_and_each_example_of_a_filter_is_one() throws Exception {
        qanat.execute("""
                CREATE TYPE silver.size AS ENUM ('S', 'it''s "M"');
                CREATE TYPE silver.place AS (street text, number integer);
                CREATE DOMAIN silver.code AS varchar(3);
                CREATE DOMAIN silver.codes AS silver.code[];
                CREATE DOMAIN silver.own AS silver.code;
                CREATE TYPE silver.point AS RANGE (subtype = integer);
                CREATE FUNCTION silver.told(silver.point) RETURNS json IMMUTABLE LANGUAGE sql AS 'SELECT to_json(lower($1))';
                CREATE CAST (silver.point AS json) WITH FUNCTION silver.told(silver.point);
                CREATE TABLE silver.types (
                    id integer PRIMARY KEY, s smallint, i bigint, n numeric(20,4), m numeric, f double precision, r real, b boolean,
                    t text NOT NULL, v varchar(5), c char(4), q "char", d date, h time, hz timetz, l timestamp, z timestamptz, p interval,
                    u uuid, x bytea, o oid, y money, k inet, bits bit(3), w xml, g int4range, j json, jb jsonb, e silver.size,
                    st silver.place, co silver.code, cs silver.codes, ow silver.own, cast_to_json silver.point,
                    a text[], a2 integer[][], az timestamptz[], aj jsonb[], ae silver.size[], an numeric(5,2)[]);
                INSERT INTO silver.types VALUES
                    (1, 1, 9007199254740993, 1.25, 12345678901234567890.5, 0.1, 1.5, true, 'a', 'abcde', 'ab', 'x', '2024-02-29',
                        '23:59:59.5', '12:00+02', '2024-01-01 12:00', '2024-01-01 12:00+02', '1 day',
                        '00000000-0000-0000-0000-000000000001', '\\x00ff', 7, 3, '10.0.0.1', '101', '<a/>', '[1,5)',
                        '{"b": 1.10}', '[1]', 'S', ROW ('a', 1), 'abc', '{x,yz}', 'own', '[1,2)',
                        '{a,"b,c",NULL}', '{{1,2},{3,NULL}}', '{2024-01-01 12:00Z}', '{"{}"}', '{S}', '{1.5,NaN}'),
                    (2, -1, -1, 'NaN', 'Infinity', '-Infinity', 'NaN', false, '日本', '日本日本日', 'é', '', '0001-01-01', '00:00',
                        '00:00Z', '9999-12-31', '1969-07-20 20:17:40.123456Z', '-3 days', 'ffffffff-ffff-ffff-ffff-ffffffffffff',
                        '', 0, -1, '::1/64', '000', '<a>b</a>', 'empty', '1', '"x"', 'it''s "M"', ROW (NULL, NULL),
                        '', '{}', '', '[3,9)', '{}', '{}', '{}',
                        '{}', '{}', '{}');
                INSERT INTO silver.types (id, t) VALUES (3, '');
                INSERT INTO silver.types (id, t, d, l, z) VALUES (4, '', 'infinity', '-infinity', 'infinity'),
                    (5, '', '0044-03-15 BC', '12345-01-01', '12345-01-01Z');
                """);
        withinASecond("it is described", () -> everywhere("silver.types", true));
        ApiDescription description = described(qanat, KEY);
        JsonNode operation = operation(description, "silver.types");
        JsonNode schema = row(description, operation);

        SchemaValidatorsConfig formats = SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();
        JsonSchema strict = JsonSchemaFactory.getInstance(VersionFlag.V202012).getSchema(schema, formats);
        JsonSchema plain = JsonSchemaFactory.getInstance(VersionFlag.V202012).getSchema(schema);
        JsonNode rows = ApiDescription.json(get("/api/v1/data/silver.types").asString()).path("items");
        assertThat(rows).hasSize(5);
        for (JsonNode row : rows) {
            assertThat(row.fieldNames()).toIterable().containsExactlyElementsOf(schema.path("properties")::fieldNames);
            List<String> faults = strict.validate(row).stream().map(ValidationMessage::toString).toList();
            if (row.path("id").asInt() < 4) {
                assertThat(faults).as(row.toString()).isEmpty();
            } else {
                // What RFC 3339 cannot say is text all the same: a format is a note.
                assertThat(faults)
                        .as(row.toString())
                        .hasSize(2)
                        .anyMatch(fault -> fault.startsWith("/d: "))
                        .anyMatch(fault -> fault.startsWith("/z: "));
            }
            assertThat(plain.validate(row)).as(row.toString()).isEmpty();
        }
        // Nor is every value taken.
        schema.path("properties").properties().stream().filter(column -> column.getValue().has("type")).forEach(column -> {
            JsonNode wrong = ApiDescription.json(column.getValue().toString().contains("object") ? "1" : "{\"a\": 1}");
            assertThat(plain.validate(JsonNodeFactory.instance.objectNode().set(column.getKey(), wrong)))
                    .as(column.getKey())
                    .isNotEmpty();
        });
        assertThat(schema.path("properties")).isEqualTo(ApiDescription.json(
                Files.readString(Path.of("src/test/resources/openapi/types.json"))));
        assertThat(filters(operation).keySet()).containsExactlyInAnyOrderElementsOf(schema.path("properties")::fieldNames);
        List<String> refused = new ArrayList<>();
        filters(operation).forEach((column, filter) -> {
            Response answer = get("/api/v1/data/silver.types?" + column + "=" + URLEncoder.encode(filter, StandardCharsets.UTF_8));
            if (answer.statusCode() != 200) {
                refused.add(column + "=" + filter + " " + answer.asString());
            }
        });
        assertThat(refused).isEmpty();
    }

    @Test
    void a_description_that_is_known_is_not_sent_again_and_another_one_is() throws SQLException {
        Response first = request(qanat, viewer).get("/q/openapi.json");
        String tag = first.header("ETag");

        assertThat(first.header("Cache-Control")).isEqualTo("private, no-cache");
        Response same = request(other, viewer).header("If-None-Match", tag).get("/q/openapi.json");
        assertThat(same.statusCode()).isEqualTo(304);
        assertThat(same.asString()).isEmpty();
        assertThat(request(qanat, viewer).header("If-None-Match", tag).get("/q/openapi.yaml").statusCode()).isEqualTo(200);
        Response head = request(qanat, viewer).head("/q/openapi.json");
        assertThat(head.header("ETag")).isEqualTo(tag);
        assertThat(head.asByteArray()).isEmpty();
        qanat.execute("CREATE TABLE gold.another (id integer)");
        withinASecond("it is another one", () -> request(other, viewer).header("If-None-Match", tag).get("/q/openapi.json")
                .statusCode() == 200);
    }

    @Test
    void what_is_written_by_hand_is_described_while_the_database_is_away() throws Exception {
        qanat.execute("CREATE TABLE gold.away (id integer)");
        withinASecond("it is described", () -> everywhere("gold.away", true));
        qanat.stopPostgres("fast");
        try {
            for (Qanat process : List.of(qanat, other)) {
                qanat.await("it is described without tables", Duration.ofSeconds(10), () -> described(process, KEY).text()
                        .equals(ApiDescription.ofYaml(read(OpenApiTest.FILE)).text()));
                assertThat(ApiDescription.tree(request(process, KEY).get("/q/openapi").asString()))
                        .isEqualTo(ApiDescription.tree(read(OpenApiTest.FILE)));
            }
        } finally {
            qanat.startPostgres();
        }
        qanat.await("it is described again", Duration.ofSeconds(20), () -> everywhere("gold.away", true));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
