package dev.qanat.serve;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;

/** Templates that were compiled lately: {@value #MOST} at most. Safe for use by several threads. */
final class Templates {

    private static final int MOST = 500;

    private final Cache<Key, Template> known = Caffeine.newBuilder().maximumSize(MOST).build();

    /** A shape of requests for a table, as the table was when it was looked up: to compare all its columns would take long. */
    private static final class Key {
        private final ServedTable table;
        private final List<String> shape;

        private Key(ServedTable table, List<String> shape) {
            this.table = table;
            this.shape = shape;
        }

        @Override
        @SuppressWarnings("ReferenceEquality")
        public boolean equals(Object other) {
            return other instanceof Key key && key.table == table && key.shape.equals(shape);
        }

        @Override
        public int hashCode() {
            return Objects.hash(System.identityHashCode(table), shape);
        }
    }

    /**
     * The template of a shape.
     *
     * @param shape all that a statement depends on, in an order that leaves no doubt
     * @param compiled makes it when it is not known; what it throws is thrown
     */
    Template of(ServedTable table, List<String> shape, Supplier<Template> compiled) {
        return known.get(new Key(table, shape), key -> compiled.get());
    }
}
