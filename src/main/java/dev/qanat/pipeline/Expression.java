package dev.qanat.pipeline;

import java.util.Set;

/**
 * One SQL expression over the columns of a row, and its place in the YAML. Its text is closed in itself: between parentheses it
 * stays one expression, whatever it holds. Whether PostgreSQL knows what it names is for {@link Expressions} to find out.
 *
 * @param sql on one line but for line breaks within texts
 * @param names everything in it that may be a column's name; more than the columns it uses, never fewer
 * @param line counted from 1
 * @param column counted from 1
 * @param path the place in the pipeline, such as {@code resources[0].where}
 */
public record Expression(String sql, Set<String> names, int line, int column, String path) {

    /** Stands in for one that cannot be read, while others are read on. */
    static final Expression NOTHING = new Expression("NULL", Set.of(), 1, 1, "");

    /** The expression as a part of a statement. */
    public String inParentheses() {
        return "(" + sql + ")";
    }
}
