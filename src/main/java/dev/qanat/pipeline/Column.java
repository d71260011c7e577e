package dev.qanat.pipeline;

import java.math.BigDecimal;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A declared column.
 *
 * @param name its name in the table
 * @param from the field of the record it is read from; the column's name by default
 * @param type its type
 * @param required whether null rejects the record; true for the columns of the key
 * @param min the least value allowed; for text its least length is not meant, only numbers have bounds
 * @param max the greatest value allowed
 * @param pattern what the whole of the value's text must match
 * @param values the values allowed, as text; empty means any
 * @param nullIf the texts that stand for null
 * @param format a date pattern of {@link java.time.format.DateTimeFormatter}, for the types of date and time
 * @param timezone the zone of values without an offset, for timestamptz; UTC by default
 * @param expr what it is computed from; empty for a column that is read
 * @param pii what becomes of its values where they are personal
 */
public record Column(
        String name,
        String from,
        ColumnType type,
        boolean required,
        Optional<BigDecimal> min,
        Optional<BigDecimal> max,
        Optional<Pattern> pattern,
        List<String> values,
        Set<String> nullIf,
        Optional<String> format,
        Optional<ZoneId> timezone,
        Optional<Expression> expr,
        Optional<Pii> pii) {

    /** A column that is read. */
    public Column(
            String name,
            String from,
            ColumnType type,
            boolean required,
            Optional<BigDecimal> min,
            Optional<BigDecimal> max,
            Optional<Pattern> pattern,
            List<String> values,
            Set<String> nullIf,
            Optional<String> format,
            Optional<ZoneId> timezone) {
        this(name, from, type, required, min, max, pattern, values, nullIf, format, timezone, Optional.empty(), Optional.empty());
    }

    /** A column of which nothing is asked but its type. */
    static Column plain(String name, ColumnType type, boolean required, Set<String> nullIf) {
        return new Column(
                name,
                name,
                type,
                required,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                nullIf,
                Optional.empty(),
                Optional.empty());
    }

    /** This column of personal values. */
    Column treated(Pii how) {
        return new Column(
                name, from, type, required, min, max, pattern, values, nullIf, format, timezone, expr, Optional.of(how));
    }

    /**
     * This column as its values are written by hand.
     *
     * @param asStored whether they were treated before
     */
    Column edited(boolean asStored) {
        return new Column(
                name,
                name,
                type,
                required,
                min,
                max,
                pattern,
                values,
                nullIf,
                Optional.empty(),
                timezone,
                expr,
                asStored ? Optional.empty() : pii);
    }

    /** Whether nothing of its values is kept. */
    boolean isDropped() {
        return pii.filter(Pii.DROP::equals).isPresent();
    }

    /** Whether its value is computed in SQL from others and is in no file. */
    public boolean isComputed() {
        return expr.isPresent();
    }
}
