package dev.qanat.validate;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.ColumnType.Kind;
import dev.qanat.pipeline.Incremental;
import dev.qanat.pipeline.Incremental.OnMissing;
import dev.qanat.pipeline.Incremental.RangeEnd;
import dev.qanat.pipeline.Resource;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The column by which a resource is loaded incrementally: the order of its values, and which rows of a chunk are in a range of them.
 * Values are in the text form that rows have. Safe for use by several threads.
 */
public final class CursorField {

    private final Column column;
    private final Coercion coercion;
    private final @Nullable WholeMatch match;
    private final boolean open;
    private final OnMissing onMissing;

    private CursorField(Column column, Incremental incremental) {
        this.column = column;
        this.coercion = Coercion.of(column);
        this.match = column.pattern().map(WholeMatch::new).orElse(null);
        this.open = incremental.rangeStart() == RangeEnd.OPEN;
        this.onMissing = incremental.onMissing();
    }

    /** @throws IllegalArgumentException when no column reads the field, which the pipeline's reader refuses */
    public static CursorField of(Resource resource, Incremental incremental) {
        return resource.readColumns().stream()
                .filter(column -> column.from().equals(incremental.cursorPath()))
                .findFirst()
                .or(() -> resource.column(incremental.cursorPath()))
                .map(column -> new CursorField(column, incremental))
                .orElseThrow(() -> new IllegalArgumentException("no column reads " + incremental.cursorPath()));
    }

    /**
     * A value that somebody wrote, in the text form that rows have.
     *
     * @throws InputFailure when it is none of the column's type
     */
    public String value(String written) {
        try {
            return coercion.coerce(written);
        } catch (Misfit e) {
            throw new InputFailure(Code.INVALID_VALUE, "'" + column.name() + "': " + e.reason(written));
        }
    }

    /**
     * A value that is to be asked for, in the text form that rows have.
     *
     * @throws InputFailure when it is none that the column may hold: not of its type, or not like its pattern
     */
    public String asked(String written) {
        String value = value(written);
        try {
            if (match != null) {
                match.check(column.type().kind() == Kind.TEXT ? value : written.strip());
            }
        } catch (Misfit e) {
            throw new InputFailure(Code.INVALID_VALUE, "'" + column.name() + "': " + e.reason(written));
        }
        return value;
    }

    /** The greater of two values, where there are two. */
    public @Nullable String later(@Nullable String one, @Nullable String other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return compare(one, other) >= 0 ? one : other;
    }

    /** Whether a value comes before another one. */
    public boolean isBefore(String one, String other) {
        return compare(one, other) < 0;
    }

    /** The least value among the rows of a chunk that were accepted, whatever range they are in; empty where none has a value. */
    public Optional<String> least(CheckedChunk chunk) {
        int position = position(chunk);
        return chunk.accepted().stream()
                .flatMap(row -> Optional.ofNullable(value(row, position)).stream())
                .min(this::compare);
    }

    private int position(CheckedChunk chunk) {
        return chunk.columns().stream().map(TargetColumn::name).toList().indexOf(column.name());
    }

    private static @Nullable String value(Row row, int position) {
        return position < 0 || position >= row.values().length ? null : row.values()[position];
    }

    private int compare(String one, String other) {
        return switch (column.type().kind()) {
            case INTEGER, BIGINT, NUMERIC -> new BigDecimal(one).compareTo(new BigDecimal(other));
            case TIMESTAMP -> LocalDateTime.parse(one).compareTo(LocalDateTime.parse(other));
            case TIMESTAMPTZ -> Instant.parse(one).compareTo(Instant.parse(other));
            default -> one.compareTo(other);
        };
    }

    /** The value that lies so long before another one; a date loses whole days. */
    public String before(String value, Duration lag) {
        return switch (column.type().kind()) {
            case DATE -> LocalDate.parse(value).minusDays(lag.toDays()).toString();
            case TIMESTAMP -> IsoText.text(LocalDateTime.parse(value).minus(lag));
            case TIMESTAMPTZ -> IsoText.text(LocalDateTime.ofInstant(Instant.parse(value).minus(lag), ZoneOffset.UTC)) + "Z";
            default -> value;
        };
    }

    /** The rows of a chunk that are in the range, and the greatest value among them. */
    public record InRange(CheckedChunk chunk, Optional<String> greatest) {}

    /**
     * Leaves out the rows that are not in a range.
     *
     * @param start the range's first value, which is in it unless the resource says {@code range_start: open}
     * @param end the first value after the range
     * @throws InputFailure when a row has no value and the resource says to fail then
     */
    public InRange select(CheckedChunk chunk, Optional<String> start, Optional<String> end) {
        int position = position(chunk);
        List<Row> kept = new ArrayList<>(chunk.rows().size());
        String greatest = null;
        for (Row row : chunk.rows()) {
            String value = value(row, position);
            if (value == null ? includesMissing(row) : isIn(value, start, end)) {
                kept.add(row);
                greatest = later(greatest, value);
            }
        }
        CheckedChunk selected = kept.size() == chunk.rows().size() ? chunk : chunk.withRows(kept);
        return new InRange(selected, Optional.ofNullable(greatest));
    }

    private boolean isIn(String value, Optional<String> start, Optional<String> end) {
        int fromStart = start.map(first -> compare(value, first)).orElse(1);
        return (open ? fromStart > 0 : fromStart >= 0) && end.map(first -> compare(value, first) < 0).orElse(true);
    }

    private boolean includesMissing(Row row) {
        if (onMissing == OnMissing.RAISE) {
            throw new InputFailure(
                    Code.CURSOR_MISSING,
                    "record " + row.record().line() + " has no '" + column.from()
                            + "', by which the resource is loaded; on_cursor_value_missing says what else to do than to fail");
        }
        return onMissing == OnMissing.INCLUDE;
    }
}
