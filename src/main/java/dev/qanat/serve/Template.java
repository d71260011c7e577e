package dev.qanat.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.Select;
import org.jooq.impl.DSL;

/**
 * What all requests have in common that differ in their values alone, compiled.
 *
 * @param rows gives, for each row, its text in JSON, or in CSV its columns, and behind them the values of the order's columns where there
 *     may be a next page
 * @param all all rows, whatever the page
 * @param count how many these are
 * @param columns what a row has, in its order
 * @param orderText what tells the table and the order from others
 * @param order the columns by which rows are sorted
 * @param told whether the order tells all rows apart
 */
record Template(
        Statement rows,
        Statement all,
        Statement count,
        List<ServedColumn> columns,
        String orderText,
        List<ServedColumn> order,
        boolean told) {

    /**
     * A statement.
     *
     * @param sql with a question mark for each value
     * @param places of the values, in the order in which they are bound
     */
    record Statement(String sql, List<Integer> places) {

        /** @param select whose bound values are the places of those of the request */
        static Statement of(Select<?> select) {
            DSLContext dsl = DSL.using(SQLDialect.POSTGRES);
            return new Statement(
                    dsl.render(select),
                    dsl.extractBindValues(select).stream().map(place -> Integer.valueOf(place.toString())).toList());
        }

        /** @param values of a request, by their places */
        List<Object> bound(List<Object> values) {
            return places.stream().map(values::get).toList();
        }
    }
}
