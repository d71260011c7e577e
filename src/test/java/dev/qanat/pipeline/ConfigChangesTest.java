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
