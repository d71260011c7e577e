package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.app.ApiStub.Came;
import dev.qanat.app.ApiStub.Said;
import io.restassured.path.json.JsonPath;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.DynamicTest;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.schema.FailsafeSchema;

/**
 * Cases of {@code apis/*.yaml}: what an API answers, and what the application makes of it. Each has a pipeline of its own with one
 * resource; all are polled at once, so that the cases cost little more time than the slowest of them.
 *
 * <pre>
 * - id: name_of_the_pipeline
 *   behaviour: the number in the list of behaviours
 *   why: says what is so
 *   source: what the source says beside type and base_url
 *   resource: what the resource says beside name, source and table
 *   answers:                      # each is given once, the last one that fits again and again
 *     - '[{"id": 1}]'
 *     - { to: page=2, status: 503, headers: { Retry-After: "1" }, body: busy }
 *   outcome: 1 read, 1 inserted   # of the run
 *   message: [ parts ]            # of its error
 *   rejections: [ 1 price type_mismatch ]    # place in the page, column, code
 *   items: 3                      # rows in the table of the items of products, where the resource has one
 *   asked: 2                      # requests that came
 *   waited: PT2S                  # at least, between the first and the second of them
 *   sent: { Accept: "*&#47;*" }   # headers of the last of them
 *   then: [ another poll, with another resource or the same, with answers, outcome and so on ]
 *   rows: [ "id=1" ]              # in any order; of silver, in the end, without Qanat's own columns
 *   bronze: [ parts ]             # of its records, in the end
 * </pre>
 *
 * <p>An answer may be in another {@code charset}, or packed by {@code gzip}; it may begin after {@code delay} milliseconds, come with
 * {@code drip} milliseconds between its bytes, be {@code chunked}, and end with the connection after {@code cut} bytes. In texts
 * {@code <api>} stands for the case's base URL, {@code <key>} for the secret {@code TEST_KEY}, {@code <soon>} for the time two seconds
 * from now.
 */
final class ApiCases {

    private static final Path FOLDER = Path.of("src/test/resources/apis");
    private static final Set<String> KEYS_OF_A_POLL =
            Set.of("resource", "answers", "outcome", "message", "rejections", "items", "asked", "waited", "sent");
    private static final Set<String> KEYS =
            with(KEYS_OF_A_POLL, "id", "behaviour", "why", "source", "then", "rows", "bronze");
    private static final Set<String> KEYS_OF_AN_ANSWER =
            Set.of("to", "status", "headers", "body", "charset", "gzip", "delay", "drip", "chunked", "cut");

    private final Qanat qanat;
    private final ApiStub api;
    private final String secret;
    private final Map<?, ?> spec;
    private final String pipeline;
    private final Feed feed;
    private long first;

    private ApiCases(Qanat qanat, ApiStub api, String secret, Map<?, ?> spec) {
        this.qanat = qanat;
        this.api = api;
        this.secret = secret;
        this.spec = known(spec, KEYS);
        pipeline = Qanat.newName(text(spec, "id"));
        feed = Feed.over(qanat, pipeline);
    }

    /** Polls all cases of a list now, and gives a test for each that looks at what became of it. */
    static Stream<DynamicTest> polled(Qanat qanat, ApiStub api, String secret, String list) throws IOException {
        // Every scalar is text: a case must not depend on what YAML makes of it.
        Load load = new Load(LoadSettings.builder().setSchema(new FailsafeSchema()).setLabel(list).build());
        List<ApiCases> cases = new ArrayList<>();
        try (InputStream yaml = Files.newInputStream(FOLDER.resolve(list))) {
            for (Object each : (List<?>) load.loadFromInputStream(yaml)) {
                ApiCases one = new ApiCases(qanat, api, secret, (Map<?, ?>) each);
                one.begin();
                cases.add(one);
            }
        }
        return cases.stream().map(one -> DynamicTest.dynamicTest(one.title(), one::check));
    }

    private String title() {
        return (spec.containsKey("behaviour") ? text(spec, "behaviour") + " " : "") + text(spec, "id") + ": " + text(spec, "why");
    }

    private void begin() {
        declare(text(spec, "resource"));
        first = poll(spec);
    }

    private void declare(String resource) {
        qanat.pipeline("pipeline: %s\nsources:\n  api:\n    type: rest_api\n    base_url: %s\n".formatted(pipeline, api.url(pipeline))
                + (spec.containsKey("source") ? filled(text(spec, "source")).indent(4) : "")
                + "resources:\n  - name: rows\n    source: api\n    table: %s\n".formatted(pipeline)
                + resource.indent(4));
    }

    private String filled(String text) {
        String soon = DateTimeFormatter.RFC_1123_DATE_TIME.format(Instant.now().plusSeconds(2).atOffset(ZoneOffset.UTC));
        return text.replace("<api>", api.url(pipeline)).replace("<key>", secret).replace("<soon>", soon);
    }

    private long poll(Map<?, ?> of) {
        api.script(pipeline, new Script(list(of, "answers")));
        return qanat.trigger(pipeline);
    }

    private void check() throws SQLException {
        check(spec, qanat.awaitEnd(first));
        if (spec.containsKey("then")) {
            for (Object each : list(spec, "then")) {
                Map<?, ?> next = known((Map<?, ?>) each, KEYS_OF_A_POLL);
                if (next.containsKey("resource")) {
                    declare(text(next, "resource"));
                }
                api.forget(pipeline);
                check(next, qanat.awaitEnd(poll(next)));
            }
        }
        if (spec.containsKey("rows")) {
            assertThat(feed.rows()).map(Object.class::cast).containsExactlyInAnyOrderElementsOf(list(spec, "rows"));
        }
        if (spec.containsKey("bronze")) {
            String records = String.valueOf(qanat.value("SELECT string_agg(record::text, '\n') FROM " + feed.bronze()));
            assertThat(records).contains(texts(spec, "bronze"));
        }
    }

    private void check(Map<?, ?> expected, JsonPath run) throws SQLException {
        String told = run.prettify();
        assertThat(Feed.outcome(run)).as(told).isEqualTo(text(expected, "outcome"));
        if (run.getString("status").equals("succeeded")) {
            feed.assertAccounted(run, true, expected.containsKey("items") ? 1 : 0);
        }
        if (expected.containsKey("items")) {
            assertThat(feed.items("products")).hasSize(number(expected, "items", 0));
        }
        if (expected.containsKey("message")) {
            assertThat(run.getString("error.message")).contains(texts(expected, "message"));
        }
        if (expected.containsKey("rejections")) {
            assertThat(feed.rejections(run)).map(Object.class::cast).isEqualTo(list(expected, "rejections"));
        }
        List<Came> came = api.requests(pipeline);
        if (expected.containsKey("asked")) {
            assertThat(came).as(told).hasSize(Integer.parseInt(text(expected, "asked")));
        }
        if (expected.containsKey("waited")) {
            assertThat(Duration.ofNanos(came.get(1).nanos() - came.get(0).nanos()))
                    .isGreaterThanOrEqualTo(Duration.parse(text(expected, "waited")));
        }
        if (expected.containsKey("sent")) {
            ((Map<?, ?>) expected.get("sent")).forEach((name, value) ->
                    assertThat(came.get(came.size() - 1).header((String) name)).as(name.toString()).isEqualTo(filled((String) value)));
        }
    }

    /** The answers of one poll. */
    private final class Script implements Function<Came, Said> {
        private final List<Object> answers;
        private final Set<Object> given = new HashSet<>();

        Script(List<Object> answers) {
            this.answers = answers;
        }

        @Override
        public synchronized Said apply(Came came) {
            Integer chosen = null;
            for (int i = 0; i < answers.size(); i++) {
                if (fits(answers.get(i), came)) {
                    chosen = i;
                    if (given.add(i)) {
                        break;
                    }
                }
            }
            return chosen == null ? Said.of(404, "text/plain", "not scripted: " + asked(came)) : said(answers.get(chosen));
        }

        private boolean fits(Object answer, Came came) {
            return !(answer instanceof Map<?, ?> map) || !map.containsKey("to") || asked(came).contains(text(map, "to"));
        }

        private String asked(Came came) {
            return came.path() + "?" + came.query();
        }
    }

    private Said said(Object answer) {
        if (answer instanceof String body) {
            return Said.json(filled(body));
        }
        Map<?, ?> map = known((Map<?, ?>) answer, KEYS_OF_AN_ANSWER);
        Map<String, String> headers = new LinkedHashMap<>(Map.of("Content-Type", "application/json"));
        if (map.get("headers") instanceof Map<?, ?> own) {
            own.forEach((name, value) -> headers.put((String) name, filled((String) value)));
        }
        Said said = Said.of(number(map, "status", 200), headers, body(map)).after(number(map, "delay", 0));
        if (map.containsKey("drip")) {
            said = said.dripping(number(map, "drip", 0));
        }
        if (map.containsKey("chunked")) {
            said = said.inChunks();
        }
        return map.containsKey("cut") ? said.cutAfter(number(map, "cut", 0)) : said;
    }

    private byte[] body(Map<?, ?> map) {
        try {
            String text = map.containsKey("body") ? text(map, "body") : "";
            byte[] bytes = filled(text).getBytes(Charset.forName(map.containsKey("charset") ? text(map, "charset") : "UTF-8"));
            return map.containsKey("gzip") ? gzip(bytes) : bytes;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(bytes);
        }
        return packed.toByteArray();
    }

    private static int number(Map<?, ?> map, String key, int otherwise) {
        return map.containsKey(key) ? Integer.parseInt(text(map, key)) : otherwise;
    }

    private static String text(Map<?, ?> map, String key) {
        if (map.get(key) instanceof String text) {
            return text;
        }
        throw new IllegalArgumentException("no text '" + key + "' in " + map);
    }

    private String[] texts(Map<?, ?> map, String key) {
        return list(map, key).stream().map(part -> filled((String) part)).toArray(String[]::new);
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

    private static Set<String> with(Set<String> keys, String... more) {
        Set<String> all = new HashSet<>(keys);
        all.addAll(List.of(more));
        return all;
    }
}
