package dev.qanat.validate;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.ColumnType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.schema.FailsafeSchema;

/** The cases of {@code spec/types}: what a column makes of a text. */
final class TypeCases {
    private static final Path FOLDER = Path.of("src/test/resources/spec/types");

    /**
     * One case.
     *
     * @param value the canonical text when it is accepted; null for null
     * @param code when it is rejected
     */
    record TypeCase(
            String place,
            Column column,
            String input,
            boolean jsonString,
            @Nullable String value,
            @Nullable Code code,
            String reason) {}

    private TypeCases() {}

    static List<TypeCase> all() {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.sorted().flatMap(file -> read(file).stream()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<TypeCase> read(Path file) {
        // Every scalar is text: a case must not depend on what YAML makes of 0x1F or of yes.
        Load load = new Load(LoadSettings.builder().setSchema(new FailsafeSchema()).build());
        List<TypeCase> cases = new ArrayList<>();
        try (var in = Files.newInputStream(file)) {
            for (Object group : (List<?>) load.loadFromInputStream(in)) {
                Map<?, ?> map = (Map<?, ?>) group;
                Column column = column(text(map, "type"), (Map<?, ?>) Optional.<Object>ofNullable(map.get("column"))
                        .orElse(Map.of()));
                for (Object item : (List<?>) map.get("cases")) {
                    cases.add(typeCase(file, column, (Map<?, ?>) item));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return cases;
    }

    private static TypeCase typeCase(Path file, Column column, Map<?, ?> item) {
        Set<String> known = Set.of("input", "value", "null", "code", "reason", "why", "json_string");
        boolean rejected = item.containsKey("code");
        if (!known.containsAll(item.keySet())
                || Stream.of("value", "null", "code").filter(item::containsKey).count() != 1
                || rejected != item.containsKey("reason")) {
            throw new IllegalArgumentException(file + ": " + item);
        }
        String input = text(item, "input");
        return new TypeCase(
                file.getFileName() + " " + column.type() + " " + Shown.value(input),
                column,
                input,
                item.containsKey("json_string"),
                (String) item.get("value"),
                rejected ? Code.of(text(item, "code")) : null,
                rejected ? text(item, "reason") : "");
    }

    private static Column column(String type, Map<?, ?> options) {
        if (!Set.of("required", "min", "max", "pattern", "values", "null_if", "format", "timezone")
                .containsAll(options.keySet())) {
            throw new IllegalArgumentException("unknown option in " + options);
        }
        return new Column(
                "value",
                "value",
                ColumnType.parse(type).orElseThrow(),
                "true".equals(options.get("required")),
                option(options, "min").map(BigDecimal::new),
                option(options, "max").map(BigDecimal::new),
                option(options, "pattern").map(Pattern::compile),
                texts(options, "values", List.of()),
                Set.copyOf(texts(options, "null_if", List.of(""))),
                option(options, "format"),
                option(options, "timezone").map(ZoneId::of));
    }

    private static Optional<String> option(Map<?, ?> options, String key) {
        return Optional.ofNullable((String) options.get(key));
    }

    private static List<String> texts(Map<?, ?> options, String key, List<String> otherwise) {
        return options.get(key) instanceof List<?> list
                ? list.stream().map(String.class::cast).toList()
                : otherwise;
    }

    private static String text(Map<?, ?> map, String key) {
        return Optional.ofNullable((String) map.get(key)).orElseThrow(() -> new IllegalArgumentException(key + " in " + map));
    }
}
