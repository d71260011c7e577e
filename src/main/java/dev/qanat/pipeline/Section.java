package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.snakeyaml.engine.v2.nodes.CollectionNode;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * A mapping of the text, with typed access to its values. Whatever is asked for and is not as it should be becomes a problem and
 * an empty answer, so that reading goes on and finds the next one.
 */
final class Section {
    /**
     * A key and its value.
     *
     * @param key for problems with the key itself
     * @param path of the value
     */
    record Entry(ScalarNode key, Node value, String path) {
        String name() {
            return key.getValue();
        }
    }

    /** A scalar as it is written. */
    record Text(ScalarNode node, String path, String value) {}

    private static final int QUOTED = 60;

    private final MappingNode node;
    private final String path;
    private final String where;
    private final String prefix;
    private final Problems problems;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    /**
     * @param path the place for programs; empty for the root
     * @param where the place for people, such as {@code column 'close'}; empty for the root
     * @param prefix what stands before a key in messages, such as {@code files.csv.}
     */
    Section(MappingNode node, String path, String where, String prefix, Problems problems) {
        this(path, where, prefix, node, problems);
        for (NodeTuple tuple : node.getValue()) {
            if (tuple.getKeyNode() instanceof ScalarNode key) {
                add(new Entry(key, tuple.getValueNode(), pathOf(key.getValue())));
            } else {
                problem(tuple.getKeyNode(), path, Code.WRONG_TYPE, "a key must be a name, not " + kind(tuple.getKeyNode()));
            }
        }
    }

    private Section(String path, String where, String prefix, MappingNode node, Problems problems) {
        this.node = node;
        this.path = path;
        this.where = where;
        this.prefix = prefix;
        this.problems = problems;
    }

    private void add(Entry entry) {
        if (entry.name().equals("<<")) {
            problem(entry.key(), entry.path(), Code.UNKNOWN_KEY,
                    "'<<' is no key; write the keys out, or give the whole by an alias");
            return;
        }
        Entry first = entries.putIfAbsent(entry.name(), entry);
        if (first != null) {
            int line = first.key().getStartMark().orElseThrow().getLine() + 1;
            problem(entry.key(), entry.path(), Code.DUPLICATE_KEY, "%s is given twice, first in line %d; keep one"
                    .formatted(label(entry.name()), line));
        }
    }

    /** Reports the keys that the level does not know or that are not built yet, and forgets them. */
    void allow(Level level) {
        entries.values().removeIf(entry -> {
            if (level.later().contains(entry.name())) {
                problem(entry.key(), entry.path(), Code.NOT_SUPPORTED, label(entry.name()) + " is not built yet; take it out");
                return true;
            }
            if (!level.built().contains(entry.name())) {
                problem(entry.key(), entry.path(), Code.UNKNOWN_KEY, "unknown key %s%s"
                        .formatted(label(entry.name()), level.hint(entry.name())));
                return true;
            }
            return false;
        });
    }

    /** The entries in the order of the text, each key once. */
    List<Entry> entries() {
        return List.copyOf(entries.values());
    }

    boolean has(String key) {
        return entries.containsKey(key);
    }

    /** Whether a key below a key is there, whatever its value. */
    boolean has(String key, String below) {
        return entries.get(key) != null
                && entries.get(key).value() instanceof MappingNode mapping
                && mapping.getValue().stream()
                        .anyMatch(t -> t.getKeyNode() instanceof ScalarNode k && k.getValue().equals(below));
    }

    boolean isEmptyList(String key) {
        return entries.get(key) != null
                && entries.get(key).value() instanceof SequenceNode list
                && list.getValue().isEmpty();
    }

    /** This section under another name for people. */
    Section at(String otherWhere) {
        return new Section(path, otherWhere, prefix, node, problems);
    }

    String path() {
        return path;
    }

    /** A scalar that has a value. */
    Optional<Text> text(String key, String expected) {
        return entry(key).flatMap(e -> text(e.value(), e.path(), label(key), expected));
    }

    Optional<Text> text(Node value, String valuePath, String label, String expected) {
        if (value instanceof ScalarNode scalar && !empty(scalar) && !scalar.getTag().equals(Tag.NULL)) {
            return Optional.of(new Text(scalar, valuePath, scalar.getValue()));
        }
        return wrongType(value, valuePath, label, expected);
    }

    private Optional<Text> wrongType(Node value, String valuePath, String label, String expected) {
        String hint = unquotedPlaceholder(value) ? "; quote it: \"{{ … }}\"" : "";
        problem(value, valuePath, Code.WRONG_TYPE, "%s must be %s, not %s%s".formatted(label, expected, kind(value), hint));
        return Optional.empty();
    }

    /** A scalar or a list of them; a list with nothing in it is an answer, too. In a list the word null is a text like others. */
    Optional<List<Text>> texts(String key, String expected) {
        Optional<Entry> entry = entry(key);
        if (entry.isEmpty()) {
            return Optional.empty();
        }
        if (!(entry.get().value() instanceof SequenceNode list)) {
            return text(key, expected).map(List::of);
        }
        return texts(list, entry.get().path(), label(key), expected);
    }

    /** A list of scalars. */
    Optional<List<Text>> list(String key, String expected) {
        Optional<Entry> entry = entry(key);
        if (entry.isEmpty()) {
            return Optional.empty();
        }
        if (entry.get().value() instanceof SequenceNode list) {
            return texts(list, entry.get().path(), label(key), expected);
        }
        problem(key, Code.WRONG_TYPE, "%s must be %s, not %s".formatted(label(key), expected, kind(entry.get().value())));
        return Optional.empty();
    }

    private Optional<List<Text>> texts(SequenceNode list, String listPath, String label, String expected) {
        List<Text> texts = new ArrayList<>();
        for (int i = 0; i < list.getValue().size(); i++) {
            String itemPath = listPath + "[" + i + "]";
            if (list.getValue().get(i) instanceof ScalarNode item && !empty(item)) {
                texts.add(new Text(item, itemPath, item.getValue()));
            } else {
                wrongType(list.getValue().get(i), itemPath, label, expected);
            }
        }
        return texts.size() == list.getValue().size() ? Optional.of(texts) : Optional.empty();
    }

    Optional<Boolean> flag(String key) {
        Optional<Text> text = text(key, "true or false");
        if (text.isPresent() && !text.get().value().equals("true") && !text.get().value().equals("false")) {
            problem(key, Code.WRONG_TYPE, "%s must be true or false, not %s".formatted(label(key), quoted(text.get().value())));
            return Optional.empty();
        }
        return text.map(t -> t.value().equals("true"));
    }

    /** One of the words, as written. */
    Optional<String> word(String key, List<String> words) {
        Optional<Text> text = text(key, alternatives(words));
        if (text.isPresent() && !words.contains(text.get().value())) {
            problem(key, Code.INVALID_VALUE, "%s must be %s, not %s%s"
                    .formatted(
                            label(key),
                            alternatives(words),
                            quoted(text.get().value()),
                            Suggestion.of(text.get().value(), words).map(Suggestion::ask).orElse("")));
            return Optional.empty();
        }
        return text.map(Text::value);
    }

    <E extends Enum<E>> Optional<E> choice(String key, Class<E> type) {
        List<String> words =
                Arrays.stream(type.getEnumConstants()).map(e -> e.name().toLowerCase(Locale.ROOT)).toList();
        return word(key, words).map(word -> Enum.valueOf(type, word.toUpperCase(Locale.ROOT)));
    }

    /** A whole number within bounds. */
    Optional<Integer> number(String key, int least, int most) {
        Optional<Text> text = text(key, "a number");
        Optional<Integer> number = text.filter(t -> t.value().matches("-?\\d{1,9}"))
                .map(t -> Integer.parseInt(t.value()))
                .filter(n -> n >= least && n <= most);
        if (text.isPresent() && number.isEmpty()) {
            problem(key, Code.INVALID_VALUE, "%s must be a number from %d to %d, not %s"
                    .formatted(label(key), least, most, quoted(text.get().value())));
        }
        return number;
    }

    /** A mapping below this one, with the keys of a level; its place for people stays this one's. */
    Optional<Section> section(String key, Level level) {
        Optional<Section> section = mapping(key, expected(level));
        section.ifPresent(s -> s.allow(level));
        return section;
    }

    /** A mapping below this one, whatever its keys; its place for people stays this one's. */
    Optional<Section> mapping(String key, String expected) {
        return entry(key).flatMap(e -> section(e, where, prefix + key + ".", expected));
    }

    /** A mapping somewhere below this one, whatever its keys; its place for people stays this one's. */
    Section below(MappingNode mapping, String mappingPath, String mappingPrefix) {
        return new Section(mapping, mappingPath, where, mappingPrefix, problems);
    }

    /** A mapping below this one or a list of them, each with the keys of a level. */
    List<Section> sections(String key, Level level) {
        Optional<Entry> entry = entry(key);
        if (entry.isEmpty()) {
            return List.of();
        }
        if (!(entry.get().value() instanceof SequenceNode list)) {
            return section(key, level).stream().toList();
        }
        List<Section> sections = new ArrayList<>();
        for (int i = 0; i < list.getValue().size(); i++) {
            String item = key + "[" + i + "]";
            if (list.getValue().get(i) instanceof MappingNode mapping) {
                Section section = below(mapping, pathOf(item), prefix + item + ".");
                section.allow(level);
                sections.add(section);
            } else {
                wrongType(list.getValue().get(i), pathOf(item), label(item), expected(level));
            }
        }
        if (list.getValue().isEmpty()) {
            problem(key, Code.INVALID_VALUE, label(key) + " is an empty list; take it out");
        }
        return sections;
    }

    private static String expected(Level level) {
        return "a mapping with " + alternatives(level.built());
    }

    /** A mapping below this one whose keys are names. */
    Optional<Section> named(String key, String expected) {
        return entry(key).flatMap(e -> section(e, where, "", expected));
    }

    Optional<Section> section(Entry entry, String sectionWhere, String sectionPrefix, String expected) {
        if (entry.value() instanceof MappingNode mapping) {
            return Optional.of(new Section(mapping, entry.path(), sectionWhere, sectionPrefix, problems));
        }
        problem(entry.value(), entry.path(), Code.WRONG_TYPE, "%s must be %s, not %s"
                .formatted(label(entry.name()), expected, kind(entry.value())));
        return Optional.empty();
    }

    Optional<Entry> entry(String key) {
        return Optional.ofNullable(entries.get(key));
    }

    /** Reports a key that is not there. */
    void missing(String key, String hint) {
        problem(node, pathOf(key), Code.MISSING_KEY, "%s is missing; %s".formatted(label(key), hint));
    }

    /** A problem with the value of a key that is there. */
    void problem(String key, Code code, String message) {
        Entry entry = entries.get(key);
        problem(entry.value(), entry.path(), code, message);
    }

    void problem(Text text, Code code, String message) {
        problem(text.node(), text.path(), code, message);
    }

    void problem(Node at, String problemPath, Code code, String message) {
        problems.add(at, problemPath, code, where.isEmpty() ? message : where + ": " + message);
    }

    /** How many problems there are in the whole text by now. */
    int problemsSoFar() {
        return problems.count();
    }

    String label(String key) {
        return quoted(prefix + key);
    }

    private String pathOf(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    /** What somebody wrote, fit for a message: on one line, and not all of a long text. */
    static String quoted(String text) {
        return "'" + line(text) + "'";
    }

    /** As {@link #quoted}, without the quotes. */
    static String line(String text) {
        String line = text.replaceAll("\\p{Cntrl}+", " ");
        return line.length() > QUOTED ? line.substring(0, QUOTED) + "…" : line;
    }

    static String alternatives(List<String> words) {
        int last = words.size() - 1;
        return last == 0 ? words.get(0) : String.join(", ", words.subList(0, last)) + " or " + words.get(last);
    }

    private static boolean empty(Node value) {
        return value instanceof ScalarNode scalar && scalar.isPlain() && scalar.getValue().isEmpty();
    }

    static String kind(Node value) {
        if (value instanceof MappingNode) {
            return "a mapping";
        }
        if (value instanceof SequenceNode) {
            return "a list";
        }
        return value.getTag().equals(Tag.NULL) || empty(value) ? "empty" : "a text";
    }

    /** YAML reads an unquoted {@code {{ vars.x }}} as a mapping whose key is a mapping. */
    private static boolean unquotedPlaceholder(Node value) {
        return value instanceof MappingNode mapping
                && mapping.getValue().stream().anyMatch(tuple -> tuple.getKeyNode() instanceof CollectionNode<?>);
    }

}
