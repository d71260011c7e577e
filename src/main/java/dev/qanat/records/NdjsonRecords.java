package dev.qanat.records;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An object a line. A line that is none is a record with a fault; blank lines are none. */
final class NdjsonRecords implements RecordSource {
    private static final String[] NO_VALUES = {};

    private final Text text;
    private final Limits limits;
    private final JsonFactory json;
    private final Flattening flattening;
    private char[] buffer = new char[1 << 15];
    private int from;
    private int to;
    private int start;
    private int end;
    private long line;
    private boolean afterCr;

    NdjsonRecords(Text text, Declared declared, Limits limits) {
        this.text = text;
        this.limits = limits;
        json = Json.factory(limits);
        flattening = new Flattening(declared, text.encoding(), limits);
    }

    @Override
    public @Nullable RawRecord read() throws IOException {
        while (nextLine()) {
            if (!blank()) {
                return record();
            }
        }
        return null;
    }

    @Override
    public List<String> fields() {
        return flattening.fields();
    }

    @Override
    public Map<String, List<String>> itemFields() {
        return flattening.itemFields();
    }

    @Override
    public String description() {
        return "ndjson, " + text.encoding().name();
    }

    private RawRecord record() throws IOException {
        try (JsonParser parser = json.createParser(buffer, start, end - start)) {
            try {
                parser.nextToken();
                RawRecord record = flattening.read(parser, line);
                if (parser.nextToken() != null) {
                    return malformed("more than one value on the line");
                }
                return record;
            } catch (JsonProcessingException e) {
                JsonLocation place = Json.place(e, parser);
                return malformed("column %d: %s".formatted(place.getColumnNr(), Json.reason(e)));
            }
        }
    }

    private RawRecord malformed(String reason) {
        String raw = new String(buffer, start, end - start);
        Fault fault = Flaw.of(raw, text.encoding());
        if (fault == null) {
            fault = new Fault(Code.MALFORMED_RECORD, reason);
        }
        return new RawRecord(line, NO_VALUES, new BitSet(), Flaw.shown(raw), fault);
    }

    private boolean blank() {
        for (int i = start; i < end; i++) {
            if (buffer[i] > ' ') {
                return false;
            }
        }
        return true;
    }

    /** Sets start and end to the next line's, without its line break. */
    private boolean nextLine() throws IOException {
        start = from;
        int at = from;
        while (true) {
            if (at == to) {
                int length = to - start;
                if (!fill()) {
                    end = to;
                    from = to;
                    line++;
                    return length > 0;
                }
                at = start + length;
            }
            char c = buffer[at++];
            if (c == '\n' && afterCr && at - 1 == start) {
                // the second half of a line break
                afterCr = false;
                start = at;
            } else if (c == '\n' || c == '\r') {
                afterCr = c == '\r';
                end = at - 1;
                from = at;
                line++;
                return true;
            } else if (at - 1 == start) {
                afterCr = false;
            }
        }
    }

    private boolean fill() throws IOException {
        if (start > 0) {
            System.arraycopy(buffer, start, buffer, 0, to - start);
            to -= start;
            start = 0;
        }
        if (to == buffer.length) {
            if (to >= limits.recordCharacters()) {
                throw new InputFailure(
                        Code.MALFORMED_JSON,
                        "line %d is longer than %d characters; is the file JSON rather than NDJSON?"
                                .formatted(line + 1, limits.recordCharacters()));
            }
            buffer = Arrays.copyOf(buffer, Math.min(limits.recordCharacters(), to * 2));
        }
        int count = text.read(buffer, to, buffer.length - to);
        to += Math.max(0, count);
        return count > 0;
    }
}
