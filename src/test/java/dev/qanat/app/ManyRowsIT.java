package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Many chunks at once, by a process with 256 MiB: the counts are those that a plain loop over the records finds. */
class ManyRowsIT {

    private static final int ROWS = 300_000;

    /** Rows as a file, and what has to become of them. */
    private static final class Rows {
        final StringBuilder text = new StringBuilder("id,name,qty,amount\n");
        long read;
        long rejected;

        void row(String id, String name, String qty, String amount) {
            text.append(id).append(',').append(name).append(',').append(qty).append(',').append(amount).append('\n');
            read++;
        }

        byte[] bytes() {
            return text.toString().getBytes(StandardCharsets.UTF_8);
        }
    }

    @Test
    void merging_many_rows_counts_every_one() throws IOException, SQLException {
        Feed feed = Feed.of("""
                schema: { id: bigint, name: text, qty: integer, amount: "numeric(12,2)" }
                primary_key: id
                strict_mode: true
                """);
        Random random = new Random(7);
        Map<Long, String> stored = new HashMap<>();
        for (int file = 0; file < 2; file++) {
            Rows rows = new Rows();
            Map<Long, String> latest = new HashMap<>();
            int size = file == 0 ? ROWS : ROWS / 5;
            for (int i = 0; i < size; i++) {
                long id = random.nextInt(ROWS * 4 / 5);
                String qty = Integer.toString(random.nextInt(3));
                if (random.nextInt(50) == 0) {
                    rows.row(random.nextBoolean() ? "" : Long.toString(id), "dirty", "many", "1");
                    rows.rejected++;
                    continue;
                }
                rows.row(Long.toString(id), "name " + id, qty, id + ".50");
                latest.put(id, qty);
            }
            long inserted = latest.keySet().stream().filter(id -> !stored.containsKey(id)).count();
            long unchanged = latest.entrySet().stream().filter(row -> row.getValue().equals(stored.get(row.getKey()))).count();
            stored.putAll(latest);

            feed.drop("csv", rows.bytes());
            JsonPath run = feed.last();
            assertThat(run.getString("status")).as(run.getString("error")).isEqualTo("succeeded");
            feed.assertAccounted(run, true);
            assertThat(run.getLong("read")).isEqualTo(rows.read);
            assertThat(run.getLong("rejected")).isEqualTo(rows.rejected);
            assertThat(run.getLong("inserted")).isEqualTo(inserted);
            assertThat(run.getLong("unchanged")).isEqualTo(unchanged);
            assertThat(run.getLong("updated")).isEqualTo(latest.size() - inserted - unchanged);
            assertThat(run.getLong("duplicate")).isEqualTo(rows.read - rows.rejected - latest.size());
        }
        assertThat(feed.qanat().query("SELECT count(*), sum(id) AS ids, sum(qty) AS qty, sum(amount) AS amount, "
                        + "count(*) FILTER (WHERE name <> 'name ' || id) AS wrong FROM " + feed.table()))
                .containsExactly(Map.of(
                        "count", Integer.toString(stored.size()),
                        "ids", Long.toString(stored.keySet().stream().mapToLong(id -> id).sum()),
                        "qty", Long.toString(stored.values().stream().mapToLong(Long::parseLong).sum()),
                        "amount", (stored.keySet().stream().mapToLong(id -> 10 * id + 5).sum() + "")
                                .replaceFirst("(.)$", ".$10"),
                        "wrong", "0"));
    }

    @Test
    void appending_many_rows_by_their_hash_counts_every_one() throws IOException, SQLException {
        Feed feed = Feed.of("strict_mode: true\nschema: { id: bigint, name: text, qty: integer, amount: numeric }");
        Random random = new Random(11);
        Set<Integer> stored = new HashSet<>();
        for (int file = 0; file < 2; file++) {
            Rows rows = new Rows();
            Set<Integer> now = new HashSet<>();
            for (int i = 0; i < 60_000; i++) {
                int id = random.nextInt(50_000);
                rows.row(Integer.toString(id), "x", file == 0 ? "1" : "01", "1." + "0".repeat(random.nextInt(3) + 1));
                now.add(id);
            }
            now.removeAll(stored);
            stored.addAll(now);
            feed.drop("csv", rows.bytes());
            assertThat(Feed.outcome(feed.last()))
                    .isEqualTo("60000 read, %d inserted, %d duplicate".formatted(now.size(), 60_000 - now.size()));
        }
        assertThat(feed.value("count(DISTINCT id) || ' of ' || count(*)"))
                .isEqualTo(stored.size() + " of " + stored.size());
    }

    @Test
    void a_run_that_fails_among_many_chunks_keeps_rejections_in_the_order_of_the_file() throws IOException, SQLException {
        Feed feed = Feed.of("schema: { id: integer, name: text, qty: integer, amount: text }\nmax_errors: 30000");
        Rows rows = new Rows();
        for (int i = 0; i < 200_000; i++) {
            rows.row(i % 2 == 0 ? "x" : "1", "a", "1", "1");
        }
        feed.drop("csv", rows.bytes());
        JsonPath run = feed.last();
        assertThat(run.getString("error.code")).isEqualTo("max_errors_exceeded");
        assertThat(run.getLong("rejected")).isGreaterThan(30_000);
        List<String> kept = feed.rejections(run);
        assertThat(kept).hasSize(1_000).startsWith("2 id type_mismatch").endsWith("2000 id type_mismatch");
        assertThat(feed.qanat().value("SELECT count(*) FROM pg_tables WHERE schemaname = 'qanat_staging' AND tablename LIKE 'run\\_"
                        + run.getLong("id") + "\\_%'"))
                .as("staging tables")
                .isEqualTo("0");
        assertThat(feed.qanat().logText()).doesNotContain("error of Qanat's own", "OutOfMemory");
    }
}
