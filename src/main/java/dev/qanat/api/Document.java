package dev.qanat.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.jayway.jsonpath.Configuration;
import com.jayway.jsonpath.JsonPath;
import com.jayway.jsonpath.Option;
import com.jayway.jsonpath.spi.json.JacksonJsonProvider;
import com.jayway.jsonpath.spi.mapper.JacksonMappingProvider;
import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A JSON document in memory, which JSONPath is asked of; its numbers keep their digits. */
final class Document {
    private static final JsonFactory JSON =
            JsonFactory.builder().disable(JsonFactory.Feature.INTERN_FIELD_NAMES).build();

    private static final Configuration PATHS = Configuration.builder()
            .jsonProvider(new JacksonJsonProvider())
            .mappingProvider(new JacksonMappingProvider())
            .options(Option.SUPPRESS_EXCEPTIONS)
            .build();

    private final @Nullable Object top;

    private Document(@Nullable Object top) {
        this.top = top;
    }

    /** A number as it is written. JSONPath compares it by its text, too. */
    private static final class Digits extends Number {
        private static final long serialVersionUID = 1L;

        private final String digits;

        Digits(String digits) {
            this.digits = digits;
        }

        @Override
        public int intValue() {
            return new BigDecimal(digits).intValue();
        }

        @Override
        public long longValue() {
            return new BigDecimal(digits).longValue();
        }

        @Override
        public float floatValue() {
            return Float.parseFloat(digits);
        }

        @Override
        public double doubleValue() {
            return Double.parseDouble(digits);
        }

        @Override
        public String toString() {
            return digits;
        }
    }

    /** @throws JsonProcessingException for what is not one JSON value and nothing else */
    static Document read(Reader json) throws IOException {
        try (JsonParser parser = JSON.createParser(json)) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                return new Document(null);
            }
            Object top = value(parser, first);
            if (parser.nextToken() != null) {
                throw new JsonParseException(parser, "a second value follows the first");
            }
            return new Document(top);
        }
    }

    private static @Nullable Object value(JsonParser parser, JsonToken token) throws IOException {
        return switch (token) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> members = new LinkedHashMap<>();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String name = parser.currentName();
                    members.put(name, value(parser, parser.nextToken()));
                }
                yield members;
            }
            case START_ARRAY -> {
                List<@Nullable Object> items = new ArrayList<>();
                for (JsonToken item = parser.nextToken(); item != JsonToken.END_ARRAY; item = parser.nextToken()) {
                    items.add(value(parser, item));
                }
                yield items;
            }
            case VALUE_STRING -> parser.getText();
            case VALUE_TRUE, VALUE_FALSE -> token == JsonToken.VALUE_TRUE;
            case VALUE_NULL -> null;
            default -> new Digits(parser.getText());
        };
    }

    /** What stands at a path that leads to one place at most; otherwise all that it finds, as a list. */
    private @Nullable Object at(JsonPath path) {
        return top == null ? null : path.read(top, PATHS);
    }

    /** What is found there and is not null. */
    List<Object> found(JsonPath path) {
        Object found = at(path);
        if (!path.isDefinite() && found instanceof List<?> all) {
            return all.stream().filter(Objects::nonNull).map(Object.class::cast).toList();
        }
        return found == null ? List.of() : List.of(found);
    }

    /** The members of the top, where it is an object. */
    Map<?, ?> members() {
        return top instanceof Map<?, ?> members ? members : Map.of();
    }

    /** The single value there, if there is one. */
    Optional<Object> single(JsonPath path) {
        return found(path).stream().filter(value -> !(value instanceof Map) && !(value instanceof List)).findFirst();
    }

    /** A value that was found, as text: a string itself, of anything else its JSON text. */
    static String text(Object value) {
        if (value instanceof Map || value instanceof List) {
            StringWriter text = new StringWriter();
            write(value, text);
            return text.toString();
        }
        return value.toString();
    }

    /** Writes a value that was found as JSON text. */
    static void write(Object value, Writer target) {
        try (JsonGenerator json = JSON.createGenerator(target)) {
            write(value, json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(@Nullable Object value, JsonGenerator json) throws IOException {
        if (value instanceof Map<?, ?> members) {
            json.writeStartObject();
            for (Map.Entry<?, ?> member : members.entrySet()) {
                json.writeFieldName(String.valueOf(member.getKey()));
                write(member.getValue(), json);
            }
            json.writeEndObject();
        } else if (value instanceof List<?> items) {
            json.writeStartArray();
            for (Object item : items) {
                write(item, json);
            }
            json.writeEndArray();
        } else if (value instanceof String text) {
            json.writeString(text);
        } else if (value == null) {
            json.writeNull();
        } else {
            // Raw, because a number must not gain or lose a digit.
            json.writeRawValue(value.toString());
        }
    }
}
