package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/** Finds secrets written out, wherever they stand, also below keys that are not built yet: what is uploaded is stored. */
final class LiteralSecrets {
    private static final Set<String> SECRET_KEYS = Set.of("api_key", "password", "token", "client_secret");
    /** Below these, keys are names of columns. */
    private static final Set<String> NAMES_OF_COLUMNS = Set.of("columns", "schema", "filters");

    private static final Pattern REFERENCE = Pattern.compile("\\$\\{secret:[A-Za-z_][A-Za-z0-9_]*}");

    private final Problems problems;
    // An alias leads to the same node again, and may lead to itself.
    private final Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());

    LiteralSecrets(Problems problems) {
        this.problems = problems;
    }

    void find(Node node, String path) {
        if (!seen.add(node)) {
            return;
        }
        if (node instanceof SequenceNode list) {
            for (int i = 0; i < list.getValue().size(); i++) {
                find(list.getValue().get(i), path + "[" + i + "]");
            }
        } else if (node instanceof MappingNode mapping) {
            for (NodeTuple tuple : mapping.getValue()) {
                if (tuple.getKeyNode() instanceof ScalarNode key && !NAMES_OF_COLUMNS.contains(key.getValue())) {
                    check(key.getValue(), tuple.getValueNode(), path.isEmpty() ? key.getValue() : path + "." + key.getValue());
                }
            }
        }
    }

    private void check(String key, Node value, String path) {
        if (!(value instanceof ScalarNode scalar) || !SECRET_KEYS.contains(key)) {
            find(value, path);
        } else if (!scalar.getTag().equals(Tag.NULL) && !REFERENCE.matcher(scalar.getValue()).matches()) {
            problems.add(scalar, path, Code.LITERAL_SECRET,
                    "a secret is written out under '%s'; write ${secret:NAME} and give NAME to the server"
                    .formatted(key));
        }
    }
}
