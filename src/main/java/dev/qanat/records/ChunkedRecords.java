package dev.qanat.records;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * Fills chunks from a source as they are asked for, one record ahead, so that the source has been read to its end when its last
 * chunk is given. After a failure every call fails with it again.
 */
final class ChunkedRecords implements Chunks {
    /** What a value takes even where it is missing, in characters. */
    private static final int VALUE_WEIGHT = 4;

    /** What an item of an array takes beside its values, in characters. */
    private static final int ITEM_WEIGHT = 64;

    /** Most chunks end a little beyond the limit; one that ends far beyond it has a long record at its end. */
    static final int LARGE = Limits.CHUNK_CHARACTERS + Limits.CHUNK_CHARACTERS / 4;

    private final RecordSource source;
    private final String description;
    private final boolean header;
    private final @Nullable String entry;
    private final int first;
    private int number;
    private @Nullable RawRecord next;
    private @Nullable RuntimeException failure;

    /**
     * @param header whether the source is of a text format
     * @param entry what the archive calls the source; null outside of archives
     * @param first the number of the first chunk
     */
    ChunkedRecords(RecordSource source, String description, boolean header, @Nullable String entry, int first)
            throws IOException {
        this.source = source;
        this.entry = entry;
        this.first = first;
        number = first;
        this.description = description;
        this.header = header;
        next = source.read();
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public synchronized boolean hasNext() {
        if (failure != null) {
            throw failure;
        }
        return next != null || number == first;
    }

    @Override
    public synchronized Chunk next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the source has been read to its end");
        }
        try {
            List<RawRecord> records = new ArrayList<>();
            boolean large = fill(records) > LARGE;
            boolean shown = header && number == first;
            return new Chunk(
                    number++, entry, shown, large, source.fields(), Collections.unmodifiableList(records), source.itemFields());
        } catch (IOException e) {
            failure = new UncheckedIOException(e);
            throw failure;
        } catch (RuntimeException e) {
            failure = e;
            throw e;
        }
    }

    /** Gives what the records weigh. */
    private long fill(List<RawRecord> records) throws IOException {
        long weight = 0;
        RawRecord record = next;
        while (record != null && records.size() < Limits.CHUNK_RECORDS && weight < Limits.CHUNK_CHARACTERS) {
            records.add(record);
            weight += weight(record);
            record = source.read();
        }
        next = record;
        return weight;
    }

    private static long weight(RawRecord record) {
        @Nullable String[] values = record.values();
        long weight = (long) VALUE_WEIGHT * (values.length + 4);
        for (String value : values) {
            weight += value == null ? 0 : value.length();
        }
        if (!record.items().isEmpty()) {
            for (List<RawRecord> items : record.items().values()) {
                for (RawRecord item : items) {
                    weight += ITEM_WEIGHT + weight(item);
                }
            }
        }
        return record.json() == null ? weight : weight + record.json().length();
    }
}
