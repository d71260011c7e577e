package dev.qanat.serve;

import java.util.List;
import java.util.Optional;
import org.jooq.Select;

/**
 * What a request asks for, compiled.
 *
 * @param rows gives, for each row, its text in JSON, or in CSV its columns, and behind them the values of the order's columns where there
 *     may be a next page
 * @param columns what a row has, in its order
 * @param order what tells the table and the order from others; of a page
 * @param keys how many columns the order has, where there may be a next page
 * @param page the rows of a page, of which one more is asked for unless {@code ties}; empty for all rows
 * @param ties whether rows that cannot be told from a page's last one come with it
 * @param most rows of an answer; one more is an error
 * @param counting how all rows are counted
 * @param all all rows, whatever the page
 * @param number of a page among all, counted from 1; 0 where pages are not numbered
 * @param values what of the request is bound
 */
record Query(
        ServedTable table,
        Format format,
        Select<?> rows,
        List<ServedColumn> columns,
        String order,
        int keys,
        Optional<Integer> page,
        boolean ties,
        int most,
        Optional<Counting> counting,
        Select<?> all,
        long number,
        List<BoundValue> values) {

    enum Counting {
        EXACT,
        ESTIMATED
    }
}
