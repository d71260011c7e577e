package dev.qanat.api;

import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.records.Chunks;
import java.time.Duration;
import java.util.Optional;

/** What an answer means for the partition. */
public sealed interface Answer {

    /**
     * A page. A body up to 1 MiB has been read and found good. A longer one is read as its chunks are asked for, and that may end in a
     * {@link TransientFailure} (the same request is to be sent again) or an {@link InputFailure} (the partition has failed): the page's
     * chunks given so far are then void.
     */
    record Records(Chunks chunks) implements Answer {}

    /** No records and no failure: not modified, or an answer that the source says to ignore. */
    record Nothing(String reason) implements Answer {}

    /** Another request is needed first, and is the next: a redirect, or a token was fetched. */
    record Onward(String reason) implements Answer {}

    /**
     * The same request is to be sent again.
     *
     * @param failure what to fail with when it has been sent often enough
     * @param after how long to wait at least, where the answer or the source says so
     * @param attempt whether this counts as a failed attempt
     */
    record Again(TransientFailure failure, Optional<Duration> after, boolean attempt) implements Answer {}

    /**
     * No more is to be had for now; later it goes on with the same request.
     *
     * @param after how long that takes, where the answer or the source says so
     */
    record QuotaExhausted(TransientFailure failure, Optional<Duration> after) implements Answer {}

    /** Somebody must change something. */
    record Failed(InputFailure failure, Scope scope) implements Answer {}

    /** What fails. */
    enum Scope {
        /** This partition; others go on. */
        PARTITION,
        RUN
    }
}
