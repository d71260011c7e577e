package dev.qanat.validate;

import dev.qanat.pipeline.ColumnType;

/**
 * A column that a run writes.
 *
 * @param name in the table
 * @param type declared, or text for a column that was not
 */
public record TargetColumn(String name, ColumnType type) {}
