package dev.qanat.settings;

import java.time.Duration;

/**
 * The time that a process has to end.
 *
 * @param whole from the signal on
 */
public record ShutdownTime(Duration whole) {

    private static final Duration LONGEST_UNDOING = Duration.ofSeconds(10);

    /** How long runs and requests that are at work may go on. */
    public Duration toEnd() {
        return whole.minus(toUndo());
    }

    /** What is left then to undo runs, and to the routes and the server: ten seconds, at most half of the whole. */
    public Duration toUndo() {
        Duration half = whole.dividedBy(2);
        return half.compareTo(LONGEST_UNDOING) < 0 ? half : LONGEST_UNDOING;
    }
}
