package dev.qanat.route;

import java.time.Duration;
import java.util.Locale;

/**
 * A run has passed a phase: an event for whoever observes it, which is told on the run's thread and must not wait or throw.
 *
 * @param took by the clock on the wall
 */
public record PhaseDone(String pipeline, Phase phase, Duration took) {

    public enum Phase {
        /** Queued; told of runs that landed. */
        WAIT,
        /** From the claim to the landing: records are read, checked, staged and cleaned, side by side. Of a poll, of each resource. */
        READ,
        /** The landing's transaction with its attempts. Of a poll, of each resource. */
        LAND,
        /** The models downstream. */
        MODELS,
        /** The combined CSV is written and the file put away. */
        FINISH;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
