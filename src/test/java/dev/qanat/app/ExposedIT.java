package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Tables that pipelines give paths of their own, and their rows one by one. */
@Execution(ExecutionMode.CONCURRENT)
class ExposedIT {

    private static final String PRICES = """
            columns:
              ticker: { from: symbol, type: text }
              date:   { type: date, format: dd.MM.yyyy }
              close:  { from: "4. close", type: "numeric(18,4)", required: true, min: 0 }
              volume: { type: bigint }
              note:   { type: text, values: [ok, odd] }
              meta:   { type: jsonb }
              twice:  { expr: "close * 2", type: "numeric(16,4)" }
            where: "volume IS NULL OR volume > 0"
            primary_key: [ticker, date]
            surrogate_key: id
            expose:
              path: %1$s
              filters: { ticker: ticker.eq, tickers: ticker.in, like: ticker.like, start_date: date.gte, end_date: date.lte, noted: note.is }
            indexes: [ volume, [volume, note] ]
            """;

    private static final String FILE = """
            symbol,date,4. close,volume,note
            AAPL,02.01.2024,10.5,100,ok
            AAPL,03.01.2024,11,100,
            "B,C",02.01.2024,12,7,odd
            IBM,02.01.2024,20,5,
            IBM,05.01.2024,21,0,
            """;

    private final String path = Qanat.newName("Path-x");

    private Feed feed(String resource) throws IOException {
        return Feed.of(resource.formatted(path));
    }

    private Feed prices() throws IOException {
        Feed feed = feed(PRICES);
        assertThat(outcome(feed, FILE)).isEqualTo("5 read, 4 inserted, 1 filtered");
        feed.qanat().await("the table is there", () -> get(feed, "").getList("items").size() == 4);
        return feed;
    }

    private static String outcome(Feed feed, String file) throws IOException {
        return Feed.outcome(feed.load(file));
    }

    private RequestSpecification sending(Feed feed, String body) {
        return feed.qanat().request().contentType("application/json").body(body.getBytes(StandardCharsets.UTF_8));
    }

    private String row(Object id) {
        return "/api/v1/" + path + "/" + id;
    }

    /** @param query as it stands in a URL */
    private JsonPath get(Feed feed, String query) {
        Response answer = feed.qanat().request().urlEncodingEnabled(false).get("/api/v1/" + path + query);
        assertThat(answer.statusCode()).as(query + " " + answer.asString()).isEqualTo(200);
        return answer.jsonPath();
    }

    private static void assertProblem(Response answer, int status, String code) {
        assertThat(answer.statusCode() + " " + answer.jsonPath().getString("code")).as(answer.asString()).isEqualTo(status + " " + code);
        assertThat(answer.contentType()).isEqualTo("application/problem+json");
    }

    @Test
    void a_page_has_what_its_filters_let_through_and_a_total() throws Exception {
        Feed feed = prices();
        Map<String, List<Integer>> cases = new LinkedHashMap<>();
        cases.put("?ticker=AAPL", List.of(1, 2));
        cases.put("?ticker=AAPL&start_date=2024-01-03&end_date=2024-01-31", List.of(2));
        cases.put("?tickers=IBM,%22B%2CC%22", List.of(3, 4));
        cases.put("?like=*,C", List.of(3));
        cases.put("?noted=null&order=id.desc", List.of(4, 2));
        cases.put("?ticker=not.eq.AAPL", List.of());
        cases.put("?ticker=", List.of());
        cases.put("", List.of(1, 2, 3, 4));
        for (Map.Entry<String, List<Integer>> each : cases.entrySet()) {
            JsonPath page = get(feed, each.getKey());
            assertThat(page.getList("items.id", Integer.class)).as(each.getKey()).isEqualTo(each.getValue());
            assertThat(page.getInt("total")).as(each.getKey()).isEqualTo(each.getValue().size());
        }
        JsonPath second = get(feed, "?page=2&page_size=3&select=ticker,on:date");
        assertThat(second.getList("items")).containsExactly(Map.of("ticker", "IBM", "on", "2024-01-02"));
        assertThat(List.of(second.getInt("total"), second.getInt("page"), second.getInt("page_size"))).containsExactly(4, 2, 3);
        assertThat(get(feed, "?page=9").getList("items")).isEmpty();
        assertThat(get(feed, "?page_size=9999").getInt("page_size")).isEqualTo(1000);
        JsonPath first = get(feed, "?page_size=1&ticker=AAPL&select=id");
        assertThat(get(feed, "?page_size=1&ticker=AAPL&select=id&after=" + first.getString("next")).getList("items.id", Integer.class))
                .containsExactly(2);
        for (String faulty : List.of("?page=0", "?page=x", "?page_size=-1", "?start_date=someday", "?volume=eq.5", "?ticker=A&ticker=B",
                "?noted=perhaps", "?page=2&after=x", "?after=x", "?select=nope", "?limit=5")) {
            // RestAssured sends a parameter once.
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + feed.qanat().port() + "/api/v1/" + path + faulty))
                    .build();
            HttpResponse<String> answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
            assertThat(answer.statusCode() + answer.body()).as(faulty).startsWith("400").contains("\"code\":\"invalid_request\"");
        }
        assertThat(feed.qanat().request().accept("text/csv").get("/api/v1/" + path + "?select=ticker,close").asString())
                .isEqualTo("ticker,close\r\nAAPL,10.5000\r\nAAPL,11.0000\r\n\"B,C\",12.0000\r\nIBM,20.0000\r\n");
        assertThat(feed.qanat().request().get("/api/v1/" + path + ".csv?page=2&page_size=3&select=id").asString()).isEqualTo("id\r\n4\r\n");
        assertThat(feed.qanat().request().get("/api/v1/" + path + ".csv?page=2&select=id").asString()).isEqualTo("id\r\n");
        assertThat(feed.qanat().request().get("/api/v1/" + path + ".ndjson?ticker=IBM&select=id").asString()).isEqualTo("{\"id\":4}\n");
        assertProblem(feed.qanat().request().get("/api/v1/" + path.toLowerCase(Locale.ROOT)), 404, "not_found");
    }

    @Test
    void what_is_filtered_by_is_indexed() throws Exception {
        Feed feed = prices();
        assertThat(feed.qanat().value("""
                SELECT string_agg(regexp_replace(indexdef, '.* USING btree ', ''), ' ' ORDER BY indexdef) FROM pg_indexes
                WHERE schemaname = 'silver' AND tablename = '%s'""".formatted(feed.name())))
                .isEqualTo("(date) (note) (volume, note) (id) (ticker, date)");
        String longest = "x".repeat(2501);
        assertThat(outcome(feed, "symbol,date,4. close,note\n" + longest + ",02.01.2024,1,\nX,02.01.2024,1,\n"))
                .isEqualTo("2 read, 1 inserted, 1 rejected");
        Feed other = feed("columns: { a: integer, b: text }\nindexes: [ b ]\n");
        assertThat(outcome(other, "a,b\n1," + longest + "\n2,x\n")).isEqualTo("2 read, 1 inserted, 1 rejected");
        assertThat(feed.qanat().value("SELECT string_agg(position || column_name || code, ' ') FROM qanat.rejection WHERE run_id = "
                + other.last().getLong("id"))).isEqualTo("2bout_of_range");
    }

    @Test
    void a_row_is_added_read_changed_and_removed_and_who_did_it_is_kept() throws Exception {
        Feed feed = prices();
        Response added = sending(feed, """
                {"ticker": "Ünï 'x'", "date": "2024-02-29", "close": 1.50, "meta": {"a": [1, {"b": null}]}}""").post("/api/v1/" + path);
        assertThat(added.statusCode()).as(added.asString()).isEqualTo(201);
        int id = added.jsonPath().getInt("id");
        assertThat(added.header("Location")).isEqualTo(row(id));
        assertThat(added.asString()).contains("\"close\":1.5000", "\"twice\":3.0000", "\"note\":null", "\"meta\":{\"a\": [1, {\"b\": null}]}");

        Response read = feed.qanat().request().get(row(id));
        assertThat(read.asString()).isEqualTo(added.asString());
        assertThat(read.header("ETag")).isEqualTo(added.header("ETag"));
        Response known = feed.qanat().request().header("If-None-Match", "\"other\", W/" + read.header("ETag")).get(row(id));
        assertThat(known.statusCode()).isEqualTo(304);
        assertThat(known.asString()).isEmpty();

        Response patched = sending(feed, "{\"meta\": {\"a\": null, \"c\": 1e2}, \"volume\": 9007199254740993}")
                .contentType("application/merge-patch+json")
                .header("If-Match", read.header("ETag"))
                .patch(row(id));
        assertThat(patched.statusCode()).as(patched.asString()).isEqualTo(200);
        assertThat(patched.asString()).contains("\"close\":1.5000", "\"volume\":9007199254740993", "\"meta\":{\"c\": 100}");
        assertThat(patched.header("ETag")).isNotEqualTo(read.header("ETag"));
        assertProblem(sending(feed, "{}").header("If-Match", read.header("ETag")).patch(row(id)), 412, "row_changed");
        assertProblem(feed.qanat().request().header("If-Match", read.header("ETag")).delete(row(id)), 412, "row_changed");

        Response same = sending(feed, patched.asString()).put(row(id));
        assertThat(same.asString()).isEqualTo(patched.asString());
        assertThat(same.header("ETag")).isEqualTo(patched.header("ETag"));
        Response put = sending(feed, "{\"ticker\": \"X\", \"date\": \"2024-02-29\", \"close\": \"2\"}").put(row(id));
        assertThat(put.asString()).contains("\"ticker\":\"X\"", "\"volume\":null", "\"meta\":null", "\"twice\":4.0000");
        assertThat(feed.qanat().request().delete(row(id)).statusCode()).isEqualTo(204);
        assertProblem(feed.qanat().request().get(row(id)), 404, "unknown_row");
        assertProblem(feed.qanat().request().delete(row(id)), 404, "unknown_row");
        assertProblem(feed.qanat().request().get(row("none")), 404, "unknown_row");
        assertProblem(sending(feed, "{}").patch(row("1' OR '1'='1")), 404, "unknown_row");

        JsonPath changes = feed.qanat().request().get(row(id) + "/changes").jsonPath();
        assertThat(changes.getList("items.action")).containsExactly("delete", "update", "update", "insert");
        assertThat(changes.getList("items.by")).containsOnly("local");
        assertThat(changes.getString("items[0].before.ticker")).isEqualTo("X");
        assertThat(changes.getMap("items[3].after")).isEqualTo(added.jsonPath().getMap(""));
        assertThat(changes.getMap("items[0].after")).isNull();
        assertThat(feed.qanat().request().queryParam("limit", 1).queryParam("after", changes.getString("items[1].run"))
                .get(row(id) + "/changes").jsonPath().getList("items.action")).containsExactly("update");
        assertThat(feed.qanat().runs(feed.name()).stream().limit(4).map(run -> run.getString("trigger") + " " + run.getString("status")
                + " " + run.getInt("inserted") + run.getInt("updated")))
                .containsExactly("edit succeeded 00", "edit succeeded 01", "edit succeeded 01", "edit succeeded 10");
        assertThat(feed.qanat().value("SELECT count(*) FROM pg_tables WHERE schemaname = 'qanat_staging'")).isNotNull();
    }

    @Test
    void what_no_load_would_take_no_request_writes() throws Exception {
        Feed feed = prices();
        String before = feed.qanat().value("SELECT string_agg(t::text, ' ' ORDER BY id) FROM " + feed.table() + " AS t");
        Map<String, String> cases = new LinkedHashMap<>();
        cases.put("{\"ticker\": \"A\", \"date\": \"2024-01-02\"}", "close required");
        cases.put("{\"ticker\": \"A\", \"date\": \"02.01.2024\", \"close\": 1}", "date type_mismatch");
        cases.put("{\"ticker\": null, \"date\": \"2024-01-02\", \"close\": 1}", "ticker required");
        cases.put("{\"ticker\": \"A\", \"date\": \"2024-01-02\", \"close\": -1}", "close below_min");
        cases.put("{\"ticker\": \"A\", \"date\": \"2024-01-02\", \"close\": 1.23456}", "close out_of_range");
        cases.put("{\"ticker\": \"A\", \"date\": \"2024-01-02\", \"close\": 1, \"note\": \"strange\"}", "note not_in_values");
        cases.put("{\"ticker\": \"A\", \"date\": \"2024-01-02\", \"close\": 99999999999999}", "twice out_of_range");
        cases.put("{\"ticker\": \"A\", \"date\": \"2024-01-02\", \"close\": 1, \"volume\": 0}", "null filtered");
        cases.put("{\"ticker\": \"A\", \"date\": \"2024-01-02\", \"close\": 1, \"symbol\": 0}", "symbol undeclared_column");
        cases.put("{\"ticker\": \"A\", \"date\": \"2024-01-02\", \"close\": 1, \"id\": 77}", "id undeclared_column");
        cases.put("{\"ticker\": \"A\", \"date\": \"2024-01-02\", \"close\": 1, \"volume\": {}}", "volume type_mismatch");
        cases.put("{\"ticker\": \"A\", \"date\": \"2024-01-02\", \"close\": 1, \"meta\": {\"a\": 1e99999999999}}", "null out_of_range");
        cases.put("{\"ticker\": \"A\\u0000\", \"date\": \"2024-01-02\", \"close\": 1}", "null invalid_character");
        for (Map.Entry<String, String> each : cases.entrySet()) {
            for (Response answer : List.of(sending(feed, each.getKey()).post("/api/v1/" + path), sending(feed, each.getKey()).put(row(1)))) {
                assertProblem(answer, 422, "invalid_row");
                JsonPath error = answer.jsonPath().setRootPath("errors[0]");
                assertThat(error.getString("column") + " " + error.getString("code")).as(each.getKey()).isEqualTo(each.getValue());
                assertThat(answer.jsonPath().getString("detail")).contains(error.getString("message"));
            }
        }
        for (String body : List.of("", "{", "[]", "1", "{\"ticker\": 1, \"ticker\": 2}", "{} {}")) {
            assertProblem(sending(feed, body).post("/api/v1/" + path), 400, "invalid_request");
        }
        assertProblem(sending(feed, "{}").contentType("text/csv").post("/api/v1/" + path), 415, "unsupported_media_type");
        assertProblem(sending(feed, "[]").contentType("application/json-patch+json").patch(row(1)), 415, "unsupported_media_type");
        String taken = "{\"ticker\": \"IBM\", \"date\": \"2024-01-02\", \"close\": 1}";
        assertProblem(sending(feed, taken).post("/api/v1/" + path), 409, "key_exists");
        assertProblem(sending(feed, taken).put(row(1)), 409, "key_exists");
        assertProblem(feed.qanat().request().delete("/api/v1/" + path), 405, "method_not_allowed");
        assertProblem(feed.qanat().request().get(row(1) + "?select=id"), 400, "invalid_request");
        assertThat(feed.qanat().value("SELECT string_agg(t::text, ' ' ORDER BY id) FROM " + feed.table() + " AS t")).isEqualTo(before);
        assertThat(feed.qanat().runs(feed.name())).hasSize(1);
        assertThat(feed.qanat().value("SELECT count(*) FROM qanat.edit WHERE table_name = '" + feed.table() + "'")).isEqualTo("0");
    }

    @Test
    void no_update_is_lost_where_everybody_says_what_they_have_read() throws Exception {
        Feed feed = prices();
        ExecutorService people = Executors.newFixedThreadPool(4);
        try {
            List<Future<Integer>> refused = people.invokeAll(IntStream.range(0, 4).<Callable<Integer>>mapToObj(person -> () -> {
                int conflicts = 0;
                for (int done = 0; done < 5;) {
                    Response read = feed.qanat().request().get(row(1));
                    String patch = "{\"volume\": " + (read.jsonPath().getInt("volume") + 1) + "}";
                    int status = sending(feed, patch).header("If-Match", read.header("ETag")).patch(row(1)).statusCode();
                    assertThat(status).isIn(200, 412);
                    done += status == 200 ? 1 : 0;
                    conflicts += status == 412 ? 1 : 0;
                }
                return conflicts;
            }).toList());
            for (Future<Integer> each : refused) {
                assertThat(each.get()).isNotNegative();
            }
        } finally {
            people.shutdown();
        }
        assertThat(get(feed, "?ticker=AAPL&end_date=2024-01-02").getList("items.volume", Integer.class)).containsExactly(120);
    }

    @Test
    void loads_and_edits_keep_out_of_each_others_way() throws Exception {
        Feed feed = prices();
        try (Connection holder = feed.qanat().lockTable(feed.name())) {
            Response busy = sending(feed, "{\"volume\": 1}").patch(row(1));
            assertProblem(busy, 503, "database_conflict");
            assertThat(busy.header("Retry-After")).isNotBlank();
        }
        String read = feed.qanat().request().get(row(1)).header("ETag");
        assertThat(sending(feed, "{\"close\": 1}").patch(row(2)).statusCode()).isEqualTo(200);
        assertThat(outcome(feed, FILE.replace("10.5", "10.75"))).isEqualTo("5 read, 2 updated, 2 unchanged, 1 filtered");
        assertThat(get(feed, "?ticker=AAPL").getList("items.close", Float.class)).containsExactly(10.75f, 11f);
        assertThat(get(feed, "?ticker=AAPL").getList("items.id", Integer.class)).containsExactly(1, 2);
        assertProblem(sending(feed, "{\"close\": 1}").header("If-Match", read).patch(row(1)), 412, "row_changed");

        Response rebuilt = feed.qanat().request().contentType("application/json")
                .body(Map.of("pipeline", feed.name(), "from_bronze", true)).queryParam("wait", "PT30S").post("/trigger-job");
        JsonPath run = feed.qanat().awaitEnd(rebuilt.jsonPath().getLong("runs[0].id"));
        assertThat(run.getString("error.code")).isEqualTo("not_rebuildable");
        assertThat(run.getString("error.message")).contains("rows of it were written by hand, 1 times");
    }

    @Test
    void a_table_that_stands_gets_its_numbers_and_a_field_of_their_name_goes_elsewhere() throws Exception {
        Feed feed = feed("columns: { name: text }\nprimary_key: name\n");
        assertThat(outcome(feed, "name,more\na,1\nb,2\n")).isEqualTo("2 read, 2 inserted");
        feed.declare("columns: { name: text }\nprimary_key: name\nsurrogate_key: id\nexpose: { path: %s }\n".formatted(path));
        assertThat(outcome(feed, "name,more,id\nc,3,x\na,1,y\n")).isEqualTo("2 read, 1 inserted, 1 updated");
        assertThat(feed.qanat().value("SELECT string_agg(id || name || coalesce(id_2, '-'), ' ' ORDER BY id) FROM " + feed.table()))
                .isEqualTo("1ay 2b- 3cx");
        assertThat(sending(feed, "{\"name\": \"d\", \"more\": 4}").post("/api/v1/" + path).asString()).contains("\"more\":\"4\"", "\"id\":4");
        feed.declare("columns: { name: text }\nprimary_key: name\nsurrogate_key: more\n");
        assertThat(outcome(feed, "name\ne\n")).isEqualTo("failed incompatible_schema: 1 read");
    }

    @Test
    void a_key_of_one_column_names_rows_and_without_any_they_have_no_path() throws Exception {
        Feed feed = feed("columns: { code: \"numeric(6,2)\", n: integer }\nprimary_key: code\nexpose: { path: %s }\n");
        assertThat(get(feed, "").getInt("total")).isZero();
        Response first = sending(feed, "{\"code\": 1.5, \"n\": 1}").post("/api/v1/" + path);
        assertThat(first.statusCode()).as(first.asString()).isEqualTo(201);
        assertThat(first.header("Location")).isEqualTo(row("1.50"));
        assertThat(sending(feed, "{\"n\": 2}").patch(row("1.5")).jsonPath().getInt("n")).isEqualTo(2);
        assertProblem(feed.qanat().request().get(row("1.501")), 404, "unknown_row");
        assertProblem(sending(feed, "{\"n\": 2}").patch(row("1.501")), 404, "unknown_row");
        assertThat(sending(feed, "{\"code\": 7}").patch(row("1.5")).jsonPath().getFloat("code")).isEqualTo(7f);
        assertThat(feed.qanat().request().get(row("7.00") + "/changes").jsonPath().getList("items.before.n")).containsExactly(2);
        assertThat(sending(feed, "{\"code\": 1.5}").patch(row("7")).statusCode()).isEqualTo(200);
        assertThat(outcome(feed, "code,n\n1.50,3\n")).isEqualTo("1 read, 1 updated");

        feed.declare("columns: { code: \"numeric(6,2)\", n: integer }\nwrite_disposition: append\nexpose: { path: %s }\n".formatted(path));
        feed.qanat().await("the version is in force", () -> feed.qanat().request().get(row("1.50")).statusCode() == 405);
        assertProblem(sending(feed, "{}").post("/api/v1/" + path), 405, "method_not_allowed");
        assertThat(sending(feed, "{}").post("/api/v1/" + path).header("Allow")).isEqualTo("GET, HEAD");
    }

    @Test
    void equal_rows_are_stored_once_where_loads_store_them_once() throws Exception {
        Feed feed = feed("columns: { a: integer, b: text }\nsurrogate_key: id\nexpose: { path: %s }\n");
        assertThat(outcome(feed, "a,b\n1,x\n2,y\n")).isEqualTo("2 read, 2 inserted");
        assertProblem(sending(feed, "{\"b\": \"x\", \"a\": \"1.0\"}").post("/api/v1/" + path), 409, "key_exists");
        assertProblem(sending(feed, "{\"b\": \"x\", \"a\": 1}").put(row(2)), 409, "key_exists");
        assertThat(sending(feed, "{\"b\": \"z\"}").patch(row(2)).statusCode()).isEqualTo(200);
        assertThat(outcome(feed, "a,b\n2,z\n2,y\n")).isEqualTo("2 read, 1 inserted, 1 duplicate");
    }

    @Test
    void personal_values_are_treated_and_stay_what_they_are_when_they_come_back() throws Exception {
        Feed feed = feed("columns: { n: integer, mail: { pii: mask }, name: { pii: hash }, pass: { pii: drop } }\n"
                + "primary_key: n\nexpose: { path: %s }\n");
        Response added = sending(feed, "{\"n\": 1, \"mail\": \"pers0nal@x.org\", \"name\": \"pers0nal\", \"pass\": \"pers0nal\"}")
                .post("/api/v1/" + path);
        assertThat(added.statusCode()).as(added.asString()).isEqualTo(201);
        assertThat(added.asString()).doesNotContain("pers0nal").doesNotContain("pass");
        Response put = sending(feed, added.asString()).put(row(1));
        assertThat(put.asString()).isEqualTo(added.asString());
        Response patched = sending(feed, "{\"mail\": \"pers0nal@y.org\"}").patch(row(1));
        assertThat(patched.jsonPath().getString("name")).isEqualTo(added.jsonPath().getString("name"));
        assertThat(patched.jsonPath().getString("mail")).isNotEqualTo(added.jsonPath().getString("mail"));
        assertThat(outcome(feed, "n,mail,name\n1,pers0nal@y.org,pers0nal\n")).isEqualTo("1 read, 1 unchanged");
        assertThat(feed.qanat().value("SELECT string_agg(before::text || after, '') FROM qanat.edit WHERE table_name = '" + feed.table()
                + "'")).doesNotContain("pers0nal");
    }

    @Test
    void items_of_arrays_follow_their_row() throws Exception {
        Feed feed = feed("columns: { n: integer, t: text }\nprimary_key: n\nsurrogate_key: id\nexpose: { path: %s }\n"
                + "children: { parts: { columns: { x: integer } } }\n");
        feed.drop("json", "[{\"n\": 1, \"t\": \"a\", \"parts\": [{\"x\": 1}, {\"x\": 2}]}, {\"n\": 2, \"parts\": [{\"x\": 3}]}]"
                .getBytes(StandardCharsets.UTF_8));
        assertThat(feed.outcomes()).hasSize(1);
        assertThat(sending(feed, "{\"n\": 7}").patch(row(1)).statusCode()).isEqualTo(200);
        assertThat(feed.qanat().request().delete(row(2)).statusCode()).isEqualTo(204);
        assertThat(feed.qanat().value("SELECT string_agg(_parent_id || ':' || x, ' ' ORDER BY x) FROM " + feed.table() + "__parts"))
                .isEqualTo("7:1 7:2");
        assertThat(sending(feed, "{\"n\": 9, \"parts\": []}").post("/api/v1/" + path).jsonPath().getString("errors[0].message"))
                .isEqualTo("its items have a table of their own, and are not written here");
    }

    @Test
    void a_path_is_described_as_it_is_declared() throws Exception {
        Feed feed = prices();
        JsonPath paths = feed.qanat().request().get("/q/openapi?format=json").jsonPath().setRootPath("paths");
        String page = "'/api/v1/" + path + "'";
        assertThat(paths.getMap(page).keySet().stream().map(String::valueOf)).containsExactlyInAnyOrder("get", "post");
        assertThat(paths.getList(page + ".get.parameters.name").stream().filter(name -> name != null))
                .containsExactly("ticker", "tickers", "like", "start_date", "end_date", "noted");
        String row = "#/components/schemas/" + feed.table();
        assertThat(paths.getString(page + ".get.responses.'200'.content.'application/json'.schema.properties.items.items.'$ref'"))
                .isEqualTo(row);
        assertThat(paths.getString(page + ".post.requestBody.content.'application/json'.schema.'$ref'")).isEqualTo(row);
        String one = "'/api/v1/" + path + "/{id}'";
        assertThat(paths.getMap(one).keySet().stream().map(String::valueOf))
                .containsExactlyInAnyOrder("get", "put", "patch", "delete");
        assertThat(paths.getString(one + ".patch.responses.'200'.content.'application/json'.schema.'$ref'")).isEqualTo(row);
        assertThat(paths.getMap("'/api/v1/" + path + "/{id}/changes'").keySet().stream().map(String::valueOf)).containsExactly("get");
        feed.declare("columns: { ticker: text }\n");
        assertThat(feed.qanat().request().get("/q/openapi?format=json").jsonPath().getMap("paths").keySet().stream().map(String::valueOf))
                .noneMatch(each -> each.contains(path));
    }

    @Test
    void a_path_belongs_to_one_pipeline_and_goes_with_it() throws Exception {
        Feed feed = prices();
        Feed other = Feed.of("columns: { a: text }\n");
        Response refused = feed.qanat().upload(other.yaml("columns: { a: text }\nexpose: { path: " + path + " }\n"));
        assertThat(refused.statusCode()).isEqualTo(422);
        assertThat(refused.jsonPath().getString("errors[0].message"))
                .isEqualTo("resource 'rows': the path '" + path + "' belongs to pipeline '" + feed.name() + "'; choose another");
        List<Integer> statuses = new ArrayList<>();
        feed.declare(PRICES.formatted("other-" + path));
        statuses.add(feed.qanat().request().get("/api/v1/" + path).statusCode());
        statuses.add(feed.qanat().request().get("/api/v1/other-" + path).statusCode());
        assertThat(statuses).containsExactly(404, 200);
    }
}
