package dev.qanat.records;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.io.JsonEOFException;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.FileRules.Format;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;

/** Tells the format of a text by its beginning. */
final class FormatGuess {
    private FormatGuess() {}

    /**
     * The format of a text that begins like this: JSON and NDJSON where it could not be anything else, CSV otherwise.
     *
     * @param sample not blank; may end anywhere
     */
    static Format of(String sample) throws IOException {
        String text = sample.stripLeading();
        return switch (text.charAt(0)) {
            case '{' -> ofObjects(text);
            case '[' -> beginsWithList(text) ? Format.JSON : Format.CSV;
            default -> Format.CSV;
        };
    }

    /**
     * Throws {@link Code#MALFORMED_CSV} when a text that is to be read as rows is a page or a document instead: an error page that was
     * saved in place of the data would make a table of its lines.
     *
     * @param sample may end anywhere
     */
    static void refuseMarkup(String sample) {
        String begin = sample.stripLeading();
        for (String mark : List.of("<!doctype html", "<html", "<?xml")) {
            if (begin.regionMatches(true, 0, mark, 0, mark.length())) {
                String what = mark.equals("<?xml") ? "an XML document" : "an HTML page";
                throw new InputFailure(
                        Code.MALFORMED_CSV,
                        "line 1: this is " + what + " and no rows; was it saved in place of the data, or does it say what went wrong?");
            }
        }
    }

    private static Format ofObjects(String text) throws IOException {
        String inner = text.substring(1).stripLeading();
        if (!inner.isEmpty() && inner.charAt(0) != '"' && inner.charAt(0) != '}') {
            // a template such as {id},{name}, or JSON beyond repair
            return Format.CSV;
        }
        Iterator<String> lines = text.lines().filter(line -> !line.isBlank()).iterator();
        return switch (Json.ofObject(lines.next())) {
            case COMPLETE -> spreadsOverLines(lines) ? Format.JSON : Format.NDJSON;
            case BEGUN -> Format.JSON;
            // A line that is no JSON beside one that is: a flaw of the first record, not of the file.
            case OTHER -> lines.hasNext() && Json.ofObject(lines.next()) == Json.Shape.COMPLETE ? Format.NDJSON : Format.JSON;
        };
    }

    /**
     * Whether the next object goes on in the line after its first, with a key or its end; a line that was cut off is followed by another
     * record.
     */
    private static boolean spreadsOverLines(Iterator<String> lines) throws IOException {
        if (!lines.hasNext() || Json.ofObject(lines.next()) != Json.Shape.BEGUN || !lines.hasNext()) {
            return false;
        }
        String next = lines.next().stripLeading();
        return next.startsWith("\"") || next.startsWith("}");
    }

    private static boolean beginsWithList(String text) throws IOException {
        String inner = text.substring(1).stripLeading();
        if (inner.isEmpty() || inner.charAt(0) == '{') {
            return true;
        }
        try (JsonParser parser = Json.FACTORY.createParser(text)) {
            parser.nextToken();
            parser.skipChildren();
            // After a list of scalars comes another value, or nothing; a comma there says that this is a row of fields.
            return parser.currentToken() != JsonToken.END_ARRAY || parser.nextToken() == null || parser.currentToken().isStructStart();
        } catch (JsonEOFException e) {
            return true;
        } catch (JsonProcessingException e) {
            return false;
        }
    }
}
