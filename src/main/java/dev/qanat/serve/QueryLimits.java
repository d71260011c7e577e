package dev.qanat.serve;

import java.time.Duration;

/**
 * What a query may ask for.
 *
 * @param atOnce how many are at work at once, at least 1
 * @param timeout how long a statement may take; the connections see to it
 * @param maxRows of an answer that is no page
 */
public record QueryLimits(int atOnce, Duration timeout, int maxRows) {

    static final int DEFAULT_PAGE = 50;
    static final int LARGEST_PAGE = 1_000;

    /** PostgreSQL reads and throws away what is left out. */
    static final int LARGEST_OFFSET = 10_000;
}
