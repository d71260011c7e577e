package dev.qanat.transform;

import java.util.List;

/**
 * The SQL of a node.
 *
 * @param sql the query whose result a model is, or whose rows are a test's failures
 * @param incremental whether the rows are to be added to what stands
 */
public record Compiled(Node node, String sql, boolean incremental, List<NodeConfig.Hook> preHooks, List<NodeConfig.Hook> postHooks) {

    /** The query that judges a test: one row with {@code failures}, {@code should_warn} and {@code should_error}. */
    public String verdictSql() {
        NodeConfig config = node.config();
        return """
                select
                  %1$s as failures,
                  %1$s %2$s as should_warn,
                  %1$s %3$s as should_error
                from (
                %4$s%5$s
                ) dbt_internal_test
                """
                .formatted(
                        config.failCalc(),
                        config.warnIf(),
                        config.errorIf(),
                        sql,
                        config.limit().map(limit -> "\nlimit " + limit).orElse(""));
    }
}
