package dev.qanat.records;

import java.util.Iterator;

/**
 * The records of one source as chunks, read as they are asked for; at most one chunk is held. {@link #hasNext} and
 * {@link #next} may be called from different threads, one at a time, and throw {@link dev.qanat.failure.InputFailure} when the
 * rest of the source cannot be read. Whoever opened the stream closes it.
 */
public interface Chunks extends Iterator<Chunk> {

    /** How the source was understood, for the run and its log, such as {@code csv, windows-1252, delimiter ';'}. */
    String description();
}
