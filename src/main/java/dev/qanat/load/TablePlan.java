package dev.qanat.load;

import dev.qanat.failure.InputFailure;
import dev.qanat.validate.TargetColumn;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What the next landing of a resource would do to one of its tables before any row is written. Nothing of it is done.
 *
 * @param columns of the pipeline, where the landing would make the table; it may find more of them in the data
 * @param rows that the table holds now
 * @param counted whether they were counted; otherwise PostgreSQL's estimate, as counting took too long
 * @param steps in order, in one transaction
 * @param views that are dropped and made anew among the steps
 * @param refusal why the landing would fail
 */
public record TablePlan(
        TableName table,
        Effect effect,
        List<TargetColumn> columns,
        long rows,
        boolean counted,
        List<Step> steps,
        List<String> views,
        Optional<InputFailure> refusal) {

    /** What becomes of the table. */
    public enum Effect {
        CREATED,
        CHANGED,
        UNCHANGED,
        REFUSED;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A statement.
     *
     * @param everyRow whether it reads or writes every row of the table, and not only what is written about the table
     */
    public record Step(String sql, boolean everyRow) {}
}
