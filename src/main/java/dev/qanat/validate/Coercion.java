package dev.qanat.validate;

import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.ColumnType;
import java.time.ZoneId;
import java.time.ZoneOffset;

/**
 * From a value's text to the canonical text of a type, which PostgreSQL reads without an error. Nothing is guessed and nothing is
 * rounded: what cannot be kept exactly is a {@link Misfit}. Compiled once per column, used by several threads.
 */
interface Coercion {

    /** Blanks around the value do not matter, but for text. */
    String coerce(String raw) throws Misfit;

    /** The coercion of a declared column; {@link IllegalArgumentException} for a {@code format} that is no date pattern. */
    static Coercion of(Column column) {
        ColumnType type = column.type();
        ZoneId zone = column.timezone().orElse(ZoneOffset.UTC);
        if (column.format().isPresent()) {
            String format = column.format().get();
            switch (type.kind()) {
                case DATE, TIME, TIMESTAMP, TIMESTAMPTZ -> {
                    return new Formatted(type.kind(), format, zone);
                }
                default -> {}
            }
        }
        return switch (type.kind()) {
            case TEXT -> Characters.TEXT;
            case INTEGER -> WholeNumbers.INTEGER;
            case BIGINT -> WholeNumbers.BIGINT;
            case NUMERIC -> new Decimals(type);
            case DOUBLE -> new Doubles();
            case BOOLEAN -> new Booleans();
            case DATE -> new Dates();
            case TIME -> new Times();
            case TIMESTAMP -> new Timestamps();
            case TIMESTAMPTZ -> new Moments(zone);
            case UUID -> new Uuids();
            case JSON -> new JsonTexts(false);
            case JSONB -> new JsonTexts(true);
        };
    }
}
