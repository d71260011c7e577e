package dev.qanat.validate;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.ColumnType.Kind;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a column asks of its values, compiled. Used by several threads. */
final class ColumnRule {
    /** The first white space of Unicode after the blank that {@link String#strip} knows. */
    private static final char FIRST_WIDE_SPACE = 0x1680;

    private final String name;
    private final ColumnType type;
    private final boolean required;
    private final String[] nullIf;
    private final int longestNull;
    private final Coercion coercion;
    private final @Nullable Bounds bounds;
    private final @Nullable WholeMatch match;
    private final @Nullable Set<String> values;
    private final @Nullable Misfit notInValues;

    /** An {@link InputFailure} when the column asks for what its type does not know. */
    ColumnRule(Column column, boolean required) {
        name = column.name();
        type = column.type();
        this.required = required;
        nullIf = column.nullIf().toArray(String[]::new);
        longestNull = column.nullIf().stream().mapToInt(String::length).max().orElse(0);
        try {
            coercion = Coercion.of(column);
        } catch (IllegalArgumentException e) {
            throw new InputFailure(
                    Code.INVALID_VALUE,
                    "column '%s': %s is not a date pattern: %s"
                            .formatted(name, Shown.value(column.format().orElse("")), e.getMessage()),
                    e);
        }
        boolean bounded = isNumber() && (column.min().isPresent() || column.max().isPresent());
        bounds = bounded ? new Bounds(column.min(), column.max()) : null;
        match = column.pattern().map(WholeMatch::new).orElse(null);
        if (column.values().isEmpty()) {
            values = null;
            notInValues = null;
        } else {
            values = canonical(column.values());
            String shown = column.values().stream().limit(20).map(Shown::value).collect(Collectors.joining(", "));
            notInValues = new Misfit(
                    Code.NOT_IN_VALUES, "is not one of " + shown + (column.values().size() > 20 ? ", …" : ""));
        }
    }

    /** A column that nobody declared: nothing but its type is asked of it. */
    static ColumnRule undeclared(String name, ColumnType type, Set<String> nullIf) {
        return new ColumnRule(
                new Column(
                        name,
                        name,
                        type,
                        false,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        List.of(),
                        nullIf,
                        Optional.empty(),
                        Optional.empty()),
                false);
    }

    String name() {
        return name;
    }

    boolean required() {
        return required;
    }

    boolean isNumber() {
        return switch (type.kind()) {
            case INTEGER, BIGINT, NUMERIC, DOUBLE -> true;
            default -> false;
        };
    }

    TargetColumn target() {
        return new TargetColumn(name, type);
    }

    /** Whether the value stands for null. */
    boolean isNull(@Nullable String raw) {
        if (raw == null) {
            return true;
        }
        boolean strip = type.kind() != Kind.TEXT;
        if (raw.length() > longestNull && !(strip && mayBeStripped(raw))) {
            return false;
        }
        for (String text : nullIf) {
            if (raw.equals(text) || strip && raw.strip().equals(text)) {
                return true;
            }
        }
        return false;
    }

    /** False where the ends are certainly no white space. */
    private static boolean mayBeStripped(String raw) {
        return raw.isEmpty() || mayBeSpace(raw.charAt(0)) || mayBeSpace(raw.charAt(raw.length() - 1));
    }

    private static boolean mayBeSpace(char c) {
        return c <= ' ' || c >= FIRST_WIDE_SPACE;
    }

    /**
     * The canonical text of a value that is not null.
     *
     * @param string whether the value was a JSON string
     */
    String check(String raw, boolean string) throws Misfit {
        String given = string && (type.kind() == Kind.JSON || type.kind() == Kind.JSONB) ? quoted(raw) : raw;
        String value = coercion.coerce(given);
        if (bounds != null) {
            bounds.check(value);
        }
        if (match != null) {
            match.check(type.kind() == Kind.TEXT ? value : raw.strip());
        }
        if (values != null && !values.contains(comparable(value))) {
            throw notInValues;
        }
        return value;
    }

    private static String quoted(String raw) throws Misfit {
        // Jackson would refuse half a pair with an exception of its own.
        for (int i = 0; i < raw.length(); i++) {
            if (Character.isSurrogate(raw.charAt(i))) {
                Characters.check(raw.replace('\0', ' '));
                break;
            }
        }
        return JsonTexts.quote(raw);
    }

    private String comparable(String canonical) {
        return isNumber() ? NumberText.plain(canonical) : canonical;
    }

    private Set<String> canonical(List<String> texts) {
        Set<String> canonical = new HashSet<>();
        for (String text : texts) {
            try {
                canonical.add(comparable(coercion.coerce(text)));
            } catch (Misfit e) {
                throw new InputFailure(
                        Code.INVALID_VALUE, "column '%s': of its values, %s".formatted(name, e.reason(text)));
            }
        }
        return Set.copyOf(canonical);
    }
}
