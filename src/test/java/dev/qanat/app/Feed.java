package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A pipeline of a test's own in an application, with one resource and the table of its name: files go in, runs, rows and rejections
 * come out. Files may be dropped one after the other without waiting: they are loaded in that order.
 */
final class Feed {

    private static final List<String> COUNTS =
            List.of("inserted", "updated", "unchanged", "duplicate", "filtered", "rejected");

    private final Qanat qanat;
    private final String name;
    private int files;

    private Feed(Qanat qanat, String name) {
        this.qanat = qanat;
        this.name = name;
    }

    /**
     * A pipeline in the shared application.
     *
     * @param resource what its resource says beside name and table, as YAML
     */
    static Feed of(String resource) throws IOException {
        return of(Qanat.shared(), resource);
    }

    static Feed of(Qanat qanat, String resource) {
        Feed feed = new Feed(qanat, Qanat.newName("feed"));
        feed.declare(resource);
        return feed;
    }

    /** A pipeline of that name that is in force already. */
    static Feed over(Qanat qanat, String name) {
        return new Feed(qanat, name);
    }

    /** Puts another version in force. */
    void declare(String resource) {
        qanat.pipeline(yaml(resource));
    }

    String yaml(String resource) {
        return """
                pipeline: %1$s
                sources:
                  drops: { type: files }
                resources:
                  - name: rows
                    table: %1$s
                """.formatted(name) + resource.indent(4);
    }

    Qanat qanat() {
        return qanat;
    }

    String name() {
        return name;
    }

    String table() {
        return "silver." + name;
    }

    String bronze() {
        return "bronze." + name + "__rows";
    }

    /** Drops a CSV file; it is loaded after those before it. */
    Feed drop(String text) throws IOException {
        return drop("csv", text.getBytes(StandardCharsets.UTF_8));
    }

    Feed drop(String ending, byte[] bytes) throws IOException {
        files++;
        qanat.drop(name, "%03d.%s".formatted(files, ending), bytes);
        return this;
    }

    /** Drops a CSV file and waits for the end of its run. */
    JsonPath load(String text) throws IOException {
        drop(text);
        return last();
    }

    /** The runs of all files dropped so far, in their order, once they have ended. */
    List<JsonPath> runs() {
        // Cheaper than to ask over HTTP again and again.
        qanat.await(files + " runs of " + name + " have ended", this::ended);
        List<JsonPath> runs = new ArrayList<>(qanat.awaitRuns(name, files));
        runs.removeIf(run -> run.getString("trigger").equals("edit"));
        Collections.reverse(runs);
        assertThat(runs).as("runs of %s", name).hasSize(files);
        return runs;
    }

    /** The run that builds the table again from bronze, once it has ended. */
    JsonPath fromBronze() {
        return qanat.awaitEnd(fromBronze("").jsonPath().getLong("runs[0].id"));
    }

    /** @param more of the request's body, as members of JSON that begin with a comma */
    Response fromBronze(String more) {
        return qanat.request()
                .contentType("application/json")
                .body("{\"pipeline\": \"" + name + "\", \"from_bronze\": true" + more + "}")
                .post("/trigger-job");
    }

    private boolean ended() {
        try {
            String ended = qanat.value("SELECT count(*) FROM qanat.run WHERE pipeline = '" + name
                    + "' AND trigger <> 'edit' AND status IN ('succeeded', 'failed')");
            return Integer.parseInt(ended) >= files;
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    JsonPath last() {
        return runs().get(files - 1);
    }

    List<String> outcomes() {
        return runs().stream().map(Feed::outcome).toList();
    }

    /** Such as {@code 5 read, 3 inserted, 2 rejected} or {@code failed all_rejected: 2 read, 2 rejected}. */
    static String outcome(JsonPath run) {
        String counts = counts(run, "");
        return run.getString("status").equals("succeeded")
                ? counts
                : run.getString("status") + " " + run.getString("error.code") + ": " + counts;
    }

    void assertAccounted(JsonPath run, boolean bronzeKept) throws SQLException {
        assertAccounted(run, bronzeKept, 0);
    }

    /**
     * What holds for every run that landed: its counts add up, here and on its resource, and so do bronze and rejections.
     *
     * @param arrays how many arrays have tables of their own, each with counts that add up
     */
    void assertAccounted(JsonPath run, boolean bronzeKept, int arrays) throws SQLException {
        long others = COUNTS.stream().mapToLong(run::getLong).sum();
        assertThat(run.getLong("read")).as("sum of %s", outcome(run)).isEqualTo(others);
        assertThat(run.getInt("resources.size()")).isEqualTo(1 + arrays);
        for (int i = 1; i <= arrays; i++) {
            String items = "resources[" + i + "].";
            assertThat(run.getLong(items + "read"))
                    .as(run.getString(items + "resource"))
                    .isEqualTo(COUNTS.stream().mapToLong(count -> run.getLong(items + count)).sum());
        }
        assertThat(run.getString("resources[0].table")).isEqualTo(table());
        for (String count : COUNTS) {
            assertThat(run.getLong("resources[0]." + count)).as(count).isEqualTo(run.getLong(count));
        }
        String of = " WHERE _run_id = " + run.getLong("id");
        if (bronzeKept) {
            assertThat(qanat.value("SELECT count(*) FROM " + bronze() + of))
                    .as("bronze rows")
                    .isEqualTo(Long.toString(run.getLong("read") - run.getLong("rejected")));
        }
        assertThat(qanat.value("SELECT count(*) FROM qanat.rejection WHERE run_id = " + run.getLong("id")))
                .as("rejections")
                .isEqualTo(run.getString("rejected"));
    }

    /** The rows of the table without what Qanat adds, such as {@code id=1, name=null}. */
    List<String> rows() throws SQLException {
        return rows(table());
    }

    /** The items in the table of an array, such as {@code _parent_id=1, _index=0, quantity=4}. */
    List<String> items(String array) throws SQLException {
        return rows(table() + "__" + array);
    }

    private List<String> rows(String table) throws SQLException {
        return qanat.query("SELECT * FROM " + table).stream()
                .map(row -> row.entrySet().stream()
                        .filter(value -> !Stream.of("_run_id", "_position", "_row_hash", "_created_at", "_updated_at")
                                .toList()
                                .contains(value.getKey()))
                        .map(Map.Entry::toString)
                        .collect(Collectors.joining(", ")))
                .toList();
    }

    String value(String expression) throws SQLException {
        return qanat.value("SELECT " + expression + " FROM " + table());
    }

    /** What became of the items of an array that has a table of its own, such as {@code 3 read, 3 inserted}. */
    static String outcome(JsonPath run, String array) {
        int at = run.getList("resources.resource").indexOf("rows__" + array);
        return at < 0 ? "none" : counts(run, "resources[" + at + "].");
    }

    private static String counts(JsonPath run, String of) {
        return Stream.concat(Stream.of("read"), COUNTS.stream())
                .filter(count -> count.equals("read") || run.getLong(of + count) != 0)
                .map(count -> run.getLong(of + count) + " " + count)
                .collect(Collectors.joining(", "));
    }

    /** The run's rejections, such as {@code 3 price required}: line, or place in the page, column and code. */
    List<String> rejections(JsonPath run) {
        return qanat.rejections(run.getLong("id")).stream()
                .map(rejection -> rejection.get("position") + " " + rejection.get("column") + " " + rejection.get("code"))
                .toList();
    }
}
