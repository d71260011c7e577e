package dev.qanat.records;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes records of JSON values as a parser passes them: their text, digit by digit as it came, and their fields, those of nested
 * objects under {@code parent__child}. Remembers the names of all fields met; its memory is bounded by these and by one record.
 */
final class Flattening {
    /** A field, or an object around fields. */
    private static final class Node {
        final String path;
        final boolean whole;
        final Map<String, Node> children = new HashMap<>(4);
        int field = -1;
        long metIn;

        Node(String path, boolean whole) {
            this.path = path;
            this.whole = whole;
        }
    }

    private static final class RecordText extends Writer {
        private final int most;
        StringBuilder text = new StringBuilder();

        RecordText(int most) {
            this.most = most;
        }

        @Override
        public void write(char[] source, int offset, int length) {
            if (text.length() + length > most) {
                throw new InputFailure(
                        Code.MALFORMED_JSON,
                        "a record is longer than %d characters; is the list of records inside an object?"
                                .formatted(most));
            }
            text.append(source, offset, length);
        }

        void clear() {
            if (text.capacity() > Limits.CHUNK_CHARACTERS) {
                text = new StringBuilder();
            }
            text.setLength(0);
        }

        @Override
        public void flush() {
            // the text is where it belongs
        }

        @Override
        public void close() {
            // nothing is held
        }
    }

    private final Set<String> whole;
    private final Encoding encoding;
    private final Node root = new Node("", false);
    private final Map<String, Integer> fieldByName = new HashMap<>();
    private final List<String> names = new ArrayList<>();
    private List<String> fields = List.of();
    private int nodes;
    private int nameCharacters;

    private final Limits limits;
    private final RecordText text;
    private @Nullable JsonGenerator writer;
    private @Nullable String[] values = new String[16];
    private BitSet strings = new BitSet();
    private int used;
    private long number;
    private @Nullable Fault fault;

    Flattening(Set<String> whole, Encoding encoding, Limits limits) {
        this.whole = whole;
        this.limits = limits;
        text = new RecordText(limits.recordCharacters());
        this.encoding = encoding;
    }

    List<String> fields() {
        if (fields.size() != names.size()) {
            fields = List.copyOf(names);
        }
        return fields;
    }

    /** The record that the parser's current token begins; afterwards the parser stands on its last token. */
    RawRecord read(JsonParser parser, long line) throws IOException {
        begin();
        JsonGenerator json = writer;
        if (json == null) {
            json = Json.FACTORY.createGenerator(text).setRootValueSeparator(null);
        }
        // Taken back when all went well: after a failure a generator cannot be used for the next record.
        writer = null;
        if (parser.currentToken() == JsonToken.START_OBJECT) {
            object(parser, json, root);
        } else {
            String found = parser.currentToken() == JsonToken.START_ARRAY ? "an array" : "a single value";
            copy(parser, json);
            fault = new Fault(Code.NOT_AN_OBJECT, "expected an object, found " + found);
        }
        json.flush();
        writer = json;
        return finish(line);
    }

    private void begin() {
        number++;
        Arrays.fill(values, 0, used, null);
        used = 0;
        strings = new BitSet();
        fault = null;
        text.clear();
    }

    private RawRecord finish(long line) {
        @Nullable String[] own = Arrays.copyOf(values, used);
        String record = text.text.toString();
        if (fault != null) {
            for (int i = 0; i < own.length; i++) {
                String value = own[i];
                own[i] = value == null ? null : Flaw.shown(value);
            }
            record = Flaw.shownJson(record);
        }
        return new RawRecord(line, own, strings, record, fault);
    }

    private void object(JsonParser parser, JsonGenerator json, Node parent) throws IOException {
        json.writeStartObject();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            json.writeFieldName(name);
            boolean nameable = sound(name);
            JsonToken token = parser.nextToken();
            if (nameable) {
                member(parser, json, token, child(parent, name));
            } else {
                copy(parser, json);
            }
        }
        json.writeEndObject();
    }

    private void member(JsonParser parser, JsonGenerator json, JsonToken token, Node node) throws IOException {
        if (node.metIn == number) {
            // A key that comes twice: the last value is the only one, with all that was in the first.
            forget(node);
        }
        node.metIn = number;
        switch (token) {
            case START_OBJECT -> {
                if (node.whole) {
                    set(node, copied(parser, json), false);
                } else {
                    object(parser, json, node);
                }
            }
            case START_ARRAY -> set(node, copied(parser, json), false);
            case VALUE_STRING -> {
                String value = parser.getText();
                sound(value);
                json.writeString(value);
                set(node, value, true);
            }
            case VALUE_NULL -> {
                json.writeNull();
                set(node, null, false);
            }
            default -> {
                String value = parser.getText();
                json.writeRawValue(value);
                set(node, value, false);
            }
        }
    }

    /** Passes a value on and gives its text. */
    private String copied(JsonParser parser, JsonGenerator json) throws IOException {
        json.flush();
        // The colon after the field's name is written with the value.
        int start = text.text.length() + 1;
        copy(parser, json);
        json.flush();
        return text.text.substring(start);
    }

    private void copy(JsonParser parser, JsonGenerator json) throws IOException {
        int depth = 0;
        JsonToken token = parser.currentToken();
        while (true) {
            switch (token) {
                case START_OBJECT -> {
                    json.writeStartObject();
                    depth++;
                }
                case END_OBJECT -> {
                    json.writeEndObject();
                    depth--;
                }
                case START_ARRAY -> {
                    json.writeStartArray();
                    depth++;
                }
                case END_ARRAY -> {
                    json.writeEndArray();
                    depth--;
                }
                case FIELD_NAME -> {
                    String name = parser.currentName();
                    sound(name);
                    json.writeFieldName(name);
                }
                case VALUE_STRING -> {
                    String value = parser.getText();
                    sound(value);
                    json.writeString(value);
                }
                case VALUE_NULL -> json.writeNull();
                // Raw, because a number must not gain or lose a digit.
                default -> json.writeRawValue(parser.getText());
            }
            if (depth == 0) {
                return;
            }
            token = parser.nextToken();
        }
    }

    private boolean sound(String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == 0 || c >= Character.MIN_SURROGATE) {
                Fault found = Flaw.of(value, encoding);
                if (found != null && fault == null) {
                    fault = found;
                }
                return found == null;
            }
        }
        return true;
    }

    private Node child(Node parent, String name) {
        Node child = parent.children.get(name);
        if (child == null) {
            String path = parent == root ? name : parent.path + "__" + name;
            nodes++;
            nameCharacters += path.length();
            if (nodes > limits.fields() || nameCharacters > Limits.NAMES_CHARACTERS) {
                throw new InputFailure(
                        Code.TOO_MANY_COLUMNS,
                        "the records have too many fields, %d so far and now '%s'; declare the object whose keys are values as json"
                                .formatted(names.size(), path.length() > 80 ? path.substring(0, 80) + "…" : path));
            }
            child = new Node(path, whole.contains(path));
            parent.children.put(name, child);
        }
        return child;
    }

    private void set(Node node, @Nullable String value, boolean string) {
        int field = node.field;
        if (field < 0) {
            // A plain key may have the name that nesting gives to another one.
            Integer known = fieldByName.putIfAbsent(node.path, names.size());
            if (known == null) {
                field = names.size();
                names.add(node.path);
            } else {
                field = known;
            }
            node.field = field;
        }
        if (field >= values.length) {
            values = Arrays.copyOf(values, Math.max(field + 1, values.length * 2));
        }
        values[field] = value;
        strings.set(field, string);
        used = Math.max(used, field + 1);
    }

    private void forget(Node node) {
        if (node.field >= 0 && node.field < used) {
            values[node.field] = null;
            strings.clear(node.field);
        }
        for (Node child : node.children.values()) {
            child.metIn = 0;
            forget(child);
        }
    }
}
