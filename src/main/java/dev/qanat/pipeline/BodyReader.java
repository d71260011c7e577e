package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Endpoint.Bare;
import dev.qanat.pipeline.Endpoint.Body;
import dev.qanat.pipeline.Endpoint.Items;
import dev.qanat.pipeline.Endpoint.Members;
import dev.qanat.pipeline.Endpoint.Words;
import dev.qanat.pipeline.Section.Text;
import dev.qanat.pipeline.Variables.Scope;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** Reads the body of a request: JSON, written in YAML. */
final class BodyReader {
    /** RFC 8259, 6; YAML also knows {@code 1.} and {@code .inf}. */
    private static final Pattern NUMBER = Pattern.compile("-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?");

    /** Aliases multiply what they stand for. */
    private static final int MOST_VALUES = 10_000;

    private final Section endpoint;
    private final Variables variables;
    private final Scope scope;
    private int values;
    // An alias may lead back to what it stands in.
    private final Set<Node> around = Collections.newSetFromMap(new IdentityHashMap<>());

    BodyReader(Section endpoint, Variables variables, Scope scope) {
        this.endpoint = endpoint;
        this.variables = variables;
        this.scope = scope;
    }

    Optional<Body> read(String key) {
        return endpoint.entry(key).flatMap(entry -> value(entry.value(), entry.path(), "endpoint." + key));
    }

    private Optional<Body> value(Node node, String path, String name) {
        if (++values > MOST_VALUES) {
            if (values == MOST_VALUES + 1) {
                endpoint.problem(node, path, Code.INVALID_VALUE,
                        "the body has more than %d values; make it smaller".formatted(MOST_VALUES));
            }
            return Optional.empty();
        }
        if (node instanceof ScalarNode scalar) {
            return scalar(scalar, path, name);
        }
        if (!around.add(node)) {
            endpoint.problem(node, path, Code.INVALID_VALUE, Section.quoted(name) + " is an alias of what it stands in; write it out");
            return Optional.empty();
        }
        Optional<Body> value = node instanceof MappingNode mapping
                ? members(mapping, path, name)
                : items((SequenceNode) node, path, name);
        around.remove(node);
        return value;
    }

    private Optional<Body> members(MappingNode mapping, String path, String name) {
        Map<String, Body> members = new LinkedHashMap<>();
        Section section = endpoint.below(mapping, path, name + ".");
        for (Section.Entry entry : section.entries()) {
            if (Variables.used(entry.name())) {
                endpoint.problem(entry.key(), entry.path(), Code.INVALID_NAME,
                        Section.quoted(entry.name()) + " is taken as it stands, nothing is put in; write the name");
            }
            value(entry.value(), entry.path(), name + "." + entry.name()).ifPresent(value -> members.put(entry.name(), value));
        }
        return members.size() == mapping.getValue().size()
                ? Optional.of(new Members(Collections.unmodifiableMap(members)))
                : Optional.empty();
    }

    private Optional<Body> items(SequenceNode list, String path, String name) {
        List<Body> items = new ArrayList<>();
        for (int i = 0; i < list.getValue().size(); i++) {
            value(list.getValue().get(i), path + "[" + i + "]", name + "[" + i + "]").ifPresent(items::add);
        }
        return items.size() == list.getValue().size() ? Optional.of(new Items(List.copyOf(items))) : Optional.empty();
    }

    private Optional<Body> scalar(ScalarNode scalar, String path, String name) {
        Tag tag = scalar.getTag();
        String text = scalar.getValue();
        if (tag.equals(Tag.STR)) {
            return variables.template(endpoint, new Text(scalar, path, text), scope).map(Words::new);
        }
        boolean word = tag.equals(Tag.BOOL) || tag.equals(Tag.NULL);
        if (text.isEmpty() || !word && !NUMBER.matcher(text).matches()) {
            endpoint.problem(scalar, path, Code.WRONG_TYPE, "%s must be a JSON value, not %s"
                    .formatted(Section.quoted(name), text.isEmpty() ? "empty" : Section.quoted(text)));
            return Optional.empty();
        }
        return Optional.of(new Bare(text));
    }
}
