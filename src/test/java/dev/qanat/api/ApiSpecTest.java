package dev.qanat.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.api.Answer.Again;
import dev.qanat.api.Answer.Failed;
import dev.qanat.api.Answer.Nothing;
import dev.qanat.api.Answer.Onward;
import dev.qanat.api.Answer.QuotaExhausted;
import dev.qanat.api.Answer.Records;
import dev.qanat.failure.Failure;
import dev.qanat.pipeline.ApiSource.Action;
import dev.qanat.pipeline.ApiSource.ResponseAction;
import dev.qanat.pipeline.Auth;
import dev.qanat.pipeline.Endpoint.Bare;
import dev.qanat.pipeline.Endpoint.Body;
import dev.qanat.pipeline.Endpoint.Entries;
import dev.qanat.pipeline.Endpoint.Items;
import dev.qanat.pipeline.Endpoint.Members;
import dev.qanat.pipeline.Endpoint.Method;
import dev.qanat.pipeline.Endpoint.Words;
import dev.qanat.pipeline.FileRules.Format;
import dev.qanat.pipeline.Paginator;
import dev.qanat.records.Chunk;
import dev.qanat.records.RawRecord;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Runs the cases of {@code spec/api}: what is polled, and {@code exchanges}. Of each stands there, as far as the case is about it, the
 * {@code request} as it is shown, headers that were {@code sent} (null: not sent) and the {@code url}; the answer's {@code status},
 * {@code headers}, and {@code body} (text in UTF-8 or in {@code charset}, packed when {@code gzip} is true, cut to {@code cut} bytes)
 * or {@code file}; what it means ({@code answer}) with {@code records}, {@code faults}, {@code code}, {@code scope}, {@code after},
 * {@code attempt} and parts of the {@code message}. {@code more} says whether another request follows the last.
 */
class ApiSpecTest {
    private static final Path FOLDER = Path.of("src/test/resources/spec/api");

    private static final Set<String> KEYS = Set.of(
            "id", "why", "base_url", "auth", "headers", "actions", "path", "method", "params", "body", "format", "selector", "shape",
            "paginator", "partition", "range", "exchanges", "more");

    private static final Set<String> EXCHANGE = Set.of(
            "request", "sent", "url", "posted", "status", "headers", "body", "charset", "gzip", "cut", "file", "answer", "records",
            "values", "faults", "code", "scope", "after", "attempt", "message");

    @TestFactory
    Stream<DynamicTest> cases() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        Set<String> ids = new TreeSet<>();
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                try (InputStream yaml = Files.newInputStream(file)) {
                    for (Object each : (List<?>) new Load(LoadSettings.builder().setLabel(file.toString()).build())
                            .loadFromInputStream(yaml)) {
                        Map<?, ?> spec = (Map<?, ?>) each;
                        assertThat(ids.add(String.valueOf(spec.get("id")))).as("id of its own: " + spec.get("id")).isTrue();
                        String name = file.getFileName() + " " + spec.get("id") + ": " + spec.get("why");
                        tests.add(DynamicTest.dynamicTest(name, () -> check(spec)));
                    }
                }
            }
        }
        assertThat(tests).isNotEmpty();
        return tests.stream();
    }

    private static void check(Map<?, ?> spec) throws IOException {
        assertThat(KEYS).contains(strings(spec.keySet()));
        PartitionPages pages = polled(spec).begin();
        for (Object each : (List<?>) spec.get("exchanges")) {
            Map<?, ?> exchange = (Map<?, ?>) each;
            assertThat(EXCHANGE).contains(strings(exchange.keySet()));
            assertThat(pages.hasNext()).as("another request").isTrue();
            ApiRequest request = pages.next();
            checkRequest(request, exchange);
            checkAnswer(pages.read(answer(exchange)), exchange);
        }
        if (spec.get("more") != null) {
            assertThat(pages.hasNext()).as("another request").isEqualTo(spec.get("more"));
        }
        assertThat(pages.token()).doesNotContain("s3cret");
    }

    private static void checkRequest(ApiRequest request, Map<?, ?> exchange) {
        assertThat(request.shown()).doesNotContain("s3cret");
        if (exchange.get("request") != null) {
            assertThat(request.shown()).isEqualTo(exchange.get("request"));
        }
        if (exchange.get("url") != null) {
            assertThat(request.uri()).hasToString(exchange.get("url").toString());
        }
        if (exchange.get("posted") != null) {
            assertThat(new String(request.body().orElseThrow(), StandardCharsets.UTF_8)).isEqualTo(exchange.get("posted"));
        }
        texts(exchange.get("sent")).forEach((name, value) -> {
            if (value == null) {
                assertThat(request.headers()).doesNotContainKey(name);
            } else {
                assertThat(request.headers()).containsEntry(name, value);
            }
        });
    }

    private static ApiAnswer answer(Map<?, ?> exchange) throws IOException {
        byte[] body = exchange.get("file") != null
                ? Files.readAllBytes(FOLDER.resolve("bodies").resolve(exchange.get("file").toString()))
                : text(exchange, "body", "").getBytes(Charset.forName(text(exchange, "charset", "UTF-8")));
        if (Boolean.TRUE.equals(exchange.get("gzip"))) {
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
                gzip.write(body);
            }
            body = packed.toByteArray();
        }
        if (exchange.get("cut") != null) {
            body = Arrays.copyOf(body, (Integer) exchange.get("cut"));
        }
        Map<String, List<String>> headers = new LinkedHashMap<>();
        texts(exchange.get("headers")).forEach((name, value) -> headers.put(name, List.of(value)));
        int status = exchange.get("status") == null ? 200 : (Integer) exchange.get("status");
        return new ApiAnswer(status, headers, new ByteArrayInputStream(body));
    }

    private static void checkAnswer(Answer answer, Map<?, ?> exchange) {
        String expected = text(exchange, "answer", "records");
        if (answer instanceof Records records) {
            assertThat(expected).isEqualTo("records");
            checkRecords(records, exchange);
        } else if (answer instanceof Nothing) {
            assertThat(expected).isEqualTo("nothing");
        } else if (answer instanceof Onward) {
            assertThat(expected).isEqualTo("onward");
        } else if (answer instanceof Again again) {
            assertThat(expected).as(again.failure().getMessage()).isEqualTo("again");
            assertThat(again.attempt()).isEqualTo(!Boolean.FALSE.equals(exchange.get("attempt")));
            checkFailure(again.failure(), again.after(), exchange);
        } else if (answer instanceof QuotaExhausted exhausted) {
            assertThat(expected).as(exhausted.failure().getMessage()).isEqualTo("quota");
            checkFailure(exhausted.failure(), exhausted.after(), exchange);
        } else if (answer instanceof Failed failed) {
            assertThat(expected).as(failed.failure().getMessage()).isEqualTo("failed");
            assertThat(failed.scope().name().toLowerCase(Locale.ROOT)).isEqualTo(text(exchange, "scope", "partition"));
            checkFailure(failed.failure(), Optional.empty(), exchange);
        }
    }

    private static void checkFailure(Failure failure, Optional<Duration> after, Map<?, ?> exchange) {
        assertThat(failure.code().id()).as(failure.getMessage()).isEqualTo(exchange.get("code"));
        assertThat(failure.getMessage()).doesNotContain("s3cret");
        if (exchange.get("message") != null) {
            assertThat(failure.getMessage()).contains(strings((List<?>) exchange.get("message")));
        }
        if (exchange.get("after") != null) {
            assertThat(after.map(Duration::toString)).hasValue(exchange.get("after").toString());
        }
    }

    private static void checkRecords(Records records, Map<?, ?> exchange) {
        List<String> json = new ArrayList<>();
        List<String> faults = new ArrayList<>();
        List<List<String>> values = new ArrayList<>();
        List<Long> places = new ArrayList<>();
        while (records.chunks().hasNext()) {
            Chunk chunk = records.chunks().next();
            for (RawRecord record : chunk.records()) {
                json.add(chunk.json(record));
                places.add(record.line());
                if (record.fault() != null) {
                    faults.add(record.fault().code().id());
                }
                List<String> row = new ArrayList<>();
                for (int i = 0; i < record.values().length; i++) {
                    row.add(chunk.fields().get(i) + "=" + record.values()[i]);
                }
                values.add(row);
            }
        }
        if (exchange.get("records") != null) {
            assertThat(json).containsExactly(strings((List<?>) exchange.get("records")));
        }
        if (exchange.get("values") != null) {
            List<List<String>> expected = new ArrayList<>();
            ((List<?>) exchange.get("values")).forEach(row -> expected.add(List.of(strings((List<?>) row))));
            assertThat(values).isEqualTo(expected);
        }
        assertThat(faults).containsExactly(strings(exchange.get("faults") instanceof List<?> list ? list : List.of()));
        assertThat(places).isEqualTo(Stream.iterate(1L, place -> place + 1).limit(places.size()).toList());
    }

    private static Polled polled(Map<?, ?> spec) {
        Polled polled = new Polled();
        polled.baseUrl = text(spec, "base_url", polled.baseUrl);
        polled.auth = Optional.ofNullable(spec.get("auth")).map(auth -> auth((Map<?, ?>) auth));
        texts(spec.get("headers")).forEach((name, value) -> polled.headers.put(name, Polled.text(value)));
        if (spec.get("actions") instanceof List<?> actions) {
            actions.forEach(action -> polled.actions.add(action((Map<?, ?>) action)));
        }
        polled.path = Polled.text(text(spec, "path", "/data"));
        polled.method = Method.valueOf(text(spec, "method", "GET"));
        texts(spec.get("params")).forEach((name, value) -> polled.params.put(name, Polled.text(value)));
        polled.body = Optional.ofNullable(spec.get("body")).map(ApiSpecTest::body);
        polled.format = Optional.ofNullable(spec.get("format")).map(format -> Format.valueOf(format.toString()));
        polled.selector = text(spec, "selector", "$");
        if (spec.get("shape") instanceof Map<?, ?> shape) {
            polled.shape = Optional.of(new Entries(text(shape, "key_as", "key"), Optional.ofNullable(text(shape, "value_as", null))));
        }
        if (spec.get("paginator") instanceof Map<?, ?> paginator) {
            polled.paginator = paginator(paginator);
        }
        polled.partition = texts(spec.get("partition"));
        Map<String, String> range = texts(spec.get("range"));
        polled.range = new Range(
                Optional.ofNullable(range.get("start_value")),
                Optional.ofNullable(range.get("end_value")),
                Optional.ofNullable(range.get("last_value")));
        return polled;
    }

    private static Auth auth(Map<?, ?> auth) {
        return switch (text(auth, "type", "")) {
            case "api_key" -> new Auth.ApiKey(
                    Auth.Location.valueOf(text(auth, "location", "QUERY")), text(auth, "name", "apikey"), Polled.text("${secret:KEY}"));
            case "bearer" -> new Auth.Bearer(Polled.text("${secret:KEY}"));
            case "http_basic" -> new Auth.HttpBasic(Polled.text("me"), Polled.text("${secret:KEY}"));
            default -> throw new IllegalArgumentException(auth.toString());
        };
    }

    private static ResponseAction action(Map<?, ?> action) {
        return new ResponseAction(
                Optional.ofNullable((Integer) action.get("status")),
                Optional.ofNullable(text(action, "path", null)),
                Optional.ofNullable(text(action, "contains", null)),
                Action.valueOf(text(action, "action", "").toUpperCase(Locale.ROOT)),
                Optional.ofNullable(text(action, "wait", null)).map(Duration::parse));
    }

    private static Paginator paginator(Map<?, ?> paginator) {
        Optional<String> total = Optional.ofNullable(text(paginator, "total_path", null));
        OptionalInt maximum = paginator.get("maximum") instanceof Integer most ? OptionalInt.of(most) : OptionalInt.empty();
        return switch (text(paginator, "type", "")) {
            case "page_number" -> new Paginator.PageNumber(
                    paginator.get("base_page") instanceof Integer base ? base : 1, "page", total, maximum);
            case "offset" -> new Paginator.Offset((Integer) paginator.get("limit"), "limit", 0, "offset", total, maximum);
            case "cursor" -> new Paginator.Cursor(text(paginator, "cursor_path", ""), text(paginator, "cursor_param", "cursor"));
            case "header_link" -> new Paginator.HeaderLink("next");
            case "json_link" -> new Paginator.JsonLink(text(paginator, "next_url_path", ""));
            default -> throw new IllegalArgumentException(paginator.toString());
        };
    }

    private static Body body(Object value) {
        if (value instanceof Map<?, ?> members) {
            Map<String, Body> all = new LinkedHashMap<>();
            members.forEach((name, member) -> all.put(name.toString(), body(member)));
            return new Members(all);
        }
        if (value instanceof List<?> items) {
            return new Items(items.stream().map(ApiSpecTest::body).toList());
        }
        return value instanceof String words ? new Words(Polled.text(words)) : new Bare(String.valueOf(value));
    }

    private static Map<String, String> texts(Object map) {
        Map<String, String> texts = new LinkedHashMap<>();
        if (map instanceof Map<?, ?> members) {
            members.forEach((name, value) -> texts.put(name.toString(), value == null ? null : value.toString()));
        }
        return texts;
    }

    private static String text(Map<?, ?> map, String key, String otherwise) {
        return map.get(key) == null ? otherwise : map.get(key).toString();
    }

    private static String[] strings(Collection<?> values) {
        return values.stream().map(String::valueOf).toArray(String[]::new);
    }
}
