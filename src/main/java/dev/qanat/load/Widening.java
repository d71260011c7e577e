package dev.qanat.load;

import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.ColumnType.Kind;
import java.util.Optional;

/**
 * Whether the values of a column can stay when it gets another type, without losing anything.
 */
final class Widening {

    private Widening() {}

    /** A type as PostgreSQL prints it; empty for types that no pipeline knows. */
    static Optional<ColumnType> typeOf(String formatted) {
        return switch (formatted) {
            case "double precision" -> ColumnType.parse("double");
            case "time without time zone" -> ColumnType.parse("time");
            case "timestamp without time zone" -> ColumnType.parse("timestamp");
            case "timestamp with time zone" -> ColumnType.parse("timestamptz");
            default -> ColumnType.parse(formatted);
        };
    }

    /** Whether every value of the one type is a value of the other. */
    static boolean widens(ColumnType from, ColumnType to) {
        if (to.kind() == Kind.TEXT) {
            return true;
        }
        return switch (from.kind()) {
            case INTEGER ->
                to.kind() == Kind.BIGINT || to.kind() == Kind.DOUBLE || to.kind() == Kind.NUMERIC && holds(to, 10, 0);
            case BIGINT -> to.kind() == Kind.NUMERIC && holds(to, 19, 0);
            case NUMERIC ->
                to.kind() == Kind.NUMERIC
                        && (!to.sized() || from.sized() && holds(to, from.precision() - from.scale(), from.scale()));
            case DATE -> to.kind() == Kind.TIMESTAMP;
            default -> false;
        };
    }

    /** Whether PostgreSQL writes every row anew for it: not where a number only gets more digits before the point. */
    static boolean rewrites(ColumnType from, ColumnType to) {
        boolean sameNumbers =
                from.kind() == Kind.NUMERIC && to.kind() == Kind.NUMERIC && (!to.sized() || from.scale() == to.scale());
        return !sameNumbers;
    }

    private static boolean holds(ColumnType numeric, int digitsBefore, int digitsAfter) {
        return !numeric.sized()
                || numeric.precision() - numeric.scale() >= digitsBefore && numeric.scale() >= digitsAfter;
    }
}
