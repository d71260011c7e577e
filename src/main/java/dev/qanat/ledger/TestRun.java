package dev.qanat.ledger;

import java.util.Locale;
import java.util.Optional;

/**
 * A test of the dbt project in a run.
 *
 * @param node dbt's unique id
 * @param model the unique id of the node that was audited; empty for a test of what no node of the run had built
 * @param severity {@code error} or {@code warn}
 * @param failures empty when it could not be asked
 * @param storedIn the table with the rows that fail, if they are stored
 * @param message what is wrong, for people
 */
public record TestRun(
        String node,
        String name,
        Optional<String> model,
        String severity,
        Status status,
        Optional<Long> failures,
        double seconds,
        String compiledSql,
        Optional<String> storedIn,
        Optional<String> message) {

    public enum Status {
        PASSED,
        WARNED,
        FAILED,
        /** What it reads is not there. */
        SKIPPED;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
