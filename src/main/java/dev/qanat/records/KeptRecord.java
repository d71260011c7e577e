package dev.qanat.records;

import org.jspecify.annotations.Nullable;

/**
 * A record as {@link Chunk#json} gave it, kept to be read once more.
 *
 * @param entry the file within an archive that it comes from; otherwise null
 * @param line where it started in its source
 * @param text whether it comes from a text format; null when that is not known, and then it is taken for one if its values are all
 *     texts
 */
public record KeptRecord(@Nullable String entry, long line, @Nullable Boolean text, String json) {}
