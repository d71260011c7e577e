package dev.qanat.serve;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a request asks for, compiled.
 *
 * @param places what is bound, by its places in the template's statements
 * @param keys how many columns the order has, where there may be a next page
 * @param page the rows of a page, of which one more is asked for unless {@code ties}; empty for all rows
 * @param ties whether rows that cannot be told from a page's last one come with it
 * @param most rows of an answer; one more is an error
 * @param counting how all rows are counted
 * @param number of a page among all, counted from 1; 0 where pages are not numbered
 * @param values what of the request is bound as a value of a column
 */
record Query(
        ServedTable table,
        Format format,
        Template template,
        List<Object> places,
        int keys,
        Optional<Integer> page,
        boolean ties,
        int most,
        Optional<Counting> counting,
        long number,
        List<BoundValue> values) {

    /** What stands for the moment in a text that becomes a date or a time. */
    private static final Pattern MOMENT = Pattern.compile("now|today|tomorrow|yesterday", Pattern.CASE_INSENSITIVE);

    enum Counting {
        EXACT,
        ESTIMATED
    }

    /** Whether the answer is the same as long as the rows are. */
    boolean isSteady() {
        return counting.filter(Counting.ESTIMATED::equals).isEmpty() && values.stream().allMatch(Query::isSteady);
    }

    private static boolean isSteady(BoundValue value) {
        return switch (value.column().kind()) {
            case TEXT, NUMBER, FLOAT, BOOLEAN, JSON, INTERVAL -> true;
            // A time of the day in a zone is taken for one of today.
            case DATE -> !value.column().castName().equals("pg_catalog.timetz") && !MOMENT.matcher(value.text()).find();
            case TIMESTAMP, STRUCTURE, OTHER -> !MOMENT.matcher(value.text()).find();
        };
    }
}
