package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Arrays of JSON records as tables of their own. */
@Execution(ExecutionMode.CONCURRENT)
class ChildrenIT {

    @TestFactory
    Stream<DynamicTest> the_cases() throws IOException {
        return LoadCases.of(Path.of("src/test/resources/spec/children/cases.yaml"));
    }

    @Test
    void an_unchanged_item_keeps_its_stamps_while_its_sibling_changes() throws IOException, SQLException {
        Feed feed = Feed.of("""
                schema: { id: integer }
                primary_key: id
                children: { lines: { schema: { n: integer } } }
                """);
        long first = load(feed, "{\"id\": 1, \"lines\": [{\"n\": 1}, {\"n\": 2}]}").getLong("id");
        String before = stamps(feed, 0);
        long second = load(feed, "{\"id\": 1, \"lines\": [{\"n\": 1}, {\"n\": 3}]}").getLong("id");

        assertThat(stamps(feed, 0)).isEqualTo(before).startsWith(first + " 1 ");
        assertThat(stamps(feed, 1)).startsWith(second + " 1 ");
    }

    private static String stamps(Feed feed, int index) throws SQLException {
        return feed.qanat().value("SELECT concat_ws(' ', _run_id, _position, _created_at, _updated_at, _row_hash) FROM " + feed.table()
                + "__lines WHERE _index = " + index);
    }

    @Test
    void the_ids_of_items_can_be_joined_in_sql() throws IOException, SQLException {
        Feed keyed = Feed.of("""
                schema: { a: date, b: bigint }
                primary_key: [a, b]
                children: { lines: { schema: { n: integer } } }
                """);
        load(keyed, "{\"a\": \"2026-11-20\", \"b\": 12345678901, \"lines\": [{\"n\": 1}, {\"n\": 2}]}");
        assertThat(keyed.qanat().query("SELECT p.b, c.n FROM " + keyed.table() + " p JOIN " + keyed.table()
                        + "__lines c ON c._parent_id = jsonb_build_array(p.a::text, p.b::text)::text ORDER BY 2"))
                .containsExactly(Map.of("b", "12345678901", "n", "1"), Map.of("b", "12345678901", "n", "2"));

        Feed keyless = Feed.of("""
                schema: { day: date }
                children: { lines: { schema: { n: integer } } }
                """);
        load(keyless, "{\"day\": \"2026-11-20\", \"lines\": [{\"n\": 1}, {\"n\": 2}]}\n{\"day\": \"2026-11-20\", \"lines\": [{\"n\": 3}]}");
        assertThat(keyless.qanat().query("SELECT p._position, string_agg(c.n::text, ' ' ORDER BY c._index) AS n FROM " + keyless.table()
                        + " p JOIN " + keyless.table() + "__lines c ON c._parent_id = encode(p._row_hash, 'hex') GROUP BY 1 ORDER BY 1"))
                .containsExactly(Map.of("_position", "1", "n", "1 2"), Map.of("_position", "2", "n", "3"));
        assertThat(keyless.qanat().value("SELECT bool_and(_row_hash = sha256('day=2026-11-20'::bytea || '\\x00' || 'lines='::bytea"
                        + " || convert_to((SELECT string_agg(encode(c._row_hash, 'hex'), '' ORDER BY c._index) FROM " + keyless.table()
                        + "__lines c WHERE c._parent_id = encode(p._row_hash, 'hex')), 'UTF8') || '\\x00')) FROM " + keyless.table() + " p"))
                .isEqualTo("t");
    }

    @Test
    void many_items_of_many_records_land_over_many_chunks() throws IOException, SQLException {
        Feed feed = Feed.of("""
                schema: { id: integer, lines_of_it: integer }
                primary_key: id
                children: { lines: { schema: { n: bigint } } }
                """);
        load(feed, records(20_000, 0));
        assertThat(feed.qanat().value("SELECT count(*) FROM " + feed.table() + "__lines")).isEqualTo("30000");
        JsonPath second = load(feed, records(20_000, 10_000));
        assertThat(Feed.outcome(second, "lines")).isEqualTo("30000 read, 15000 inserted, 15000 unchanged");
        assertThat(feed.qanat().value("SELECT count(*) FROM " + feed.table() + "__lines JOIN " + feed.table()
                        + " ON id::text = _parent_id WHERE n = 1000 * id + _index"))
                .isEqualTo("45000");
    }

    /** Records with 0 to 3 items each. */
    private static String records(int count, int from) {
        return IntStream.range(from, from + count)
                .mapToObj(id -> "{\"id\": " + id + ", \"lines\": ["
                        + IntStream.range(0, id % 4)
                                .mapToObj(index -> "{\"n\": " + (1000L * id + index) + "}")
                                .collect(Collectors.joining(", "))
                        + "]}\n")
                .collect(Collectors.joining());
    }

    @Test
    void a_rejected_record_is_replayed_with_its_items() throws IOException, SQLException {
        String resource = """
                schema: { id: integer }
                primary_key: id
                children: { lines: { schema: { n: %s } } }
                """;
        Feed feed = Feed.of(resource.formatted("integer"));
        long run = load(feed, "{\"id\": 1, \"lines\": [{\"n\": 1}, {\"n\": 2.5}]}\n{\"id\": 2, \"lines\": []}").getLong("id");
        feed.declare(resource.formatted("\"numeric(12,2)\""));
        JsonPath replay = feed.qanat()
                .request()
                .post("/runs/" + run + "/replay?wait=PT60S")
                .then()
                .extract()
                .jsonPath();
        assertThat(Feed.outcome(replay)).isEqualTo("1 read, 1 inserted");
        assertThat(Feed.outcome(replay, "lines")).isEqualTo("2 read, 2 inserted");
        assertThat(feed.items("lines")).containsExactlyInAnyOrder("_parent_id=1, _index=0, n=1.00", "_parent_id=1, _index=1, n=2.50");
    }

    @Test
    void a_landing_that_fails_at_the_items_is_undone_as_a_whole_and_tried_again() throws IOException, SQLException {
        Feed feed = Feed.of("""
                schema: { id: integer }
                primary_key: id
                children: { tags: {}, lines: { schema: { n: integer } } }
                """);
        load(feed, "{\"id\": 1, \"lines\": [{\"n\": 1}], \"tags\": [\"a\"]}");
        onItems(feed, "IF nextval('silver.%1$s_attempts') = 1 THEN RAISE EXCEPTION 'a deadlock' USING ERRCODE = '40P01'; END IF;");
        JsonPath second = load(feed, "{\"id\": 2, \"lines\": [{\"n\": 2}], \"tags\": [\"b\"]}");
        assertThat(Feed.outcome(second)).isEqualTo("1 read, 1 inserted");
        assertThat(second.getInt("landing_attempts")).isEqualTo(2);

        onItems(feed, "RAISE EXCEPTION 'no more lines';");
        JsonPath third = load(feed, "{\"id\": 3, \"lines\": [{\"n\": 3}], \"tags\": [\"c\"]}");
        assertThat(Feed.outcome(third)).isEqualTo("failed database_refused: 1 read");
        assertThat(third.getString("error.message")).contains("no more lines");
        assertThat(feed.rows()).containsExactlyInAnyOrder("id=1", "id=2");
        assertThat(feed.items("tags")).containsExactlyInAnyOrder("_parent_id=1, _index=0, value=a", "_parent_id=2, _index=0, value=b");
        assertThat(feed.items("lines")).containsExactlyInAnyOrder("_parent_id=1, _index=0, n=1", "_parent_id=2, _index=0, n=2");
        assertThat(feed.qanat().value("SELECT count(*) FROM qanat.run_resource WHERE run_id = " + third.getLong("id"))).isEqualTo("0");
    }

    /** Has something happen whenever lines are inserted. */
    private static void onItems(Feed feed, String action) throws SQLException {
        feed.qanat().execute("""
                CREATE SEQUENCE IF NOT EXISTS silver.%1$s_attempts;
                CREATE OR REPLACE FUNCTION silver.%1$s_on_items() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                """.formatted(feed.name()) + action.formatted(feed.name()) + """

                    RETURN NULL;
                END $$;
                CREATE OR REPLACE TRIGGER on_items BEFORE INSERT ON silver.%1$s__lines
                    FOR EACH STATEMENT EXECUTE FUNCTION silver.%1$s_on_items();
                """.formatted(feed.name()));
    }

    @Test
    void a_plan_tells_the_tables_of_arrays() throws IOException {
        Feed feed = Feed.of("""
                schema: { id: integer }
                primary_key: id
                """);
        JsonPath plan = feed.qanat()
                .request()
                .contentType("application/yaml")
                .body(feed.yaml("""
                                schema: { id: integer }
                                primary_key: id
                                children: { lines: { schema: { n: integer } } }
                                """)
                        .getBytes(StandardCharsets.UTF_8))
                .post("/configs/plan")
                .jsonPath();
        assertThat(plan.getString("tables.find { it.resource == 'rows__lines' }.effect")).isEqualTo("created");
        assertThat(plan.<List<String>>get("tables.find { it.resource == 'rows__lines' }.columns.name"))
                .containsExactly("_parent_id", "_index", "n");
        assertThat(plan.getList("changes", String.class)).containsExactly("resource rows: children added");
    }

    private static JsonPath load(Feed feed, String lines) throws IOException {
        feed.drop("jsonl", lines.getBytes(StandardCharsets.UTF_8));
        return feed.last();
    }
}
