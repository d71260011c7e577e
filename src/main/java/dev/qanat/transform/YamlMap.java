package dev.qanat.transform;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.transform.jinja.None;
import dev.qanat.transform.jinja.Place;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** A mapping of a project's YAML, whose values know their lines. */
final class YamlMap {
    private final String file;
    private final int line;
    private final Map<String, NodeTuple> entries = new LinkedHashMap<>();

    private YamlMap(String file, int line) {
        this.file = file;
        this.line = line;
    }

    private YamlMap(String file, MappingNode node) {
        this(file, lineOf(node));
        for (NodeTuple tuple : node.getValue()) {
            String key = key(tuple.getKeyNode());
            if (entries.putIfAbsent(key, tuple) != null) {
                throw failure(Code.DUPLICATE_KEY, lineOf(tuple.getKeyNode()), "'%s' is given twice; keep one".formatted(key));
            }
        }
    }

    /** The root of a file; an empty one has no keys. */
    static YamlMap read(String file, String text) {
        LoadSettings settings = LoadSettings.builder().setLabel(file).setUseMarks(true).build();
        try {
            Optional<Node> root = new Compose(settings).composeString(text);
            if (root.isEmpty() || root.get().getTag().equals(Tag.NULL)) {
                return new YamlMap(file, 1);
            }
            if (root.get() instanceof MappingNode mapping) {
                return new YamlMap(file, mapping);
            }
            throw new YamlMap(file, 1).failure(Code.WRONG_TYPE, 1, "a mapping is expected, such as 'models:'");
        } catch (MarkedYamlEngineException e) {
            int at = e.getProblemMark().map(Mark::getLine).orElse(0) + 1;
            throw new YamlMap(file, 1).failure(Code.NOT_YAML, at, "not YAML: " + e.getProblem());
        } catch (YamlEngineException e) {
            throw new YamlMap(file, 1).failure(Code.NOT_YAML, 1, "not YAML: " + e.getMessage());
        }
    }

    String file() {
        return file;
    }

    Place place() {
        return new Place(file, line);
    }

    Place place(String key) {
        NodeTuple tuple = entries.get(key);
        return tuple == null ? place() : new Place(file, lineOf(tuple.getKeyNode()));
    }

    Set<String> keys() {
        return entries.keySet();
    }

    boolean has(String key) {
        NodeTuple tuple = entries.get(key);
        return tuple != null && !tuple.getValueNode().getTag().equals(Tag.NULL);
    }

    /** A scalar as it is written. */
    Optional<String> text(String key) {
        if (!has(key)) {
            return Optional.empty();
        }
        if (entries.get(key).getValueNode() instanceof ScalarNode scalar) {
            return Optional.of(scalar.getValue());
        }
        throw wrong(key, "a text");
    }

    String need(String key) {
        return text(key).orElseThrow(() -> failure(Code.MISSING_KEY, line, "'%s' is missing".formatted(key)));
    }

    /** A text or a list of them. */
    List<String> texts(String key) {
        if (!has(key)) {
            return List.of();
        }
        if (entries.get(key).getValueNode() instanceof SequenceNode list) {
            return list.getValue().stream()
                    .map(item -> item instanceof ScalarNode scalar ? scalar.getValue() : wrongItem(key))
                    .toList();
        }
        return List.of(need(key));
    }

    private String wrongItem(String key) {
        throw wrong(key, "a list of texts");
    }

    Optional<YamlMap> map(String key) {
        if (!has(key)) {
            return Optional.empty();
        }
        if (entries.get(key).getValueNode() instanceof MappingNode mapping) {
            return Optional.of(new YamlMap(file, mapping));
        }
        throw wrong(key, "a mapping");
    }

    boolean isMap(String key) {
        return has(key) && entries.get(key).getValueNode() instanceof MappingNode;
    }

    /** A list of mappings. */
    List<YamlMap> maps(String key) {
        if (!has(key)) {
            return List.of();
        }
        if (!(entries.get(key).getValueNode() instanceof SequenceNode list)) {
            throw wrong(key, "a list");
        }
        List<YamlMap> maps = new ArrayList<>();
        for (Node item : list.getValue()) {
            if (!(item instanceof MappingNode mapping)) {
                throw failure(Code.WRONG_TYPE, lineOf(item), "an item of '%s' must be a mapping".formatted(key));
            }
            maps.add(new YamlMap(file, mapping));
        }
        return maps;
    }

    /** A list whose items are names or mappings with one key, such as tests; a name stands for itself with nothing below. */
    List<Map.Entry<String, YamlMap>> named(String key) {
        if (!has(key)) {
            return List.of();
        }
        if (!(entries.get(key).getValueNode() instanceof SequenceNode list)) {
            throw wrong(key, "a list");
        }
        return list.getValue().stream().map(this::namedItem).toList();
    }

    private Map.Entry<String, YamlMap> namedItem(Node item) {
        if (item instanceof ScalarNode scalar) {
            return Map.entry(scalar.getValue(), new YamlMap(file, lineOf(item)));
        }
        if (item instanceof MappingNode mapping && !mapping.getValue().isEmpty()) {
            NodeTuple first = mapping.getValue().get(0);
            String name = key(first.getKeyNode());
            YamlMap whole = new YamlMap(file, mapping);
            if (mapping.getValue().size() > 1 && whole.has("test_name")) {
                return Map.entry(whole.need("test_name"), whole);
            }
            if (first.getValueNode() instanceof MappingNode below) {
                YamlMap arguments = new YamlMap(file, below);
                // dbt takes a test's settings beside its name, too
                whole.entries.forEach((other, tuple) -> {
                    if (!other.equals(name)) {
                        arguments.entries.putIfAbsent(other, tuple);
                    }
                });
                return Map.entry(name, arguments);
            }
            if (first.getValueNode().getTag().equals(Tag.NULL)) {
                whole.entries.remove(name);
                return Map.entry(name, whole);
            }
        }
        throw failure(Code.WRONG_TYPE, lineOf(item), "a test is a name, or a name with its arguments below it");
    }

    /** The value as Jinja sees it: text, Long, Double, Boolean, None, list or map. */
    Object value(String key) {
        return value(entries.get(key).getValueNode());
    }

    private Object value(Node node) {
        if (node instanceof MappingNode mapping) {
            Map<Object, Object> map = new LinkedHashMap<>();
            mapping.getValue().forEach(tuple -> map.put(key(tuple.getKeyNode()), value(tuple.getValueNode())));
            return map;
        }
        if (node instanceof SequenceNode list) {
            List<Object> values = new ArrayList<>();
            list.getValue().forEach(item -> values.add(value(item)));
            return values;
        }
        ScalarNode scalar = (ScalarNode) node;
        if (scalar.getTag().equals(Tag.NULL)) {
            return None.NONE;
        }
        if (scalar.getTag().equals(Tag.BOOL)) {
            return Boolean.valueOf(scalar.getValue());
        }
        if (scalar.getTag().equals(Tag.INT) && scalar.getValue().matches("[-+]?\\d{1,18}")) {
            return Long.valueOf(scalar.getValue());
        }
        return scalar.getTag().equals(Tag.FLOAT) && scalar.getValue().matches("[-+.eE\\d]+")
                ? (Object) Double.valueOf(scalar.getValue())
                : (Object) scalar.getValue();
    }

    private String key(Node node) {
        if (node instanceof ScalarNode scalar && !scalar.getValue().equals("<<")) {
            return scalar.getValue();
        }
        throw failure(Code.NOT_SUPPORTED, lineOf(node), "a key must be a name; merge keys are not supported");
    }

    private InputFailure wrong(String key, String expected) {
        return failure(Code.WRONG_TYPE, place(key).line(), "'%s' must be %s".formatted(key, expected));
    }

    InputFailure failure(Code code, String key, String message) {
        return failure(code, place(key).line(), message);
    }

    private InputFailure failure(Code code, int at, String message) {
        return new InputFailure(code, "%s:%d %s".formatted(file, at, message));
    }

    private static int lineOf(Node node) {
        return node.getStartMark().orElseThrow().getLine() + 1;
    }
}
