package dev.qanat.ledger;

/**
 * What became of the records of a run or of one of its resources. Once landed, {@code read} is the sum of all others.
 *
 * @param duplicate superseded by a later record of the same run, or known before where rows are known by their hash
 * @param filtered left out by {@code where:} or by a route's own step
 */
public record Counts(
        long read, long inserted, long updated, long unchanged, long duplicate, long filtered, long rejected) {

    public static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0, 0);
}
