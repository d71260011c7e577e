package dev.qanat.pipeline;

/**
 * How many runs of a pipeline may run at once, and what becomes of one that is one too many.
 *
 * @param limit at least 1
 */
public record Concurrency(int limit, Behavior behavior) {

    /** No more than this are of use: each needs a worker. */
    static final int MOST = 64;

    public static final Concurrency DEFAULT = new Concurrency(1, Behavior.QUEUE);

    public enum Behavior {
        /** It waits. */
        QUEUE,
        /** A request for it is refused; a file waits. */
        REFUSE,
        /** The oldest that runs is cancelled for it. */
        CANCEL
    }

    /** Whether another run is refused while so many are running. */
    public boolean refuses(int running) {
        return behavior == Behavior.REFUSE && running >= limit;
    }
}
