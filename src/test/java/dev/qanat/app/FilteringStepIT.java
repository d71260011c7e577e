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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A step that a user put between check and stage. */
class FilteringStepIT {

    private static final String CHECK = "                    - bean: { ref: contract, method: check }\n";

    @Test
    void rows_that_a_step_leaves_out_are_counted_as_filtered_and_stay_in_bronze() throws IOException, SQLException {
        try (Qanat qanat = Qanat.fresh("filtering")) {
            Path routes = Files.createDirectories(qanat.home().resolve("routes"));
            try (Stream<Path> files = Files.list(Path.of("routes"))) {
                for (Path file : files.toList()) {
                    Files.copy(file, routes.resolve(file.getFileName()));
                }
            }
            Path load = routes.resolve("load-file.camel.yaml");
            String route = Files.readString(load);
            // As the comment of the file says.
            String step = route.lines()
                    .filter(line -> line.startsWith("#     - setBody"))
                    .map(line -> " ".repeat(20) + line.substring(1).strip() + "\n")
                    .findFirst()
                    .orElseThrow();
            assertThat(route).contains(CHECK);
            Files.writeString(load, route.replace(CHECK, CHECK + step));
            qanat.with("QANAT_ROUTES", routes.toString()).start();

            Feed merge = Feed.of(qanat, "schema: { id: integer, status: text }\nprimary_key: id")
                    .drop("id,status\n1,live\n2,test\nx,test\n3,\n1,test\n")
                    .drop("id,status\n3,\n2,test\n3,test\n")
                    .drop("id,status\n4,test\n");
            Feed replace = Feed.of(qanat, "schema: { id: integer, status: text }\nwrite_disposition: replace")
                    .drop("id,status\n1,live\n2,test\n2,test\n");
            assertThat(merge.outcomes())
                    .containsExactly(
                            "5 read, 2 inserted, 2 filtered, 1 rejected", "3 read, 1 unchanged, 2 filtered", "1 read, 1 filtered");
            assertThat(replace.outcomes()).containsExactly("3 read, 1 inserted, 2 filtered");
            assertThat(merge.rows()).containsExactlyInAnyOrder("id=1, status=live", "id=3, status=null");
            for (JsonPath run : Stream.of(merge, replace).flatMap(feed -> feed.runs().stream()).toList()) {
                (run.getString("pipeline").equals(merge.name()) ? merge : replace).assertAccounted(run, true);
            }
            assertThat(qanat.query("SELECT record->>'status' AS status FROM " + merge.bronze() + " ORDER BY _run_id, _position"))
                    .extracting(row -> row.get("status"))
                    .isEqualTo(List.of("live", "test", "", "test", "", "test", "test", "test"));

            Feed cleaned = Feed.of(qanat, """
                            columns: { id: integer, status: text, share: { expr: 12 / id, type: integer } }
                            where: id < 3
                            """)
                    .drop("id,status\n1,test\n2,live\n0,live\n3,live\n0,test\n");
            assertThat(cleaned.outcomes()).containsExactly("5 read, 1 inserted, 3 filtered, 1 rejected");
            assertThat(cleaned.rejections(cleaned.last())).containsExactly("4 share expression_failed");
            cleaned.assertAccounted(cleaned.last(), true);
            assertThat(qanat.query("SELECT _position FROM " + cleaned.bronze() + " ORDER BY _position"))
                    .extracting(row -> row.get("_position"))
                    .containsExactly("2", "3", "5", "6");

            Feed items = Feed.of(qanat, "schema: { id: integer, status: text }\nprimary_key: id\nchildren: { tags: {} }")
                    .drop("jsonl", """
                            {"id": 1, "status": "live", "tags": ["a"]}
                            {"id": 2, "status": "test", "tags": ["b", "c"]}
                            {"id": "x", "status": "test", "tags": ["d"]}
                            """.getBytes(StandardCharsets.UTF_8));
            assertThat(items.outcomes()).containsExactly("3 read, 1 inserted, 1 filtered, 1 rejected");
            assertThat(Feed.outcome(items.last(), "tags")).isEqualTo("4 read, 1 inserted, 2 filtered, 1 rejected");

            for (Feed feed : List.of(merge, items)) {
                Map<String, List<String>> before = new SilverTables(qanat, feed.name(), true).rows();
                qanat.execute("DELETE FROM " + feed.table());
                assertThat(Feed.outcome(feed.fromBronze())).doesNotContain("filtered");
                assertThat(new SilverTables(qanat, feed.name(), true).rows()).as("built again from bronze").isEqualTo(before);
            }

            Feed other = Feed.of(qanat, "schema: { id: integer, name: text }").drop("id,name\n1,a\n");
            assertThat(other.outcomes()).as("a step that fails").containsExactly("failed internal_error: 1 read");
        }
    }
}
