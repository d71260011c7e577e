package dev.qanat.records;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The objects of arrays, and those outside of arrays, in the order of a text in which any number of both may follow each other. */
final class JsonRecords implements RecordSource {
    private final JsonParser parser;
    private final Flattening flattening;
    private final String description;
    private boolean inArray;

    JsonRecords(Text text, Set<String> whole, Limits limits) throws IOException {
        parser = Json.factory(limits).createParser(text);
        flattening = new Flattening(whole, text.encoding(), limits);
        description = "json, " + text.encoding().name();
    }

    @Override
    public @Nullable RawRecord read() throws IOException {
        try {
            JsonToken token = parser.nextToken();
            while (token == JsonToken.START_ARRAY && !inArray || token == JsonToken.END_ARRAY) {
                inArray = token == JsonToken.START_ARRAY;
                token = parser.nextToken();
            }
            return token == null
                    ? null
                    : flattening.read(parser, parser.currentTokenLocation().getLineNr());
        } catch (JsonProcessingException e) {
            JsonLocation place = Json.place(e, parser);
            throw new InputFailure(
                    Code.MALFORMED_JSON,
                    "line %d, column %d: %s".formatted(place.getLineNr(), place.getColumnNr(), Json.reason(e)),
                    e);
        }
    }

    @Override
    public List<String> fields() {
        return flattening.fields();
    }

    @Override
    public String description() {
        return description;
    }
}
