package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.app.ApiStub.Came;
import dev.qanat.app.ApiStub.Said;
import io.restassured.path.json.JsonPath;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * What the APIs of the field are known to do, against the application, with an outcome for each: the numbers are those of the list of
 * behaviours. The pipelines that come along are polled as they are, pointed at the stub by the environment; of {@code market_data} the
 * limits are wider and one wait is shorter. In the end the secrets are looked for wherever anything is kept.
 */
@Execution(ExecutionMode.CONCURRENT)
class ApiBehavioursIT {

    private static final String SECRET = "n0t/here+ever";
    private static final String KEY = "AV/K3Y+f0r tests";

    private static Qanat qanat;
    private static ApiStub api;
    private static ApiStub elsewhere;

    @BeforeAll
    static void start() throws Exception {
        api = new ApiStub(came -> Said.of(404, "text/plain", "not scripted"));
        elsewhere = new ApiStub(came -> Said.of(404, "text/plain", "not scripted"));
        qanat = Qanat.fresh("behaviours")
                .with("QANAT_ALLOWED_HOSTS", "127.0.0.1,localhost")
                .with("QANAT_ALLOWED_ENV", "TEST_*")
                .with("TEST_KEY", SECRET)
                .with("ALPHA_VANTAGE_API_KEY", KEY)
                .with("ALPHA_VANTAGE_URL", api.url("alpha"))
                .with("DEFAULT_TICKERS", "IBM,FAST,NOTE,PAID,GONE")
                .with("FAKESTORE_URL", api.url("shop"))
                .with("FRANKFURTER_URL", api.url("rates"))
                .start();
    }

    @AfterAll
    static void stop() throws Exception {
        try {
            assertSecretsAreNowhere();
            assertThat(qanat.query("SELECT tablename FROM pg_tables WHERE schemaname = 'qanat_staging'")).isEmpty();
        } finally {
            qanat.close();
            api.close();
            elsewhere.close();
        }
    }

    private static void assertSecretsAreNowhere() throws Exception {
        List<String> forms = new ArrayList<>();
        for (String secret : List.of(SECRET, KEY)) {
            forms.add(secret);
            forms.add(secret.replace("/", "%2F").replace("+", "%2B").replace(" ", "%20"));
            forms.add(secret.replace("/", "\\/"));
            forms.add(Base64.getEncoder().encodeToString(("someone:" + secret).getBytes(StandardCharsets.UTF_8)));
        }
        String log = qanat.logText();
        assertThat(log).doesNotContain(forms);
        // As it is within a row's text, where quotes and backslashes are doubled.
        String found = forms.stream()
                .map(form -> "strpos(replace(t::text, '\\\\', '\\'), $$" + form + "$$) > 0")
                .collect(Collectors.joining(" OR "));
        for (Map<String, String> table : qanat.query("""
                SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
                WHERE schemaname IN ('qanat', 'bronze', 'silver')""")) {
            assertThat(qanat.query("SELECT t::text FROM " + table.get("name") + " AS t WHERE " + found)).as(table.get("name")).isEmpty();
        }
    }

    @TestFactory
    Stream<DynamicTest> behaviours() throws IOException {
        return ApiCases.polled(qanat, api, SECRET, "behaviours.yaml");
    }

    @TestFactory
    Stream<DynamicTest> bodies() throws IOException {
        return ApiCases.polled(qanat, api, SECRET, "bodies.yaml");
    }

    @Test
    void credentials_do_not_follow_a_redirect_to_another_host_15() throws Exception {
        String name = Qanat.newName("redirected");
        api.script(name, came -> Said.of(302, "text/plain", "elsewhere")
                .with("Location", elsewhere.url(name).replace("127.0.0.1", "localhost") + "?apikey=" + came.parameter("apikey")));
        elsewhere.script(name, came -> Said.json("[{\"id\": 1}]"));
        qanat.pipeline(withCredentials(name));

        assertThat(Feed.outcome(qanat.awaitEnd(qanat.trigger(name)))).isEqualTo("1 read, 1 inserted");

        assertThat(api.requests(name)).singleElement().satisfies(came -> {
            assertThat(came.parameter("apikey")).isEqualTo("n0t%2Fhere%2Bever");
            assertThat(came.header("X-Token")).isEqualTo(SECRET);
        });
        assertThat(elsewhere.requests(name)).singleElement().satisfies(came -> {
            assertThat(came.query()).isEqualTo("null");
            assertThat(came.headers().toString()).doesNotContain("n0t");
        });
    }

    @Test
    void a_redirect_to_an_address_that_is_not_allowed_is_not_followed_15() {
        String name = Qanat.newName("lured");
        api.script(name, came -> Said.of(307, "text/plain", "inside").with("Location", api.url(name).replace("127.0.0.1", "127.0.0.2")));
        qanat.pipeline(withCredentials(name));

        JsonPath run = qanat.awaitEnd(qanat.trigger(name));

        assertThat(Feed.outcome(run)).isEqualTo("failed host_not_allowed: 0 read");
        assertThat(run.getString("error.message")).contains("127.0.0.2", "QANAT_ALLOWED_HOSTS");
        assertThat(api.requests(name)).hasSize(1);
    }

    private static String withCredentials(String name) {
        return """
                pipeline: %1$s
                sources:
                  api:
                    type: rest_api
                    base_url: %2$s
                    auth: { type: api_key, location: query, name: apikey, api_key: "${secret:TEST_KEY}" }
                    headers: { X-Token: "${secret:TEST_KEY}" }
                    retry: { max_attempts: 1 }
                resources:
                  - { name: rows, source: api, table: %1$s, endpoint: { path: "" }, columns: { id: bigint }, primary_key: id }
                """.formatted(name, api.url(name));
    }

    /** The first answer breaks off when many of its records have been staged. */
    @Test
    void a_document_of_20_mb_is_read_as_it_comes_26() throws Exception {
        int records = 200_000;
        StringBuilder json = new StringBuilder("{\"meta\": {\"count\": " + records + "}, \"data\": {\"items\": [");
        for (int id = 1; id <= records; id++) {
            json.append(id == 1 ? "" : ",").append("{\"id\": ").append(id)
                    .append(", \"name\": \"a name that is long enough to make the document so\", \"price\": 109.95, \"tag\": \"\\u00e4\"}");
        }
        byte[] body = json.append("]}}").toString().getBytes(StandardCharsets.UTF_8);
        assertThat(body.length).isGreaterThan(20_000_000);
        String name = Qanat.newName("large");
        AtomicInteger asked = new AtomicInteger();
        Map<String, String> headers = Map.of("Content-Type", "application/json");
        api.script(name, came -> asked.incrementAndGet() == 1
                ? Said.of(200, headers, body).cutAfter(body.length / 2)
                : Said.of(200, headers, body));
        qanat.pipeline("""
                pipeline: %1$s
                sources: { api: { type: rest_api, base_url: "%2$s", retry: { initial: PT0.1S } } }
                resources:
                  - name: rows
                    source: api
                    table: %1$s
                    endpoint: { path: /all, data_selector: $.data.items }
                    columns: { id: integer, name: text, price: "numeric(12,2)" }
                    primary_key: id
                    bronze: { keep: none }
                """.formatted(name, api.url(name)));

        JsonPath run = qanat.awaitEnd(qanat.trigger(name));

        assertThat(Feed.outcome(run)).as(run.prettify()).isEqualTo("200000 read, 200000 inserted");
        assertThat(asked).hasValue(2);
        assertThat(qanat.value("SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || sum(price) FROM silver." + name))
                .isEqualTo("200000 200000 21990000.00");
    }

    @Test
    void a_packed_answer_does_not_unpack_for_ever_13() throws Exception {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            byte[] blanks = " ".repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
            gzip.write('[');
            for (int megabyte = 0; megabyte < 120; megabyte++) {
                gzip.write(blanks);
            }
            gzip.write(']');
        }
        String name = Qanat.newName("bomb");
        Map<String, String> headers = Map.of("Content-Type", "application/json", "Content-Encoding", "gzip");
        api.script(name, came -> Said.of(200, headers, packed.toByteArray()));
        qanat.pipeline("""
                pipeline: %1$s
                sources: { api: { type: rest_api, base_url: "%2$s" } }
                resources: [ { name: rows, source: api, table: %1$s, endpoint: { path: "" }, columns: { id: integer } } ]
                """.formatted(name, api.url(name)));

        JsonPath run = qanat.awaitEnd(qanat.trigger(name));

        assertThat(Feed.outcome(run)).isEqualTo("failed too_large: 0 read");
        assertThat(api.requests(name)).hasSize(1);
    }

    @Test
    void a_head_that_comes_byte_by_byte_costs_no_more_than_silence_11() throws Exception {
        String name = Qanat.newName("dripping_head");
        try (ServerSocket server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            Thread dripping = new Thread(() -> {
                try (Socket caller = server.accept()) {
                    OutputStream head = caller.getOutputStream();
                    head.write("HTTP/1.1 200 OK\r\nX-A: ".getBytes(StandardCharsets.US_ASCII));
                    while (!server.isClosed()) {
                        head.write('a');
                        Thread.sleep(100);
                    }
                } catch (IOException e) {
                    // The caller hung up.
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            dripping.start();
            qanat.pipeline("""
                    pipeline: %1$s
                    sources: { api: { type: rest_api, base_url: "http://127.0.0.1:%2$d", timeout: PT0.5S, retry: { max_attempts: 1 } } }
                    resources: [ { name: rows, source: api, table: %1$s, endpoint: { path: / }, columns: { id: bigint } } ]
                    """.formatted(name, server.getLocalPort()));

            JsonPath run = poll(name);

            assertThat(Feed.outcome(run)).isEqualTo("failed no_answer: 0 read");
            assertThat(run.getString("error.message")).contains("the head of the answer took longer than PT0.5S");
        }
    }

    @Test
    void a_head_is_not_read_into_memory_however_long_it_is() {
        String name = Qanat.newName("long_head");
        api.script(name, came -> Said.json("[]").with("X-A", "a".repeat(100_000)));
        qanat.pipeline(withCredentials(name));

        JsonPath run = poll(name);

        assertThat(Feed.outcome(run)).isEqualTo("failed no_answer: 0 read");
        assertThat(run.getString("error.message")).contains("Maximum line length limit exceeded");
    }

    @Test
    void a_table_that_is_replaced_stays_as_it_is_until_all_of_it_is_there_5() throws Exception {
        String name = Qanat.newName("replaced");
        AtomicInteger second = new AtomicInteger();
        api.script(name, came -> Said.json(switch (came.parameter("page")) {
            case "1" -> "[{\"id\": 1}, {\"id\": 2}]";
            case "2" -> second.incrementAndGet() == 2 ? notice("quota") : "[{\"id\": 3}]";
            default -> "[]";
        }));
        qanat.pipeline("""
                pipeline: %1$s
                sources:
                  api:
                    type: rest_api
                    base_url: %2$s
                    response_actions: [ { path: $.Information, action: quota_exhausted, wait: PT4S } ]
                resources:
                  - name: rows
                    source: api
                    table: %1$s
                    endpoint: { path: "", paginator: page_number }
                    columns: { id: integer }
                    primary_key: id
                    write_disposition: replace
                """.formatted(name, api.url(name)));
        assertThat(Feed.outcome(poll(name))).isEqualTo("3 read, 3 inserted");

        qanat.trigger(name);

        qanat.await("it is deferred", () -> qanat.runs(name).get(0).getString("status").equals("deferred"));
        String ids = "SELECT string_agg(id::text, ' ' ORDER BY id) FROM silver." + name;
        assertThat(qanat.value(ids)).isEqualTo("1 2 3");
        assertThat(Feed.outcome(qanat.awaitRuns(name, 2).get(0))).isEqualTo("3 read, 3 unchanged");
        assertThat(qanat.value(ids)).isEqualTo("1 2 3");
    }

    @Test
    void the_shop_as_it_comes_along() throws Exception {
        api.script("shop", shop("fakestore_carts.json"));
        qanat.pipeline(shipped("retail"));

        assertThat(Feed.outcome(poll("retail"))).isEqualTo("4 read, 4 inserted");
        assertThat(qanat.value("SELECT category || ' ' || price || ' ' || rating || ' ' || rating_count FROM silver.products"))
                .isEqualTo("men's clothing 109.95 3.9 120");
        assertThat(qanat.value("SELECT concat_ws(' ', first_name, last_name, phone, zipcode, city, length(email), length(username))"
                        + " FROM silver.users"))
                .isEqualTo("*** *** *** *** kilcoole 64 64");
        assertThat(qanat.value("SELECT string_agg(concat_ws(' ', _parent_id, _index, product_id, quantity), ', '"
                        + " ORDER BY _parent_id, _index)"
                        + " FROM silver.orders__products"))
                .isEqualTo("1 0 1 4, 1 1 2 1, 1 2 3 6, 2 0 2 4, 2 1 1 10");
        for (String table : List.of("silver.users", "bronze.retail__users")) {
            assertThat(qanat.value("SELECT string_agg(t::text, '') FROM " + table + " AS t"))
                    .doesNotContain("john", "doe", "m38rmF", "236-7033", "3874", "new road", "7682", "37.3159");
        }

        api.script("shop", shop("fakestore_carts_before.json"));
        assertThat(Feed.outcome(poll("retail"))).isEqualTo("4 read, 1 updated, 3 unchanged");
        assertThat(qanat.value("SELECT string_agg(ordered_at::text, ', ' ORDER BY id) FROM silver.orders"))
                .isEqualTo("2020-03-02 00:00:02+00, 2020-01-02 00:00:00+00");
    }

    private static Function<Came, Said> shop(String carts) {
        return came -> Said.json(file(switch (came.path()) {
            case "/shop/products" -> "fakestore_products.json";
            case "/shop/users" -> "fakestore_users.json";
            default -> carts;
        }));
    }

    @Test
    void the_rates_as_they_come_along() {
        api.script("rates", came -> Said.json(file("frankfurter_v2.json")));
        qanat.pipeline(shipped("fx_rates"));

        assertThat(Feed.outcome(poll("fx_rates"))).isEqualTo("3 read, 2 inserted, 1 rejected");
        assertThat(Feed.outcome(poll("fx_rates"))).isEqualTo("3 read, 2 unchanged, 1 rejected");
        assertThat(api.requests("rates"))
                .extracting(came -> came.path() + "?" + came.query().replace("%2C", ","))
                .containsExactly(
                        "/rates/rates?base=EUR&quotes=USD,GBP,CHF,JPY&from=2026-01-01",
                        "/rates/rates?base=EUR&quotes=USD,GBP,CHF,JPY&from=2026-11-13");
    }

    @Test
    void the_notices_of_alpha_vantage_in_their_order_4_5_6() throws Exception {
        String wider = replaced(replaced(shipped("market_data"), "limit: 5,", "limit: 500,"), "limit: 25,", "limit: 2500,");
        qanat.pipeline(replaced(wider, "PT60S", "PT1S"));

        AtomicInteger fast = new AtomicInteger();
        AtomicInteger note = new AtomicInteger();
        api.script("alpha", came -> {
            boolean daily = came.parameter("function").equals("TIME_SERIES_DAILY");
            return Said.json(switch (came.parameter("symbol")) {
                case "FAST" -> daily && fast.incrementAndGet() == 1 ? notice("too_fast") : answer(came);
                case "NOTE" -> daily && note.incrementAndGet() <= 3 ? notice("legacy_throttle") : answer(came);
                case "PAID" -> daily ? notice("premium_parameter") : notice("premium_endpoint");
                case "GONE" -> came.parameter("function").equals("OVERVIEW") ? "{}" : notice("invalid_call");
                default -> answer(came);
            });
        });
        JsonPath run = poll("market_data");
        assertThat(Feed.outcome(run)).as(run.prettify()).isEqualTo("partial partition_failed: 15 read, 15 inserted");
        assertThat(fast).hasValue(2);
        assertThat(note).hasValue(4);
        assertThat(run.getString("error.message"))
                .contains("daily_prices: ", "intraday_prices: ", "companies: ")
                .containsPattern("GONE\"\\} [^\"]*TIME_SERIES_DAILY[^{]*Invalid API call")
                .containsPattern("PAID\"\\} [^\"]*TIME_SERIES_DAILY[^{]*outputsize=full")
                .containsPattern("PAID\"\\} [^\"]*OVERVIEW[^{]*premium endpoint")
                .containsPattern("GONE\"\\} [^\"]*OVERVIEW[^{]*empty object")
                .doesNotContain("IBM", "FAST", "NOTE");
        assertThat(qanat.value("SELECT string_agg(concat_ws(' ', date, open, close, volume), ', ' ORDER BY date)"
                        + " FROM silver.market_data WHERE ticker = 'IBM'"))
                .isEqualTo("2024-11-21 216.3300 222.4000 3000000000, 2024-11-22 223.3500 222.9700 5320740");
        assertThat(qanat.value("SELECT string_agg(p.at || ' ' || close, ', ' ORDER BY p.at)"
                        + " FROM silver.intraday_prices AS p WHERE ticker = 'IBM'"))
                .as("wall time of New York, in summer and in winter")
                .isEqualTo("2024-10-29 23:55:00+00 210.3600, 2024-11-05 00:45:00+00 210.4000");
        assertThat(qanat.query("SELECT name, market_cap, pe_ratio, beta, year_high, dividend_date, shares_float"
                        + " FROM silver.companies WHERE ticker = 'IBM'"))
                .singleElement()
                .hasToString("{name=International Business Machines, market_cap=206000000000, pe_ratio=null, beta=null,"
                        + " year_high=237.3700, dividend_date=null, shares_float=null}");
        assertThat(qanat.value("SELECT string_agg(partition, ' ' ORDER BY partition) FROM qanat.cursor WHERE pipeline = 'market_data'"))
                .doesNotContain("PAID", "GONE");

        for (String notice : List.of(notice("bad_key"), notice("demo_key"))) {
            api.script("alpha", came -> Said.json(notice));
            JsonPath refused = poll("market_data");
            assertThat(Feed.outcome(refused)).as(notice).isEqualTo("failed api_refused: 0 read");
            assertThat(refused.getString("error.message")).contains("laim your free API key");
        }

        for (String notice : List.of(notice("quota_of_key"), notice("quota"))) {
            api.script("alpha", came -> Said.json(came.parameter("symbol").equals("IBM") ? answer(came) : notice));
            JsonPath deferred = poll("market_data");
            assertThat(deferred.getString("status")).isEqualTo("deferred");
            assertThat(deferred.getString("error.code")).isEqualTo("quota_exhausted");
            assertThat(deferred.getString("error.message")).contains("25 requests per day");
            api.script("alpha", came -> Said.json(answer(came)));
            qanat.execute("UPDATE qanat.quota SET paused_until = NULL WHERE source LIKE 'market\\_data.%'");
            qanat.execute("UPDATE qanat.run SET available_at = now() WHERE pipeline = 'market_data' AND status = 'deferred'");
            qanat.await("the day is over", () -> !qanat.run(deferred.getLong("id")).getString("status").equals("deferred"));
            JsonPath gone = qanat.awaitEnd(deferred.getLong("id"));
            assertThat(gone.getString("status")).as(gone.prettify()).isEqualTo("succeeded");
            assertThat(gone.getLong("read")).isEqualTo(25);
        }
        assertThat(qanat.value("SELECT count(*) || ' ' || count(DISTINCT ticker) FROM silver.market_data")).isEqualTo("10 5");
    }

    /** What Alpha Vantage answers to those who may ask. */
    private static String answer(Came came) {
        return file(came.parameter("function") + ".json").replace("\"IBM\"", "\"" + came.parameter("symbol") + "\"");
    }

    /** The text in which Alpha Vantage refuses. */
    private static String notice(String name) {
        Map<?, ?> notices = (Map<?, ?>) new Load(LoadSettings.builder().build()).loadFromString(file("alpha_vantage_notices.yaml"));
        return ((String) Objects.requireNonNull(notices.get(name))).replace("<key>", KEY);
    }

    private static JsonPath poll(String pipeline) {
        return qanat.awaitEnd(qanat.trigger(pipeline));
    }

    private static String shipped(String pipeline) {
        return read(Path.of("pipelines", pipeline + ".yaml"));
    }

    private static String file(String body) {
        return read(Path.of("src/test/resources/apis", body));
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String replaced(String text, String part, String by) {
        assertThat(text).contains(part);
        return text.replace(part, by);
    }
}
