package dev.qanat.ledger;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A rejected record as the ledger keeps it.
 *
 * @param source the file's name
 * @param position the line on which the record starts
 * @param column the first faulty column; null when the record as a whole is at fault
 * @param record the record as text, cut at 64 KiB
 * @param replayedBy the run that has checked it again
 */
public record RejectedRecord(
        long id,
        String resource,
        String source,
        long position,
        @Nullable String column,
        String code,
        String reason,
        String record,
        Optional<Long> replayedBy) {}
