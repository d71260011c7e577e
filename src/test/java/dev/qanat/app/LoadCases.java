package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.schema.FailsafeSchema;

/**
 * Cases of whole loads as data: a resource, files one after the other, what became of each, the rows that stand at the end.
 *
 * <pre>
 * - id: says what is so
 *   resource: what the resource says beside name and table
 *   files:
 *     - as: csv                      # the ending of the file's name; csv by default
 *       text: the file
 *       outcome: 2 read, 1 inserted, 1 rejected
 *       rejections: [ 3 price required ]    # line, column, code
 *       message: of the failed run   # a part of it
 *       items: { tags: "2 read, 2 inserted" }    # by array that has a table of its own
 *   rows: [ "id=1, name=null" ]      # in any order; of silver, without Qanat's own columns
 *   items: { tags: [ "_parent_id=1, _index=0, value=a" ] }
 * </pre>
 *
 * <p>After each, rows are damaged by hand and the tables built again from bronze: they are then as the files have made them.
 */
final class LoadCases {

    private static final Set<String> KEYS = Set.of("id", "why", "resource", "files", "rows", "items");
    private static final Set<String> KEYS_OF_A_FILE = Set.of("as", "text", "outcome", "rejections", "message", "items");

    private LoadCases() {}

    /** All cases of a file. Their pipelines are loaded at once, and each test waits for its own. */
    static Stream<DynamicTest> of(Path file) throws IOException {
        // Every scalar is text: a case must not depend on what YAML makes of it.
        Load load = new Load(LoadSettings.builder().setSchema(new FailsafeSchema()).build());
        List<?> cases;
        try (var in = Files.newInputStream(file)) {
            cases = (List<?>) load.loadFromInputStream(in);
        }
        List<DynamicTest> tests = new ArrayList<>();
        for (Object item : cases) {
            Map<?, ?> map = known((Map<?, ?>) item, KEYS);
            Feed feed = Feed.of(text(map, "resource"));
            List<Map<?, ?>> files = list(map, "files").stream()
                    .<Map<?, ?>>map(one -> known((Map<?, ?>) one, KEYS_OF_A_FILE))
                    .toList();
            for (Map<?, ?> one : files) {
                String ending = one.containsKey("as") ? text(one, "as") : "csv";
                feed.drop(ending, text(one, "text").getBytes(StandardCharsets.UTF_8));
            }
            tests.add(DynamicTest.dynamicTest(text(map, "id"), () -> {
                check(map, files, feed);
                checkFromBronze(text(map, "resource"), feed);
            }));
        }
        return tests.stream();
    }

    private static void check(Map<?, ?> map, List<Map<?, ?>> files, Feed feed) throws SQLException {
        List<JsonPath> runs = feed.runs();
        for (int i = 0; i < files.size(); i++) {
            Map<?, ?> file = files.get(i);
            JsonPath run = runs.get(i);
            int number = i + 1;
            assertThat(Feed.outcome(run))
                    .as("%s: outcome of file %d; the run's error: %s", text(map, "id"), i + 1, run.getString("error"))
                    .isEqualTo(text(file, "outcome"));
            if (run.getString("status").equals("succeeded")) {
                feed.assertAccounted(run, !text(map, "resource").contains("keep: none"), map(file, "items").size());
                map(file, "items").forEach((array, outcome) -> assertThat(Feed.outcome(run, (String) array))
                        .as("%s: %s of file %d", text(map, "id"), array, number)
                        .isEqualTo(outcome));
            }
            if (file.containsKey("rejections")) {
                assertThat(feed.rejections(run))
                        .as("%s: rejections of file %d", text(map, "id"), i + 1)
                        .isEqualTo(list(file, "rejections"));
            }
            if (file.containsKey("message")) {
                assertThat(run.getString("error.message")).as(text(map, "id")).contains(text(file, "message"));
            }
        }
        if (map.containsKey("rows")) {
            assertThat(feed.rows())
                    .as("%s: rows", text(map, "id"))
                    .map(Object.class::cast)
                    .containsExactlyInAnyOrderElementsOf(list(map, "rows"));
        }
        for (Object array : map(map, "items").keySet()) {
            assertThat(feed.items((String) array))
                    .as("%s: %s", text(map, "id"), array)
                    .map(Object.class::cast)
                    .containsExactlyInAnyOrderElementsOf(list(map(map, "items"), (String) array));
        }
    }

    private static void checkFromBronze(String resource, Feed feed) throws SQLException {
        boolean landed = feed.qanat().is("to_regclass('" + feed.bronze() + "') IS NOT NULL");
        boolean otherEachTime = resource.contains("now()");
        if (!landed || otherEachTime) {
            return;
        }
        // A row that two versions of a replaced table have in common comes from both.
        SilverTables silver = new SilverTables(feed.qanat(), feed.name(), !resource.contains("replace"));
        Map<String, List<String>> before = silver.rows();
        silver.damage();
        Map<String, List<String>> damaged = silver.untouched();

        JsonPath run = feed.fromBronze();

        assertThat(run.getString("status")).as(run.prettify()).isEqualTo("succeeded");
        assertThat(silver.rows()).isEqualTo(before);
        silver.untouched().forEach((table, rows) -> assertThat(rows.stream().filter(damaged.get(table)::contains).count())
                .as("rows of %s that stayed as they were", table)
                .isGreaterThanOrEqualTo(rows.size() - SilverTables.DAMAGED));
        feed.assertAccounted(run, false, run.getInt("resources.size()") - 1);
    }

    private static String text(Map<?, ?> map, String key) {
        return Optional.ofNullable((String) map.get(key))
                .orElseThrow(() -> new IllegalArgumentException("no '" + key + "' in " + map));
    }

    private static Map<?, ?> map(Map<?, ?> map, String key) {
        return map.containsKey(key) ? (Map<?, ?>) map.get(key) : Map.of();
    }

    private static List<Object> list(Map<?, ?> map, String key) {
        return List.copyOf((List<?>) map.get(key));
    }

    private static Map<?, ?> known(Map<?, ?> map, Set<String> keys) {
        if (!keys.containsAll(map.keySet())) {
            throw new IllegalArgumentException("unknown keys in " + map);
        }
        return map;
    }
}
