package dev.qanat.pipeline;

import java.time.Duration;
import java.util.Optional;

/**
 * Only what is new is loaded: the greatest value of a field is kept for each partition, and the next run starts there.
 *
 * @param cursorPath the field of the record, which a declared column reads
 * @param initialValue where the first run starts, as that column reads it; empty for the beginning
 * @param lag how far before the kept value a run starts
 * @param onMissing what becomes of a record that does not have the field
 */
public record Incremental(
        String cursorPath, Optional<String> initialValue, Optional<Duration> lag, RangeEnd rangeStart, OnMissing onMissing) {

    /** Whether a run fetches records that the one before has loaded. */
    boolean fetchesAgain() {
        return rangeStart == RangeEnd.CLOSED || lag.filter(time -> !time.isZero()).isPresent();
    }

    /** Whether a range holds the value at its end. */
    public enum RangeEnd {
        OPEN,
        CLOSED
    }

    public enum OnMissing {
        /** The partition fails. */
        RAISE,
        /** It is loaded. */
        INCLUDE,
        /** It is left out, and counted as filtered. */
        EXCLUDE
    }
}
