package dev.qanat.serve;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import org.jooq.DataType;
import org.jooq.SQLDialect;
import org.jooq.impl.DefaultDataType;

/**
 * A column as it can be asked for.
 *
 * @param typeName its type as PostgreSQL shows it, such as {@code numeric(12,2)}
 * @param castName its type without a size, by which texts become values that can be compared with it: nothing is rounded or cut
 * @param kind what can be done with its values
 * @param comparable whether its values have an order
 * @param nullable whether it may be null
 */
record ServedColumn(String name, String typeName, String castName, Kind kind, boolean comparable, boolean nullable) {

    private static final LoadingCache<String, DataType<String>> TYPES = Caffeine.newBuilder()
            .maximumSize(1_000)
            .build(name -> new DefaultDataType<>(SQLDialect.POSTGRES, String.class, name));

    /** What becomes of its values in a text, and which operators are for it. */
    enum Kind {
        TEXT,
        NUMBER,
        FLOAT,
        BOOLEAN,
        /** Dates and times of the day. */
        DATE,
        TIMESTAMP,
        INTERVAL,
        JSON,
        /** Arrays and rows. */
        STRUCTURE,
        OTHER
    }

    /** The type without a size; a text that is cast to it must be one of its values. */
    DataType<String> castType() {
        return TYPES.get(castName);
    }

    /** The column under another name. */
    ServedColumn called(String other) {
        return new ServedColumn(other, typeName, castName, kind, comparable, nullable);
    }

}
