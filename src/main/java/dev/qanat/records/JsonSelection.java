package dev.qanat.records;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.Endpoint.Entries;
import dev.qanat.records.Selection.Noted;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Walks through a JSON document, token by token, and makes records of what a {@link Selection} names. Its memory is that of
 * {@link Flattening}. A record's line is its place among the records, counted from 1.
 */
final class JsonSelection implements RecordSource {

    /** A member on the way to what is selected or noted. */
    private static final class Step {
        final Map<String, Step> next = new HashMap<>(4);
        boolean selected;
        @Nullable List<String> noted;
    }

    private enum At {
        BEGIN,
        OUTSIDE,
        /** In the selected array. */
        ITEMS,
        /** In the selected object. */
        MEMBERS
    }

    private final JsonFactory json;
    private final JsonParser parser;
    private final Flattening flattening;
    private final String description;
    private final @Nullable Entries entries;
    private final boolean members;
    private final boolean personal;
    private final Step top = new Step();
    private final Deque<Step> open = new ArrayDeque<>();
    private final Map<List<String>, Noted> noted = new HashMap<>();
    private Step within = top;
    private At at = At.BEGIN;
    private long records;
    private @Nullable String missing = "nothing";

    JsonSelection(Text text, Selection selection, Declared declared, Limits limits) throws IOException {
        json = Json.factory(limits);
        parser = json.createParser(text);
        flattening = new Flattening(declared, text.encoding(), limits);
        personal = declared.isPersonal();
        description = "json, " + text.encoding().name();
        entries = selection.entries().orElse(null);
        members = selection.members() || entries != null;
        step(selection.path()).selected = true;
        selection.noted().forEach(path -> step(path).noted = path);
    }

    private Step step(List<String> path) {
        Step step = top;
        for (String name : path) {
            step = step.next.computeIfAbsent(name, any -> new Step());
        }
        return step;
    }

    @Nullable String missing() {
        return missing;
    }

    @Nullable Noted noted(List<String> path) {
        return noted.get(path);
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

    @Override
    public @Nullable RawRecord read() throws IOException {
        try {
            JsonToken token = parser.nextToken();
            while (token != null) {
                RawRecord record = read(token);
                if (record != null) {
                    return record;
                }
                token = parser.nextToken();
            }
            return null;
        } catch (JsonProcessingException e) {
            throw Json.malformed(e, parser, personal);
        }
    }

    private @Nullable RawRecord read(JsonToken token) throws IOException {
        switch (at) {
            case BEGIN -> {
                at = At.OUTSIDE;
                return value(token, top);
            }
            case ITEMS -> {
                if (token != JsonToken.END_ARRAY) {
                    return flattening.read(parser, ++records);
                }
                at = At.OUTSIDE;
            }
            case MEMBERS -> {
                if (token != JsonToken.END_OBJECT) {
                    return member();
                }
                at = At.OUTSIDE;
            }
            case OUTSIDE -> {
                if (open.isEmpty()) {
                    throw new InputFailure(
                            Code.MALFORMED_JSON,
                            "line %d: a second value follows the first; for one object a line set format: ndjson"
                                    .formatted(parser.currentTokenLocation().getLineNr()));
                }
                if (token == JsonToken.END_OBJECT) {
                    open.pop();
                    return null;
                }
                Step step = open.element().next.get(parser.currentName());
                JsonToken begin = parser.nextToken();
                if (step != null) {
                    return value(begin, step);
                }
                parser.skipChildren();
            }
        }
        return null;
    }

    private @Nullable RawRecord value(JsonToken token, Step step) throws IOException {
        if (step.selected) {
            return selected(token, step);
        }
        if (token == JsonToken.START_OBJECT) {
            open.push(step);
        } else {
            note(parser, token, step);
        }
        return null;
    }

    private @Nullable RawRecord selected(JsonToken token, Step step) throws IOException {
        missing = null;
        if (token == JsonToken.START_OBJECT && members) {
            at = At.MEMBERS;
            within = step;
        } else if (token == JsonToken.START_OBJECT) {
            RawRecord record = flattening.read(parser, records + 1);
            if (flattening.wasEmpty()) {
                missing = "an empty object";
            } else {
                records++;
                noteWithin(record, step);
                return record;
            }
        } else if (token == JsonToken.START_ARRAY && entries == null) {
            at = At.ITEMS;
        } else {
            missing = switch (token) {
                case START_ARRAY -> "an array, which has no keys";
                case VALUE_NULL -> "null";
                case VALUE_STRING -> "a string";
                default -> "a single value";
            };
            parser.skipChildren();
        }
        return null;
    }

    private RawRecord member() throws IOException {
        String key = parser.currentName();
        JsonToken token = parser.nextToken();
        Step step = within.next.get(key);
        if (step != null && token.isScalarValue()) {
            note(parser, token, step);
        }
        RawRecord record =
                entries == null ? flattening.read(parser, ++records) : flattening.read(parser, entries, key, ++records);
        if (step != null && token == JsonToken.START_OBJECT) {
            noteWithin(record, step);
        }
        return record;
    }

    /** Notes what has already become a record. */
    private void noteWithin(RawRecord record, Step step) throws IOException {
        if (!step.next.isEmpty() && record.json() != null) {
            try (JsonParser again = json.createParser(record.json())) {
                again.nextToken();
                noteMembers(again, step);
            }
        }
    }

    private void noteMembers(JsonParser again, Step step) throws IOException {
        while (again.nextToken() == JsonToken.FIELD_NAME) {
            Step next = step.next.get(again.currentName());
            JsonToken token = again.nextToken();
            if (next != null && token == JsonToken.START_OBJECT) {
                noteMembers(again, next);
            } else if (next != null) {
                note(again, token, next);
            } else {
                again.skipChildren();
            }
        }
    }

    private void note(JsonParser source, JsonToken token, Step step) throws IOException {
        if (step.noted != null && token.isScalarValue()) {
            if (token == JsonToken.VALUE_NULL) {
                noted.remove(step.noted);
            } else {
                noted.put(step.noted, new Noted(source.getText(), token == JsonToken.VALUE_STRING));
            }
        }
        source.skipChildren();
    }
}
