package dev.qanat.records;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.qanat.failure.Code;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Records that were read before and kept, as chunks: those of a text format have texts by the names of their header again, those of
 * JSON are read as JSON. A chunk holds records of one kind, and of one header. Asks for one record ahead.
 */
public final class KeptRecords implements Chunks {
    private static final String[] NO_VALUES = {};

    private final Iterator<KeptRecord> kept;
    private final JsonFactory json;
    private final Flattening flattening;
    private int number;
    private @Nullable Read next;

    /**
     * A record, and what it shares with those of its chunk.
     *
     * @param header the names of its fields in a text format; null for JSON
     */
    private record Read(RawRecord record, @Nullable String entry, @Nullable List<String> header, int length) {

        boolean goesWith(Read other) {
            return Objects.equals(entry, other.entry) && Objects.equals(header, other.header);
        }
    }

    /**
     * @param kept is read as chunks are asked for
     * @param first the number of the first chunk
     */
    public KeptRecords(Iterator<KeptRecord> kept, Declared declared, Limits limits, int first) {
        this.kept = kept;
        number = first;
        json = Json.factory(limits);
        flattening = new Flattening(declared, new Encoding(StandardCharsets.UTF_8), limits);
        next = read();
    }

    @Override
    public String description() {
        return "kept records";
    }

    @Override
    public synchronized boolean hasNext() {
        return next != null;
    }

    @Override
    public synchronized Chunk next() {
        Read first = next;
        if (first == null) {
            throw new NoSuchElementException("all records have been read");
        }
        List<RawRecord> records = new ArrayList<>();
        long weight = 0;
        for (Read read = first; read != null && read.goesWith(first); read = next) {
            if (records.size() == Limits.CHUNK_RECORDS || weight >= Limits.CHUNK_CHARACTERS) {
                break;
            }
            records.add(read.record());
            weight += read.length();
            next = read();
        }
        List<RawRecord> all = List.copyOf(records);
        boolean large = weight > ChunkedRecords.LARGE;
        return first.header() == null
                ? new Chunk(number++, first.entry(), false, large, flattening.fields(), all, flattening.itemFields())
                : new Chunk(number++, first.entry(), false, large, first.header(), all);
    }

    /** The number of the next chunk. */
    public synchronized int number() {
        return number;
    }

    private @Nullable Read read() {
        if (!kept.hasNext()) {
            return null;
        }
        KeptRecord record = kept.next();
        try {
            Map<String, @Nullable String> texts = Boolean.FALSE.equals(record.text()) ? null : texts(record.json());
            if (texts != null) {
                @Nullable String[] values = texts.values().toArray(new @Nullable String[0]);
                RawRecord read = new RawRecord(record.line(), values);
                return new Read(read, record.entry(), List.copyOf(texts.keySet()), 2 * record.json().length());
            }
            return new Read(ofJson(record), record.entry(), null, 2 * record.json().length());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private RawRecord ofJson(KeptRecord record) throws IOException {
        try (JsonParser parser = json.createParser(record.json())) {
            parser.nextToken();
            return flattening.read(parser, record.line());
        } catch (JsonProcessingException e) {
            return new RawRecord(
                    record.line(), NO_VALUES, new BitSet(), record.json(), new Fault(Code.MALFORMED_RECORD, Json.reason(e)));
        }
    }

    /** The fields of an object whose values are all texts or null; otherwise null. */
    private @Nullable Map<String, @Nullable String> texts(String text) throws IOException {
        Map<String, @Nullable String> texts = new LinkedHashMap<>();
        try (JsonParser parser = json.createParser(text)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return null;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken value = parser.nextToken();
                if (value != JsonToken.VALUE_STRING && value != JsonToken.VALUE_NULL) {
                    return null;
                }
                texts.put(name, value == JsonToken.VALUE_NULL ? null : parser.getText());
            }
            return parser.currentToken() == JsonToken.END_OBJECT ? texts : null;
        } catch (JsonProcessingException e) {
            return null;
        }
    }
}
