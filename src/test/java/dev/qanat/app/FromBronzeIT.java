package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.app.ApiStub.Said;
import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Silver is built again from bronze. That it is then what files have made of it, {@link LoadCases} looks at, case by case. */
class FromBronzeIT {

    private static Qanat qanat;
    private static ApiStub api;

    @BeforeAll
    static void start() throws Exception {
        qanat = Qanat.fresh("bronze").with("QANAT_ALLOWED_HOSTS", "127.0.0.1").start();
        api = new ApiStub(came -> Said.of(404, "text/plain", "not scripted"));
    }

    @AfterAll
    static void stop() {
        qanat.close();
        api.close();
    }

    private static SilverTables silver(String name) {
        return new SilverTables(qanat, name, true);
    }

    @Test
    void several_files_with_children_personal_values_and_replayed_rejections_are_loaded_once_more_in_their_order() throws Exception {
        String resource = """
                columns:
                  id: bigint
                  mail: { type: text, pii: hash }
                  secret: { type: text, pii: drop }
                  price: { type: "%s" }
                  raw: json
                  twice: { expr: "price * 2", type: "numeric(12,2)" }
                where: "price <> 13"
                primary_key: id
                children: { tags: { columns: { name: text, at: { type: text, pii: mask } } } }
                """;
        Feed feed = Feed.of(qanat, resource.formatted("integer"));
        feed.drop("json", """
                [{"id": 1, "mail": "a@x.org", "secret": "s", "price": 1, "raw": {"n": 1.50}, "later": "x", "tags": [{"name": "a", "at": "here"}, {"name": "b"}]},
                 {"id": 2, "mail": "b@x.org", "price": 13, "raw": 1}, {"id": 3, "mail": "c@x.org", "price": 3, "raw": 10000000000000000000000.10}]
                """.getBytes());
        feed.drop("json", "[{\"id\": 1, \"mail\": \"d@x.org\", \"price\": 2, \"tags\": [{\"name\": \"c\", \"at\": \"there\"}]}, {\"id\": 4, \"price\": 4.25}]".getBytes());
        feed.drop("id,price\n3,5\n5,6\n1,7\n5,8\n");
        long rejecting = feed.runs().get(1).getLong("id");
        feed.declare(resource.formatted("numeric(12,2)"));
        long replay = qanat.request().post("/runs/" + rejecting + "/replay").jsonPath().getLong("id");
        assertThat(Feed.outcome(qanat.awaitEnd(replay))).isEqualTo("1 read, 1 inserted");
        Map<String, List<String>> before = silver(feed.name()).rows();
        Map<String, List<String>> untouched = silver(feed.name()).untouched();
        String bronze = qanat.value("SELECT md5(string_agg(t::text, '' ORDER BY _run_id, _ordinal)) FROM " + feed.bronze() + " AS t");

        JsonPath run = feed.fromBronze();

        assertThat(Feed.outcome(run)).isEqualTo("9 read, 4 unchanged, 4 duplicate, 1 filtered");
        assertThat(Feed.outcome(run, "tags")).isEqualTo("3 read, 1 unchanged, 2 duplicate");
        assertThat(run.getBoolean("from_bronze")).isTrue();
        assertThat(run.getString("trigger")).isEqualTo("api");
        assertThat(run.getInt("config_version")).isEqualTo(2);
        assertThat(run.getList("files")).isEmpty();
        assertThat(run.getList("schema_changes")).isEmpty();
        assertThat(silver(feed.name()).untouched()).isEqualTo(untouched);

        qanat.execute("DELETE FROM " + feed.table() + " WHERE id <> 4");
        qanat.execute("UPDATE " + feed.table() + " SET price = 0, mail = 'e@x.org'");
        qanat.execute("INSERT INTO " + feed.table() + " (id, _run_id, _position, _row_hash) VALUES (99, 1, 1, '')");
        qanat.execute("DELETE FROM " + feed.table() + "__tags");
        assertThat(Feed.outcome(feed.fromBronze())).isEqualTo("9 read, 3 inserted, 1 updated, 4 duplicate, 1 filtered");
        assertThat(silver(feed.name()).rows()).isEqualTo(before);

        qanat.execute("DROP TABLE " + feed.table() + ", " + feed.table() + "__tags");
        assertThat(Feed.outcome(feed.fromBronze())).isEqualTo("9 read, 4 inserted, 4 duplicate, 1 filtered");
        assertThat(silver(feed.name()).rows()).isEqualTo(before);

        assertThat(qanat.value("SELECT md5(string_agg(t::text, '' ORDER BY _run_id, _ordinal)) FROM " + feed.bronze() + " AS t")).isEqualTo(bronze);
        qanat.await("nothing is left of it", () -> qanat.is("NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'qanat_staging')"));
    }

    @Test
    void rows_of_an_api_are_built_again_without_a_request_and_without_those_that_the_cursor_left_out() throws Exception {
        AtomicInteger polls = new AtomicInteger();
        api.script(came -> {
            String symbol = came.parameter("symbol");
            int poll = polls.get();
            return Said.json(switch (came.parameter("page") + poll) {
                case "10" -> "[{\"at\": \"2024-01-01\", \"n\": 1.10}, {\"at\": \"2024-01-02\", \"n\": 2}]";
                case "20" -> "[{\"at\": \"2024-01-02\", \"n\": 3, \"of\": \"" + symbol + "\"}, {\"at\": \"2024-01-03\", \"n\": \"x\"}]";
                // The first is older than the cursor: it is kept and not loaded.
                case "11" -> "[{\"at\": \"2024-01-01\", \"n\": 77}, {\"at\": \"2024-01-02\", \"n\": 5}, {\"at\": \"2024-01-04\", \"n\": 6}]";
                default -> "[]";
            });
        });
        PolledPipeline polled = new PolledPipeline(qanat, api);
        polled.declare("", """
                    endpoint: { path: /rows, params: { symbol: "{{ partition.symbol }}" }, paginator: { type: page_number, page_param: page } }
                    partitions: { symbol: [ A, B ] }
                    incremental: { cursor_path: at }
                    columns: { symbol: text, at: date, n: "numeric(9,2)" }
                    primary_key: [ symbol, at ]
                """);
        assertThat(Feed.outcome(polled.poll())).isEqualTo("8 read, 4 inserted, 2 duplicate, 2 rejected");
        polls.incrementAndGet();
        assertThat(Feed.outcome(polled.poll())).isEqualTo("6 read, 2 inserted, 2 updated, 2 filtered");
        Map<String, List<String>> before = silver(polled.name()).rows();
        int requests = api.requests().size();
        List<String> cursors = polled.cursors();

        qanat.execute("DELETE FROM " + polled.table() + " WHERE symbol = 'A'");
        assertThat(Feed.outcome(polled.poll("\"from_bronze\": true"))).isEqualTo("10 read, 3 inserted, 3 unchanged, 4 duplicate");

        assertThat(silver(polled.name()).rows()).isEqualTo(before);
        assertThat(api.requests()).hasSize(requests);
        assertThat(polled.cursors()).isEqualTo(cursors);
    }

    @Test
    void a_run_that_is_killed_leaves_silver_as_it_was_and_is_done_again() throws Exception {
        Feed feed = Feed.of(qanat, "columns: { id: integer, amount: integer }\nprimary_key: id");
        feed.load("id,amount\n1,5\n2,6\n");
        feed.load("id,amount\n2,7\n3,8\n");
        Map<String, List<String>> before = silver(feed.name()).rows();
        qanat.execute("DELETE FROM " + feed.table() + " WHERE id = 3");
        Map<String, List<String>> damaged = silver(feed.name()).untouched();
        long killed;
        try (Connection holder = qanat.lockTable(feed.name())) {
            killed = feed.fromBronze("").jsonPath().getLong("runs[0].id");
            qanat.await("it lands", () -> qanat.is("EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'advisory' AND application_name = 'qanat run "
                    + killed + "')"));
            qanat.kill();
        }
        assertThat(silver(feed.name()).untouched()).isEqualTo(damaged);

        qanat.start();
        qanat.await("it is done again", Duration.ofSeconds(20), () -> qanat.is("EXISTS (SELECT FROM qanat.run WHERE status = 'succeeded' AND redoes = "
                + killed + ")"));

        assertThat(silver(feed.name()).rows()).isEqualTo(before);
        assertThat(qanat.run(killed).getString("status")).isEqualTo("interrupted");
        JsonPath again = qanat.runs(feed.name()).get(0);
        assertThat(Feed.outcome(again)).isEqualTo("4 read, 1 inserted, 2 unchanged, 1 duplicate");
        assertThat(again.getBoolean("from_bronze")).isTrue();
        qanat.await("nothing is left of it", () -> qanat.is("NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'qanat_staging')"));
    }

    @Test
    void records_that_do_not_fit_a_changed_contract_are_rejections_of_the_run() throws Exception {
        Feed feed = Feed.of(qanat, "columns: { id: integer, amount: text }\nprimary_key: id");
        feed.load("id,amount\n1,5\n2,x\n3,7\n");
        long first = feed.last().getLong("id");
        feed.declare("columns: { id: integer, amount: text, n: { from: amount, type: integer } }\nprimary_key: id");

        JsonPath run = feed.fromBronze();

        assertThat(Feed.outcome(run)).isEqualTo("3 read, 2 updated, 1 rejected");
        assertThat(feed.rejections(run)).containsExactly("3 n type_mismatch");
        assertThat(qanat.rejections(run.getLong("id")).get(0)).containsEntry("source", "001.csv").containsEntry("record", "{\"id\":\"2\",\"amount\":\"x\"}");
        assertThat(feed.rows()).containsExactlyInAnyOrder("id=1, amount=5, n=5", "id=3, amount=7, n=7");
        assertThat(feed.value("string_agg(DISTINCT _run_id::text, ' ')")).isEqualTo(Long.toString(first));
        Response replay = qanat.request().post("/runs/" + run.getLong("id") + "/replay");
        assertThat(replay.statusCode()).isEqualTo(409);
        assertThat(replay.jsonPath().getString("detail")).contains("is in bronze");

        feed.declare("columns: { id: integer, amount: { type: text, pii: hash } }\nprimary_key: id");
        assertThat(feed.fromBronze().getString("error.message")).contains("'pii' was another than now");
        feed.declare("columns: { id: integer, amount: { type: text, values: [ none ] } }\nprimary_key: id");
        assertThat(Feed.outcome(feed.fromBronze())).isEqualTo("failed all_rejected: 3 read, 3 rejected");
    }

    @Test
    void nothing_is_lost_that_bronze_does_not_hold() throws Exception {
        Feed feed = Feed.of(qanat, "columns: { id: integer }\nprimary_key: id");
        long first = feed.load("id\n1\n2\n").getLong("id");
        qanat.execute("INSERT INTO " + feed.bronze() + " SELECT * FROM " + feed.bronze() + " LIMIT 1");
        assertThat(Feed.outcome(feed.fromBronze())).isEqualTo("3 read, 2 unchanged, 1 duplicate");

        qanat.execute("DELETE FROM " + feed.bronze() + " WHERE record ->> 'id' = '2'");
        qanat.execute("DELETE FROM " + feed.bronze() + " WHERE ctid <> (SELECT min(ctid) FROM " + feed.bronze() + ")");
        JsonPath run = feed.fromBronze();
        assertThat(Feed.outcome(run)).isEqualTo("failed not_rebuildable: 0 read");
        assertThat(run.getString("error.message"))
                .isEqualTo("silver." + feed.name() + " cannot be built again from " + feed.bronze() + " without losing rows: of the 2 records that run "
                        + first + " accepted it holds 1; it stays as it is");
        assertThat(feed.rows()).containsExactlyInAnyOrder("id=1", "id=2");

        qanat.pipeline(feed.yaml("columns: { id: integer }\nprimary_key: id").replace("name: rows", "name: renamed"));
        qanat.drop(feed.name(), "other.csv", "id\n3\n");
        qanat.awaitRuns(feed.name(), 4);
        assertThat(feed.fromBronze().getString("error.message")).contains("rows of the table were loaded by run " + first + " as " + feed.name() + ".rows");

        feed.declare("columns: { id: integer }\nprimary_key: id\nbronze: { keep: none }");
        Response refused = feed.fromBronze("");
        assertThat(refused.statusCode()).isEqualTo(422);
        assertThat(refused.jsonPath().getString("code")).isEqualTo("not_rebuildable");
    }

    @Test
    void a_table_that_is_replaced_is_what_its_last_file_made_of_it_also_where_that_was_empty() throws Exception {
        Feed feed = Feed.of(qanat, "columns: { id: integer }\nwrite_disposition: replace");
        feed.load("id\n1\n2\n");
        feed.load("id\n2\n3\n");
        assertThat(Feed.outcome(feed.fromBronze())).isEqualTo("2 read, 2 unchanged");
        assertThat(feed.rows()).containsExactlyInAnyOrder("id=2", "id=3");

        qanat.drop(feed.name(), "empty.csv", "id\n");
        qanat.awaitRuns(feed.name(), 4);
        qanat.execute("INSERT INTO " + feed.table() + " (id, _run_id, _position, _row_hash) VALUES (99, 1, 1, '')");
        assertThat(Feed.outcome(feed.fromBronze())).isEqualTo("0 read");
        assertThat(feed.rows()).isEmpty();
    }

    @Test
    void what_makes_no_sense_is_refused_and_what_never_landed_is_passed_over() throws Exception {
        Feed feed = Feed.of(qanat, "columns: { id: integer }\nprimary_key: id");
        for (String more : List.of(", \"from\": \"2024-01-01\"", ", \"to\": \"2024-01-01\"", ", \"full_refresh\": true")) {
            Response refused = feed.fromBronze(more);
            assertThat(refused.statusCode()).as(more).isEqualTo(400);
            assertThat(refused.jsonPath().getString("code")).isEqualTo("invalid_request");
        }
        assertThat(feed.fromBronze(", \"resources\": [\"others\"]").statusCode()).isEqualTo(404);
        JsonPath nothing = feed.fromBronze();
        assertThat(Feed.outcome(nothing)).isEqualTo("0 read");
        assertThat(nothing.getBoolean("from_bronze")).isFalse();

        qanat.load(feed.name(), "a.csv", "id\n1\n");
        try (Connection holder = qanat.lockTable(feed.name())) {
            long one = feed.fromBronze("").jsonPath().getLong("runs[0].id");
            qanat.await("it runs", () -> qanat.run(one).getString("status").equals("running"));
            long next = feed.fromBronze("").jsonPath().getLong("runs[0].id");
            assertThat(next).isNotEqualTo(one);
            assertThat(feed.fromBronze(", \"resources\": [\"rows\"]").jsonPath().getLong("runs[0].id")).isEqualTo(next);
            assertThat(qanat.request().post("/runs/" + one + "/cancel").statusCode()).isEqualTo(202);
            qanat.await("it is cancelled", () -> qanat.run(one).getString("status").equals("cancelled"));
        }
        assertThat(qanat.awaitRuns(feed.name(), 4).get(0).getString("status")).isEqualTo("succeeded");
    }
}
