package dev.qanat.validate;

import dev.qanat.records.Chunk;
import java.util.List;

/**
 * A chunk after the check. Every record of the chunk is either a row or a rejection.
 *
 * @param chunk the records as they were read
 * @param columns the columns that the rows' values stand for; a later chunk's columns begin with these
 * @param rows accepted, in the order of the source. A route's own step may leave some out by {@link #withRows}: they count as
 *     filtered
 * @param accepted how many rows the check accepted
 * @param rejections in the order of the source
 */
public record CheckedChunk(
        Chunk chunk, List<TargetColumn> columns, List<Row> rows, int accepted, List<Rejection> rejections) {

    public CheckedChunk withRows(List<Row> kept) {
        return new CheckedChunk(chunk, columns, kept, accepted, rejections);
    }
}
