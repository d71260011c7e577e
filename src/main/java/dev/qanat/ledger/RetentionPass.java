package dev.qanat.ledger;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A pass that deleted what was kept long enough.
 *
 * @param trigger {@code schedule} or {@code api}
 * @param status {@code running}, {@code succeeded}, {@code failed}, or {@code interrupted}: its process ended, and the next pass does the rest
 */
public record RetentionPass(
        long id,
        String trigger,
        String status,
        Instant startedAt,
        Optional<Instant> finishedAt,
        List<Deleted> deleted,
        Optional<Run.RunError> error) {

    /**
     * What was deleted of one kind.
     *
     * @param what a table of bronze, or {@code rejections}, {@code run_details}, {@code runs}, {@code archive}, {@code quarantine}
     * @param count records, rows or files
     * @param bytes of files; otherwise empty
     * @param unknown of files: how many stay because no run tells how old they are
     */
    public record Deleted(String what, long count, Optional<Long> bytes, Optional<Long> unknown) {

        public static Deleted rows(String what, long count) {
            return new Deleted(what, count, Optional.empty(), Optional.empty());
        }
    }
}
