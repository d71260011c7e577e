package dev.qanat.lineage;

import dev.qanat.ledger.Run;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/**
 * Where a row of silver comes from.
 *
 * @param table with its schema
 * @param run that gave the row its values; empty where the ledger does not have it any more
 * @param resource of the run's pipeline; empty where it is not known
 * @param file that the run loaded, or the one whose rejections it checked again; empty for a poll
 */
public record RowOrigin(
        String table, Row row, Optional<Run> run, Optional<String> resource, Optional<Run.RunFile> file, Bronze bronze) {

    /** The same without the record itself, for whoever may not see what is personal in it. */
    public RowOrigin withoutRecord() {
        String reason = bronze.found().isPresent() ? "the record has personal values, which operators see" : bronze.reason();
        Optional<Found> told = bronze.found().map(found -> new Found(found.source(), found.loadedAt(), Optional.empty()));
        return new RowOrigin(table, row, run, resource, file, new Bronze(bronze.table(), bronze.status(), reason, told));
    }

    /**
     * What the row itself says.
     *
     * @param position the line of the file, or the place in the answer, from 1
     * @param hash in hexadecimal digits
     */
    public record Row(long run, long position, String hash, Instant createdAt, Instant updatedAt) {}

    /**
     * The row's record in bronze.
     *
     * @param reason why there is none; empty where it was found
     * @param found empty where it was not
     */
    public record Bronze(Optional<String> table, Status status, String reason, Optional<Found> found) {}

    /**
     * A record of bronze.
     *
     * @param source the file, in an archive {@code sales.zip!/may.csv}, or the request
     * @param record as JSON text; empty where it is longer than a mebibyte
     */
    public record Found(String source, Instant loadedAt, Optional<String> record) {}

    public enum Status {
        FOUND,
        /** The pipeline keeps none. */
        NOT_KEPT,
        /** There is none of this run at this position: it was removed since. */
        NOT_FOUND,
        /** Several records of the run have this position; none gives this row, or several do, and their order was not kept. */
        AMBIGUOUS,
        /** It was not found in the time that there is. */
        TIMED_OUT;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
