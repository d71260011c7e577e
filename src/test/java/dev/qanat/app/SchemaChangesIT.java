package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.app.ApiStub.Said;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** A source that changes is told in the run, with what the contract made of it, and needs no reset. */
@Execution(ExecutionMode.CONCURRENT)
class SchemaChangesIT {

    private static Qanat qanat;

    private final ApiStub api = new ApiStub(came -> Said.of(404, "text/plain", "not scripted"));
    private final String pipeline = Qanat.newName("drift");

    @BeforeAll
    static void start() throws Exception {
        qanat = Qanat.fresh("drift").with("QANAT_ALLOWED_HOSTS", "127.0.0.1").start();
    }

    @AfterAll
    static void stop() {
        qanat.close();
    }

    SchemaChangesIT() throws IOException {}

    @AfterEach
    void closeApi() {
        api.close();
    }

    @Test
    void a_key_that_comes_goes_and_returns_is_told_each_time_once() throws Exception {
        upload("    columns: { id: bigint }\n    primary_key: id\n");

        assertThat(changes(polled("[{\"id\": 1}]"))).isEmpty();
        JsonPath added = polled("[{\"id\": 1, \"promoCode\": \"x\"}, {\"id\": 2}]");
        assertThat(changes(added)).containsExactly("rows promoCode promo_code added null string column_added");
        assertThat(Feed.outcome(added)).isEqualTo("2 read, 1 inserted, 1 updated");
        assertThat(added.getInt("resources[0].schema_changes")).isEqualTo(1);
        assertThat(qanat.value("SELECT string_agg(promo_code, ' ') FROM silver." + pipeline)).isEqualTo("x");
        assertThat(changes(polled("[{\"id\": 3}]"))).containsExactly("rows promoCode promo_code missing string null kept");
        assertThat(changes(polled("[]"))).isEmpty();
        assertThat(changes(polled("[{\"id\": 3}]"))).isEmpty();
        assertThat(changes(polled("[{\"id\": 3, \"promoCode\": null}]")))
                .containsExactly("rows promoCode promo_code added null null stored");
        assertThat(changes(polled("[{\"id\": 3, \"promoCode\": 7}]"))).isEmpty();
        assertThat(qanat.value("SELECT string_agg(promo_code, ' ' ORDER BY id) FROM silver." + pipeline)).isEqualTo("x 7");
        assertThat(run(added.getLong("id")).getList("schema_changes")).isEqualTo(added.getList("schema_changes"));
        assertThat(qanat.logText()).contains("1 fields of rows are new, missing or of another type");
    }

    @Test
    void a_value_of_another_kind_is_told_and_fits_or_does_not() throws Exception {
        upload("    columns: { id: bigint, price: \"numeric(9,2)\", n: integer, text: text }\n    primary_key: id\n");

        assertThat(changes(polled("[{\"id\": 1, \"price\": 1, \"n\": 1, \"text\": true}]"))).isEmpty();
        JsonPath flipped =
                polled("[{\"id\": 1, \"price\": 1.5, \"n\": \"4\", \"text\": 7}, {\"id\": 2, \"price\": 2, \"n\": 2.5}]");
        assertThat(changes(flipped))
                .containsExactly(
                        "rows n n type_changed integer string|decimal records_rejected",
                        "rows price price type_changed integer decimal stored",
                        "rows text text type_changed boolean integer stored");
        assertThat(Feed.outcome(flipped)).isEqualTo("2 read, 1 updated, 1 rejected");
        assertThat(qanat.value("SELECT concat_ws(' ', price, n, text) FROM silver." + pipeline)).isEqualTo("1.50 4 7");
        assertThat(changes(polled("[{\"id\": 1, \"price\": 2, \"n\": 2, \"text\": 7}]"))).isEmpty();
    }

    @Test
    void what_is_not_kept_is_told_as_well() throws Exception {
        upload("""
                    columns: { id: bigint, mail: { pii: hash }, secret: { pii: drop } }
                    schema_contract: { columns: discard_value }
                """);
        polled("[{\"id\": 1}]");

        JsonPath strict = polled("[{\"id\": 2, \"promo\": \"x\", \"mail\": \"s3cret\", \"secret\": \"s3cret\"}]");
        assertThat(changes(strict))
                .containsExactly(
                        "rows mail mail added null string stored",
                        "rows promo null added null string discarded",
                        "rows secret null added null null discarded");
        assertThat(strict.prettify()).doesNotContain("s3cret");

        upload("    columns: { id: bigint }\n    schema_contract: { columns: discard_row }\n");
        JsonPath rejecting = polled("[{\"id\": 3}, {\"id\": 4, \"further\": 1}]");
        assertThat(changes(rejecting)).contains("rows further null added null integer records_rejected");
        assertThat(Feed.outcome(rejecting)).isEqualTo("2 read, 1 inserted, 1 rejected");
    }

    @Test
    void a_frozen_resource_fails_by_a_key_that_it_names() throws Exception {
        upload("""
                    columns: { id: bigint }
                    schema_contract: { columns: freeze }
                    children: { lines: { columns: { n: integer } } }
                """);
        assertThat(polled("[{\"id\": 1, \"lines\": [{\"n\": 1}]}]").getString("status")).isEqualTo("succeeded");

        for (String record : List.of("{\"id\": 1, \"promo\": \"x\"}", "{\"id\": 1, \"lines\": [{\"n\": 1, \"promo\": 2}]}")) {
            JsonPath failed = polled("[" + record + "]");
            assertThat(failed.getString("status")).as(failed.prettify()).isEqualTo("failed");
            assertThat(failed.getString("error.code")).isEqualTo("schema_frozen");
            assertThat(failed.getString("error.message")).contains("'promo'");
            assertThat(failed.getList("schema_changes")).isEmpty();
        }
        assertThat(changes(polled("[{\"id\": 2, \"lines\": [{\"n\": 1}]}]"))).isEmpty();
    }

    @Test
    void the_items_of_arrays_have_keys_too() throws Exception {
        upload("    columns: { id: bigint }\n    primary_key: id\n    children: { products: { columns: { quantity: integer } } }\n");
        polled("[{\"id\": 1, \"products\": [{\"quantity\": 1, \"note\": \"a\"}]}]");

        assertThat(changes(polled("[{\"id\": 2, \"products\": []}]"))).isEmpty();
        JsonPath changed = polled("[{\"id\": 1, \"products\": [{\"quantity\": \"2\", \"colour\": \"red\"}]}]");
        assertThat(changes(changed))
                .containsExactly(
                        "rows products[].colour colour added null string column_added",
                        "rows products[].note note missing string null kept",
                        "rows products[].quantity quantity type_changed integer string stored");
        assertThat(qanat.value("SELECT quantity || colour FROM silver." + pipeline + "__products")).isEqualTo("2red");
        assertThat(changes(polled("[{\"id\": 1, \"products\": [{\"quantity\": \"2\", \"note\": \"b\"}]}]")))
                .containsExactly(
                        "rows products[].colour colour missing string null kept",
                        "rows products[].note note added null string stored");
    }

    @Test
    void partitions_are_one_and_what_was_not_read_is_not_missing() throws Exception {
        upload("", """
                    endpoint: { path: /, params: { n: "{{ partition.n }}" } }
                    partitions: { n: "1,2,3" }
                    columns: { id: bigint, n: text }
                    primary_key: id
                """);
        Map<String, Said> answers = new ConcurrentHashMap<>(Map.of(
                "1", Said.json("[{\"id\": 1, \"a\": 1}]").with("ETag", "\"a\""), "2", Said.json("[{\"id\": 2, \"b\": 1}]")));
        api.script(came -> answers.getOrDefault(came.parameter("n"), Said.json("[]")));
        assertThat(changes(poll(""))).isEmpty();
        assertThat(changes(poll(""))).isEmpty();

        answers.put("2", Said.of(404, "text/plain", "gone"));
        assertThat(poll("").getString("status")).isEqualTo("partial");
        answers.put("1", Said.of(304, "text/plain", ""));
        answers.put("2", Said.json("[{\"id\": 2, \"b\": 1}]"));
        JsonPath notModified = poll("");
        assertThat(Feed.outcome(notModified)).isEqualTo("1 read, 1 unchanged");
        assertThat(changes(notModified)).isEmpty();
        answers.put("1", Said.json("[{\"id\": 1, \"c\": 1}]"));
        assertThat(changes(poll("")))
                .containsExactly("rows a a missing integer null kept", "rows c c added null integer column_added");
    }

    @Test
    void a_backfill_and_a_replay_miss_nothing() throws Exception {
        upload("    columns: { id: bigint, day: date, n: integer }\n    primary_key: id\n    incremental: { cursor_path: day }\n");
        api.script(came -> Said.json("[{\"id\": 9, \"day\": \"2022-01-01\"}]"));
        assertThat(changes(poll(", \"from\": \"2022-01-01\"")))
                .as("of a source that is not known yet")
                .isEmpty();
        assertThat(changes(polled("[{\"id\": 1, \"day\": \"2024-02-01\", \"n\": 1, \"late\": 1}]"))).isEmpty();
        api.script(came -> Said.json("[{\"id\": 2, \"day\": \"2024-01-02\", \"early\": 1}]"));

        assertThat(changes(poll(", \"from\": \"2024-01-01\", \"to\": \"2024-01-03\"")))
                .containsExactly("rows early early added null integer column_added");
        assertThat(changes(poll(", \"from\": \"2023-01-01\", \"to\": \"2023-01-03\""))).isEmpty();
        assertThat(changes(polled("[{\"id\": 1, \"day\": \"2024-02-01\", \"n\": 1, \"late\": 1}]")))
                .containsExactly("rows early early missing integer null kept");

        Feed feed = Feed.of(qanat, "schema: { id: integer, n: integer }\nprimary_key: id\n");
        JsonPath rejecting = load(feed, "{\"id\": 1, \"n\": \"x\"}\n{\"id\": 2, \"n\": 1, \"late\": 1}\n");
        feed.declare("schema: { id: integer, n: text }\nprimary_key: id\n");
        Response replay = qanat.request().queryParam("wait", "PT30S").post("/runs/" + rejecting.getLong("id") + "/replay");
        JsonPath replayed = run(replay.jsonPath().getLong("id"));
        assertThat(Feed.outcome(replayed)).isEqualTo("1 read, 1 inserted");
        assertThat(changes(replayed)).isEmpty();
    }

    @Test
    void what_an_earlier_landing_of_a_deferred_run_has_seen_is_not_missing() throws Exception {
        Deque<String> fields = new ArrayDeque<>();
        api.script(came -> {
            String field = fields.poll();
            return Said.json(field == null ? "[]" : "[{\"id\": 1, \"" + field + "\": 1}]");
        });
        upload("    rate_limit: [ { limit: 3, interval: PT5S, on_exhausted: defer } ]\n", """
                    endpoint: { path: /, paginator: { type: page_number, page_param: page } }
                    columns: { id: bigint }
                    primary_key: id
                """);
        fields.addAll(List.of("a", "b", "c", "d"));
        JsonPath first = poll("");
        assertThat(first.getInt("read")).isEqualTo(4);
        assertThat(first.getInt("landing_attempts")).as("landings").isEqualTo(2);
        assertThat(changes(first)).as("the first landing, and those that follow in its run").isEmpty();

        long before = Feed.of(qanat, "schema: { id: integer }\n").load("id\n1\n").getLong("id");
        fields.addAll(List.of("a", "e", "a", "d"));
        long id = trigger("");
        qanat.await("some of it has landed", () -> qanat.is(
                "EXISTS (SELECT FROM qanat.known_fields k JOIN qanat.run r ON r.id = k.run_id WHERE r.id = " + id + " AND status = 'deferred')"));
        // As if the process had died since, and another run did this one again.
        qanat.execute("UPDATE qanat.run SET redoes = " + before + " WHERE id = " + id);
        qanat.execute("UPDATE qanat.known_fields SET run_id = " + before + " WHERE pipeline = '" + pipeline + "'");
        JsonPath second = ended(id);
        assertThat(changes(second))
                .containsExactly(
                        "rows b b missing integer null kept",
                        "rows c c missing integer null kept",
                        "rows e e added null integer column_added");
    }

    @Test
    void a_file_that_gains_a_column_or_a_key_is_told_like_an_api() throws Exception {
        Feed csv = Feed.of(qanat, "schema: { id: integer, name: text }\nprimary_key: id\n");
        assertThat(changes(csv.load("id,name\n1,a\n"))).isEmpty();
        assertThat(changes(csv.load("id,name,Further One\n1,a,x\n")))
                .containsExactly("rows Further One further_one added null string column_added");
        assertThat(changes(csv.load("id\n"))).isEmpty();
        assertThat(changes(csv.load("id,Further One\n2,y\n"))).containsExactly("rows name name missing string null kept");
        assertThat(csv.value("string_agg(concat(name, further_one), ' ' ORDER BY id)")).isEqualTo("ax y");

        Feed json = Feed.of(qanat, "schema: { id: integer }\nprimary_key: id\nwhere: id > 0\nstrict_mode: true\n");
        assertThat(changes(load(json, "{\"id\": 1}\n"))).isEmpty();
        assertThat(changes(load(json, "[]"))).isEmpty();
        assertThat(changes(load(json, "{\"id\": 2, \"address\": {\"city\": \"x\"}}\n")))
                .containsExactly("rows address__city null added null string discarded");

        Feed frozen = Feed.of(qanat, "schema: { id: integer }\nschema_contract: { columns: freeze }\n");
        assertThat(frozen.load("id\n1\n").getString("status")).isEqualTo("succeeded");
        assertThat(frozen.load("id,promo\n2,x\n").getString("error.message")).contains("'promo'");
    }

    @Test
    void of_many_changes_the_first_are_told_and_all_are_counted() throws Exception {
        Feed feed = Feed.of(qanat, "schema: { id: integer }\nstrict_mode: true\n");
        load(feed, "{\"id\": 1}\n");
        String keys = IntStream.range(0, 1_200).mapToObj(i -> ", \"k%04d\": 1".formatted(i)).collect(Collectors.joining());
        JsonPath run = run(load(feed, "{\"id\": 2" + keys + "}\n").getLong("id"));

        assertThat(run.getList("schema_changes.path")).hasSize(1_000).startsWith("k0000").endsWith("k0999");
        assertThat(run.getInt("resources[0].schema_changes")).isEqualTo(1_200);
        assertThat(feed.last().getList("schema_changes")).hasSize(20);
    }

    private static JsonPath load(Feed feed, String json) throws Exception {
        return feed.drop("json", json.getBytes(StandardCharsets.UTF_8)).last();
    }

    /** Each as resource, path, column, change, from, to, action. */
    private static List<String> changes(JsonPath run) {
        assertThat(run.getString("status")).as(run.prettify()).isEqualTo("succeeded");
        List<Map<String, Object>> changes = run.getList("schema_changes");
        return changes.stream()
                .map(change -> Stream.of("resource", "path", "column", "change", "from", "to", "action")
                        .map(key -> String.valueOf(change.get(key)))
                        .collect(Collectors.joining(" ")))
                .toList();
    }

    private void upload(String resource) {
        upload("", "    endpoint: { path: / }\n" + resource);
    }

    private void upload(String source, String resource) {
        qanat.pipeline("pipeline: " + pipeline + "\nsources:\n  api:\n    type: rest_api\n    base_url: " + api.url() + "\n" + source
                + "resources:\n  - name: rows\n    source: api\n    table: " + pipeline + "\n" + resource);
    }

    /** The run that polls this answer. */
    private JsonPath polled(String answer) throws Exception {
        api.script(came -> Said.json(answer));
        return poll("");
    }

    private JsonPath poll(String more) {
        return ended(trigger(more));
    }

    private long trigger(String more) {
        return qanat.request()
                .contentType("application/json")
                .body("{\"pipeline\": \"" + pipeline + "\"" + more + "}")
                .post("/trigger-job")
                .jsonPath()
                .getLong("runs[0].id");
    }

    private static JsonPath ended(long id) {
        qanat.await("run " + id + " has ended", () -> !List.of("queued", "running", "deferred").contains(run(id).getString("status")));
        return run(id);
    }

    private static JsonPath run(long id) {
        return qanat.request().get("/runs/" + id).jsonPath();
    }
}
