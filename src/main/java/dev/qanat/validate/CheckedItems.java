package dev.qanat.validate;

import dev.qanat.pipeline.Child;
import java.util.List;

/**
 * The items of a chunk's arrays at one field, after the check.
 *
 * @param child declares them
 * @param columns that the rows' values stand for, without those of the key; a later chunk's columns begin with these
 * @param rows for each of {@link CheckedChunk#accepted} the items of its array, in their order
 * @param rejected how many items rejected records have
 */
public record CheckedItems(Child child, List<TargetColumn> columns, List<List<Row>> rows, long rejected) {}
