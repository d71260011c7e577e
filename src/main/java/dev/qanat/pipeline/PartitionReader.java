package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Section.Text;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Reads {@code partitions} of a resource. Their values go into requests, and are checked before one is spent: against a pattern of
 * their own, and against the columns that read them.
 */
final class PartitionReader {
    /** So many are fetched one by one, each with a cursor of its own. */
    private static final int MOST = 10_000;

    private static final int LONGEST = 200;
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,62}");
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    private final Section resource;
    private final Variables variables;
    private final List<Column> columns;
    private final Map<String, List<String>> values = new LinkedHashMap<>();

    /** @param columns those of the resource */
    PartitionReader(Section resource, Variables variables, List<Column> columns) {
        this.resource = resource;
        this.variables = variables;
        this.columns = columns;
    }

    /** A value, and where it comes from. */
    private record Value(String text, Text at, int number) {
        /** How a message speaks of it: what was put in does not stand there. */
        String shown() {
            return Variables.used(at.value()) ? "value %d of %s".formatted(number, Section.quoted(at.value())) : Section.quoted(text);
        }
    }

    /** What a value must match. */
    private record Rule(Pattern pattern, String named) {}

    /** Every combination of values; a single one without values where nothing is declared. */
    List<Map<String, String>> read() {
        Optional<Section> partitions = resource.mapping("partitions", "a mapping such as { symbol: [IBM, AAPL] }");
        for (Section.Entry entry : partitions.map(Section::entries).orElse(List.of())) {
            values.put(entry.name(), List.copyOf(one(partitions.get(), entry)));
        }
        if (partitions.isPresent() && values.isEmpty()) {
            resource.problem("partitions", Code.INVALID_VALUE, "'partitions' is empty; name one, or take it out");
        }
        long combinations = 1;
        for (List<String> of : values.values()) {
            combinations = Math.min(combinations * of.size(), MOST + 1L);
        }
        if (combinations > MOST) {
            resource.problem("partitions", Code.INVALID_VALUE,
                    "'partitions' makes more than %d combinations; name fewer values".formatted(MOST));
            return List.of();
        }
        return new Combinations(values, (int) combinations);
    }

    /** The names that were read, also of those with a problem. */
    Set<String> names() {
        return Collections.unmodifiableSet(values.keySet());
    }

    private List<String> one(Section partitions, Section.Entry entry) {
        if (!NAME.matcher(entry.name()).matches()) {
            partitions.problem(entry.key(), entry.path(), Code.INVALID_NAME, partitions.label(entry.name())
                    + " is not an allowed name; use letters, digits and underscores, a letter first, at most 63");
        }
        List<Rule> rules = new ArrayList<>();
        Section place = partitions;
        String key = entry.name();
        if (entry.value() instanceof MappingNode mapping) {
            key = "values";
            place = partitions.below(mapping, entry.path(), "partitions." + entry.name() + ".");
            place.allow(Level.PARTITION);
            if (!place.has(key)) {
                place.missing(key, "list the values");
            }
            ColumnReader.pattern(place).ifPresent(pattern -> rules.add(new Rule(pattern, "'pattern'")));
        }
        List<Column> readers =
                columns.stream().filter(c -> !c.isComputed() && c.from().equals(entry.name())).toList();
        readers.forEach(column -> column.pattern()
                .ifPresent(pattern -> rules.add(new Rule(pattern, "the pattern of column '%s'".formatted(column.name())))));
        List<Value> found = values(place, key);
        check(place, found, rules, readers);
        return found.stream().map(Value::text).distinct().toList();
    }

    private List<Value> values(Section place, String key) {
        Optional<Section.Entry> entry = place.entry(key);
        if (entry.isEmpty()) {
            return List.of();
        }
        List<Value> values = new ArrayList<>();
        boolean list = entry.get().value() instanceof SequenceNode;
        Optional<List<Text>> texts = place.texts(key, "a list of values, or a text with commas between them");
        boolean sound = texts.isPresent();
        for (Text text : texts.orElse(List.of())) {
            Optional<String> expanded = variables.expand(place, text);
            sound &= expanded.isPresent();
            for (String part : list ? expanded.stream().toList() : Arrays.asList(expanded.orElse("").split(","))) {
                String value = part.strip();
                if (!value.isEmpty()) {
                    values.add(new Value(value, text, values.size() + 1));
                } else if (list) {
                    sound = false;
                    place.problem(text, Code.INVALID_VALUE, "%s: an item is empty; take it out".formatted(place.label(key)));
                }
            }
        }
        if (sound && values.isEmpty()) {
            place.problem(key, Code.INVALID_VALUE, "%s has no values; name at least one".formatted(place.label(key)));
        }
        if (values.size() > MOST) {
            place.problem(key, Code.INVALID_VALUE, "%s has more than %d values; name fewer".formatted(place.label(key), MOST));
            return List.of();
        }
        return values;
    }

    private static void check(Section place, List<Value> values, List<Rule> rules, List<Column> readers) {
        Set<String> seen = new HashSet<>();
        for (Value value : values) {
            String text = value.text();
            if (!seen.add(text)) {
                place.problem(value.at(), Code.DUPLICATE_KEY, value.shown() + " is given twice; keep one");
            } else if (text.length() > LONGEST || CONTROL.matcher(text).find()) {
                place.problem(value.at(), Code.INVALID_VALUE,
                        "%s is longer than %d characters, or has a control character; write another".formatted(value.shown(), LONGEST));
            }
            for (Column column : readers) {
                if (!column.values().isEmpty() && !column.values().contains(text)) {
                    place.problem(value.at(), Code.INVALID_VALUE,
                            "%s is none of the values of column '%s'".formatted(value.shown(), column.name()));
                }
            }
            if (!matches(place, value, rules)) {
                return;
            }
        }
    }

    /** Reports a value that does not match; false when a pattern is of no use for the others either. */
    private static boolean matches(Section place, Value value, List<Rule> rules) {
        for (Rule rule : rules) {
            switch (BoundedMatch.of(rule.pattern(), value.text())) {
                case MATCHES -> {}
                case DIFFERS -> place.problem(
                        value.at(), Code.INVALID_VALUE, "%s does not match %s".formatted(value.shown(), rule.named()));
                case ENDLESS -> {
                    place.problem(value.at(), Code.INVALID_VALUE,
                            "%s takes too many steps to match against %s; make it simpler".formatted(value.shown(), rule.named()));
                    return false;
                }
            }
        }
        return true;
    }

    /** The combinations of some values, the last name's changing fastest; made when they are asked for. */
    private static final class Combinations extends AbstractList<Map<String, String>> {
        private final Map<String, List<String>> values;
        private final int size;

        Combinations(Map<String, List<String>> values, int size) {
            this.values = values;
            this.size = size;
        }

        @Override
        public Map<String, String> get(int index) {
            Map<String, String> combination = new LinkedHashMap<>();
            int rest = index;
            int group = size;
            for (Map.Entry<String, List<String>> of : values.entrySet()) {
                group /= of.getValue().size();
                combination.put(of.getKey(), of.getValue().get(rest / group));
                rest %= group;
            }
            return Collections.unmodifiableMap(combination);
        }

        @Override
        public int size() {
            return size;
        }
    }
}
