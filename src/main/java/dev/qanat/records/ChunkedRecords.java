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

    private final RecordSource source;
    private final String description;
    private final boolean header;
    private int number;
    private @Nullable RawRecord next;
    private @Nullable RuntimeException failure;

    ChunkedRecords(RecordSource source, String description, boolean header) throws IOException {
        this.source = source;
        this.description = description;
        this.header = header;
        next = source.read();
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public boolean hasHeader() {
        return header;
    }

    @Override
    public synchronized boolean hasNext() {
        if (failure != null) {
            throw failure;
        }
        return next != null || number == 0;
    }

    @Override
    public synchronized Chunk next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the source has been read to its end");
        }
        try {
            List<RawRecord> records = fill();
            return new Chunk(number++, source.fields(), Collections.unmodifiableList(records));
        } catch (IOException e) {
            failure = new UncheckedIOException(e);
            throw failure;
        } catch (RuntimeException e) {
            failure = e;
            throw e;
        }
    }

    private List<RawRecord> fill() throws IOException {
        List<RawRecord> records = new ArrayList<>();
        long weight = 0;
        RawRecord record = next;
        while (record != null && records.size() < Limits.CHUNK_RECORDS && weight < Limits.CHUNK_CHARACTERS) {
            records.add(record);
            weight += weight(record);
            record = source.read();
        }
        next = record;
        return records;
    }

    private static long weight(RawRecord record) {
        @Nullable String[] values = record.values();
        long weight = (long) VALUE_WEIGHT * (values.length + 4);
        for (String value : values) {
            weight += value == null ? 0 : value.length();
        }
        return record.json() == null ? weight : weight + record.json().length();
    }
}
