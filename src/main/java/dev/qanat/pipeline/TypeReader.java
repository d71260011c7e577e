package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Section.Text;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Reads a column's type, and knows what other systems call it. */
final class TypeReader {
    private static final List<String> TYPES =
            Arrays.stream(ColumnType.Kind.values()).map(kind -> kind.name().toLowerCase(Locale.ROOT)).toList();

    private static final Map<String, String> ELSEWHERE = Map.ofEntries(
            Map.entry("money", "numeric(18,4)"),
            Map.entry("decimal", "numeric(18,4)"),
            Map.entry("number", "numeric(18,4)"),
            Map.entry("string", "text"),
            Map.entry("str", "text"),
            Map.entry("varchar", "text"),
            Map.entry("char", "text"),
            Map.entry("int", "integer"),
            Map.entry("int4", "integer"),
            Map.entry("smallint", "integer"),
            Map.entry("int8", "bigint"),
            Map.entry("long", "bigint"),
            Map.entry("float", "double"),
            Map.entry("real", "double"),
            Map.entry("float8", "double"),
            Map.entry("double precision", "double"),
            Map.entry("bool", "boolean"),
            Map.entry("datetime", "timestamp"),
            Map.entry("timestampz", "timestamptz"),
            Map.entry("timestamp with time zone", "timestamptz"),
            Map.entry("timestamp without time zone", "timestamp"));

    private TypeReader() {}

    static Optional<ColumnType> read(Section section, Text text) {
        Optional<ColumnType> type = ColumnType.parse(text.value());
        if (type.isEmpty()) {
            section.problem(
                    text, Code.INVALID_VALUE, "unknown type %s%s".formatted(Section.quoted(text.value()), hint(text.value())));
        }
        return type;
    }

    /** Whether a comma between braces has cut the type in two: YAML reads {@code { a: numeric(12,2) }} as two entries. */
    static boolean cut(String type) {
        return type.contains("(") && !type.contains(")");
    }

    private static String hint(String type) {
        String word = type.strip().toLowerCase(Locale.ROOT);
        if (cut(word)) {
            return "; quote a type with a comma: \"numeric(12,2)\"";
        }
        int size = word.indexOf('(');
        String bare = size < 0 ? word : word.substring(0, size).strip();
        if (bare.equals("numeric")) {
            return "; write numeric(precision,scale), a precision of 1 to 1000 and a scale up to it";
        }
        if (bare.equals("decimal") && size > 0 && ColumnType.parse("numeric" + word.substring(size)).isPresent()) {
            return Suggestion.ask("numeric" + word.substring(size));
        }
        if (ELSEWHERE.containsKey(bare)) {
            return Suggestion.ask(ELSEWHERE.get(bare));
        }
        return Suggestion.of(bare, TYPES).map(Suggestion::ask).orElse("; there are " + String.join(", ", TYPES));
    }
}
