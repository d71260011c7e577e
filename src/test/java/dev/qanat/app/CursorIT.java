package dev.qanat.app;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.app.ApiStub.Came;
import dev.qanat.app.ApiStub.Said;
import io.restassured.path.json.JsonPath;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
