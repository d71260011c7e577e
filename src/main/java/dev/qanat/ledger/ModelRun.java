package dev.qanat.ledger;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A model or a seed of the dbt project in a run.
 *
 * @param node dbt's unique id
 * @param kind {@code model} or {@code seed}
 * @param relation such as {@code gold.daily_returns}
 * @param rows written; empty for a view and for what was not built
 * @param sha256 of a seed that was built: its file and configuration
 * @param tests those by which it was audited
 */
public record ModelRun(
        String node,
        String name,
        String kind,
        String relation,
        String materialized,
        Status status,
        Optional<Long> rows,
        Instant startedAt,
        Instant finishedAt,
        String compiledSql,
        Optional<String> sha256,
        Optional<Run.RunError> error,
        List<TestRun> tests) {

    public enum Status {
        SUCCEEDED,
        FAILED,
        /** It was not tried: what it reads failed or is not there. */
        SKIPPED;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
