package dev.qanat.pipeline;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * What differs between two versions of a pipeline, by meaning and not by line: comments, layout, the order of keys, and the ways of
 * writing one thing ({@code close: date} and {@code close: { type: date }}, {@code schema} and {@code columns}, {@code PT1H} and
 * {@code PT60M}, the order of {@code values}, blanks in SQL) do not count.
 */
public final class ConfigChanges {

    /** What became of a setting. */
    public enum Kind {
        ADDED,
        REMOVED,
        CHANGED;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A change.
     *
     * @param path the setting, such as {@code resources.sales.columns.close.type}; items of lists go by their name
     * @param from what stood there; null where nothing did, or more than a text or a list of texts
     * @param to what stands there now; null likewise
     * @param message for people, such as {@code resource sales, column close: type numeric(18,4) to numeric(20,6)}
     */
    public record Change(Kind kind, String path, @Nullable String from, @Nullable String to, String message) {}

    /** Below these, keys are names that people call something. */
    private static final Map<String, String> NAMED = Map.of(
            "sources", "source",
            "resources", "resource",
            "children", "child",
            "columns", "column",
            "partitions", "partition",
            "rate_limit", "rate limit per",
            "response_actions", "response action");

    /** Whose order counts: where fields without a header go, and what is tried first. */
    private static final Set<String> ORDERED = Set.of("columns", "response_actions");

    /** In SQL: a text or a quoted name, a sign that needs no blanks around it, and any other blanks. */
    private static final Pattern NEEDLESS = Pattern.compile("('[^']*'|\"[^\"]*\")|\\s*([<>=!]+|[(),+*/])\\s*|\\s+");

    /** A text that can be told from its neighbours in a list. */
    private static final Pattern PLAIN = Pattern.compile("[\\p{L}\\p{N}_][^,]*");

    private final List<Change> changes = new ArrayList<>();

    private ConfigChanges() {}

    /**
     * The changes in the order of the later version, what was removed last.
     *
     * @param before a valid pipeline's YAML; null when there was none in force
     * @param after a valid pipeline's YAML; null when there is none in force
     */
    public static List<Change> between(@Nullable String before, @Nullable String after) {
        ConfigChanges found = new ConfigChanges();
        if (before == null && after != null) {
            found.changes.add(new Change(Kind.ADDED, "", null, null, "created"));
        } else if (before != null && after == null) {
            found.changes.add(new Change(Kind.REMOVED, "", null, null, "removed"));
        } else if (before != null && after != null) {
            found.compare(List.of(), meaning(before), meaning(after));
        }
        return found.changes;
    }

    private void compare(List<String> path, Object before, Object after) {
        if (before instanceof Map<?, ?> old && after instanceof Map<?, ?> now) {
            Set<Object> names = new LinkedHashSet<>(now.keySet());
            names.addAll(old.keySet());
            for (Object name : names) {
                List<String> below = new ArrayList<>(path);
                below.add(name.toString());
                Object was = old.get(name);
                Object is = now.get(name);
                if (was == null) {
                    add(Kind.ADDED, below, null, is);
                } else if (is == null) {
                    add(Kind.REMOVED, below, was, null);
                } else {
                    compare(below, was, is);
                }
            }
            compareOrder(path, old, now);
        } else if (!comparable(path, before).equals(comparable(path, after))) {
            add(Kind.CHANGED, path, before, after);
        }
    }

    /** A setting such that two that mean the same are equal. */
    private static Object comparable(List<String> path, Object value) {
        boolean named = path.get(0).equals("vars");
        return switch (named ? "" : path.get(path.size() - 1)) {
            case "values", "null_if" -> value instanceof List<?> list ? Set.copyOf(list) : Set.of(value);
            case "where", "expr" -> value instanceof String sql ? withoutNeedlessBlanks(sql) : value;
            case "every", "watch" -> value instanceof String text ? duration(text) : value;
            default -> value;
        };
    }

    private static String withoutNeedlessBlanks(String sql) {
        // Behind a backslash a quote may not end its text.
        return sql.contains("\\")
                ? sql
                : NEEDLESS.matcher(sql.strip())
                        .replaceAll(found -> Matcher.quoteReplacement(
                                found.group(1) != null ? found.group(1) : found.group(2) != null ? found.group(2) : " "));
    }

    private static Object duration(String text) {
        try {
            return Duration.parse(text);
        } catch (DateTimeParseException e) {
            // It may name a variable.
            return text;
        }
    }

    /** The order of resources decides who takes a file. */
    private void compareOrder(List<String> path, Map<?, ?> before, Map<?, ?> after) {
        String last = path.isEmpty() ? "" : path.get(path.size() - 1);
        if (path.equals(List.of("resources")) || path.size() == 3 && ORDERED.contains(last)) {
            List<?> old = before.keySet().stream().filter(after::containsKey).toList();
            List<?> now = after.keySet().stream().filter(before::containsKey).toList();
            if (!old.equals(now)) {
                List<String> named = new ArrayList<>(path);
                named.set(path.size() - 1, "order of " + last);
                String from = shown(old);
                String to = shown(now);
                changes.add(new Change(
                        Kind.CHANGED, String.join(".", path), from, to, subject(named) + " " + brief(from) + " to " + brief(to)));
            }
        }
    }

    private void add(Kind kind, List<String> path, @Nullable Object before, @Nullable Object after) {
        String from = shown(before);
        String to = shown(after);
        String what = switch (kind) {
            case ADDED -> "added" + inParentheses(after);
            case REMOVED -> "removed" + inParentheses(before);
            case CHANGED -> from == null || to == null ? "changed" : brief(from) + " to " + brief(to);
        };
        changes.add(new Change(kind, String.join(".", path), from, to, subject(path) + " " + what));
    }

    /** What a change is about, as people say it: {@code resource sales, column close: type}. */
    private static String subject(List<String> path) {
        List<String> places = new ArrayList<>();
        int at = 0;
        while (at + 1 < path.size() && NAMED.containsKey(path.get(at))) {
            places.add(NAMED.get(path.get(at)) + " " + path.get(at + 1));
            at += 2;
        }
        String subject = at < path.size() ? String.join(".", path.subList(at, path.size())) : places.remove(places.size() - 1);
        return places.isEmpty() ? subject : String.join(", ", places) + ": " + subject;
    }

    private static String inParentheses(@Nullable Object value) {
        String shown = shown(value);
        if (value instanceof Map<?, ?> parts) {
            shown = parts.get("type") != null ? shown(parts.get("type")) : inOneLine(parts);
        }
        return shown == null ? "" : " (" + brief(shown) + ")";
    }

    /** What has texts alone below it, such as {@code every PT5M, catchup all}; null otherwise. */
    private static @Nullable String inOneLine(Map<?, ?> parts) {
        return !parts.isEmpty() && parts.values().stream().allMatch(String.class::isInstance)
                ? parts.entrySet().stream().map(part -> part.getKey() + " " + part.getValue()).collect(Collectors.joining(", "))
                : null;
    }

    /** A text, or a list of texts; null for what has parts of its own. */
    private static @Nullable String shown(@Nullable Object value) {
        if (value instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
            return list.isEmpty() ? "[]" : list.stream().map(item -> inList((String) item)).collect(Collectors.joining(", "));
        }
        return value instanceof String text ? text : null;
    }

    private static String inList(String text) {
        return PLAIN.matcher(text).matches() ? text : "'" + text + "'";
    }

    private static String brief(String text) {
        return text.isEmpty() ? "''" : Section.line(text);
    }

    /** A pipeline as maps, lists and texts, in one way of writing. */
    private static Map<String, Object> meaning(String yaml) {
        Map<String, Object> pipeline = map(YamlDocument.read(yaml, "pipeline.yaml"));
        if (pipeline.get("resources") instanceof List<?> list) {
            Map<String, Object> resources = new LinkedHashMap<>();
            list.forEach(item -> {
                if (item instanceof Map<?, ?> resource) {
                    resources.put(String.valueOf(resource.get("name")), resource(resource));
                }
            });
            pipeline.put("resources", resources);
        }
        if (pipeline.get("sources") instanceof Map<?, ?> written) {
            Map<String, Object> sources = new LinkedHashMap<>();
            written.forEach((name, value) -> sources.put(name.toString(), value instanceof Map<?, ?> source ? source(source) : value));
            pipeline.put("sources", sources);
        }
        return pipeline;
    }

    private static Map<String, Object> source(Map<?, ?> written) {
        Map<String, Object> source = new LinkedHashMap<>();
        written.forEach((key, value) -> source.put(key.toString(), switch (key.toString()) {
            case "rate_limit" -> rateLimits(value);
            case "response_actions" -> responseActions(value);
            default -> value;
        }));
        return source;
    }

    /** By their intervals, of which each has one. */
    private static Map<String, Object> rateLimits(Object written) {
        Map<String, Object> limits = new LinkedHashMap<>();
        for (Map<?, ?> limit : mappings(written)) {
            String requests = limit.get("limit") + " requests";
            limits.put(
                    interval(String.valueOf(limit.get("interval"))),
                    limit.containsKey("on_exhausted") ? requests + ", " + limit.get("on_exhausted") : requests);
        }
        return limits;
    }

    private static String interval(String written) {
        try {
            return Duration.parse(written).toString();
        } catch (DateTimeParseException e) {
            // Something is put in.
            return written;
        }
    }

    /** By the answers they are for. */
    private static Map<String, Object> responseActions(Object written) {
        Map<String, Object> actions = new LinkedHashMap<>();
        for (Map<?, ?> action : mappings(written)) {
            String answers = Stream.of("status", "path", "contains")
                    .filter(action::containsKey)
                    .map(condition -> condition + " " + action.get(condition))
                    .collect(Collectors.joining(", "));
            String wait = action.containsKey("wait") ? " after " + action.get("wait") : "";
            actions.put(answers, action.get("action") + wait);
        }
        return actions;
    }

    private static List<Map<?, ?>> mappings(Object written) {
        List<?> list = written instanceof List<?> several ? several : List.of(written);
        List<Map<?, ?>> mappings = new ArrayList<>();
        list.forEach(item -> {
            if (item instanceof Map<?, ?> mapping) {
                mappings.add(mapping);
            }
        });
        return mappings;
    }

    private static Map<String, Object> resource(Map<?, ?> written) {
        Map<String, Object> resource = new LinkedHashMap<>();
        written.forEach((key, value) -> {
            boolean columns = key.equals("schema") || key.equals("columns");
            resource.put(columns ? "columns" : key.toString(), value instanceof Map<?, ?> map ? part(key.toString(), map) : value);
        });
        // It goes by it.
        resource.remove("name");
        if (resource.get("children") instanceof Map<?, ?> children) {
            Map<String, Object> items = new LinkedHashMap<>();
            children.forEach((field, child) -> items.put(field.toString(), child instanceof Map<?, ?> map ? resource(map) : child));
            resource.put("children", items);
        }
        return resource;
    }

    private static Map<?, ?> part(String key, Map<?, ?> written) {
        return switch (key) {
            case "schema", "columns" -> columns(written);
            case "endpoint" -> endpoint(written);
            case "partitions" -> partitions(written);
            default -> written;
        };
    }

    private static Map<String, Object> endpoint(Map<?, ?> written) {
        Map<String, Object> endpoint = new LinkedHashMap<>();
        written.forEach((key, value) -> endpoint.put(
                key.toString(), key.equals("paginator") && value instanceof String type ? Map.of("type", type) : value));
        return endpoint;
    }

    /** A text with commas is what the list of its parts would be. */
    private static Map<String, Object> partitions(Map<?, ?> written) {
        Map<String, Object> partitions = new LinkedHashMap<>();
        written.forEach((name, value) -> {
            Map<String, Object> partition = new LinkedHashMap<>();
            (value instanceof Map<?, ?> map ? map : Map.of("values", value)).forEach((key, setting) -> partition.put(
                    key.toString(),
                    key.equals("values") && setting instanceof String text ? String.join(", ", text.strip().split("\\s*,\\s*")) : setting));
            partition.computeIfPresent("values", (key, values) -> values instanceof List<?> ? String.valueOf(shown(values)) : values);
            partitions.put(name.toString(), partition);
        });
        return partitions;
    }

    private static Map<String, Object> columns(Map<?, ?> written) {
        Map<String, Object> columns = new LinkedHashMap<>();
        written.forEach((name, value) -> {
            Map<String, Object> column = new LinkedHashMap<>();
            column.put("type", type(value instanceof Map<?, ?> map ? map.get("type") : value));
            if (value instanceof Map<?, ?> map) {
                map.forEach((key, setting) -> column.putIfAbsent(key.toString(), setting));
            }
            columns.put(name.toString(), column);
        });
        return columns;
    }

    private static String type(@Nullable Object written) {
        return written == null
                ? ColumnType.TEXT.toString()
                : ColumnType.parse(written.toString()).map(ColumnType::toString).orElse(written.toString());
    }

    private static Map<String, Object> map(MappingNode node) {
        Map<String, Object> map = new LinkedHashMap<>();
        node.getValue().forEach(tuple -> {
            if (tuple.getKeyNode() instanceof ScalarNode key) {
                map.put(key.getValue(), value(tuple.getValueNode()));
            }
        });
        return map;
    }

    private static Object value(Node node) {
        if (node instanceof MappingNode mapping) {
            return map(mapping);
        }
        if (node instanceof SequenceNode list) {
            // A list of one text is what the text alone would be.
            return list.getValue().size() == 1 && list.getValue().get(0) instanceof ScalarNode only
                    ? only.getValue()
                    : list.getValue().stream().map(ConfigChanges::value).toList();
        }
        return ((ScalarNode) node).getValue();
    }
}
