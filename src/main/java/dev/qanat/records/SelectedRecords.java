package dev.qanat.records;

import dev.qanat.records.Selection.Noted;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** The records that a {@link Selection} finds, and what it noted; both are known when the last chunk has been given. */
public final class SelectedRecords implements Chunks {
    private final JsonSelection source;
    private final ChunkedRecords chunks;

    SelectedRecords(JsonSelection source, Declared declared) throws IOException {
        this.source = source;
        chunks = new ChunkedRecords(PersonalRecords.of(source, declared), source.description(), false, null, 0);
    }

    @Override
    public String description() {
        return chunks.description();
    }

    @Override
    public boolean hasNext() {
        return chunks.hasNext();
    }

    @Override
    public Chunk next() {
        return chunks.next();
    }

    /** What stands at the path that holds no records, such as {@code null}; empty when there is an array or an object to select. */
    public Optional<String> missing() {
        return Optional.ofNullable(source.missing());
    }

    /** The value noted at a path; empty when there is none, or null. */
    public Optional<Noted> noted(List<String> path) {
        return Optional.ofNullable(source.noted(path));
    }
}
