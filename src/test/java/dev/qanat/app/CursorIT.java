package dev.qanat.app;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.app.ApiStub.Came;
import dev.qanat.app.ApiStub.Said;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Resources that load only what is new: where a poll starts, which records are in its range, what is told of those that are not there. */
class CursorIT {

    private static Qanat qanat;
    private static ApiStub api;

    private final PolledPipeline polled = new PolledPipeline(qanat, api);

    @BeforeAll
    static void start() throws Exception {
        qanat = Qanat.fresh("cursor").with("QANAT_ALLOWED_HOSTS", "127.0.0.1").start();
        api = new ApiStub(came -> Said.of(404, "text/plain", "not scripted"));
    }

    @AfterAll
    static void stop() {
        qanat.close();
        api.close();
    }

    /**
     * A type, and values of it as an API has them, each later than the one before.
     *
     * @param sent the third of them as it stands in the next request
     */
    private record Ordered(String type, String tooOld, String first, String greatest, String next, String sent) {}

    @Test
    void a_cursor_of_every_type_has_its_order_and_a_record_at_it_is_neither_lost_nor_doubled() throws Exception {
        List<Ordered> cases = List.of(
                new Ordered("date", "2024-01-01", "2024-01-02", "2024-01-10", "2024-02-01", "2024-01-10"),
                new Ordered("bigint", "1", "2", "9", "10", "9"),
                new Ordered("numeric(9,2)", "1", "2", "9.5", "10.25", "9.50"),
                new Ordered("text", "a", "b", "c9", "d", "c9"),
                new Ordered("timestamp", "2024-01-01", "2024-01-02 00:00:00", "2024-01-02 10:00", "2024-01-02 10:00:01", "2024-01-02T10:00:00"),
                new Ordered("timestamptz", "2024-01-01", "2024-01-02T00:00:00Z", "2024-01-02T10:00:00+02:00", "2024-01-02T10:00:00+01:00",
                        "2024-01-02T08:00:00Z"));
        Map<String, List<String>> starts = new ConcurrentHashMap<>();
        Map<String, String> answers = new ConcurrentHashMap<>();
        api.script(came -> {
            starts.computeIfAbsent(came.path(), path -> new ArrayList<>()).add(parameter(came, "after"));
            return Said.json(answers.get(came.path()));
        });
        qanat.pipeline(polled.yaml("", "").replaceFirst("(?s)  - name: rows.*", "") + IntStream.range(0, cases.size())
                .mapToObj(i -> """
                          - name: %2$s_%1$d
                            source: api
                            endpoint: { path: /%1$d, params: { after: "{{ incremental.start_value }}" } }
                            incremental: { cursor_path: at, initial_value: "%3$s" }
                            columns: { id: integer, at: "%4$s" }
                        """.formatted(i, polled.name(), cases.get(i).first(), cases.get(i).type()))
                .collect(joining()));

        for (int i = 0; i < cases.size(); i++) {
            Ordered one = cases.get(i);
            answers.put("/" + i, records(one.tooOld(), one.first(), one.greatest()));
        }
        JsonPath first = polled.poll();
        for (int i = 0; i < cases.size(); i++) {
            Ordered one = cases.get(i);
            // The fourth came with the cursor's value and was not there before.
            answers.put("/" + i, records(one.tooOld(), one.first(), one.greatest(), one.greatest(), one.next()));
        }
        JsonPath second = polled.poll();
        JsonPath third = polled.poll();

        for (int i = 0; i < cases.size(); i++) {
            Ordered one = cases.get(i);
            assertThat(counts(first, i)).as(one.type()).isEqualTo("2 inserted, 0 duplicate, 1 filtered");
            assertThat(counts(second, i)).as(one.type()).isEqualTo("2 inserted, 1 duplicate, 2 filtered");
            assertThat(counts(third, i)).as(one.type()).isEqualTo("0 inserted, 1 duplicate, 4 filtered");
            assertThat(starts.get("/" + i).get(1)).as(one.type()).isEqualTo(one.sent());
            assertThat(qanat.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM silver." + polled.name() + "_" + i))
                    .as(one.type())
                    .isEqualTo("2 3 4 5");
        }
    }

    private static String counts(JsonPath run, int resource) {
        assertThat(run.getString("status")).as(run.prettify()).isEqualTo("succeeded");
        String root = "resources[" + resource + "].";
        return run.getInt(root + "inserted") + " inserted, " + run.getInt(root + "duplicate") + " duplicate, "
                + run.getInt(root + "filtered") + " filtered";
    }

    private static String parameter(Came came, String name) {
        return URLDecoder.decode(came.parameter(name), StandardCharsets.UTF_8);
    }

    /** Records with ids from 1 on and these values. */
    private static String records(String... values) {
        return IntStream.range(0, values.length)
                .mapToObj(i -> "{\"id\":" + (i + 1) + ",\"at\":\"" + values[i] + "\"}")
                .collect(joining(",", "[", "]"));
    }

    @Test
    void an_open_range_does_not_hold_the_record_at_its_start() throws Exception {
        polled.declare("", """
                    endpoint: { path: / }
                    incremental: { cursor_path: at, range_start: open }
                    columns: { id: integer, at: date }
                    dedup: none
                """);

        api.script(came -> Said.json(records("2024-01-01", "2024-01-02")));
        assertThat(Feed.outcome(polled.poll())).isEqualTo("2 read, 2 inserted");
        api.script(came -> Said.json(records("2024-01-01", "2024-01-02", "2024-01-03")));
        assertThat(Feed.outcome(polled.poll())).isEqualTo("3 read, 1 inserted, 2 filtered");

        assertThat(polled.value("count(*)")).isEqualTo("3");
        assertThat(polled.cursors()).containsExactly("2024-01-03");
    }

    @Test
    void a_lag_is_taken_off_what_is_sent_and_what_is_loaded() throws Exception {
        List<String> starts = new ArrayList<>();
        api.script(came -> {
            starts.add(parameter(came, "after"));
            return Said.json(records("2024-01-02 08:30:00", "2024-01-02 09:00:00", "2024-01-02 10:00:00"));
        });
        for (String type : List.of("timestamp", "timestamptz")) {
            PolledPipeline one = new PolledPipeline(qanat, api);
            one.declare("", """
                        endpoint: { path: /, params: { after: "{{ incremental.start_value }}" } }
                        incremental: { cursor_path: at, initial_value: "2024-01-01", lag: PT1H }
                        columns: { id: integer, at: %s }
                    """.formatted(type));
            assertThat(Feed.outcome(one.poll())).isEqualTo("3 read, 3 inserted");
            assertThat(Feed.outcome(one.poll())).isEqualTo("3 read, 2 duplicate, 1 filtered");
        }
        assertThat(starts).containsExactly("2024-01-01T00:00:00", "2024-01-02T09:00:00", "2024-01-01T00:00:00Z", "2024-01-02T09:00:00Z");
    }

    @Test
    void a_record_without_a_cursor_value_fails_its_partition_alone_or_is_left_out_or_loaded() throws Exception {
        api.script(came -> Said.json(came.parameter("n").equals("1")
                ? "[{\"id\":1,\"at\":\"2024-01-01\"}]"
                : "[{\"id\":2,\"at\":\"2024-01-02\"},{\"id\":3,\"at\":null},{\"id\":4}]"));
        String resource = """
                    endpoint: { path: /, params: { n: "{{ partition.n }}" } }
                    partitions: { n: "1,2" }
                    incremental: { cursor_path: at, on_cursor_value_missing: %s }
                    columns: { id: integer, at: date }
                    primary_key: id
                """;

        polled.declare("", resource.formatted("raise"));
        JsonPath raised = polled.poll();
        assertThat(Feed.outcome(raised)).isEqualTo("partial partition_failed: 1 read, 1 inserted");
        assertThat(raised.getString("partitions[0].partition.n")).isEqualTo("2");
        assertThat(raised.getString("partitions[0].error.code")).isEqualTo("cursor_missing");
        assertThat(raised.getString("partitions[0].error.message")).contains("record 2", "'at'");
        assertThat(polled.cursors()).containsExactly("2024-01-01");

        polled.declare("", resource.formatted("exclude"));
        assertThat(Feed.outcome(polled.poll())).isEqualTo("4 read, 1 inserted, 1 unchanged, 2 filtered");
        assertThat(polled.cursors()).containsExactly("2024-01-01", "2024-01-02");

        polled.declare("", resource.formatted("include"));
        assertThat(Feed.outcome(polled.poll())).isEqualTo("4 read, 2 inserted, 2 unchanged");
        assertThat(polled.value("count(*) FILTER (WHERE at IS NULL)")).isEqualTo("2");
        assertThat(polled.cursors()).containsExactly("2024-01-01", "2024-01-02");
    }

    @Test
    void records_that_a_source_does_not_give_any_more_are_told_as_a_gap_once() throws Exception {
        Map<String, List<String>> window = new TreeMap<>();
        api.script(came -> Said.json(page(window.get(came.parameter("symbol")), came.parameter("page"))));
        polled.declare("", """
                    endpoint: { path: /, params: { symbol: "{{ partition.symbol }}" }, paginator: page_number }
                    partitions: { symbol: [ AAPL, IBM ] }
                    incremental: { cursor_path: at, lag: P1D }
                    columns: { symbol: text, id: integer, at: date }
                    primary_key: [ symbol, at ]
                """);

        window.put("AAPL", List.of("2024-01-03", "2024-01-02", "2024-01-01"));
        window.put("IBM", List.of("2024-01-03", "2024-01-02", "2024-01-01"));
        assertThat(polled.poll().getString("status")).isEqualTo("succeeded");
        // The last page of each begins with the record at the cursor.
        window.put("AAPL", List.of("2024-01-05", "2024-01-04", "2024-01-03"));
        window.put("IBM", List.of("2024-01-05", "2024-01-04", "2024-01-03"));
        assertThat(polled.poll().getString("status")).isEqualTo("succeeded");

        window.put("IBM", List.of("2024-03-03", "2024-03-02", "2024-03-01"));
        JsonPath gap = polled.poll();
        assertThat(gap.getString("status")).as(gap.prettify()).isEqualTo("partial");
        assertThat(gap.getString("error.code")).isEqualTo("cursor_gap");
        assertThat(gap.getString("error.message")).contains("IBM", "2024-01-05", "2024-03-01").doesNotContain("AAPL");
        assertThat(gap.getList("partitions.status")).containsExactly("landed", "landed");
        assertThat(gap.getString("partitions[0].error")).isNull();
        assertThat(gap.getString("partitions[1].error.code")).isEqualTo("cursor_gap");
        assertThat(gap.getList("partitions.cursor")).containsExactly("2024-01-05", "2024-03-03");
        assertThat(polled.value("count(*)")).isEqualTo("13");
        assertThat(polled.poll().getString("status")).isEqualTo("succeeded");

        window.put("IBM", List.of("2024-05-01"));
        assertThat(polled.poll("\"from\": \"2024-04-01\", \"to\": \"2024-06-01\"").getString("status")).isEqualTo("succeeded");
        assertThat(polled.poll("\"full_refresh\": true").getString("status")).isEqualTo("succeeded");

        // As if the process that landed it had died before it ended it.
        long id = gap.getLong("id");
        qanat.execute("UPDATE qanat.run SET status = 'running', finished_at = NULL, worker = gen_random_uuid(),"
                + " lease_until = now() - interval '1 minute' WHERE id = " + id);
        qanat.await("it is ended again", () -> polled.run(id).getString("finished_at") != null);
        assertThat(polled.run(id).getString("status")).isEqualTo("partial");
        assertThat(polled.run(id).getString("error.code")).isEqualTo("cursor_gap");
    }

    /** One record a page. */
    private static String page(List<String> window, String page) {
        int number = Integer.parseInt(page);
        return number > window.size() ? "[]" : "[{\"id\":" + number + ",\"at\":\"" + window.get(number - 1) + "\"}]";
    }

    @Test
    void a_range_that_cannot_be_is_refused_before_a_request_is_spent() {
        polled.declare("", """
                    endpoint: { path: /, params: { from: "{{ incremental.start_value }}" } }
                    incremental: { cursor_path: code, initial_value: A1 }
                    columns: { code: { type: text, pattern: "[A-Z][0-9]" } }
                """);
        api.forget();

        assertThat(refused("\"from\": \"a1\"")).contains("'code'", "'a1' does not match");
        assertThat(refused("\"to\": \"A1\\n\"")).contains("control characters");
        assertThat(refused("\"to\": \"" + "A".repeat(201) + "\"")).contains("200 characters");
        assertThat(refused("\"from\": \"B1\", \"to\": \"A2\"")).contains("nothing lies from B1 up to A2");
        assertThat(refused("\"from\": \"B1\", \"to\": \"B1\"")).contains("nothing lies");

        assertThat(api.requests()).isEmpty();
        assertThat(qanat.runs(polled.name())).isEmpty();
    }

    private String refused(String range) {
        Response answer = qanat.request()
                .contentType("application/json")
                .body("{\"pipeline\": \"" + polled.name() + "\", " + range + "}")
                .post("/trigger-job");
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(400);
        assertThat(answer.jsonPath().getString("code")).isEqualTo("invalid_request");
        return answer.jsonPath().getString("detail");
    }

    @Test
    void a_source_that_is_asked_from_the_cursor_on_has_no_gap() throws Exception {
        api.script(came -> Said.json(records(parameter(came, "after").equals("2024-01-01") ? "2024-01-02" : "2024-03-01")));
        polled.declare("", """
                    endpoint: { path: /, params: { after: "{{ incremental.last_value }}" } }
                    incremental: { cursor_path: at, initial_value: "2024-01-01" }
                    columns: { id: integer, at: date }
                """);

        assertThat(Feed.outcome(polled.poll())).isEqualTo("1 read, 1 inserted");
        assertThat(Feed.outcome(polled.poll())).isEqualTo("1 read, 1 inserted");
        assertThat(polled.cursors()).containsExactly("2024-03-01");
    }
}
