package dev.qanat.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.pipeline.ConfigChanges.Change;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConfigChangesTest {

    private static final String BEFORE = """
            pipeline: market
            vars: { day: today }
            sources: { drops: { type: files } }
            resources:
              - name: prices
                columns:
                  ticker: text
                  close: { type: "numeric(18,4)", from: "4. close" }
                  volume: bigint
                primary_key: ticker
              - name: splits
                files: { glob: "splits*", csv: { delimiter: ";" } }
            """;

    private static List<String> messages(String after) {
        return ConfigChanges.between(BEFORE, after).stream().map(Change::message).toList();
    }

    @Test
    void a_changed_type_is_told_with_its_column() {
        List<Change> changes = ConfigChanges.between(BEFORE, BEFORE.replace("18,4", "20,6"));
        assertThat(changes).containsExactly(new Change(
                ConfigChanges.Kind.CHANGED,
                "resources.prices.columns.close.type",
                "numeric(18,4)",
                "numeric(20,6)",
                "resource prices, column close: type numeric(18,4) to numeric(20,6)"));
    }

    @Test
    void what_means_the_same_is_no_change() {
        String same = """
                # A comment
                resources:
                  - primary_key: [ticker]
                    name: "prices"
                    columns:
                      ticker: { type: text }
                      close: { from: "4. close", type: "numeric( 18 , 4 )" }
                      volume: { type: bigint }
                  - { name: splits, files: { csv: { delimiter: ';' }, glob: splits* } }
                sources:
                  drops:
                    type: files
                vars: { day: today }
                pipeline: market
                """;
        assertThat(messages(same)).isEmpty();
        assertThat(ConfigChanges.between(
                        "pipeline: a\nresources: [ { name: r, columns: { x: date, y: {} } } ]",
                        "pipeline: a\nresources: [ { name: r, schema: { x: date, y: text } } ]"))
                .isEmpty();
    }

    @Test
    void settings_that_come_and_go_are_told_by_their_place() {
        String after = """
                pipeline: market
                description: Prices
                vars: { day: tomorrow }
                sources: { drops: { type: files, on_success: keep }, more: { type: files, path: inbox/more } }
                resources:
                  - name: prices
                    columns:
                      ticker: text
                      close: { type: "numeric(18,4)", min: 0 }
                      note: { type: text }
                    primary_key: [ticker, note]
                """;
        assertThat(messages(after))
                .containsExactlyInAnyOrder(
                        "description added (Prices)",
                        "vars.day today to tomorrow",
                        "source drops: on_success added (keep)",
                        "source more added (files)",
                        "resource prices, column close: min added (0)",
                        "resource prices, column close: from removed (4. close)",
                        "resource prices: column note added (text)",
                        "resource prices: column volume removed (bigint)",
                        "resource prices: primary_key ticker to ticker, note",
                        "resource splits removed");
    }

    @Test
    void when_and_how_often_it_runs_is_told() {
        String every = BEFORE + "schedule: { every: PT5M }\n";
        assertThat(messages(every)).containsExactly("schedule added (every PT5M)");
        assertThat(ConfigChanges.between(every, BEFORE + "schedule: { every: PT10M, catchup: all }\nconcurrency: { limit: 2 }\n"))
                .extracting(Change::message)
                .containsExactly("schedule.every PT5M to PT10M", "schedule.catchup added (all)", "concurrency added (limit 2)");
        assertThat(ConfigChanges.between(every, BEFORE)).extracting(Change::message).containsExactly("schedule removed (every PT5M)");
    }

    @Test
    void changes_of_children_are_told_with_their_columns() {
        String with = BEFORE + "    children: { lines: { schema: { n: integer, sku: text } }, tags: {} }\n";
        assertThat(messages(with)).containsExactly("resource splits: children added");
        assertThat(ConfigChanges.between(with, BEFORE + "    children: { lines: { columns: { sku: {}, n: bigint } } }\n"))
                .extracting(Change::message)
                .containsExactlyInAnyOrder(
                        "resource splits, child lines, column n: type integer to bigint", "resource splits: child tags removed");
    }

    @Test
    void the_order_of_resources_and_columns_counts() {
        String turned = """
                pipeline: market
                vars: { day: today }
                sources: { drops: { type: files } }
                resources:
                  - name: splits
                    files: { glob: "splits*", csv: { delimiter: ";" } }
                  - name: prices
                    columns:
                      close: { type: "numeric(18,4)", from: "4. close" }
                      ticker: text
                      volume: bigint
                    primary_key: ticker
                """;
        assertThat(messages(turned))
                .containsExactlyInAnyOrder(
                        "order of resources prices, splits to splits, prices",
                        "resource prices: order of columns ticker, close, volume to close, ticker, volume");
    }

    private static final String API = """
            pipeline: market
            sources:
              api:
                type: rest_api
                base_url: https://example.org
                auth: { type: bearer, token: "${secret:TOKEN}" }
                rate_limit: { limit: 5, interval: PT1M }
                response_actions:
                  - { path: $.Note, contains: slow, action: rate_limited, wait: PT2S }
                  - { status: 404, action: ignore }
            resources:
              - name: prices
                endpoint: { path: /query, params: { function: DAILY }, paginator: page_number }
                partitions: { symbol: "IBM, AAPL" }
                incremental: { cursor_path: date, lag: P7D }
                schema: { date: date }
            """;

    private static List<String> messages(String before, String after) {
        return ConfigChanges.between(before, after).stream().map(Change::message).toList();
    }

    @Test
    void what_changes_about_an_api_is_told_in_words() {
        assertThat(messages(API, API.replace("limit: 5", "limit: 10")))
                .containsExactly("source api: rate limit per PT1M 5 requests to 10 requests");
        String limits = "[ { limit: 5, interval: PT60S }, { limit: 25, interval: P1D, on_exhausted: defer } ]";
        assertThat(messages(API, API.replace("{ limit: 5, interval: PT1M }", limits)))
                .containsExactly("source api: rate limit per PT24H added (25 requests, defer)");
        assertThat(messages(API, API.replace("wait: PT2S", "wait: PT5S").replace("status: 404", "status: 410")))
                .containsExactly(
                        "source api: response action path $.Note, contains slow rate_limited after PT2S to rate_limited after PT5S",
                        "source api: response action status 410 added (ignore)",
                        "source api: response action status 404 removed (ignore)");
        assertThat(messages(API, API.replace("TOKEN", "OTHER")))
                .containsExactly("source api: auth.token ${secret:TOKEN} to ${secret:OTHER}");
        assertThat(messages(API, API.replace("DAILY", "INTRADAY").replace("page_number", "{ type: header_link }")))
                .containsExactly(
                        "resource prices: endpoint.params.function DAILY to INTRADAY",
                        "resource prices: endpoint.paginator.type page_number to header_link");
        assertThat(messages(API, API.replace("AAPL", "MSFT").replace("P7D", "P1D")))
                .containsExactly(
                        "resource prices, partition symbol: values IBM, AAPL to IBM, MSFT",
                        "resource prices: incremental.lag P7D to P1D");
    }

    @Test
    void the_order_of_response_actions_counts() {
        String note = "      - { path: $.Note, contains: slow, action: rate_limited, wait: PT2S }\n";
        assertThat(messages(API, API.replace(note, "").replace("resources:", note + "resources:")))
                .containsExactly("source api: order of response_actions 'path $.Note, contains slow', status 404 to status 404,"
                        + " 'path $.Note, contains slow'");
    }

    @Test
    void ways_of_writing_one_thing_of_an_api_are_no_change() {
        String same = API.replace("{ limit: 5, interval: PT1M }", "[ { interval: PT60S, limit: 5 } ]")
                .replace("paginator: page_number", "paginator: { type: page_number }")
                .replace("\"IBM, AAPL\"", "{ values: [IBM, AAPL] }");
        assertThat(messages(API, same)).isEmpty();
    }

    @Test
    void a_long_text_is_cut_for_people_and_whole_for_programs() {
        String text = "x".repeat(200);
        Change change = ConfigChanges.between(BEFORE, BEFORE + "description: " + text + "\n").get(0);
        assertThat(change.to()).isEqualTo(text);
        assertThat(change.message()).hasSizeLessThan(100);
    }

    @Test
    void the_first_version_is_created() {
        assertThat(ConfigChanges.between(null, BEFORE)).extracting(Change::message).containsExactly("created");
    }

    @Test
    void other_ways_to_write_lists_sql_and_durations_are_no_change() {
        String before = """
                pipeline: a
                sources: { drops: { type: files, on_success: keep, watch: PT90S } }
                resources:
                  - name: r
                    files: { csv: { null_if: ["", "-"] } }
                    columns: { x: { values: [a, b] }, y: { expr: "x  || 'a  b'" } }
                    where: "y > 0 and x in ('a', 'b')"
                schedule: { every: PT1H }
                """;
        assertThat(ConfigChanges.between(before, before.replace("[\"\", \"-\"]", "[\"-\", \"\"]")
                        .replace("[a, b]", "[b, a]")
                        .replace("x  ||", "x ||")
                        .replace("y > 0 and x in ('a', 'b')", "y>0  and x in('a','b') ")
                        .replace("PT90S", "PT1M30S")
                        .replace("PT1H", "PT60M")))
                .isEmpty();
        assertThat(ConfigChanges.between(before, before.replace("'a  b'", "'a b'")
                        .replace("y > 0 and", "y > 0and")
                        .replace("[a, b]", "[a, c]")
                        .replace("PT1H", "PT61M")))
                .extracting(Change::path)
                .containsExactlyInAnyOrder(
                        "resources.r.columns.y.expr", "resources.r.where", "resources.r.columns.x.values", "schedule.every");
        assertThat(ConfigChanges.between("pipeline: a\nvars: { every: PT1H }\n", "pipeline: a\nvars: { every: PT60M }\n"))
                .hasSize(1);
    }

    @Test
    void texts_of_a_list_can_be_told_apart() {
        String before = "pipeline: a\nresources: [ { name: r, columns: { x: { null_if: [\"\", \"-\"] } } } ]\n";
        assertThat(ConfigChanges.between(before, before.replace("\"-\"", "\"n, a\", None")))
                .extracting(Change::message)
                .containsExactly("resource r, column x: null_if '', '-' to '', 'n, a', None");
        assertThat(ConfigChanges.between(before, before.replace("\"\", \"-\"", "")))
                .extracting(Change::message)
                .containsExactly("resource r, column x: null_if '', '-' to []");
    }

    @Test
    void a_pipeline_that_goes_is_removed_and_one_that_comes_back_is_created() {
        assertThat(ConfigChanges.between(BEFORE, null))
                .containsExactly(new Change(ConfigChanges.Kind.REMOVED, "", null, null, "removed"));
        assertThat(ConfigChanges.between(null, null)).isEmpty();
    }
}
