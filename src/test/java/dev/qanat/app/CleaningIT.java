package dev.qanat.app;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What {@code expr:} and {@code where:} make of staged rows, and which of them PostgreSQL refuses when they are uploaded. */
@Execution(ExecutionMode.CONCURRENT)
class CleaningIT {

    /** What PostgreSQL computes for longer than it is given, whatever the row. */
    private static final String SLOW = "length(regexp_replace(repeat('a', 60000000), 'a', 'b', 'g')) = id";

    private static final Path CASES = Path.of("src/test/resources/spec/cleaning");

    private static Qanat qanat;

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.shared();
    }

    @TestFactory
    Stream<DynamicTest> the_cases() throws IOException {
        return LoadCases.of(CASES.resolve("cases.yaml"));
    }

    @TestFactory
    Stream<DynamicTest> what_postgresql_does_not_take_is_refused_with_its_place() throws IOException {
        Load load = new Load(LoadSettings.builder().build());
        List<?> cases = (List<?>) load.loadFromString(Files.readString(CASES.resolve("refused.yaml")));
        return cases.stream().map(item -> (Map<?, ?>) item).map(one -> DynamicTest.dynamicTest((String) one.get("id"), () -> {
            String name = Qanat.newName("refused");
            boolean where = one.containsKey("where");
            String yaml = """
                    pipeline: %1$s
                    sources: { drops: { type: files } }
                    resources:
                      - name: rows
                        table: %1$s
                        columns: { high: numeric, low: numeric, volume: bigint, note: text, at: timestamptz,
                                   total: { type: %2$s, expr: high - low } }
                        where: volume > 0
                    """.formatted(name, one.containsKey("type") ? one.get("type") : "numeric");
            String text = (String) one.get(where ? "where" : "expr");
            String quoted = '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
            Response answer = qanat.upload(
                    where ? yaml.replace("where: volume > 0", "where: " + quoted) : yaml.replace("expr: high - low", "expr: " + quoted));
            assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(422);
            List<Map<String, Object>> errors = answer.jsonPath().getList("errors");
            assertThat(errors).hasSize(1);
            assertThat(errors.get(0))
                    .containsEntry("line", where ? 8 : 7)
                    .containsEntry("path", where ? "resources[0].where" : "resources[0].columns.total.expr")
                    .containsEntry("code", "invalid_expression")
                    .containsEntry("message", (where ? "resource 'rows': 'where' " : "column 'total': 'expr' ") + one.get("message"));
            assertThat(qanat.value("SELECT count(*) FROM qanat.config_history WHERE pipeline = '" + name + "'")).isEqualTo("0");
        }));
    }

    @Test
    void what_looks_beyond_the_row_is_refused_before_it_is_evaluated() throws IOException {
        List<String> expressions = functions("refused");
        List<Map<String, Object>> errors = planned(expressions).jsonPath().getList("errors");
        assertThat(errors).hasSameSizeAs(expressions).allSatisfy(error -> assertThat(error)
                .containsEntry("code", "invalid_expression")
                .extractingByKey("message", as(STRING))
                .containsPattern("'expr' (calls \\w+|has a value of the type \\w+|asks for the user, the schema or the database), which "));
    }

    @Test
    void what_hangs_on_the_row_the_clock_and_the_zone_is_taken() throws IOException {
        Response answer = planned(functions("taken"));
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(200);
    }

    @Test
    void what_takes_too_long_to_check_is_refused_within_seconds_for_the_whole_pipeline() throws IOException {
        List<String> slow = Collections.nCopies(12, SLOW);
        long begin = System.nanoTime();
        Response answer = planned(slow);
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(15));
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(422);
        List<Map<String, Object>> errors = answer.jsonPath().getList("errors");
        assertThat(errors).hasSizeBetween(6, 12).allSatisfy(error -> assertThat(error)
                .containsEntry("code", "invalid_expression")
                .extractingByKey("message", as(STRING))
                .endsWith("'expr' takes too long or too much memory to check; of the whole pipeline it may take 5 seconds"));
    }

    @Test
    void uploads_do_not_wait_for_expressions_that_take_long_to_check() throws Exception {
        CompletableFuture<Response> slow = CompletableFuture.supplyAsync(() -> planned(List.of(SLOW)));
        Thread.sleep(500);
        assertThat(planned(List.of("id > 0")).statusCode()).isEqualTo(200);
        assertThat(slow).isNotDone();
        assertThat(slow.get().statusCode()).isEqualTo(422);
    }

    private static List<String> functions(String list) throws IOException {
        Load load = new Load(LoadSettings.builder().build());
        Map<?, ?> lists = (Map<?, ?>) load.loadFromString(Files.readString(CASES.resolve("functions.yaml")));
        return ((List<?>) lists.get(list)).stream().map(String.class::cast).toList();
    }

    /** A plan of a pipeline with a computed column for each. */
    private static Response planned(List<String> expressions) {
        String columns = IntStream.range(0, expressions.size())
                .mapToObj(i -> "      c%d: { type: boolean, expr: \"%s\" }%n"
                        .formatted(i, expressions.get(i).replace("\\", "\\\\").replace("\"", "\\\"")))
                .collect(Collectors.joining());
        String yaml = """
                pipeline: functions
                sources: { drops: { type: files } }
                resources:
                  - name: functions
                    columns:
                      id: integer
                      price: numeric
                      note: text
                      doc: jsonb
                      day: date
                      clock: time
                      local: timestamp
                      at: timestamptz
                """
                + columns;
        return qanat.request().contentType("application/yaml").body(yaml.getBytes(StandardCharsets.UTF_8)).post("/configs/plan");
    }

    @Test
    void a_row_on_which_an_expression_fails_is_rejected_with_its_record_and_leaves_bronze() throws IOException, SQLException {
        Feed feed = Feed.of("""
                columns:
                  id: integer
                  a: numeric
                  b: numeric
                  share: { expr: "round(a / b, 2)", type: "numeric(6,2)", required: true, min: 0 }
                where: a IS DISTINCT FROM 7
                """);
        JsonPath run = feed.load("id,a,b\n1,1,2\n2,1,0\n3,,1\n4,7,0\n5,99999,1\n6,-1,1\nx,1,1\n8,1,4\n");
        assertThat(Feed.outcome(run)).isEqualTo("8 read, 2 inserted, 1 filtered, 5 rejected");
        feed.assertAccounted(run, true);
        assertThat(feed.rows()).containsExactlyInAnyOrder("id=1, a=1, b=2, share=0.50", "id=8, a=1, b=4, share=0.25");
        assertThat(feed.rejections(run))
                .containsExactly(
                        "3 share expression_failed",
                        "4 share required",
                        "6 share out_of_range",
                        "7 share below_min",
                        "8 id type_mismatch");
        assertThat(feed.qanat().rejections(run.getLong("id")))
                .extracting(rejection -> rejection.get("reason"))
                .startsWith("division by zero", "the expression gives null, but the column is required")
                .contains("'-1.00' is less than 0");
        assertThat(feed.qanat().rejections(run.getLong("id")).get(0))
                .containsEntry("record", "{\"id\":\"2\",\"a\":\"1\",\"b\":\"0\"}");
        assertThat(feed.qanat().query("SELECT record->>'id' AS id FROM " + feed.bronze() + " ORDER BY _position"))
                .extracting(row -> row.get("id"))
                .containsExactly("1", "4", "8");
    }

    @Test
    void a_rejection_names_the_file_within_an_archive_and_stays_in_its_place() throws IOException, SQLException {
        Feed feed = Feed.of("columns: { id: integer, half: { expr: 10 / id, type: integer } }");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (String file : List.of("a.csv id\n1\n0\nx\n", "b.csv id\ny\n0\n5\n")) {
                zip.putNextEntry(new ZipEntry(file.substring(0, 5)));
                zip.write(file.substring(6).getBytes(StandardCharsets.UTF_8));
            }
        }
        JsonPath run = feed.drop("zip", bytes.toByteArray()).last();
        assertThat(Feed.outcome(run)).isEqualTo("6 read, 2 inserted, 4 rejected");
        feed.assertAccounted(run, true);
        assertThat(feed.qanat().rejections(run.getLong("id")))
                .extracting(rejection -> rejection.get("source") + ":" + rejection.get("position") + " " + rejection.get("code"))
                .containsExactly(
                        "001.zip!/a.csv:3 expression_failed",
                        "001.zip!/a.csv:4 type_mismatch",
                        "001.zip!/b.csv:2 type_mismatch",
                        "001.zip!/b.csv:3 expression_failed");
    }

    @Test
    void where_nothing_is_kept_in_bronze_a_rejection_keeps_the_record_as_it_came() throws IOException, SQLException {
        Feed feed = Feed.of("""
                schema_contract: { columns: discard_value }
                columns: { id: integer, twice: { expr: "id * 2", type: integer } }
                bronze: { keep: none }
                """);
        String note = "ä".repeat(40_000);
        JsonPath run = feed.load("id,note\n1,x\n2000000000," + note + "\n");
        assertThat(Feed.outcome(run)).isEqualTo("2 read, 1 inserted, 1 rejected");
        feed.assertAccounted(run, false);
        assertThat(feed.qanat().value("SELECT to_regclass('" + feed.bronze() + "')")).isNull();
        String record = (String) feed.qanat().rejections(run.getLong("id")).get(0).get("record");
        assertThat(record).startsWith("{\"id\":\"2000000000\",\"note\":\"ää");
        assertThat(record.getBytes(StandardCharsets.UTF_8)).hasSizeBetween(65_535, 65_536);
        assertThat(record).endsWith("ä");
    }

    @Test
    void a_hundredth_of_many_rows_fails_and_the_others_land() throws IOException, SQLException {
        Feed feed = Feed.of("""
                columns:
                  id: integer
                  a: integer
                  b: integer
                  ratio: { expr: a / b, type: integer }
                primary_key: id
                where: a <> 3
                """);
        String rows = IntStream.range(0, 100_000)
                .mapToObj(i -> i + "," + i % 10 + "," + (i % 100 == 50 ? 0 : 1) + "\n")
                .collect(Collectors.joining("", "id,a,b\n", ""));
        JsonPath run = feed.load(rows);
        assertThat(Feed.outcome(run)).isEqualTo("100000 read, 89000 inserted, 10000 filtered, 1000 rejected");
        feed.assertAccounted(run, true);
        assertThat(feed.value("count(*) FILTER (WHERE ratio = a) || ' of ' || count(*)")).isEqualTo("89000 of 89000");
        assertThat(feed.rejections(run)).hasSize(1000).startsWith("52 ratio expression_failed").endsWith("99952 ratio expression_failed");
        assertThat(feed.qanat().value("SELECT count(*) FROM pg_tables WHERE schemaname = 'qanat_staging' AND tablename LIKE 'run\\_"
                        + run.getLong("id") + "\\_%'"))
                .as("staging tables")
                .isEqualTo("0");
    }
}
