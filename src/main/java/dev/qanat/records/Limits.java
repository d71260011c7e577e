package dev.qanat.records;

/**
 * What bounds the memory and the work that reading takes, whatever the size of its source. The constants are fixed; the components
 * are settings.
 *
 * @param fieldCharacters no field of a text format is longer
 * @param recordCharacters no record is longer, nor a string of JSON, nor a line of NDJSON
 * @param fields no source has more
 * @param unpackedBytes no gzip file or zip archive unpacks to more
 * @param unpackedRatio nor, beyond {@value #UNPACKED_FREELY} bytes, to more than so many times what was read of it
 */
public record Limits(int fieldCharacters, int recordCharacters, int fields, long unpackedBytes, int unpackedRatio) {

    /** Those that hold where nothing else is set. */
    public static final Limits DEFAULT = new Limits(4 << 20, 4 << 20, 16_384, 100L << 30, 200);

    /** As many records make a chunk: enough to make its fixed costs small, few enough that it is garbage before it grows old. */
    static final int CHUNK_RECORDS = 2_500;

    /**
     * About as many characters of values make a chunk, however few its records are. A record's JSON text counts like a value,
     * and each of its values for a few characters more than it has, for the memory that even a missing one takes. One record
     * may exceed it.
     */
    static final int CHUNK_CHARACTERS = 1 << 20;

    /** So many items of an array may be records of their own, as each takes more memory than its text. */
    static final int ITEMS = 50_000;

    /** The names of a source's fields together are not longer, in characters. */
    static final int NAMES_CHARACTERS = 1 << 20;

    /** So many bytes may come of however few: a small file of zeros is no bomb. */
    static final long UNPACKED_FREELY = 100L << 20;
}
