package dev.qanat.records;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.util.regex.Pattern;

/** How this package sets up Jackson, and what it makes of Jackson's complaints. */
final class Json {
    /** Objects and lists within each other. PostgreSQL's own reader of JSON bears some thousands. */
    private static final int DEPTH = 1_000;

    private static final int DIGITS = 1_000;

    /** For looking at samples. */
    static final JsonFactory FACTORY = factory(Limits.DEFAULT);

    private static final Pattern SOURCE = Pattern.compile("\\[Source: .*?; (line: \\d+, column: \\d+)\\]", Pattern.DOTALL);
    private static final Pattern SETTING = Pattern.compile(",? ?(from )?`Stream(Read|Write)Constraints[^`]*`");

    /** What Jackson says of the mark for bytes that are no characters. */
    private static final String OUR_MARK = " (code %d / 0x%<x)".formatted((int) Encoding.INVALID);

    private Json() {}

    static JsonFactory factory(Limits limits) {
        return JsonFactory.builder()
                .disable(StreamReadFeature.AUTO_CLOSE_SOURCE)
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES) // names come from outside, without end
                // A NUL within a string is a flaw of its record, not of the whole file; Flattening finds it.
                .enable(JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxStringLength(limits.recordCharacters())
                        .maxNestingDepth(DEPTH)
                        .maxNumberLength(DIGITS)
                        .build())
                .build();
    }

    /** What is wrong, for people, without its place and without what Jackson says of itself. */
    static String reason(JsonProcessingException e) {
        if (e instanceof JsonEOFException) {
            return "the JSON ends too early; was the file cut off?";
        }
        String text = e.getOriginalMessage() == null ? "this is no JSON" : e.getOriginalMessage();
        text = SETTING.matcher(SOURCE.matcher(text).replaceAll("$1")).replaceAll("");
        int end = text.indexOf('\n');
        return Flaw.shown(end < 0 ? text : text.substring(0, end)).replace('\0', '\uFFFD').replace(OUR_MARK, "");
    }

    /**
     * The failure of a text that cannot be read on from a place.
     *
     * @param personal whether nothing of the text may be quoted, as Jackson does
     */
    static InputFailure malformed(JsonProcessingException e, JsonParser parser, boolean personal) {
        JsonLocation place = place(e, parser);
        boolean quotes = personal && !(e instanceof JsonEOFException) && !(e instanceof StreamConstraintsException);
        JsonProcessingException told = quotes ? new JsonParseException(null, "this is no JSON", place) : e;
        return new InputFailure(
                Code.MALFORMED_JSON, "line %d, column %d: %s".formatted(place.getLineNr(), place.getColumnNr(), reason(told)), told);
    }

    static JsonLocation place(JsonProcessingException e, JsonParser parser) {
        return e.getLocation() == null ? parser.currentLocation() : e.getLocation();
    }

    /** What a text is as JSON: one object and nothing else, the beginning of one that may be, or neither. */
    enum Shape {
        COMPLETE,
        BEGUN,
        OTHER
    }

    /** What a text that should be one object is. */
    static Shape ofObject(String text) throws IOException {
        try (JsonParser parser = FACTORY.createParser(text)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return Shape.OTHER;
            }
            parser.skipChildren();
            if (parser.currentToken() != JsonToken.END_OBJECT) {
                return Shape.BEGUN;
            }
            return parser.nextToken() == null ? Shape.COMPLETE : Shape.OTHER;
        } catch (JsonEOFException e) {
            return Shape.BEGUN;
        } catch (JsonProcessingException e) {
            return Shape.OTHER;
        }
    }
}
