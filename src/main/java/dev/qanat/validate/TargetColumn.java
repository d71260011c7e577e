package dev.qanat.validate;

import dev.qanat.pipeline.ColumnType;

/**
 * A column that a run writes.
 *
 * @param name in the table
 * @param type declared, or, for a column that was not, the one it has in the table, or text
 */
public record TargetColumn(String name, ColumnType type) {}
