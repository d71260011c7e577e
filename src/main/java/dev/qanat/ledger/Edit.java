package dev.qanat.ledger;

import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/**
 * A row that was written by hand.
 *
 * @param run whose only work it was
 * @param rowId as it stands in the row's path
 * @param became what stands in its path since, where that is another one
 * @param by whose key was shown
 * @param before the row as JSON; empty where there was none
 * @param after the row as JSON; empty where there is none any more
 */
public record Edit(
        long run, String table, String rowId, Optional<String> became, Action action, String by, Instant at, Optional<String> before, Optional<String> after) {

    public enum Action {
        INSERT,
        UPDATE,
        DELETE;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
