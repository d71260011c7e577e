package dev.qanat.serve;

import dev.qanat.serve.ServedColumn.Kind;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jooq.Field;
import org.jooq.impl.DSL;

/** What can be said of a group of rows. */
enum Aggregate {
    COUNT(EnumSet.allOf(Kind.class)),
    SUM(EnumSet.of(Kind.NUMBER, Kind.FLOAT, Kind.INTERVAL)),
    AVG(EnumSet.of(Kind.NUMBER, Kind.FLOAT, Kind.INTERVAL)),
    MIN(EnumSet.of(Kind.NUMBER, Kind.FLOAT, Kind.INTERVAL, Kind.TEXT, Kind.DATE, Kind.TIMESTAMP)),
    MAX(EnumSet.of(Kind.NUMBER, Kind.FLOAT, Kind.INTERVAL, Kind.TEXT, Kind.DATE, Kind.TIMESTAMP));

    private final Set<Kind> kinds;

    Aggregate(Set<Kind> kinds) {
        this.kinds = kinds;
    }

    String id() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Aggregate> of(String id) {
        return Arrays.stream(values()).filter(aggregate -> aggregate.id().equals(id)).findFirst();
    }

    boolean takes(ServedColumn column) {
        return kinds.contains(column.kind());
    }

    Field<String> of(Field<String> values) {
        return DSL.aggregate(id(), String.class, values);
    }

    /** What is known of its values. */
    ServedColumn type(ServedColumn column) {
        return switch (this) {
            case COUNT -> counted();
            case MIN, MAX -> new ServedColumn(id(), column.typeName(), column.castName(), column.kind(), true, true);
            case SUM, AVG -> column.kind() == Kind.NUMBER
                    ? new ServedColumn(id(), "numeric", "pg_catalog.numeric", Kind.NUMBER, true, true)
                    : new ServedColumn(id(), column.typeName(), column.castName(), column.kind(), true, true);
        };
    }

    /** A number of rows. */
    static ServedColumn counted() {
        return new ServedColumn(COUNT.id(), "bigint", "pg_catalog.int8", Kind.NUMBER, true, false);
    }
}
