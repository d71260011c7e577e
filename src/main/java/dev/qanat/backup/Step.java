package dev.qanat.backup;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** One of the steps that make a database what another one was, in the order in which they stand. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "step")
@JsonSubTypes({
    @JsonSubTypes.Type(value = Step.Statement.class, name = "statement"),
    @JsonSubTypes.Type(value = Step.Rows.class, name = "rows"),
    @JsonSubTypes.Type(value = Step.Grant.class, name = "grant")
})
sealed interface Step {

    /** @param sql one or more statements; every name in them has its schema */
    record Statement(String sql) implements Step {}

    /**
     * The rows of a table.
     *
     * @param table quoted, with its schema
     * @param columns quoted, separated by commas
     */
    record Rows(String table, String columns) implements Step {}

    /** What a role may do, where there is such a role. */
    record Grant(String role, String sql) implements Step {}
}
