package dev.qanat.serve;

import org.jooq.Field;
import org.jooq.impl.DSL;

/**
 * A value of the request as it is bound.
 *
 * @param parameter where it stands in the request
 * @param text as it came
 * @param column of whose type it is to be
 */
record BoundValue(String parameter, String text, ServedColumn column) {

    Field<String> field() {
        return of(text, column);
    }

    /** The place of a value of the request, which is bound in its stead when the statement is compiled. */
    static Field<String> place(int place, ServedColumn column) {
        return of(Integer.toString(place), column);
    }

    private static Field<String> of(String text, ServedColumn column) {
        return DSL.val(text).cast(column.castType());
    }
}
