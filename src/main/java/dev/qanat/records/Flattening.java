package dev.qanat.records;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.Endpoint.Entries;
import dev.qanat.records.PersonalFields.Treatment;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Makes records of JSON values as a parser passes them: their text, digit by digit as it came, and their fields, those of nested
 * objects under {@code parent__child}. Items of declared arrays become records themselves. Remembers the names of all fields met; its
 * memory is bounded by these and by one record.
 */
final class Flattening {
    /** What is written with a value after its field's name. */
    private static final int COLON = 1;

    /** A field, or an object around fields. */
    private static final class Node {
        final String path;
        final boolean whole;
        /** What makes records of an array's items, where it is one of those. */
        final @Nullable Flattening items;
        /** What is kept of its values, where they are personal. */
        final @Nullable Treatment treatment;
        final Map<String, Node> children = new HashMap<>(4);
        int field = -1;
        long metIn;

        Node(String path, boolean whole, @Nullable Flattening items, @Nullable Treatment treatment) {
            this.path = path;
            this.whole = whole;
            this.items = items;
            this.treatment = treatment;
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

    private final Declared declared;
    private final Map<String, Flattening> itemsOf = new LinkedHashMap<>();
    private final Encoding encoding;
    private final Node root = new Node("", false, null, null);
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
    private boolean empty;
    private long line;
    private @Nullable Fault fault;
    private @Nullable Map<String, List<RawRecord>> items;

    Flattening(Declared declared, Encoding encoding, Limits limits) {
        this(declared, encoding, limits, new RecordText(limits.recordCharacters()));
    }

    private Flattening(Declared declared, Encoding encoding, Limits limits, RecordText text) {
        this.declared = declared;
        this.limits = limits;
        this.text = text;
        this.encoding = encoding;
    }

    List<String> fields() {
        if (fields.size() != names.size()) {
            fields = List.copyOf(names);
        }
        return fields;
    }

    /** See {@link Chunk#itemFields}. */
    Map<String, List<String>> itemFields() {
        if (itemsOf.isEmpty()) {
            return Map.of();
        }
        Map<String, List<String>> all = new LinkedHashMap<>();
        itemsOf.forEach((field, flattening) -> all.put(field, flattening.fields()));
        return all;
    }

    /** The record that the parser's current token begins; afterwards the parser stands on its last token. */
    RawRecord read(JsonParser parser, long atLine) throws IOException {
        return read(parser, null, null, atLine);
    }

    /**
     * The record that the parser's current token begins, as the member of an object: its key is a field, too.
     *
     * @param shape with the field of a value that is no object, where it is a record as well
     */
    RawRecord read(JsonParser parser, @Nullable Entries shape, @Nullable String key, long atLine) throws IOException {
        begin();
        text.clear();
        line = atLine;
        JsonGenerator json = writer;
        if (json == null) {
            json = Json.FACTORY.createGenerator(text).setRootValueSeparator(null);
        }
        // Taken back when all went well: after a failure a generator cannot be used for the next record.
        writer = null;
        boolean object = parser.currentToken() == JsonToken.START_OBJECT;
        if (object || shape != null && shape.valueAs().isPresent()) {
            json.writeStartObject();
            if (shape != null && key != null) {
                sound(key);
                Node node = child(root, shape.keyAs());
                put(json, node, node.treatment == null ? key : node.treatment.of(key));
            }
            if (object) {
                members(parser, json, root);
            } else {
                String name = Objects.requireNonNull(shape).valueAs().orElseThrow();
                json.writeFieldName(name);
                member(parser, json, parser.currentToken(), child(root, name));
            }
            give(json);
            json.writeEndObject();
        } else {
            String found = parser.currentToken() == JsonToken.START_ARRAY ? "an array" : "a single value";
            copy(parser, json);
            fault = new Fault(Code.NOT_AN_OBJECT, "expected an object, found " + found);
        }
        json.flush();
        writer = json;
        return finish();
    }

    private void begin() {
        number++;
        Arrays.fill(values, 0, used, null);
        used = 0;
        empty = true;
        strings = new BitSet();
        fault = null;
        items = null;
    }

    private RawRecord finish() {
        @Nullable String[] own = Arrays.copyOf(values, used);
        String record = text.text.toString();
        if (fault != null) {
            for (int i = 0; i < own.length; i++) {
                String value = own[i];
                own[i] = value == null ? null : Flaw.shown(value);
            }
            record = Flaw.shownJson(record);
        }
        return new RawRecord(line, own, strings, record, fault, items == null || fault != null ? Map.of() : items);
    }

    /** The items of an array, each a record; the array is passed on. */
    private List<RawRecord> items(JsonParser parser, JsonGenerator json, Node node, Flattening flattening) throws IOException {
        List<RawRecord> records = new ArrayList<>();
        json.writeStartArray();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (records.size() == Limits.ITEMS) {
                flaw(new Fault(Code.OUT_OF_RANGE, "array '%s' has more than %d items".formatted(node.path, Limits.ITEMS)));
                copy(parser, json);
            } else {
                records.add(flattening.item(parser, json, line, records.isEmpty() ? 0 : 1));
                flaw(flattening.fault);
            }
        }
        json.writeEndArray();
        return records;
    }

    /** @param separator how many characters are written before the item */
    private RawRecord item(JsonParser parser, JsonGenerator json, long atLine, int separator) throws IOException {
        begin();
        JsonToken token = parser.currentToken();
        if (token == JsonToken.START_OBJECT) {
            object(parser, json, root);
        } else if (token == JsonToken.START_ARRAY) {
            set(child(root, RawRecord.VALUE), copied(parser, json, separator), false);
        } else if (token == JsonToken.VALUE_NULL) {
            json.writeNull();
        } else {
            member(parser, json, token, child(root, RawRecord.VALUE));
        }
        return new RawRecord(atLine, Arrays.copyOf(values, used), strings, null, null);
    }

    /** Whether the last record was an object without members. */
    boolean wasEmpty() {
        return empty;
    }

    private void put(JsonGenerator json, Node node, @Nullable String value) throws IOException {
        node.metIn = number;
        json.writeStringField(node.path, value);
        set(node, value, value != null);
    }

    /** Adds what is given with the records to one that does not have it itself. */
    private void give(JsonGenerator json) throws IOException {
        if (declared.given().isEmpty()) {
            return;
        }
        for (Map.Entry<String, String> field : declared.given().entrySet()) {
            Node node = child(root, field.getKey());
            if (node.metIn != number) {
                sound(field.getValue());
                put(json, node, field.getValue());
            }
        }
    }

    private void object(JsonParser parser, JsonGenerator json, Node parent) throws IOException {
        json.writeStartObject();
        members(parser, json, parent);
        json.writeEndObject();
    }

    private void members(JsonParser parser, JsonGenerator json, Node parent) throws IOException {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            empty = false;
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
    }

    private void member(JsonParser parser, JsonGenerator json, JsonToken token, Node node) throws IOException {
        if (node.metIn == number) {
            // A key that comes twice: the last value is the only one, with all that was in the first.
            forget(node);
        }
        node.metIn = number;
        if (node.treatment != null) {
            String kept = token == JsonToken.VALUE_NULL ? null : node.treatment.of(text(parser, token));
            json.writeString(kept);
            set(node, kept, kept != null);
            return;
        }
        switch (token) {
            case START_OBJECT -> {
                if (node.whole) {
                    set(node, copied(parser, json, COLON), false);
                } else {
                    object(parser, json, node);
                }
            }
            case START_ARRAY -> {
                if (node.items == null) {
                    set(node, copied(parser, json, COLON), false);
                } else {
                    keep(node.path, items(parser, json, node, node.items));
                    set(node, null, false);
                }
            }
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

    /** A value's text, that of an object or array as JSON. Nothing of it is passed on. */
    private String text(JsonParser parser, JsonToken token) throws IOException {
        if (token != JsonToken.START_OBJECT && token != JsonToken.START_ARRAY) {
            String value = parser.getText();
            sound(value);
            return value;
        }
        RecordText aside = new RecordText(limits.recordCharacters());
        try (JsonGenerator generator = Json.FACTORY.createGenerator(aside)) {
            copy(parser, generator);
        }
        return aside.text.toString();
    }

    private void keep(String path, List<RawRecord> records) {
        Map<String, List<RawRecord>> all = items == null ? new HashMap<>(4) : items;
        all.put(path, records);
        items = all;
    }

    /**
     * Passes a value on and gives its text.
     *
     * @param separator how many characters are written before it
     */
    private String copied(JsonParser parser, JsonGenerator json, int separator) throws IOException {
        json.flush();
        int start = text.text.length() + separator;
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
                flaw(found);
                return found == null;
            }
        }
        return true;
    }

    /** The first one counts. */
    private void flaw(@Nullable Fault found) {
        if (fault == null) {
            fault = found;
        }
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
            child = node(path);
            parent.children.put(name, child);
        }
        return child;
    }

    private Node node(String path) {
        Treatment treatment = declared.personal().find(path);
        Declared ofItems = declared.arrays().get(path);
        if (treatment != null || ofItems == null) {
            return new Node(path, declared.whole().contains(path), null, treatment);
        }
        return new Node(
                path, true, itemsOf.computeIfAbsent(path, name -> new Flattening(ofItems, encoding, limits, text)), null);
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
        if (items != null) {
            items.remove(node.path);
        }
        for (Node child : node.children.values()) {
            child.metIn = 0;
            forget(child);
        }
    }
}
