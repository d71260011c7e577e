package dev.qanat.serve;

import java.time.Duration;

/**
 * What a query may ask for.
 *
 * @param atOnce how many are at work at once, at least 1
 * @param timeout how long a statement may take; the connections see to it
 * @param maxRows of an answer that is no page
 * @param defaultPage rows of a page of which nothing else was asked
 * @param largestPage no page has more rows
 */
public record QueryLimits(int atOnce, Duration timeout, int maxRows, int defaultPage, int largestPage) {

    /** PostgreSQL reads and throws away what is left out. */
    static final int LARGEST_OFFSET = 10_000;
}
