package dev.qanat.serve;

import java.util.ArrayList;
import java.util.List;
import org.jooq.Condition;
import org.jooq.Field;
import org.jooq.SortField;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/** A column by which rows are sorted. */
record SortKey(QueryColumn column, boolean descending, boolean nullsFirst) {

    /** As PostgreSQL sorts when it is told nothing else. */
    static SortKey ascending(QueryColumn column) {
        return new SortKey(column, false, false);
    }

    SortField<String> sortField() {
        SortField<String> field = descending ? column.field().desc() : column.field().asc();
        // Told where it is so anyway, it would keep an index from being read backwards.
        boolean asUsual = nullsFirst == descending || !column.type().nullable();
        return asUsual ? field : nullsFirst ? field.nullsFirst() : field.nullsLast();
    }

    /** What tells this order from another. */
    @Override
    public String toString() {
        return column.field() + " " + column.type().castName()
                + (descending ? " desc" : " asc")
                + (nullsFirst ? " nulls first" : " nulls last");
    }

    /**
     * That a row comes behind another one.
     *
     * @param values the other's, as they are bound; null where it has none
     */
    static Condition behind(List<SortKey> keys, List<@Nullable Field<String>> values) {
        boolean alike = keys.stream().noneMatch(key -> key.column.type().nullable() || key.descending != keys.get(0).descending)
                && values.stream().noneMatch(value -> value == null);
        if (alike) {
            // As a comparison of rows, an index of several columns serves it.
            List<Field<String>> fields = keys.stream().map(key -> key.column.field()).toList();
            return keys.get(0).descending ? DSL.row(fields).lt(DSL.row(values)) : DSL.row(fields).gt(DSL.row(values));
        }
        List<Condition> any = new ArrayList<>();
        Condition same = DSL.noCondition();
        for (int i = 0; i < keys.size(); i++) {
            any.add(same.and(keys.get(i).behind(values.get(i))));
            same = same.and(keys.get(i).same(values.get(i)));
        }
        return keys.get(0).notBefore(values.get(0)).and(DSL.or(any));
    }

    private Condition behind(@Nullable Field<String> value) {
        if (value == null) {
            return nullsFirst ? column.field().isNotNull() : DSL.falseCondition();
        }
        Condition behind = descending ? column.field().lt(value) : column.field().gt(value);
        return nullsFirst || !column.type().nullable() ? behind : behind.or(column.field().isNull());
    }

    private Condition same(@Nullable Field<String> value) {
        return value == null ? column.field().isNull() : column.field().eq(value);
    }

    /** True of all that is behind or the same: where an index serves it, little else is read. */
    private Condition notBefore(@Nullable Field<String> value) {
        if (value == null || column.type().nullable() && !nullsFirst) {
            return DSL.noCondition();
        }
        return descending ? column.field().le(value) : column.field().ge(value);
    }
}
