package dev.qanat.web;

/** What the description has beside what is written by hand, and what changes while the process runs. Blocking; for several threads. */
interface DescribedPart {

    /** Another text as soon as there is something else to be added, for whomever; half a second later at most. */
    String version();

    /**
     * Adds paths and schemas.
     *
     * @param personal whether whoever asks may see columns that a pipeline marks as {@code pii}
     */
    void addTo(Description description, boolean personal);
}
