package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What a load does with the rows that are there already, and how it counts them. */
@Execution(ExecutionMode.CONCURRENT)
class DispositionsIT {

    @TestFactory
    Stream<DynamicTest> the_cases() throws IOException {
        return LoadCases.of(Path.of("src/test/resources/spec/dispositions/cases.yaml"));
    }

    @Test
    void an_unchanged_row_keeps_the_run_and_the_time_of_its_last_change() throws IOException, SQLException {
        Feed feed = Feed.of("""
                schema: { id: integer, name: text, note: json }
                primary_key: id
                """);
        feed.load("id,name,note\n1,a,{}\n2,b,[1]\n");
        Map<String, Map<String, String>> before = stamps(feed);
        long second = feed.load("id,name,note\n2,c,[1]\n1,a,{}\n3,d,\n").getLong("id");
        Map<String, Map<String, String>> after = stamps(feed);

        assertThat(after.get("1")).as("unchanged").isEqualTo(before.get("1"));
        assertThat(after.get("2"))
                .as("updated")
                .containsEntry("_run_id", Long.toString(second))
                .containsEntry("_created_at", before.get("2").get("_created_at"))
                .containsEntry("_position", "2");
        assertThat(after.get("2").get("_updated_at")).isGreaterThan(before.get("2").get("_updated_at"));
        assertThat(after.get("2").get("_row_hash")).isNotEqualTo(before.get("2").get("_row_hash"));
        assertThat(after.get("3"))
                .as("inserted")
                .containsEntry("_run_id", Long.toString(second))
                .containsEntry("_position", "4")
                .containsEntry("_updated_at", after.get("3").get("_created_at"));
    }

    private static Map<String, Map<String, String>> stamps(Feed feed) throws SQLException {
        return feed
                .qanat()
                .query("SELECT id, _run_id, _position, _row_hash, _created_at::text, _updated_at::text FROM " + feed.table())
                .stream()
                .collect(Collectors.toMap(row -> row.get("id"), Function.identity()));
    }

    @Test
    void the_first_load_of_a_table_counts_as_later_ones_do() throws IOException, SQLException {
        List<String> dispositions = List.of(
                "{ write_disposition: append, dedup: none }",
                "{ write_disposition: append, dedup: row_hash }",
                "{ write_disposition: append, dedup: primary_key, primary_key: id }",
                "{ write_disposition: merge, dedup: primary_key, primary_key: id }",
                "{ write_disposition: replace, dedup: none }",
                "{ write_disposition: replace, dedup: row_hash }",
                "{ write_disposition: replace, dedup: primary_key, primary_key: id }");
        String rows = "id,name\n1,a\n1,b\n1,b\n2,c\nx,d\n1,a\n";
        List<Feed> firsts = new ArrayList<>();
        List<Feed> laters = new ArrayList<>();
        for (String disposition : dispositions) {
            String resource = disposition.substring(1, disposition.length() - 1).strip().replace(", ", "\n")
                    + "\nschema: { id: integer, name: text }";
            firsts.add(Feed.of(resource).drop(rows));
            // The table and its key are there, and it is empty.
            laters.add(Feed.of(resource).drop("id,name\n").drop(rows));
        }
        for (int i = 0; i < dispositions.size(); i++) {
            Feed first = firsts.get(i);
            Feed later = laters.get(i);
            assertThat(later.outcomes()).as(dispositions.get(i)).containsExactly("0 read", first.outcomes().get(0));
            assertThat(later.rows()).as(dispositions.get(i)).containsExactlyInAnyOrderElementsOf(first.rows());
            assertThat(keys(later)).as(dispositions.get(i)).isEqualTo(keys(first));
        }
    }

    private static List<String> keys(Feed feed) throws SQLException {
        return feed
                .qanat()
                .query("SELECT pg_get_indexdef(indexrelid) AS key FROM pg_index WHERE indrelid = '" + feed.table()
                        + "'::regclass ORDER BY 1")
                .stream()
                .map(row -> row.get("key").replace(feed.name(), "it"))
                .toList();
    }

    @Test
    void every_row_leads_back_to_its_file_and_line() throws IOException, SQLException {
        Feed feed = Feed.of("schema: { id: integer, name: text }");
        long run = feed.load("id,name\n1,\"two\nlines\"\n2,b\n").getLong("id");
        assertThat(feed.qanat().query("SELECT id, _run_id, _position FROM " + feed.table() + " ORDER BY id"))
                .containsExactly(
                        Map.of("id", "1", "_run_id", Long.toString(run), "_position", "2"),
                        Map.of("id", "2", "_run_id", Long.toString(run), "_position", "4"));
        assertThat(feed.qanat().query("SELECT _source, _position, record->>'name' AS name FROM " + feed.bronze() + " ORDER BY 2"))
                .containsExactly(
                        Map.of("_source", "001.csv", "_position", "2", "name", "two\nlines"),
                        Map.of("_source", "001.csv", "_position", "4", "name", "b"));
    }

    @Test
    void the_row_hash_can_be_computed_outside() throws IOException, SQLException {
        Feed feed = Feed.of("schema: { sku: text, amount: \"numeric(12,2)\", note: text }");
        feed.load("sku,amount,note\nA-1,1.50,\n");
        assertThat(feed.value("_row_hash = sha256('amount=1.5'::bytea || '\\x00' || 'sku=A-1'::bytea || '\\x00')"))
                .isEqualTo("t");
    }
}
