package dev.qanat.pipeline;

/** What becomes of a personal value before anything keeps it. */
public enum Pii {
    /** A keyed hash of it is kept, the same one for the same value. */
    HASH,
    /** A text is kept that identifies nobody. */
    MASK,
    /** Nothing is kept. */
    DROP
}
