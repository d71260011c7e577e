package dev.qanat.records;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The objects of arrays, and those outside of arrays, in the order of a text in which any number of both may follow each other. */
final class JsonRecords implements RecordSource {
    private final JsonParser parser;
    private final Flattening flattening;
    private final String description;
    private final boolean personal;
    private boolean inArray;

    JsonRecords(Text text, Declared declared, Limits limits) throws IOException {
        parser = Json.factory(limits).createParser(text);
        flattening = new Flattening(declared, text.encoding(), limits);
        personal = declared.isPersonal();
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
            throw Json.malformed(e, parser, personal);
        }
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
        return description;
    }
}
