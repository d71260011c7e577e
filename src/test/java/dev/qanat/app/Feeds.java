package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Two pipelines and files for them, the same for the same seed: orders, merged by their key, and events, known by their hash. The
 * files hold duplicates, records that are rejected, rows that change what earlier files brought, and rows that do not. After
 * whatever was done to the application while it loaded them, {@link #assertAsIfNothingHadHappened} loads the same files once more
 * under other names, undisturbed, and compares.
 */
final class Feeds {

    private static final Duration PATIENCE = Duration.ofMinutes(4);

    private final Qanat qanat;
    private final Random random;
    private final int rows;
    private final String orders = Qanat.newName("orders");
    private final String events = Qanat.newName("events");
    private final List<String> dropped = new ArrayList<>();
    private int files;

    /** @param rows about how many records a file of orders has */
    Feeds(Qanat qanat, long seed, int rows) {
        this.qanat = qanat;
        this.random = new Random(seed);
        this.rows = rows;
    }

    String orders() {
        return orders;
    }

    String events() {
        return events;
    }

    void upload() {
        upload(orders, events);
    }

    private void upload(String orders, String events) {
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources:
                  - name: orders
                    source: drops
                    table: %1$s
                    columns:
                      id: { type: bigint }
                      customer: { type: text, required: true }
                      qty: { type: integer, min: 0 }
                      price: { type: "numeric(10,2)" }
                      ordered_at: { type: timestamptz }
                    primary_key: [id]
                """.formatted(orders));
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources:
                  - name: events
                    source: drops
                    table: %1$s
                    schema: { at: timestamp, kind: text, amount: "numeric(12,2)" }
                    strict_mode: true
                """.formatted(events));
    }

    /** Drops a file of orders and a smaller one of events. */
    void drop() throws IOException {
        files++;
        drop(orders, "orders_%03d.csv".formatted(files), ordersFile());
        drop(events, "events_%03d.csv".formatted(files), eventsFile());
    }

    private void drop(String pipeline, String name, String text) throws IOException {
        qanat.drop(pipeline, name, text.getBytes(StandardCharsets.UTF_8));
        dropped.add(pipeline + "/" + name);
    }

    private String ordersFile() {
        StringBuilder text = new StringBuilder(rows * 56).append("id,customer,qty,price,ordered_at\n");
        for (int i = 0; i < rows; i++) {
            // Of one and a half files' keys: the same ones come again in a file and in the next.
            int id = random.nextInt(rows + rows / 2);
            text.append(id).append(",customer ").append(id % 977).append(',');
            int dirt = random.nextInt(100);
            if (dirt == 0) {
                text.append("many,1.00,2026-01-01T00:00:00Z\n");
            } else if (dirt == 1) {
                text.append("1,1.255,2026-01-01T00:00:00Z\n");
            } else if (dirt == 2) {
                text.append("1\n");
            } else {
                // Few values: many records of a known key bring what is stored already.
                text.append(random.nextInt(3)).append(',').append(id % 500).append(".25,2026-01-0")
                        .append(1 + id % 9).append("T12:00:00Z\n");
            }
        }
        return text.toString();
    }

    private String eventsFile() {
        StringBuilder text = new StringBuilder(rows * 24).append("at,kind,amount\n");
        for (int i = 0; i < rows / 2; i++) {
            int second = random.nextInt(rows);
            text.append("2026-02-%02dT%02d:%02d:%02d".formatted(
                            1 + second / 86_400 % 28, second / 3600 % 24, second / 60 % 60, second % 60))
                    .append(",kind ").append(second % 7).append(',');
            text.append(random.nextInt(50) == 0 ? "no amount" : (second % 13) + ".5").append('\n');
        }
        return text.toString();
    }

    /** Whether every file that was dropped has been put away and no run waits or is at work. */
    boolean settled() {
        try {
            return waiting() == 0
                    && qanat.value("SELECT count(*) FROM qanat.run WHERE status IN ('queued', 'running', 'deferred')").equals("0");
        } catch (SQLException e) {
            return false;
        }
    }

    /** How many files lie in the inboxes. */
    long waiting() {
        return list(qanat.inbox(orders)).size() + list(qanat.inbox(events)).size();
    }

    /** Waits until all has landed, loads the same files undisturbed under other names, and compares everything. */
    void assertAsIfNothingHadHappened() throws IOException, SQLException {
        qanat.await("all files have landed", PATIENCE, this::settled);
        for (String pipeline : List.of(orders, events)) {
            assertThat(list(qanat.quarantine(pipeline))).as("quarantine of " + pipeline).isEmpty();
            assertThat(list(qanat.archive(pipeline))).as("archive of " + pipeline).isEqualTo(namesOf(pipeline));
        }
        assertThat(qanat.query("SELECT id, status, error_code, error_message FROM qanat.run"
                        + " WHERE status NOT IN ('succeeded', 'interrupted')"))
                .as("runs that neither succeeded nor were interrupted")
                .isEmpty();
        assertCountsAddUp();
        qanat.await("no staging tables are left", Duration.ofSeconds(20), () -> {
            try {
                return qanat.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'qanat_staging'").equals("0");
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        upload(orders + "_twin", events + "_twin");
        assertSameAsUndisturbed(orders, "orders", "id, customer, qty, price, ordered_at");
        assertSameAsUndisturbed(events, "events", "at, kind, amount");
    }

    private void assertCountsAddUp() throws SQLException {
        String sum = "inserted + updated + unchanged + duplicate + filtered + rejected";
        assertThat(qanat.query("SELECT * FROM qanat.run WHERE status = 'succeeded' AND (read <> " + sum
                        + " OR landed_at IS NULL OR finished_at IS NULL)"))
                .as("landed runs whose counts do not add up")
                .isEmpty();
        assertThat(qanat.query("""
                        SELECT run.id FROM qanat.run LEFT JOIN qanat.run_resource r ON r.run_id = run.id
                        WHERE file_status = 'loaded' AND (r.read, r.inserted, r.updated, r.unchanged, r.duplicate, r.filtered, r.rejected)
                           IS DISTINCT FROM
                           (run.read, run.inserted, run.updated, run.unchanged, run.duplicate, run.filtered, run.rejected)"""))
                .as("runs that differ from their resource")
                .isEmpty();
        assertThat(qanat.query("""
                        SELECT run.id FROM qanat.run WHERE status = 'interrupted' AND (
                            EXISTS (SELECT FROM qanat.run_resource r WHERE r.run_id = run.id)
                            OR EXISTS (SELECT FROM qanat.rejection r WHERE r.run_id = run.id)
                            OR inserted + updated + unchanged + duplicate + filtered <> 0)"""))
                .as("interrupted runs that left something")
                .isEmpty();
        assertThat(qanat.query("""
                        SELECT file, count(*) FROM qanat.run WHERE file_status = 'loaded' GROUP BY file HAVING count(*) <> 1"""))
                .as("files that were not loaded just once")
                .isEmpty();
        assertThat(qanat.value("SELECT count(*) FROM qanat.run WHERE file_status = 'loaded'"))
                .as("files that were loaded")
                .isEqualTo(Integer.toString(dropped.size()));
        assertThat(qanat.value("SELECT count(*) FROM qanat.run WHERE file_status = 'already_loaded'")).isEqualTo("0");
        assertThat(qanat.query("""
                        SELECT id FROM qanat.run i
                        WHERE status = 'interrupted' AND NOT EXISTS (SELECT FROM qanat.run r WHERE r.redoes = i.id)"""))
                .as("interrupted runs that were not done again")
                .isEmpty();
    }

    private void assertSameAsUndisturbed(String pipeline, String resource, String columns) throws IOException, SQLException {
        String twin = pipeline + "_twin";
        // The times of modification give the order, as they did before.
        Instant modified = Instant.now().minusSeconds(3600);
        for (String name : namesOf(pipeline)) {
            Path aside = qanat.home().resolve("twin.part");
            Files.copy(qanat.archive(pipeline).resolve(name), aside);
            modified = modified.plusSeconds(1);
            Files.setLastModifiedTime(aside, FileTime.from(modified));
            Files.createDirectories(qanat.inbox(twin));
            Files.move(aside, qanat.inbox(twin).resolve(name));
        }
        qanat.awaitRuns(twin, namesOf(pipeline).size());
        assertThat(qanat.query("SELECT DISTINCT status FROM qanat.run WHERE pipeline = '" + twin + "'"))
                .isEqualTo(List.of(Map.of("status", "succeeded")));

        assertThat(sum("silver." + pipeline, columns + ", _row_hash, _position"))
                .as("silver of " + pipeline)
                .isEqualTo(sum("silver." + twin, columns + ", _row_hash, _position"));
        assertThat(sum("bronze." + pipeline + "__" + resource, "_source, _position, record"))
                .as("bronze of " + pipeline)
                .isEqualTo(sum("bronze." + twin + "__" + resource, "_source, _position, record"));
        assertThat(sum(rejectionsOf(pipeline), "source, position, column_name, code, reason, record"))
                .as("rejections of " + pipeline)
                .isEqualTo(sum(rejectionsOf(twin), "source, position, column_name, code, reason, record"));
        assertThat(counts(pipeline)).as("counts of " + pipeline).isEqualTo(counts(twin));
        assertThat(qanat.value("SELECT count(*) FROM silver." + pipeline)).isNotEqualTo("0");
        assertThat(qanat.value("SELECT count(*) FROM " + rejectionsOf(pipeline) + " AS r")).isNotEqualTo("0");
    }

    private static String rejectionsOf(String pipeline) {
        return "(SELECT j.* FROM qanat.rejection j JOIN qanat.run ON run.id = j.run_id WHERE pipeline = '" + pipeline + "')";
    }

    /** How many rows there are and a checksum over them, in whatever order they lie. */
    private Map<String, String> sum(String table, String columns) throws SQLException {
        return qanat.query("SELECT count(*), md5(string_agg(line, '' ORDER BY line)) AS md5 FROM (SELECT md5((" + columns
                        + ")::text) AS line FROM (SELECT " + columns + " FROM " + table + " AS t) AS rows) AS lines")
                .get(0);
    }

    private List<Map<String, String>> counts(String pipeline) throws SQLException {
        return qanat.query("""
                SELECT regexp_replace(file, '.*/', '') AS name, file_sha256, bytes, read, inserted, updated, unchanged, duplicate,
                       filtered, rejected
                FROM qanat.run WHERE pipeline = '%s' AND file_status = 'loaded' ORDER BY file""".formatted(pipeline));
    }

    private List<String> namesOf(String pipeline) {
        return dropped.stream()
                .filter(path -> path.startsWith(pipeline + "/"))
                .map(path -> path.substring(pipeline.length() + 1))
                .sorted()
                .toList();
    }

    static List<String> list(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().collect(Collectors.toList());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
