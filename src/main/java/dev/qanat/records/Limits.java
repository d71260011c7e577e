package dev.qanat.records;

/** What bounds the memory that reading takes, whatever the size of its source. */
final class Limits {
    /** As many records make a chunk: enough to make its fixed costs small, few enough that it is garbage before it grows old. */
    static final int CHUNK_RECORDS = 5_000;

    /**
     * About as many characters of values make a chunk, however few its records are. A record's JSON text counts like a value,
     * and each of its values for a few characters more than it has, for the memory that even a missing one takes. One record
     * may exceed it.
     */
    static final int CHUNK_CHARACTERS = 1 << 20;

    /** No field of a text format is longer, in characters. */
    static final int FIELD_CHARACTERS = 8 << 20;

    /** No record is longer, in characters, nor a string of JSON. */
    static final int RECORD_CHARACTERS = 20 << 20;

    /** No source has more fields. */
    static final int FIELDS = 16_384;

    /** The names of a source's fields together are not longer, in characters. */
    static final int NAMES_CHARACTERS = 1 << 20;

    private Limits() {}
}
