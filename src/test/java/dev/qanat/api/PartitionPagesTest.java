package dev.qanat.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.qanat.api.Answer.Again;
import dev.qanat.api.Answer.Failed;
import dev.qanat.api.Answer.Onward;
import dev.qanat.api.Answer.Records;
import dev.qanat.api.Answer.Scope;
import dev.qanat.api.Validators.Validator;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.pipeline.ApiSource.Action;
import dev.qanat.pipeline.ApiSource.ResponseAction;
import dev.qanat.pipeline.Auth.ApiKey;
import dev.qanat.pipeline.Auth.Location;
import dev.qanat.pipeline.Auth.OAuth2ClientCredentials;
import dev.qanat.pipeline.Endpoint.Entries;
import dev.qanat.pipeline.FileRules.Format;
import dev.qanat.pipeline.Paginator;
import dev.qanat.pipeline.PipelineReader;
import dev.qanat.records.Chunk;
import dev.qanat.records.Chunks;
import dev.qanat.records.Declared;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/** What the cases of {@code spec/api} do not show: tokens, conditions, resuming, and bodies that are not read at once. */
class PartitionPagesTest {

    private final Polled polled = new Polled();

    @Test
    void a_page_is_named_by_its_request_and_numbered_among_all_chunks() {
        polled.paginator = new Paginator.PageNumber(1, "page", Optional.empty(), OptionalInt.empty());
        polled.auth = Optional.of(new ApiKey(Location.QUERY, "apikey", Polled.text("${secret:KEY}")));
        PartitionPages pages = polled.begin();
        Chunk first = ask(pages, ok("[{\"a\":1},{\"a\":2}]")).next();
        Chunk second = ask(pages, ok("[{\"b\":1}]")).next();
        assertThat(first.number()).isZero();
        assertThat(first.entry()).isEqualTo("GET https://api.example/data?page=1&apikey=***");
        assertThat(second.number()).isEqualTo(1);
        assertThat(second.entry()).isEqualTo("GET https://api.example/data?page=2&apikey=***");
        assertThat(second.fields()).containsExactly("b");
    }

    @Test
    void nobody_sees_a_secret_by_printing_a_request() {
        polled.auth = Optional.of(new ApiKey(Location.QUERY, "apikey", Polled.text("${secret:KEY}")));
        assertThat(polled.begin().next()).hasToString("GET https://api.example/data?apikey=***");
    }

    @Test
    void it_goes_on_after_the_last_page_that_was_read_whole() {
        polled.paginator = new Paginator.Offset(2, "limit", 0, "offset", Optional.empty(), OptionalInt.empty());
        PartitionPages pages = polled.begin();
        ask(pages, ok("[{\"a\":1},{\"a\":2}]"));
        pages.next();
        pages.read(answer(503, ""));
        polled.token = Optional.of(pages.token());
        PartitionPages resumed = polled.begin();
        assertThat(resumed.next()).hasToString("GET https://api.example/data?limit=2&offset=2");
        ask(resumed, ok("[]"));
        polled.token = Optional.of(resumed.token());
        assertThat(polled.begin().hasNext()).isFalse();
    }

    @Test
    void a_page_beyond_the_total_is_still_beyond_it_when_it_is_asked_for_later() {
        polled.paginator = new Paginator.PageNumber(1, "page", Optional.of("$.pages"), OptionalInt.empty());
        polled.selector = "$.items";
        PartitionPages pages = polled.begin();
        ask(pages, ok("{\"pages\":1,\"items\":[{\"a\":1}]}"));
        polled.token = Optional.of(pages.token());
        PartitionPages resumed = polled.begin();
        assertThat(resumed.next()).hasToString("GET https://api.example/data?page=2");
        assertThat(resumed.read(answer(404, "Invalid page."))).isInstanceOf(Answer.Nothing.class);
        assertThat(resumed.hasNext()).isFalse();
    }

    @Test
    void a_cause_that_quotes_a_secret_is_left_out() {
        polled.secrets = Map.of("KEY", "s3cretkey");
        polled.auth = Optional.of(new ApiKey(Location.QUERY, "apikey", Polled.text("${secret:KEY}")));
        PartitionPages pages = polled.begin();
        pages.next();
        assertThat(pages.read(ok("[{\"a\":s3cretkey}]"))).isInstanceOfSatisfying(Again.class, again -> {
            assertThat(again.failure().code()).isEqualTo(Code.MALFORMED_JSON);
            assertThat(again.failure()).hasMessageContaining("Unrecognized token '***'").hasNoCause();
        });
    }

    @Test
    void nothing_is_quoted_of_a_page_with_personal_values_that_cannot_be_read() {
        polled.declared = declared("columns: { name: { pii: mask } }");
        for (String selector : List.of("$", "$..people[*]")) {
            polled.selector = selector;
            for (String body : List.of("[{\"name\":pers0nal}]", "[{\"name\":\"pers0nal", "[{\"name\":\"pers0nal\"}")) {
                PartitionPages pages = polled.begin();
                pages.next();
                assertThat(pages.read(ok(body))).as(selector + body).isInstanceOfSatisfying(Again.class, again -> assertThat(again.failure())
                        .hasMessageNotContaining("pers0nal")
                        .hasNoCause());
            }
        }
    }

    @Test
    void personal_values_of_partitions_and_keys_are_treated_like_those_of_records() {
        polled.declared = declared("columns: { id: text, name: { pii: mask }, mail: { pii: drop } }");
        polled.partition = Map.of("name", "pers0nal", "mail", "pers0nal");
        Chunk json = ask(polled.begin(), ok("[{\"id\":1}]")).next();
        assertThat(json.json(json.records().get(0))).isEqualTo("{\"id\":1,\"name\":\"***\"}");
        polled.shape = Optional.of(new Entries("name", Optional.empty()));
        Chunk keyed = ask(polled.begin(), ok("{\"pers0nal\":{\"id\":1}}")).next();
        assertThat(keyed.json(keyed.records().get(0))).isEqualTo("{\"name\":\"***\",\"id\":1}");
        polled.shape = Optional.empty();
        polled.format = Optional.of(Format.CSV);
        Chunk csv = ask(polled.begin(), ok("id\n1\n")).next();
        assertThat(csv.json(csv.records().get(0))).isEqualTo("{\"id\":\"1\",\"name\":\"***\"}");
    }

    @Test
    void items_of_arrays_become_records_without_secrets() {
        polled.auth = Optional.of(new ApiKey(Location.QUERY, "apikey", Polled.text("${secret:KEY}")));
        polled.declared = declared("schema: { id: integer }, primary_key: id, children: { links: {} }");
        Chunk chunk = ask(polled.begin(), ok("[{\"id\":1},{\"id\":2,\"links\":[{\"url\":\"/x?s3cret/key\"},\"s3cret/key\"]}]")).next();
        assertThat(chunk.itemFields()).isEqualTo(Map.of("links", List.of("url", "value")));
        assertThat(chunk.records().get(1).items().get("links")).satisfiesExactly(
                first -> assertThat(first.values()).containsExactly("/x?***"),
                second -> assertThat(second.values()).containsExactly(null, "***"));
        assertThat(chunk.records().get(1).items().get("links")).allMatch(item -> item.line() == 2);
    }

    private static Declared declared(String keys) {
        String yaml = "pipeline: p\nsources: { drops: { type: files } }\nresources: [ { name: r, " + keys + " } ]\n";
        return Declared.of(new PipelineReader(name -> Optional.empty()).read(yaml, "p.yaml").resources().get(0), () -> new byte[32]);
    }

    @Test
    void a_secret_that_changes_meanwhile_is_redacted_as_it_was_sent() {
        Map<String, String> changing = new HashMap<>(polled.secrets);
        polled.secrets = changing;
        polled.auth = Optional.of(new ApiKey(Location.QUERY, "apikey", Polled.text("${secret:KEY}")));
        PartitionPages pages = polled.begin();
        changing.put("KEY", "n3w-secret");
        assertThat(pages.next().uri()).hasToString("https://api.example/data?apikey=s3cret%2Fkey");
        Chunk chunk = records(pages.read(ok("[{\"echo\":\"s3cret/key\"}]"))).next();
        assertThat(chunk.json(chunk.records().get(0))).isEqualTo("{\"echo\":\"***\"}");
    }

    @Test
    void a_token_from_before_the_first_page_begins() {
        polled.paginator = new Paginator.Cursor("$.next", "after");
        polled.selector = "$.data";
        polled.token = Optional.of(polled.begin().token());
        assertThat(polled.begin().next()).hasToString("GET https://api.example/data");
    }

    @Test
    void a_cursor_goes_on_as_the_number_or_text_that_it_was() {
        polled.paginator = new Paginator.Cursor("$.next", "after");
        polled.selector = "$.data";
        PartitionPages pages = polled.begin();
        ask(pages, ok("{\"data\":[],\"next\":\"a/b\"}"));
        polled.token = Optional.of(pages.token());
        PartitionPages resumed = polled.begin();
        assertThat(resumed.next()).hasToString("GET https://api.example/data?after=a%2Fb");
        assertThat(resumed.read(ok("{\"data\":[],\"next\":\"a/b\"}")))
                .isInstanceOfSatisfying(Failed.class, failed -> assertThat(failed.failure().code()).isEqualTo(Code.PAGE_LOOP));
    }

    @Test
    void a_token_keeps_the_name_of_a_secret_in_a_link_and_not_its_value() {
        polled.auth = Optional.of(new ApiKey(Location.QUERY, "apikey", Polled.text("${secret:KEY}")));
        polled.paginator = new Paginator.JsonLink("$.next");
        polled.selector = "$.data";
        PartitionPages pages = polled.begin();
        ask(pages, ok("{\"data\":[],\"next\":\"/data?apikey=s3cret%2Fkey&page=2\"}"));
        assertThat(pages.token()).doesNotContain("s3cret").contains("${secret:KEY}");
        polled.token = Optional.of(pages.token());
        assertThat(polled.begin().next().uri()).hasToString("https://api.example/data?apikey=s3cret%2Fkey&page=2");
    }

    @Test
    void pages_without_end_end() {
        polled.paginator = new Paginator.PageNumber(0, "page", Optional.empty(), OptionalInt.empty());
        polled.token = Optional.of("{\"pages\":99998,\"at\":\"99998\",\"string\":false,\"most\":1,\"beyond\":false}");
        PartitionPages pages = polled.begin();
        ask(pages, ok("[{\"a\":1}]"));
        pages.next();
        assertThat(pages.read(ok("[{\"a\":2}]"))).isInstanceOfSatisfying(Failed.class, failed -> {
            assertThat(failed.failure().code()).isEqualTo(Code.TOO_MANY_PAGES);
            assertThat(failed.failure()).hasMessageContaining("100,000 pages");
        });
    }

    @Test
    void what_has_not_changed_is_not_sent_again() {
        PartitionPages pages = polled.begin();
        pages.next();
        pages.read(new ApiAnswer(
                200, Map.of("etag", List.of("\"v1\""), "Last-Modified", List.of("Sat, 21 Nov 2026 09:00:00 GMT")), body("[{\"a\":1}]")));
        Map<String, Validator> known = pages.validators();
        assertThat(known).containsOnlyKeys("GET https://api.example/data");
        polled.validators = shown -> Optional.ofNullable(known.get(shown));
        PartitionPages later = polled.begin();
        assertThat(later.next().headers())
                .containsEntry("If-None-Match", "\"v1\"")
                .containsEntry("If-Modified-Since", "Sat, 21 Nov 2026 09:00:00 GMT");
        assertThat(later.read(answer(304, ""))).isInstanceOf(Answer.Nothing.class);
        assertThat(later.hasNext()).isFalse();
    }

    @Test
    void a_page_of_many_is_never_asked_for_conditionally() {
        polled.paginator = new Paginator.PageNumber(1, "page", Optional.empty(), OptionalInt.empty());
        polled.validators = shown -> Optional.of(new Validator(Optional.of("\"v1\""), Optional.empty()));
        assertThat(polled.begin().next().headers()).doesNotContainKey("If-None-Match");
    }

    @Test
    void a_failed_answer_leaves_no_validator() {
        PartitionPages pages = polled.begin();
        pages.next();
        pages.read(new ApiAnswer(200, Map.of("ETag", List.of("\"v1\"")), body("{}")));
        assertThat(pages.validators()).isEmpty();
    }

    @Test
    void a_token_is_fetched_first_and_shared() {
        oauth();
        PartitionPages pages = polled.begin();
        ApiRequest request = pages.next();
        assertThat(request).hasToString("POST https://id.example/token");
        assertThat(new String(request.body().orElseThrow(), StandardCharsets.UTF_8))
                .isEqualTo("grant_type=client_credentials&client_id=me&client_secret=s3cret%2Fkey&scope=read%20all");
        assertThat(pages.read(ok("{\"access_token\":\"t0ken-1\",\"expires_in\":\"3600\"}"))).isInstanceOf(Onward.class);
        assertThat(pages.next().headers()).containsEntry("Authorization", "Bearer t0ken-1");
        Chunks chunks = records(pages.read(ok("[{\"echo\":\"t0ken-1\"}]")));
        Chunk chunk = chunks.next();
        assertThat(chunk.json(chunk.records().get(0))).isEqualTo("{\"echo\":\"***\"}");
        assertThat(polled.begin().next().headers()).containsEntry("Authorization", "Bearer t0ken-1");
        polled.now = Polled.NOW.plusSeconds(3600 - 29);
        assertThat(polled.begin().next()).hasToString("POST https://id.example/token");
    }

    @Test
    void a_token_that_was_good_and_is_refused_is_fetched_anew_once() {
        oauth();
        polled.paginator = new Paginator.PageNumber(1, "page", Optional.empty(), OptionalInt.empty());
        PartitionPages pages = polled.begin();
        fetchToken(pages, "t0ken-1");
        ask(pages, ok("[{\"a\":1}]"));
        pages.next();
        assertThat(pages.read(answer(401, "expired"))).isInstanceOf(Onward.class);
        fetchToken(pages, "t0ken-2");
        assertThat(pages.next().headers()).containsEntry("Authorization", "Bearer t0ken-2");
        assertThat(pages.read(answer(401, "go away"))).isInstanceOfSatisfying(Failed.class, failed -> {
            assertThat(failed.scope()).isEqualTo(Scope.RUN);
            assertThat(failed.failure().code()).isEqualTo(Code.HTTP_401);
        });
    }

    @Test
    void a_token_that_was_never_good_is_not_fetched_again() {
        oauth();
        PartitionPages pages = polled.begin();
        fetchToken(pages, "t0ken-1");
        pages.next();
        assertThat(pages.read(answer(401, ""))).isInstanceOf(Failed.class);
    }

    @Test
    void a_server_that_gives_no_token_fails_the_run() {
        oauth();
        PartitionPages pages = polled.begin();
        pages.next();
        assertThat(pages.read(answer(400, "{\"error\":\"invalid_client\",\"secret\":\"s3cret/key\"}")))
                .isInstanceOfSatisfying(Failed.class, failed -> {
                    assertThat(failed.scope()).isEqualTo(Scope.RUN);
                    assertThat(failed.failure().code()).isEqualTo(Code.TOKEN_REFUSED);
                    assertThat(failed.failure())
                            .hasMessage("POST https://id.example/token: HTTP 400: {\"error\":\"invalid_client\",\"secret\":\"***\"}");
                });
        assertThat(pages.read(answer(503, ""))).isInstanceOf(Again.class);
        assertThat(pages.read(ok("{\"token\":\"somewhere else\"}")))
                .isInstanceOfSatisfying(Failed.class, failed -> assertThat(failed.failure())
                        .hasMessage("POST https://id.example/token: HTTP 200: no access_token in the answer"));
    }

    @Test
    void a_token_of_few_seconds_is_used_all_the_same() {
        oauth();
        PartitionPages pages = polled.begin();
        pages.next();
        pages.read(ok("{\"access_token\":\"t0ken-1\",\"expires_in\":10}"));
        assertThat(pages.next().headers()).containsEntry("Authorization", "Bearer t0ken-1");
    }

    @Test
    void a_body_of_200_mb_passes_by() {
        polled.selector = "$.data.items";
        polled.paginator = new Paginator.Cursor("$.meta.next", "after");
        Repeated body = new Repeated("{\"data\":{\"items\":[", "{\"id\":1,\"text\":\"" + "x".repeat(190) + "\"},", 1_000_000,
                "{\"id\":2}]},\"meta\":{\"next\":\"more\"}}");
        PartitionPages pages = polled.begin();
        pages.next();
        Chunks chunks = records(pages.read(new ApiAnswer(200, Map.of(), body)));
        assertThatIllegalStateException().isThrownBy(pages::hasNext);
        long records = 0;
        long characters = 0;
        long farthest = 0;
        while (chunks.hasNext()) {
            Chunk chunk = chunks.next();
            records += chunk.records().size();
            characters += chunk.records().stream().mapToLong(record -> record.json().length() + 1).sum();
            farthest = Math.max(farthest, body.given - characters);
        }
        assertThat(body.given).isGreaterThan(200_000_000);
        assertThat(records).isEqualTo(1_000_001);
        // What is looked at before the first record, and a chunk ahead.
        assertThat(farthest).isLessThan(4 << 20);
        assertThat(pages.next()).hasToString("GET https://api.example/data?after=more");
    }

    @Test
    void keyed_records_of_a_large_object_pass_by_as_well() {
        polled.selector = "$.rates";
        polled.shape = Optional.of(new Entries("day", Optional.of("rate")));
        Repeated body = new Repeated("{\"rates\":{", "\"d\":{\"USD\":1.10,\"t\":\"" + "x".repeat(80) + "\"},", 50_000, "\"e\":1}}");
        PartitionPages pages = polled.begin();
        pages.next();
        Chunks chunks = records(pages.read(new ApiAnswer(200, Map.of(), body)));
        long records = 0;
        while (chunks.hasNext()) {
            records += chunks.next().records().size();
        }
        assertThat(records).isEqualTo(50_001);
    }

    @Test
    void a_body_cut_anywhere_is_never_taken_for_whole() throws IOException {
        polled.selector = "$['Time Series (Daily)']";
        polled.shape = Optional.of(new Entries("date", Optional.empty()));
        byte[] whole = Files.readString(Path.of("src/test/resources/spec/api/bodies/alpha_daily.json"))
                .strip()
                .getBytes(StandardCharsets.UTF_8);
        byte[] packed = packed(whole);
        PartitionPages pages = polled.begin();
        pages.next();
        for (byte[] body : List.of(whole, packed)) {
            for (int length = 0; length < body.length; length++) {
                InputStream cut = new ByteArrayInputStream(body, 0, length);
                assertThat(pages.read(new ApiAnswer(200, Map.of(), cut))).as("%d bytes", length).isNotInstanceOf(Records.class);
            }
            assertThat(pages.hasNext()).isTrue();
        }
        assertThat(pages.read(new ApiAnswer(200, Map.of(), new ByteArrayInputStream(packed)))).isInstanceOf(Records.class);
    }

    private static byte[] packed(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(bytes);
        }
        return packed.toByteArray();
    }

    @Test
    void a_long_body_that_ends_too_early_is_told_when_it_does() {
        PartitionPages pages = polled.begin();
        pages.next();
        Repeated body = new Repeated("[", "{\"text\":\"" + "x".repeat(1000) + "\"},", 2000, "{\"text\":");
        Chunks chunks = records(pages.read(new ApiAnswer(200, Map.of(), body)));
        TransientFailure failure = catchThrowableOfType(TransientFailure.class, () -> chunks.forEachRemaining(chunk -> {}));
        assertThat(failure.code()).isEqualTo(Code.TRUNCATED_BODY);
        assertThat(failure)
                .hasMessageStartingWith("GET https://api.example/data: line 1")
                .hasMessageContaining("it begins: [{\"text\":\"xxx");
        assertThat(pages.next()).hasToString("GET https://api.example/data");
    }

    @Test
    void a_long_body_without_records_is_told_at_its_end() {
        polled.selector = "$.items";
        PartitionPages pages = polled.begin();
        pages.next();
        Repeated body = new Repeated("{\"errors\":[", "\"" + "x".repeat(1000) + "\",", 2000, "0]}");
        Chunks chunks = records(pages.read(new ApiAnswer(200, Map.of(), body)));
        InputFailure failure = catchThrowableOfType(InputFailure.class, chunks::hasNext);
        assertThat(failure.code()).isEqualTo(Code.NOTHING_SELECTED);
    }

    @Test
    void a_path_that_needs_the_whole_body_has_a_limit() {
        polled.selector = "$..id";
        PartitionPages pages = polled.begin();
        pages.next();
        Repeated body = new Repeated("[", "{\"text\":\"" + "x".repeat(1000) + "\"},", 17_000, "{}]");
        assertThat(pages.read(new ApiAnswer(200, Map.of(), body))).isInstanceOfSatisfying(Failed.class, failed -> {
            assertThat(failed.failure().code()).isEqualTo(Code.TOO_LARGE);
            assertThat(failed.failure()).hasMessageContaining("longer than 16 MiB, and the path $..id needs all of it");
        });
    }

    @Test
    void texts_are_not_looked_for_in_long_bodies_and_statuses_are() {
        polled.actions.add(new ResponseAction(
                Optional.empty(), Optional.empty(), Optional.of("xxx"), Action.FAIL, Optional.empty()));
        polled.actions.add(new ResponseAction(
                Optional.of(200), Optional.empty(), Optional.empty(), Action.IGNORE, Optional.empty()));
        PartitionPages pages = polled.begin();
        pages.next();
        Repeated body = new Repeated("[", "{\"text\":\"" + "x".repeat(1000) + "\"},", 2000, "{}]");
        assertThat(pages.read(new ApiAnswer(200, Map.of(), body))).isInstanceOf(Answer.Nothing.class);
    }

    @Test
    void a_connection_that_breaks_within_an_answer_may_heal() {
        PartitionPages pages = polled.begin();
        pages.next();
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("Connection reset");
            }
        };
        assertThat(pages.read(new ApiAnswer(200, Map.of(), broken))).isInstanceOfSatisfying(Again.class, again -> {
            assertThat(again.failure().code()).isEqualTo(Code.CONNECTION_LOST);
            assertThat(again.failure()).hasMessage("GET https://api.example/data: the answer ended before its end: Connection reset");
            assertThat(again.attempt()).isTrue();
        });
    }

    private void oauth() {
        polled.auth = Optional.of(new OAuth2ClientCredentials(
                "https://id.example/token", Polled.text("me"), Polled.text("${secret:KEY}"), Optional.of("read all")));
    }

    private static void fetchToken(PartitionPages pages, String token) {
        assertThat(pages.next()).hasToString("POST https://id.example/token");
        pages.read(ok("{\"access_token\":\"" + token + "\",\"expires_in\":3600}"));
    }

    private static Chunks ask(PartitionPages pages, ApiAnswer answer) {
        pages.next();
        return records(pages.read(answer));
    }

    private static Chunks records(Answer answer) {
        assertThat(answer).isInstanceOf(Records.class);
        return ((Records) answer).chunks();
    }

    private static ApiAnswer ok(String body) {
        return answer(200, body);
    }

    private static ApiAnswer answer(int status, String body) {
        return new ApiAnswer(status, Map.of(), body(body));
    }

    private static InputStream body(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A long text that is nowhere in memory. */
    private static final class Repeated extends InputStream {
        private final List<byte[]> parts = new ArrayList<>();
        private final long times;
        private long part;
        private int at;
        long given;

        Repeated(String begin, String repeated, long times, String end) {
            for (String each : List.of(begin, repeated, end)) {
                parts.add(each.getBytes(StandardCharsets.UTF_8));
            }
            this.times = times;
        }

        @Override
        public int read() {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0];
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            if (part > times + 1) {
                return -1;
            }
            byte[] now = parts.get(part == 0 ? 0 : part <= times ? 1 : 2);
            int count = Math.min(length, now.length - at);
            System.arraycopy(now, at, target, offset, count);
            at += count;
            given += count;
            if (at == now.length) {
                at = 0;
                part++;
            }
            return count;
        }
    }
}
