package dev.qanat.validate;

import dev.qanat.records.Chunk;
import java.util.List;

/**
 * A chunk after the check. Every record of the chunk is either accepted or a rejection.
 *
 * @param chunk the records as they were read
 * @param columns the columns that the rows' values stand for; a later chunk's columns begin with these
 * @param accepted every row that the check accepted, in the order of the source
 * @param rows the rows to load: all accepted ones, unless a route's own step left some out by {@link #withRows}, which then count
 *     as filtered
 * @param rejections in the order of the source
 * @param items of the arrays that have tables of their own; only of those that the source has shown so far
 * @param observed the fields of all its records, also of those that were rejected or are left out
 */
public record CheckedChunk(
        Chunk chunk,
        List<TargetColumn> columns,
        List<Row> accepted,
        List<Row> rows,
        List<Rejection> rejections,
        List<CheckedItems> items,
        Observation observed) {

    /** A chunk all of whose accepted rows are to be loaded. */
    public CheckedChunk(
            Chunk chunk,
            List<TargetColumn> columns,
            List<Row> accepted,
            List<Rejection> rejections,
            List<CheckedItems> items,
            Observation observed) {
        this(chunk, columns, accepted, accepted, rejections, items, observed);
    }

    public CheckedChunk withRows(List<Row> kept) {
        return new CheckedChunk(chunk, columns, accepted, kept, rejections, items, observed);
    }

    /**
     * Leaves out the rows that have this value in a column, for a step of a route: {@code ${body.without('status', 'test')}}.
     *
     * @param value in the text form that PostgreSQL reads for the column's type
     * @throws IllegalArgumentException when the chunk has no such column
     */
    public CheckedChunk without(String column, String value) {
        int position = columns.stream().map(TargetColumn::name).toList().indexOf(column);
        if (position < 0) {
            throw new IllegalArgumentException("no column '%s' in chunk %d; there are %s"
                    .formatted(column, chunk.number(), columns.stream().map(TargetColumn::name).toList()));
        }
        return withRows(rows.stream()
                .filter(row -> position >= row.values().length || !value.equals(row.values()[position]))
                .toList());
    }
}
