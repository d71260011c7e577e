package dev.qanat.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.serve.ServedColumn.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Runs the cases of {@code spec/dialect}: a {@code query} as it stands in a URL, of a table with a key or (with {@code keyless: true})
 * without one, in the {@code format} (json by default), and what comes of it: parts of the {@code sql} in their order and all
 * {@code values} that are bound, or the {@code error}.
 */
class DialectSpecTest {
    private static final Path FOLDER = Path.of("src/test/resources/spec/dialect");
    private static final Set<String> KEYS = Set.of("id", "why", "query", "keyless", "format", "sql", "not_sql", "values", "error");
    private static final QueryLimits LIMITS = new QueryLimits(4, Duration.ofSeconds(30), 100_000, 50, 1_000);

    private static final List<ServedColumn> COLUMNS = List.of(
            new ServedColumn("id", "integer", "pg_catalog.int4", Kind.NUMBER, true, false),
            new ServedColumn("name", "text", "pg_catalog.text", Kind.TEXT, true, true),
            new ServedColumn("price", "numeric(12,2)", "pg_catalog.numeric", Kind.NUMBER, true, true),
            new ServedColumn("at", "timestamp with time zone", "pg_catalog.timestamptz", Kind.TIMESTAMP, true, false),
            new ServedColumn("ok", "boolean", "pg_catalog.bool", Kind.BOOLEAN, true, true),
            new ServedColumn("doc", "json", "pg_catalog.json", Kind.JSON, false, true),
            new ServedColumn("odd \"name, (x)", "text", "pg_catalog.text", Kind.TEXT, true, true),
            new ServedColumn("row", "text", "pg_catalog.text", Kind.TEXT, true, true));

    private static final ServedTable KEYED = new ServedTable("silver", "prices", Optional.empty(), COLUMNS, List.of("id"));
    private static final ServedTable KEYLESS = new ServedTable("silver", "prices", Optional.empty(), COLUMNS, List.of());

    /** Of all cases: what one leaves must not be taken for another. */
    private static final Templates TEMPLATES = new Templates();

    @TestFactory
    Stream<DynamicTest> cases() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        Set<String> ids = new TreeSet<>();
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (Path file : files.sorted().toList()) {
                try (InputStream yaml = Files.newInputStream(file)) {
                    for (Object each : (List<?>) new Load(LoadSettings.builder().build()).loadFromInputStream(yaml)) {
                        Map<?, ?> spec = (Map<?, ?>) each;
                        String id = file.getFileName() + ": " + spec.get("id");
                        assertThat(ids.add(id)).as(id).isTrue();
                        assertThat(KEYS).as(id).containsAll(spec.keySet().stream().map(String::valueOf).toList());
                        tests.add(DynamicTest.dynamicTest(id, () -> check(spec)));
                    }
                }
            }
        }
        assertThat(tests).isNotEmpty();
        return tests.stream();
    }

    private static void check(Map<?, ?> spec) {
        ServedTable table = Boolean.TRUE.equals(spec.get("keyless")) ? KEYLESS : KEYED;
        Format format = spec.containsKey("format")
                ? Format.valueOf(spec.get("format").toString().toUpperCase(Locale.ROOT))
                : Format.JSON;
        DataRequest request = new DataRequest("silver.prices", parameters(spec.get("query").toString()), format, Optional.empty(), true);
        if (spec.containsKey("error")) {
            InputFailure failure =
                    catchThrowableOfType(InputFailure.class, () -> QueryReader.read(table, request, LIMITS, TEMPLATES));
            assertThat(failure).isNotNull().hasMessage(spec.get("error").toString());
            assertThat(failure.code()).isEqualTo(Code.INVALID_REQUEST);
            return;
        }
        Query query = QueryReader.read(table, request, LIMITS, TEMPLATES);
        String sql = query.template().rows().sql();
        assertThat(sql).containsSubsequence(texts(spec, "sql"));
        texts(spec, "not_sql").forEach(part -> assertThat(sql).doesNotContain(part));
        assertThat(query.template().rows().bound(query.places()))
                .extracting(String::valueOf)
                .isEqualTo(texts(spec, "values"));
    }

    private static List<String> texts(Map<?, ?> spec, String key) {
        Object texts = spec.get(key);
        return texts == null
                ? List.of()
                : texts instanceof List<?> list ? list.stream().map(String::valueOf).toList() : List.of(texts.toString());
    }

    private static List<Map.Entry<String, String>> parameters(String query) {
        return query.isEmpty()
                ? List.of()
                : Arrays.stream(query.split("&"))
                        .map(parameter -> parameter.split("=", 2))
                        .map(parts -> Map.entry(decoded(parts[0]), decoded(parts[1])))
                        .toList();
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }
}
