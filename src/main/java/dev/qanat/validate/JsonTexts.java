package dev.qanat.validate;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.qanat.failure.Code;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * One JSON value, strictly by the standard, kept as it came: neither digits nor order nor blanks inside it change. For
 * {@code jsonb} also what PostgreSQL's binary form cannot hold is refused: an escaped NUL, half of a surrogate pair, a number of
 * very many digits.
 */
final class JsonTexts implements Coercion {
    /** Levels of objects and arrays; PostgreSQL's own limit is its stack. */
    static final int DEPTH = 1000;

    private static final Misfit NO_JSON = Misfit.mismatch("is not a JSON value");
    private static final Misfit TOO_DEEP = Misfit.outOfRange("is nested deeper than " + DEPTH + " levels");
    private static final Misfit TOO_LARGE = Misfit.outOfRange("holds a name, a text or a number that is too long");
    private static final Misfit WIDE_NUMBER = Misfit.outOfRange("holds a number that " + NumberText.TOO_LONG.getMessage());
    private static final Misfit ESCAPED_NUL =
            new Misfit(Code.INVALID_CHARACTER, "holds \\u0000, which jsonb cannot: declare the column as json");

    // Names are not kept from one value to the next: data may hold any number of them.
    private static final JsonFactory JSON = JsonFactory.builder()
            .configure(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES, false)
            .configure(JsonFactory.Feature.INTERN_FIELD_NAMES, false)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(DEPTH + 1)
                    .maxNumberLength(10_000)
                    .build())
            .build();

    private final boolean binary;

    JsonTexts(boolean binary) {
        this.binary = binary;
    }

    @Override
    public String coerce(String raw) throws Misfit {
        String s = raw.strip();
        Characters.check(s);
        boolean escapes = binary && s.contains("\\u");
        int depth = 0;
        try (JsonParser parser = JSON.createParser(s)) {
            JsonToken token = parser.nextToken();
            if (token == null) {
                throw NO_JSON;
            }
            do {
                switch (token) {
                    case START_OBJECT, START_ARRAY -> {
                        if (++depth > DEPTH) {
                            throw TOO_DEEP;
                        }
                    }
                    case END_OBJECT, END_ARRAY -> depth--;
                    case FIELD_NAME, VALUE_STRING -> {
                        if (escapes) {
                            checkDecoded(parser.getText());
                        }
                    }
                    case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> {
                        if (binary) {
                            checkNumber(parser.getText());
                        }
                    }
                    default -> {}
                }
                token = parser.nextToken();
            } while (depth > 0);
            if (token != null) {
                throw NO_JSON;
            }
        } catch (StreamConstraintsException e) {
            throw TOO_LARGE;
        } catch (JsonProcessingException e) {
            throw NO_JSON;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return s;
    }

    /** A text as a JSON string. */
    static String quote(String text) {
        StringBuilder json = new StringBuilder(text.length() + 8).append('"');
        JsonStringEncoder.getInstance().quoteAsString(text, json);
        return json.append('"').toString();
    }

    private static void checkDecoded(String text) throws Misfit {
        if (text.indexOf(0) >= 0) {
            throw ESCAPED_NUL;
        }
        Characters.check(text);
    }

    private static void checkNumber(String number) throws Misfit {
        if (number.length() < 20 && number.indexOf('e') < 0 && number.indexOf('E') < 0) {
            return;
        }
        try {
            if (!NumberText.fits(NumberText.exact(number))) {
                throw WIDE_NUMBER;
            }
        } catch (Misfit e) {
            throw WIDE_NUMBER;
        }
    }
}
