package dev.qanat.app;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.app.ApiStub.Came;
import dev.qanat.app.ApiStub.Said;
import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.jspecify.annotations.Nullable;

/** Resources of APIs: what is asked, what lands, what is told when an API does not answer as it should. */
class PollIT {

    private static final String PAGES = """
                endpoint: { path: /, paginator: page_number }
                columns: { id: bigint }
                write_disposition: append
                dedup: none
            """;

    private static Qanat qanat;
    private static ApiStub api;

    private final PolledPipeline polled = new PolledPipeline(qanat, api);
    private final String pipeline = polled.name();

    @BeforeAll
    static void start() throws Exception {
        qanat = Qanat.fresh("poll")
                .with("QANAT_ALLOWED_HOSTS", "127.0.0.1")
                .with("QANAT_ALLOWED_ENV", "TEST_*")
                .with("TEST_KEY", "s3cr3t-k3y")
                .start();
        api = new ApiStub(came -> Said.of(404, "text/plain", "not scripted"));
    }

    @AfterAll
    static void stop() {
        qanat.close();
        api.close();
    }

    @Test
    void pages_become_rows_and_every_record_is_accounted_for() throws Exception {
        api.script(came -> {
            int offset = Integer.parseInt(came.parameter("offset"));
            StringBuilder items = new StringBuilder();
            for (int i = offset; i < Math.min(offset + 10, 25); i++) {
                items.append(items.length() == 0 ? "" : ",")
                        .append("{\"id\":").append(i).append(",\"price\":").append(i == 3 ? "\"x\"" : i + ".10").append("}");
            }
            return Said.json("{\"total\":25,\"items\":[" + items + "]}");
        });
        upload("", """
                    endpoint:
                      path: /items
                      data_selector: $.items
                      paginator: { type: offset, limit: 10, total_path: $.total }
                    columns: { id: bigint, price: "numeric(12,2)" }
                    primary_key: id
                """);

        JsonPath run = poll();

        assertThat(run.getString("status")).as(run.prettify()).isEqualTo("succeeded");
        assertThat(Feed.outcome(run)).isEqualTo("25 read, 24 inserted, 1 rejected");
        assertThat(run.getString("resources[0].table")).isEqualTo("silver." + pipeline);
        assertThat(qanat.value("SELECT sum(price) FROM silver." + pipeline)).isEqualTo("299.40");
        assertThat(qanat.rejections(run.getLong("id"))).singleElement().satisfies(one -> assertThat(one)
                .containsEntry("position", 4)
                .containsEntry("column", "price")
                .containsEntry("source", "GET " + api.url() + "/items?limit=10&offset=0"));
        assertThat(qanat.value("SELECT count(*) FROM bronze." + pipeline + "__rows")).isEqualTo("24");

        JsonPath again = poll();
        assertThat(Feed.outcome(again)).isEqualTo("25 read, 24 unchanged, 1 rejected");
    }

    @Test
    void partitions_fail_one_by_one() throws Exception {
        api.script(came -> switch (came.parameter("symbol")) {
            case "BAD" -> Said.json("{\"Error Message\":\"Invalid API call for " + came.parameter("apikey") + "\"}");
            default -> Said.json("{\"rows\":{\"2024-01-02\":{\"close\":\"1.5\"},\"2024-01-03\":{\"close\":\"2.5\"}}}");
        });
        upload("""
                    auth: { type: api_key, location: query, name: apikey, api_key: "${secret:TEST_KEY}" }
                    response_actions: [ { path: "$['Error Message']", action: fail_partition } ]
                """, """
                    endpoint:
                      path: /query
                      params: { symbol: "{{ partition.symbol }}" }
                      data_selector: $.rows
                      record_shape: { entries: { key_as: date } }
                    partitions: { symbol: [ AAPL, BAD, MSFT ] }
                    columns: { ticker: { from: symbol, type: text }, date: { type: date }, close: { type: "numeric(12,2)" } }
                    primary_key: [ ticker, date ]
                """);

        JsonPath run = poll();

        assertThat(run.getString("status")).as(run.prettify()).isEqualTo("partial");
        assertThat(run.getString("error.code")).isEqualTo("partition_failed");
        assertThat(run.getString("error.message")).contains("BAD", "Invalid API call", "***").doesNotContain("s3cr3t", "AAPL");
        assertThat(Feed.outcome(run)).isEqualTo("partial partition_failed: 4 read, 4 inserted");
        assertThat(qanat.value("SELECT string_agg(ticker || date || close, ' ' ORDER BY ticker, date) FROM silver." + pipeline))
                .isEqualTo("AAPL2024-01-021.50 AAPL2024-01-032.50 MSFT2024-01-021.50 MSFT2024-01-032.50");
        assertThat(run.getMap("partition_counts")).isEqualTo(Map.of("landed", 2, "deferred", 0, "failed", 1));
        assertThat(run.getList("partitions.partition.symbol")).containsExactly("BAD", "AAPL", "MSFT");
        assertThat(run.getList("partitions.status")).containsExactly("failed", "landed", "landed");
        assertThat(run.getString("partitions[0].error.code")).isEqualTo("api_refused");
        assertThat(run.getString("partitions[0].error.message")).contains("Invalid API call", "***");
        assertThat(run.getString("partitions[1].error")).isNull();
        assertThat(qanat.logText() + run.prettify()).doesNotContain("s3cr3t");
        assertThat(qanat.value("SELECT count(*) FROM qanat.run WHERE error_message LIKE '%s3cr3t%'")).isEqualTo("0");
    }

    @Test
    void of_many_partitions_all_are_counted_and_the_first_are_told() throws Exception {
        api.script(came -> came.parameter("n").equals("1") ? Said.json("[{\"id\":1}]") : Said.of(404, "text/plain", "no such thing"));
        upload("", """
                    endpoint: { path: /, params: { n: "{{ partition.n }}" } }
                    partitions: { n: "%s" }
                    columns: { id: bigint }
                """.formatted(IntStream.rangeClosed(1, 120).mapToObj(Integer::toString).collect(joining(","))));

        JsonPath run = poll();

        assertThat(Feed.outcome(run)).isEqualTo("partial partition_failed: 1 read, 1 inserted");
        assertThat(run.getString("error.message")).endsWith("and 99 more").hasSizeLessThan(5_000);
        assertThat(run.getMap("partition_counts")).isEqualTo(Map.of("landed", 1, "deferred", 0, "failed", 119));
        assertThat(run.getList("partitions.status")).hasSize(100).containsOnly("failed");
    }

    @Test
    void items_of_arrays_and_personal_values_are_those_of_files_and_a_partition_that_fails_leaves_none() throws Exception {
        api.script(came -> switch (came.parameter("shop") + came.parameter("page")) {
            case "north1" -> Said.json("""
                    [{"id": 1, "mail": "s3cret@x.org", "products": [{"sku": "a", "quantity": 2}, {"sku": "b", "quantity": 1}]},
                     {"id": 2, "mail": "s3cret@x.org", "products": [{"sku": "a", "quantity": "many"}]}]""");
            case "north2" -> Said.json("[{\"id\": 3, \"mail\": \"s3cret@x.org\", \"products\": [{\"sku\": \"c\", \"quantity\": 5}]}]");
            case "south1" -> Said.json("[{\"id\": 4, \"mail\": \"s3cret@x.org\", \"products\": [{\"sku\": \"d\", \"quantity\": 1}, {\"sku\": \"e\"}]}]");
            case "south2" -> Said.of(404, "text/plain", "no such page");
            case "west1" -> Said.json("[{\"id\": 5, \"mail\": s3cret}]");
            default -> Said.json("[]");
        });
        upload("    retry: { max_attempts: 1 }\n", """
                    endpoint: { path: /carts, params: { shop: "{{ partition.shop }}" }, paginator: { type: page_number, page_param: page } }
                    partitions: { shop: [ north, south, west ] }
                    columns: { id: bigint, shop: text, mail: { pii: hash } }
                    primary_key: id
                    children: { products: { columns: { sku: text, quantity: integer } } }
                """);

        JsonPath run = poll();

        assertThat(run.getString("error.message")).contains("south", "no such page", "west", "this is no JSON");
        assertThat(Feed.outcome(run)).isEqualTo("partial partition_failed: 3 read, 2 inserted, 1 rejected");
        assertThat(Feed.outcome(run, "products")).isEqualTo("4 read, 3 inserted, 1 rejected");
        assertThat(items("products")).isEqualTo("1 0 a 2, 1 1 b 1, 3 0 c 5");
        assertThat(qanat.rejections(run.getLong("id"))).singleElement().satisfies(one -> assertThat(one)
                .containsEntry("column", "products[0].quantity"));
        assertThat(qanat.value("SELECT count(DISTINCT mail) || ' ' || min(length(mail)) FROM silver." + pipeline)).isEqualTo("1 64");
        assertThat(qanat.value("SELECT count(*) FROM bronze." + pipeline + "__rows WHERE record->>'shop' = 'north'")).isEqualTo("2");
        assertThat(qanat.value("SELECT count(*) FROM bronze." + pipeline + "__rows AS t WHERE t::text LIKE '%s3cret%'")).isEqualTo("0");
        assertThat(qanat.rejections(run.getLong("id")).toString() + run.prettify() + qanat.logText()).doesNotContain("s3cret@", ": s3cret");
        assertThat(qanat.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'qanat_staging' AND tablename LIKE 'run\\_"
                        + run.getLong("id") + "\\_%'"))
                .isEqualTo("0");

        api.script(came -> Said.json(came.parameter("shop").equals("north") && came.parameter("page").equals("1")
                ? "[{\"id\": 1, \"mail\": \"s3cret@x.org\", \"products\": [{\"sku\": \"a\", \"quantity\": 3}]}]"
                : "[]"));
        JsonPath again = poll();
        assertThat(Feed.outcome(again)).isEqualTo("1 read, 1 unchanged");
        assertThat(Feed.outcome(again, "products")).isEqualTo("1 read, 1 updated");
        assertThat(items("products")).isEqualTo("1 0 a 3, 3 0 c 5");
    }

    private String items(String array) throws Exception {
        return qanat.value("SELECT string_agg(concat_ws(' ', _parent_id, _index, sku, quantity), ', ' ORDER BY _parent_id, _index) FROM silver."
                + pipeline + "__" + array);
    }

    @Test
    void a_cursor_is_kept_for_each_partition_and_only_moves_with_what_landed() throws Exception {
        List<String> starts = new ArrayList<>();
        api.script(came -> {
            starts.add(came.parameter("since"));
            return Said.json("[{\"id\":1,\"day\":\"2024-01-02\"},{\"id\":2,\"day\":\"2024-01-05\"}]");
        });
        upload("", """
                    endpoint: { path: /days, params: { since: "{{ incremental.start_value }}" } }
                    incremental: { cursor_path: day, initial_value: "2024-01-01", lag: P2D }
                    columns: { id: bigint, day: date }
                    primary_key: id
                """);

        JsonPath first = poll();
        assertThat(Feed.outcome(first)).isEqualTo("2 read, 2 inserted");
        assertThat(first.getList("partitions")).containsExactly(partition("landed", "2024-01-05"));
        assertThat(Feed.outcome(poll())).isEqualTo("2 read, 1 unchanged, 1 filtered");
        JsonPath backfill = poll("\"from\": \"2024-01-02\", \"to\": \"2024-01-03\"");
        assertThat(Feed.outcome(backfill)).isEqualTo("2 read, 1 unchanged, 1 filtered");
        assertThat(backfill.getList("partitions")).containsExactly(partition("landed", null));
        assertThat(Feed.outcome(poll())).isEqualTo("2 read, 1 unchanged, 1 filtered");
        assertThat(Feed.outcome(poll("\"full_refresh\": true"))).isEqualTo("2 read, 2 unchanged");

        assertThat(starts).containsExactly("2024-01-01", "2024-01-03", "2024-01-02", "2024-01-03", "2024-01-01");
        assertThat(qanat.value("SELECT value FROM qanat.cursor WHERE pipeline = '" + pipeline + "'")).isEqualTo("2024-01-05");
    }

    /** Of the resource without partitions, as a run tells it. */
    private static Map<String, @Nullable Object> partition(String status, @Nullable String cursor) {
        Map<String, @Nullable Object> told = new HashMap<>();
        told.put("resource", "rows");
        told.put("partition", Map.of());
        told.put("status", status);
        told.put("cursor", cursor);
        told.put("error", null);
        return told;
    }

    @Test
    void a_quota_that_is_used_up_defers_the_run_which_goes_on_by_itself() throws Exception {
        api.script(came -> Said.json(came.parameter("page").equals("5") ? "[]" : "[{\"id\":" + came.parameter("page") + ",\"tags\":[\"a\"]}]"));
        upload("    rate_limit: [ { limit: 3, interval: PT10S, on_exhausted: defer } ]\n", """
                    endpoint: { path: /, paginator: { type: page_number, page_param: page } }
                    columns: { id: bigint }
                    primary_key: id
                    children: { tags: {} }
                """);
        long id = polled.trigger("").jsonPath().getLong("runs[0].id");

        qanat.await("it is deferred", () -> "deferred".equals(polled.run(id).getString("status")));
        assertThat(polled.run(id).getString("error.code")).isEqualTo("quota_exhausted");
        assertThat(qanat.value("SELECT count(*) FROM silver." + pipeline)).isEqualTo("3");
        qanat.await("it has gone on", () -> "succeeded".equals(polled.run(id).getString("status")));

        assertThat(Feed.outcome(polled.run(id))).isEqualTo("4 read, 4 inserted");
        assertThat(qanat.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM silver." + pipeline)).isEqualTo("1 2 3 4");
        assertThat(Feed.outcome(polled.run(id), "tags")).isEqualTo("4 read, 4 inserted");
        assertThat(polled.run(id).getList("resources")).hasSize(2);
    }

    @Test
    void requests_are_sent_again_that_time_may_heal_and_no_others() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        Function<Came, Said> good = came -> Said.json("[{\"id\":1}]");
        upload("    retry: { max_attempts: 3, initial: PT0.1S, max: PT1S }\n    timeout: PT1S\n", """
                    endpoint: { path: / }
                    columns: { id: bigint }
                    primary_key: id
                """);

        api.script(came -> asked.incrementAndGet() == 1 ? Said.of(503, "text/plain", "busy") : good.apply(came));
        assertThat(poll().getString("status")).isEqualTo("succeeded");
        asked.set(0);
        api.script(came -> asked.incrementAndGet() == 1 ? Said.of(429, "text/plain", "slow").with("Retry-After", "1") : good.apply(came));
        api.forget();
        assertThat(poll().getString("status")).isEqualTo("succeeded");
        assertThat(api.requests().get(1).nanos() - api.requests().get(0).nanos()).isGreaterThanOrEqualTo(1_000_000_000L);
        asked.set(0);
        api.script(came -> asked.incrementAndGet() == 1 ? good.apply(came).after(3_000) : good.apply(came));
        assertThat(poll().getString("status")).isEqualTo("succeeded");
        asked.set(0);
        api.script(came -> Said.of(500, "text/html", "<h1>oops " + asked.incrementAndGet() + "</h1>"));
        JsonPath failed = poll();
        assertThat(failed.getString("status")).isEqualTo("failed");
        assertThat(failed.getString("error.message")).contains("500", "oops");
        assertThat(asked).hasValue(3);
        asked.set(0);
        api.script(came -> Said.of(400, "text/plain", "no such thing " + asked.incrementAndGet()));
        assertThat(poll().getString("error.message")).contains("400", "no such thing");
        assertThat(asked).hasValue(1);
    }

    @Test
    void a_source_that_is_asked_too_early_for_ever_keeps_no_run_for_ever() throws Exception {
        api.script(came -> Said.json(came.parameter("page").equals("1") ? "[{\"id\":1}]" : "{\"Note\":\"slow down\"}"));
        upload("    response_actions: [ { path: $.Note, action: rate_limited, wait: PT2M } ]\n", """
                    endpoint: { path: /, paginator: page_number }
                    columns: { id: bigint }
                    primary_key: id
                """);
        long id = polled.trigger("").jsonPath().getLong("runs[0].id");

        qanat.await("it is deferred", () -> "deferred".equals(polled.run(id).getString("status")));
        assertThat(polled.run(id).getString("error.code")).isEqualTo("rate_limited");
        assertThat(polled.run(id).getString("error.message")).contains("slow down");
        assertThat(polled.run(id).getMap("partition_counts")).isEqualTo(Map.of("landed", 0, "deferred", 1, "failed", 0));
        assertThat(qanat.value("SELECT count(*) FROM silver." + pipeline)).isEqualTo("1");
        assertThat(qanat.is("(SELECT available_at BETWEEN now() + interval '90 s' AND now() + interval '145 s' FROM qanat.run WHERE id = "
                        + id + ")"))
                .isTrue();
        wake(id);
        qanat.await("it waits longer", () -> qanat.is("EXISTS (SELECT FROM qanat.run WHERE status = 'deferred' AND id = " + id
                + " AND available_at > now() + interval '150 s')"));

        qanat.execute("UPDATE qanat.poll_partition SET token = regexp_replace(token, '\"since\":\\d+', '\"since\":1000') WHERE run_id = " + id);
        wake(id);
        qanat.await("it has ended", () -> "partial".equals(polled.run(id).getString("status")));
        assertThat(polled.run(id).getString("error.code")).isEqualTo("partition_failed");
        assertThat(polled.run(id).getString("partitions[0].error.code")).isEqualTo("rate_limited");
        assertThat(Feed.outcome(polled.run(id))).isEqualTo("partial partition_failed: 1 read, 1 inserted");
    }

    @Test
    void attempts_are_counted_over_a_pause_that_defers_the_run() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        api.script(came -> Said.of(429, "text/plain", "busy " + asked.incrementAndGet()).with("Retry-After", "300"));
        upload("    retry: { max_attempts: 2 }\n", "    endpoint: { path: / }\n    columns: { id: bigint }\n");
        long id = polled.trigger("").jsonPath().getLong("runs[0].id");

        qanat.await("it is deferred", () -> "deferred".equals(polled.run(id).getString("status")));
        assertThat(polled.run(id).getString("error.code")).isEqualTo("http_429");
        wake(id);
        qanat.await("it has ended", () -> "failed".equals(polled.run(id).getString("status")));

        assertThat(polled.run(id).getString("error.message")).contains("busy 2");
        assertThat(asked).hasValue(2);
    }

    /** As if the time had come to which a run is deferred. */
    private static void wake(long run) throws Exception {
        qanat.execute("UPDATE qanat.quota SET paused_until = NULL WHERE source LIKE (SELECT pipeline FROM qanat.run WHERE id = " + run + ") || '.%'");
        qanat.execute("UPDATE qanat.run SET available_at = now() WHERE status = 'deferred' AND id = " + run);
    }

    @Test
    void a_slow_partition_delays_no_other() throws Exception {
        api.script(came -> Said.json("[{\"id\":" + came.parameter("n") + "}]").after(came.parameter("n").equals("1") ? 3_000 : 0));
        upload("", """
                    endpoint: { path: /, params: { n: "{{ partition.n }}" } }
                    partitions: { n: "1,2,3,4,5,6" }
                    columns: { id: bigint }
                    primary_key: id
                """);
        api.forget();

        assertThat(Feed.outcome(poll())).isEqualTo("6 read, 6 inserted");

        List<Long> times = api.requests().stream().map(Came::nanos).sorted().toList();
        assertThat(times.get(5) - times.get(0)).isLessThan(2_000_000_000L);
    }

    @Test
    void what_an_answer_asks_of_one_it_asks_of_all_partitions() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        api.script(came -> asked.incrementAndGet() == 1 ? Said.of(429, "text/plain", "slow").with("Retry-After", "2") : Said.json("[{\"id\":1}]"));
        upload("", """
                    endpoint: { path: /, params: { n: "{{ partition.n }}" } }
                    partitions: { n: "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20" }
                    columns: { id: bigint }
                    primary_key: id
                """);
        api.forget();

        assertThat(poll().getString("status")).isEqualTo("succeeded");

        List<Long> times = api.requests().stream().map(Came::nanos).sorted().toList();
        assertThat(times).hasSize(21);
        // Those that were on their way when the first was answered came at once.
        assertThat(times.stream().filter(time -> time - times.get(0) < 1_900_000_000L).count()).isLessThan(10);
    }

    @Test
    void a_quota_that_an_answer_says_is_used_up_costs_one_request_and_not_one_for_each_partition() throws Exception {
        api.script(came -> Said.json("{\"Information\":\"25 requests per day\"}"));
        upload("    response_actions: [ { path: $.Information, contains: per day, action: quota_exhausted, wait: PT1H } ]\n", """
                    endpoint: { path: /, params: { n: "{{ partition.n }}" } }
                    partitions: { n: "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20" }
                    columns: { id: bigint }
                    primary_key: id
                """);
        api.forget();

        JsonPath run = poll();

        assertThat(run.getString("status")).as(run.prettify()).isEqualTo("deferred");
        assertThat(run.getString("error.message")).contains("25 requests per day");
        // At most those that were sent side by side.
        assertThat(api.requests()).hasSizeBetween(1, 8);
    }

    @Test
    void a_dead_host_is_asked_now_and_then_and_again_when_it_is_back() throws Exception {
        AtomicInteger came = new AtomicInteger();
        ServerSocket dead = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
        int port = dead.getLocalPort();
        Thread hangingUp = new Thread(() -> {
            while (!dead.isClosed()) {
                try (Socket caller = dead.accept()) {
                    came.incrementAndGet();
                } catch (IOException e) {
                    return;
                }
            }
        });
        hangingUp.start();
        try (dead) {
            qanat.pipeline(polled.yaml("    retry: { max_attempts: 3, initial: PT0.1S }\n", """
                    endpoint: { path: /, params: { n: "{{ partition.n }}" } }
                    partitions: { n: "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30" }
                    columns: { id: bigint }
                    primary_key: id
                """).replace(api.url(), "http://127.0.0.1:" + port));

            JsonPath run = poll();

            assertThat(run.getString("status")).as(run.prettify()).isEqualTo("failed");
            assertThat(run.getString("error.code")).isEqualTo("no_answer");
            assertThat(came.get()).as("requests to a dead host, of 90").isBetween(5, 20);
        }
        // The port is free again when nobody waits at it any more.
        hangingUp.join();
        try (ApiStub back = new ApiStub(port, asked -> Said.json("[{\"id\":" + asked.parameter("n") + "}]"))) {
            qanat.await("it is asked again", () -> poll().getString("status").equals("succeeded"));
            assertThat(qanat.value("SELECT count(*) FROM silver." + pipeline)).isEqualTo("30");
        }
    }

    @Test
    void a_private_address_is_not_asked() throws Exception {
        try (Qanat closed = Qanat.fresh("closed").start()) {
            api.script(came -> Said.json("[{\"id\":1}]"));
            api.forget();
            closed.pipeline(polled.yaml("", "    endpoint: { path: / }\n    columns: { id: bigint }\n"));

            JsonPath run = closed.request()
                    .contentType("application/json")
                    .queryParam("wait", "PT30S")
                    .body("{\"pipeline\": \"" + pipeline + "\"}")
                    .post("/trigger-job")
                    .jsonPath();
            JsonPath told = closed.request().get("/runs/" + run.getLong("runs[0].id")).jsonPath();

            assertThat(told.getString("status")).isEqualTo("failed");
            assertThat(told.getString("error.code")).isEqualTo("host_not_allowed");
            assertThat(told.getString("error.message")).contains("127.0.0.1", "QANAT_ALLOWED_HOSTS");
            assertThat(api.requests()).isEmpty();
        }
    }

    @Test
    void polls_that_were_killed_are_done_again_and_deferred_ones_go_on_and_nothing_is_lost_or_doubled() throws Exception {
        String deferred = Qanat.newName("deferred");
        try (Qanat killed = Qanat.fresh("killed").with("QANAT_ALLOWED_HOSTS", "127.0.0.1").start()) {
            api.script(deferred, came -> {
                int page = Integer.parseInt(came.parameter("page"));
                return Said.json(page > 5 ? "[]" : "[{\"id\":" + page + "}]");
            });
            killed.pipeline(yaml(deferred, api.url(deferred), "    rate_limit: [ { limit: 3, interval: PT15S, on_exhausted: defer } ]\n", PAGES));
            long waiting = killed.trigger(deferred);
            killed.await("it is deferred", () -> "deferred".equals(killed.run(waiting).getString("status")));

            api.script(came -> {
                int page = Integer.parseInt(came.parameter("page"));
                return Said.json(page > 40 ? "[]" : "[{\"id\":" + page + "}]").after(50);
            });
            killed.pipeline(polled.yaml("", PAGES));
            api.forget();
            killed.trigger(pipeline);
            killed.await("it is on its way", () -> api.requests().size() > 15);
            assertThat(killed.run(waiting).getString("status")).isEqualTo("deferred");
            killed.kill();
            killed.start();

            List<JsonPath> runs = killed.awaitRuns(pipeline, 2);
            assertThat(runs).extracting(run -> run.getString("status")).containsExactly("succeeded", "interrupted");
            assertThat(Feed.outcome(runs.get(0))).isEqualTo("40 read, 40 inserted");
            assertThat(killed.value("SELECT count(*) || ' ' || count(DISTINCT id) FROM silver." + pipeline)).isEqualTo("40 40");

            assertThat(killed.awaitRuns(deferred, 1)).singleElement().satisfies(run -> {
                assertThat(run.getLong("id")).isEqualTo(waiting);
                assertThat(Feed.outcome(run)).isEqualTo("5 read, 5 inserted");
            });
            assertThat(api.requests(deferred)).extracting(came -> came.parameter("page")).containsExactly("4", "5", "6");
            assertThat(killed.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM silver." + deferred)).isEqualTo("1 2 3 4 5");
            assertThat(killed.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'qanat_staging'")).isEqualTo("0");
        }
    }

    @Test
    void a_poll_that_waits_gives_way_to_an_edit_and_to_a_stop_and_goes_on_after_it() throws Exception {
        try (Qanat patient = Qanat.fresh("patient")) {
            Path routes = patient.home().resolve("routes");
            try (Stream<Path> files = Files.list(Path.of("routes"))) {
                Files.createDirectories(routes);
                for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                    Files.copy(file, routes.resolve(file.getFileName()));
                }
            }
            patient.with("QANAT_ALLOWED_HOSTS", "127.0.0.1").with("QANAT_ROUTES", routes.toString()).start();
            api.script(came -> Said.json("[{\"id\":" + came.parameter("page") + "}]"));
            patient.pipeline(polled.yaml("    rate_limit: { limit: 2, interval: PT15S, on_exhausted: wait }\n", """
                    endpoint: { path: /, paginator: { type: page_number, maximum_page: 6 } }
                    columns: { id: bigint }
                    write_disposition: append
                    dedup: none
                """));
            api.forget();
            patient.request().contentType("application/json").body("{\"pipeline\": \"" + pipeline + "\"}").post("/trigger-job");
            patient.await("it waits for its limit", () -> api.requests().size() == 2);

            Files.writeString(routes.resolve("poll.camel.yaml"), "\n# edited\n", StandardOpenOption.APPEND);
            patient.await("the edit is in force", Duration.ofSeconds(8), () -> patient.logText().contains("poll.camel.yaml is loaded anew"));
            assertThat(patient.value("SELECT count(*) FROM silver." + pipeline)).isEqualTo("2");

            long begun = System.nanoTime();
            patient.stop();
            assertThat(System.nanoTime() - begun).as("time to stop").isLessThan(8_000_000_000L);
            patient.start();

            patient.await("it has gone on", Duration.ofSeconds(60), () -> patient.runs(pipeline).get(0).getString("status").equals("succeeded"));
            assertThat(patient.runs(pipeline)).hasSize(1);
            assertThat(patient.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM silver." + pipeline)).isEqualTo("1 2 3 4 5 6");
            assertThat(api.requests()).hasSize(6);
        }
    }

    @Test
    void a_table_that_is_replaced_is_never_replaced_by_a_part() throws Exception {
        AtomicInteger pages = new AtomicInteger(3);
        api.script(came -> Said.json(Integer.parseInt(came.parameter("page")) > pages.get() ? "[]" : "[{\"id\":" + came.parameter("page") + "}]"));
        upload("    rate_limit: { limit: 4, interval: PT3S, on_exhausted: defer }\n", """
                    endpoint: { path: /, paginator: page_number }
                    columns: { id: bigint }
                    primary_key: id
                    write_disposition: replace
                """);
        assertThat(Feed.outcome(poll())).isEqualTo("3 read, 3 inserted");

        pages.set(5);
        long id = polled.trigger("").jsonPath().getLong("runs[0].id");
        qanat.await("it is deferred", () -> "deferred".equals(polled.run(id).getString("status")));
        assertThat(qanat.value("SELECT count(*) FROM silver." + pipeline)).isEqualTo("3");
        qanat.request().post("/runs/" + id + "/cancel");

        pages.set(2);
        qanat.await("the table is replaced", () -> Feed.outcome(poll()).equals("2 read, 2 unchanged"));
        assertThat(qanat.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM silver." + pipeline)).isEqualTo("1 2");
    }

    @Test
    void a_partition_of_which_every_record_was_rejected_is_told() throws Exception {
        api.script(came -> Said.json(came.parameter("n").equals("2") ? "{\"error\":\"maintenance\"}" : "{\"id\":" + came.parameter("n") + "}"));
        upload("", """
                    endpoint: { path: /, params: { n: "{{ partition.n }}" } }
                    partitions: { n: "1,2,3" }
                    columns: { id: { type: bigint, required: true } }
                    primary_key: id
                """);

        JsonPath run = poll();

        assertThat(Feed.outcome(run)).isEqualTo("partial partition_failed: 3 read, 2 inserted, 1 rejected");
        assertThat(run.getString("error.message")).contains("\"n\":\"2\"", "every one of its 1 records was rejected");
    }

    @Test
    void what_a_deferred_poll_has_begun_goes_on_as_it_began_and_starting_over_is_another_run() throws Exception {
        api.script(came -> {
            int offset = came.parameter("offset").isEmpty() ? 100 : Integer.parseInt(came.parameter("offset"));
            return Said.json(offset >= 8 ? "[]" : "[{\"id\":" + offset + "},{\"id\":" + (offset + 1) + "}]");
        });
        String source = "    rate_limit: { limit: 2, interval: PT4S, on_exhausted: defer }\n";
        String rows = """
                    columns: { id: bigint }
                    primary_key: id
                """;
        upload(source, "    endpoint: { path: /, paginator: { type: offset, limit: 2 } }\n" + rows);
        long id = polled.trigger("").jsonPath().getLong("runs[0].id");
        qanat.await("it is deferred", () -> "deferred".equals(polled.run(id).getString("status")));

        upload(source, "    endpoint: { path: /, paginator: page_number }\n" + rows);
        assertThat(polled.trigger("\"full_refresh\": true").jsonPath().getLong("runs[0].id")).isNotEqualTo(id);
        qanat.await("it has gone on", () -> "succeeded".equals(polled.run(id).getString("status")));

        assertThat(polled.run(id).getInt("config_version")).isEqualTo(1);
        assertThat(qanat.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM silver." + pipeline)).isEqualTo("0 1 2 3 4 5 6 7");
    }

    @Test
    void what_was_appended_before_a_partition_failed_is_not_appended_again() throws Exception {
        AtomicInteger good = new AtomicInteger(4);
        api.script(came -> {
            int page = Integer.parseInt(came.parameter("page"));
            return page > good.get() ? Said.of(403, "text/plain", "no") : Said.json(page > 6 ? "[]" : "[{\"id\":" + page + "}]");
        });
        upload("    rate_limit: { limit: 3, interval: PT2S, on_exhausted: defer }\n", """
                    endpoint: { path: /, paginator: page_number }
                    columns: { id: bigint }
                    write_disposition: append
                    dedup: none
                """);
        long id = polled.trigger("").jsonPath().getLong("runs[0].id");
        qanat.await("it has failed", () -> "partial".equals(polled.run(id).getString("status")));
        assertThat(qanat.value("SELECT count(*) FROM silver." + pipeline)).isEqualTo("3");

        good.set(100);
        long next = polled.trigger("").jsonPath().getLong("runs[0].id");
        qanat.await("all of it has landed", () -> "succeeded".equals(polled.run(next).getString("status")));

        assertThat(qanat.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM silver." + pipeline)).isEqualTo("1 2 3 4 5 6");
    }

    @Test
    void what_is_taken_out_of_a_pipeline_while_it_is_polled_is_fetched_to_its_end() throws Exception {
        api.script(came -> {
            int page = Integer.parseInt(came.parameter("page"));
            return Said.json(page > 8 ? "[]" : "[{\"id\":" + page + "}]").after(400);
        });
        String rows = "    endpoint: { path: /, paginator: page_number }\n    columns: { id: bigint }\n    primary_key: id\n";
        qanat.pipeline(polled.yaml("", rows) + "  - name: more\n    source: api\n    table: " + pipeline + "_more\n" + rows);
        api.forget();
        long id = polled.trigger("").jsonPath().getLong("runs[0].id");
        qanat.await("it asks", () -> api.requests().size() > 3);

        qanat.pipeline(polled.yaml("", rows));
        qanat.await("run " + id + " has ended", () -> !polled.run(id).getString("status").equals("running"));

        assertThat(Feed.outcome(polled.run(id))).isEqualTo("16 read, 16 inserted");
        assertThat(qanat.value("SELECT count(*) FROM silver." + pipeline + "_more")).isEqualTo("8");
        qanat.await("its route is gone", () -> !qanat.request().get("/routes").asString().contains("poll-" + pipeline + "-more"));
    }

    @Test
    void a_poll_is_cancelled_while_it_waits_for_an_answer() throws Exception {
        api.script(came -> Said.json("[]").after(20_000));
        upload("", "    endpoint: { path: / }\n    columns: { id: bigint }\n");
        api.forget();
        long id = polled.trigger("").jsonPath().getLong("runs[0].id");
        qanat.await("it asks", () -> !api.requests().isEmpty());

        long begun = System.nanoTime();
        qanat.request().post("/runs/" + id + "/cancel");
        qanat.await("it is cancelled", () -> "cancelled".equals(polled.run(id).getString("status")));

        assertThat(System.nanoTime() - begun).isLessThan(5_000_000_000L);
    }

    private static String yaml(String pipeline, String url, String source, String resource) {
        return "pipeline: " + pipeline + "\nsources:\n  api:\n    type: rest_api\n    base_url: " + url + "\n"
                + source.indent(0)
                + "resources:\n  - name: rows\n    source: api\n    table: " + pipeline + "\n" + resource;
    }

    private void upload(String source, String resource) {
        polled.declare(source, resource);
    }

    private JsonPath poll() {
        return polled.poll();
    }

    private JsonPath poll(String more) {
        return polled.poll(more);
    }
}
