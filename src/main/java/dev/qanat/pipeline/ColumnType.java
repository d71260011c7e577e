package dev.qanat.pipeline;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A column's type.
 *
 * @param kind the type's family
 * @param precision of a numeric with a declared size, 1 to 1000; 0 otherwise
 * @param scale of a numeric with a declared size, 0 to precision; 0 otherwise
 */
public record ColumnType(Kind kind, int precision, int scale) {

    public static final ColumnType TEXT = new ColumnType(Kind.TEXT, 0, 0);

    private static final Pattern NUMERIC = Pattern.compile("numeric\\s*\\(\\s*(\\d{1,4})\\s*(?:,\\s*(\\d{1,4})\\s*)?\\)");

    public enum Kind {
        TEXT,
        INTEGER,
        BIGINT,
        NUMERIC,
        DOUBLE,
        BOOLEAN,
        DATE,
        TIME,
        TIMESTAMP,
        TIMESTAMPTZ,
        UUID,
        JSON,
        JSONB
    }

    /** Reads a type as a pipeline writes it, such as {@code numeric(12,2)}; empty when it is not one. */
    public static Optional<ColumnType> parse(String text) {
        String type = text.strip().toLowerCase(Locale.ROOT);
        for (Kind kind : Kind.values()) {
            if (kind.name().toLowerCase(Locale.ROOT).equals(type)) {
                return Optional.of(new ColumnType(kind, 0, 0));
            }
        }
        Matcher numeric = NUMERIC.matcher(type);
        if (!numeric.matches()) {
            return Optional.empty();
        }
        int precision = Integer.parseInt(numeric.group(1));
        int scale = numeric.group(2) == null ? 0 : Integer.parseInt(numeric.group(2));
        return precision >= 1 && precision <= 1000 && scale <= precision
                ? Optional.of(new ColumnType(Kind.NUMERIC, precision, scale))
                : Optional.empty();
    }

    /** Whether a numeric has a declared size. */
    public boolean sized() {
        return precision > 0;
    }

    /** Whether values are JSON, so that objects and arrays are kept whole. */
    public boolean isJson() {
        return kind == Kind.JSON || kind == Kind.JSONB;
    }

    /**
     * A condition in SQL that is false when an expression's value cannot become this type without loss, and fails when it is out
     * of the type's range; empty for types that lose nothing.
     *
     * @param value the expression, in parentheses
     */
    public Optional<String> keeps(String value) {
        return switch (kind) {
            case INTEGER, BIGINT, NUMERIC, DOUBLE, DATE -> Optional.of(value + "::" + sql() + " = " + value);
            default -> Optional.empty();
        };
    }

    /** The type in PostgreSQL's words. */
    public String sql() {
        return switch (kind) {
            case DOUBLE -> "double precision";
            case NUMERIC -> sized() ? "numeric(" + precision + "," + scale + ")" : "numeric";
            default -> kind.name().toLowerCase(Locale.ROOT);
        };
    }

    /** The type as a pipeline writes it. */
    @Override
    public String toString() {
        return kind == Kind.DOUBLE ? "double" : sql();
    }
}
