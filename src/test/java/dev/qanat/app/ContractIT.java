package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
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

/** What the contract of a resource makes of records, as it shows in tables, rejections and runs. */
@Execution(ExecutionMode.CONCURRENT)
class ContractIT {

    @TestFactory
    Stream<DynamicTest> the_cases() throws IOException {
        return LoadCases.of(Path.of("src/test/resources/spec/contract/cases.yaml"));
    }

    @Test
    void a_value_of_every_type_stands_in_silver_as_it_is() throws IOException, SQLException {
        Feed feed = Feed.of("""
                schema: { t: text, i: integer, b: bigint, n: numeric, m: "numeric(20,4)", f: double, o: boolean, d: date, c: time,
                          s: timestamp, z: timestamptz, u: uuid, j: json, k: jsonb }
                """);
        feed.drop("jsonl", """
                        {"t": "ä 'q' \\" \\\\ \\n \uD83D\uDE00", "i": -2147483648, "b": 9223372036854775807,\
                         "n": 12345678901234567890.12345678901234567890, "m": "-1234567890123456.7891", "f": 0.1, "o": true,\
                         "d": "2024-02-29", "c": "23:59:59.999999", "s": "2024-02-29T23:59:59.123456", "z": "2024-02-29T23:59:59.5+02:00",\
                         "u": "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "j": {"b": 1.0, "a": [1, null]}, "k": {"b": 1.0, "a": [1, null]}}
                        """.getBytes(StandardCharsets.UTF_8));
        assertThat(feed.outcomes()).containsExactly("1 read, 1 inserted");
        for (String equal : List.of(
                "t = E'ä ''q'' \" \\\\ \\n \uD83D\uDE00'",
                "i = -2147483648",
                "b = 9223372036854775807",
                "n::text = '12345678901234567890.12345678901234567890'",
                "m = -1234567890123456.7891",
                "f = float8 '0.1'",
                "o",
                "d = date '2024-02-29'",
                "c = time '23:59:59.999999'",
                "s = timestamp '2024-02-29 23:59:59.123456'",
                "z = timestamptz '2024-02-29 21:59:59.5Z'",
                "u = uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
                "j::text = '{\"b\":1.0,\"a\":[1,null]}'",
                "k = jsonb '{\"b\": 1.0, \"a\": [1, null]}'")) {
            assertThat(feed.value(equal)).as(equal).isEqualTo("t");
        }
        assertThat(types(feed))
                .isEqualTo("t text, i integer, b bigint, n numeric, m numeric(20,4), f double precision, o boolean, d date, "
                        + "c time without time zone, s timestamp without time zone, z timestamp with time zone, u uuid, j json, "
                        + "k jsonb");
    }

    private static String types(Feed feed) throws SQLException {
        return feed
                .qanat()
                .query("SELECT attname || ' ' || format_type(atttypid, atttypmod) AS type FROM pg_attribute WHERE attrelid = '"
                        + feed.table() + "'::regclass AND attnum > 0 AND attname NOT LIKE '\\_%' ORDER BY attnum")
                .stream()
                .map(row -> row.get("type"))
                .collect(Collectors.joining(", "));
    }

    @Test
    void a_rejection_keeps_the_record_its_place_and_the_reason() throws IOException, SQLException {
        Feed feed = Feed.of("""
                columns:
                  id: integer
                  price: { type: "numeric(12,2)", required: true, min: 0 }
                  note: { type: integer, from: Note }
                """);
        JsonPath run = feed.load("id,price,Note\n1,1.00,\n\"2\",-1,\"a\nb\"\n3,,x\n4,1\n");
        assertThat(Feed.outcome(run)).isEqualTo("4 read, 1 inserted, 3 rejected");
        feed.assertAccounted(run, true);
        List<Map<String, Object>> rejections = feed.qanat().rejections(run.getLong("id"));
        assertThat(rejections).hasSize(3);
        assertThat(rejections.get(0).keySet())
                .containsExactly("id", "resource", "source", "position", "column", "code", "reason", "record");
        assertThat(rejections.get(0))
                .containsEntry("resource", "rows")
                .containsEntry("source", "001.csv")
                .containsEntry("position", 3)
                .containsEntry("column", "price")
                .containsEntry("code", "below_min")
                .containsEntry("reason", "'-1' is less than 0")
                .containsEntry("record", "{\"id\":\"2\",\"price\":\"-1\",\"Note\":\"a\\nb\"}");
        assertThat(rejections.get(1))
                .containsEntry("position", 5)
                .containsEntry("column", "price")
                .containsEntry("code", "required")
                .containsEntry("reason", "'' means null, but the column is required");
        assertThat(rejections.get(2))
                .containsEntry("column", null)
                .containsEntry("code", "field_count")
                .containsEntry("record", "[\"4\",\"1\"]");
    }

    @Test
    void a_run_with_too_many_errors_lands_nothing_and_its_file_is_quarantined() throws IOException, SQLException {
        List<Feed> feeds = List.of(
                Feed.of("schema: { id: integer }\nprimary_key: id\nmax_errors: \"50%\""),
                Feed.of("schema: { id: integer }\nprimary_key: id\nmax_errors: 1200"));
        String rows = "id\n" + IntStream.range(0, 500).mapToObj(i -> i + "\n").collect(Collectors.joining())
                + IntStream.range(0, 1_500).mapToObj(i -> "x" + i + "\n").collect(Collectors.joining());
        for (Feed feed : feeds) {
            feed.drop("id\n1\n").drop(rows);
        }
        for (Feed feed : feeds) {
            JsonPath run = feed.last();
            assertThat(feed.outcomes())
                    .containsExactly("1 read, 1 inserted", "failed max_errors_exceeded: 2000 read, 1500 rejected");
            assertThat(run.getString("landed_at")).isNull();
            assertThat(run.getString("error.message")).contains("1500 of 2000 records were rejected");
            assertThat(run.getList("resources")).isEmpty();
            assertThat(feed.rows()).containsExactly("id=1");
            assertThat(feed.qanat().value("SELECT count(*) FROM " + feed.bronze())).isEqualTo("1");
            List<String> kept = feed.rejections(run);
            assertThat(kept).hasSize(1_000).startsWith("502 id type_mismatch").endsWith("1501 id type_mismatch");
            assertThat(feed.qanat().value("SELECT count(*) FROM qanat.rejection WHERE run_id = " + run.getLong("id")))
                    .isEqualTo("1000");
            try (Stream<Path> files = Files.walk(feed.qanat().quarantine(feed.name()))) {
                List<Path> quarantined = files.filter(Files::isRegularFile).toList();
                assertThat(quarantined).hasSize(2);
                assertThat(quarantined).anySatisfy(file -> assertThat(file).hasContent(rows));
                assertThat(quarantined)
                        .anySatisfy(file -> assertThat(Files.readString(file)).contains("max_errors_exceeded"));
            }
        }
    }
}
