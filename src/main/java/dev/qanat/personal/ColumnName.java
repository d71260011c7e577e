package dev.qanat.personal;

/**
 * A column of a table or view.
 *
 * @param relation its schema and name with a dot between
 */
public record ColumnName(String relation, String column) {}
