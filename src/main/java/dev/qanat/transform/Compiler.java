package dev.qanat.transform;

import dev.qanat.transform.jinja.Jinja;
import dev.qanat.transform.jinja.Names;
import dev.qanat.transform.jinja.Place;
import dev.qanat.transform.jinja.TemplateFault;
import dev.qanat.transform.jinja.Values;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Renders nodes for execution. */
final class Compiler {
    private static final String CTE = "__dbt__cte__";
    /** A leading {@code with}, behind whatever white space and comments. */
    private static final Pattern WITH = Pattern.compile(
            "\\A(?:\\s++|--[^\\n]*+|/\\*(?s:.*?)\\*/)*+(with(?:\\s++recursive)?)\\b", Pattern.CASE_INSENSITIVE);

    private final String project;
    private final Map<String, Node> nodes;
    private final Map<String, Function<Names, String>> bodies;
    private final ProjectNames names;
    private final Jinja jinja;

    Compiler(
            String project,
            Map<String, Node> nodes,
            Map<String, Function<Names, String>> bodies,
            ProjectNames names,
            Jinja jinja) {
        this.project = project;
        this.nodes = nodes;
        this.bodies = bodies;
        this.names = names;
        this.jinja = jinja;
    }

    Compiled compile(Node node, ExistingRelations existing, boolean fullRefresh, Map<String, Relation> standIns) {
        boolean refresh = node.config().fullRefresh().orElse(fullRefresh);
        boolean incremental = node.kind() == Node.Kind.MODEL
                && node.config().materialized().equals("incremental")
                && !refresh
                && existing.find(node.relation()).filter(ExistingRelations.Kind.TABLE::equals).isPresent();
        NodeNames.Phase phase = new NodeNames.Phase(true, incremental, refresh);
        Map<String, String> expressions = new LinkedHashMap<>();
        String sql = withExpressions(render(node, phase, standIns, expressions), expressions);
        return new Compiled(
                node, sql, incremental, hooks(node, node.config().preHooks(), phase), hooks(node, node.config().postHooks(), phase));
    }

    /** Renders the node, and before it, into the expressions, the ephemeral models that it reads. */
    private String render(Node node, NodeNames.Phase phase, Map<String, Relation> standIns, Map<String, String> expressions) {
        return bodies.get(node.uniqueId()).apply(namesOf(node, phase, standIns, id -> {
            if (!expressions.containsKey(id)) {
                Node ephemeral = nodes.get(id);
                String inner = render(ephemeral, new NodeNames.Phase(true, false, phase.fullRefresh()), standIns, expressions);
                expressions.put(id, " %s%s as (\n%s\n)".formatted(CTE, ephemeral.name(), inner));
            }
        }));
    }

    private static String withExpressions(String sql, Map<String, String> expressions) {
        if (expressions.isEmpty()) {
            return sql;
        }
        String all = String.join(", ", expressions.values());
        Matcher with = WITH.matcher(sql);
        return with.find()
                ? sql.substring(0, with.end(1)) + all + ", " + sql.substring(with.end(1))
                : "with" + all + " " + sql;
    }

    /** @param used told of each ephemeral model that is referred to */
    private NodeNames namesOf(Node node, NodeNames.Phase phase, Map<String, Relation> standIns, Consumer<String> used) {
        References references = new References() {
            @Override
            public Object ref(String name) {
                for (String kind : List.of("model", "seed")) {
                    Node found = nodes.get("%s.%s.%s".formatted(kind, project, name));
                    if (found != null) {
                        return relation(found);
                    }
                }
                throw TemplateFault.unknown("ref('%s'): there is no enabled model or seed of this name".formatted(name));
            }

            @Override
            public Relation source(String source, String table) {
                Node found = nodes.get("source.%s.%s.%s".formatted(project, source, table));
                if (found == null) {
                    throw TemplateFault.unknown("source('%s', '%s') is not declared and enabled".formatted(source, table));
                }
                known(found);
                return found.relation();
            }

            private Object relation(Node found) {
                known(found);
                if (found.isEphemeral()) {
                    used.accept(found.uniqueId());
                    return CTE + found.name();
                }
                return standIns.getOrDefault(found.uniqueId(), found.relation());
            }

            private void known(Node found) {
                if (!node.dependsOn().contains(found.uniqueId())) {
                    throw TemplateFault.unknown(("'%s' is read, and was not when the project was read without executing; "
                                    + "write -- depends_on: {{ ref('%s') }} outside of the condition")
                            .formatted(found.name(), found.name()));
                }
            }
        };
        return new NodeNames(
                names,
                project,
                references,
                node.relation(),
                phase,
                node.config().values(),
                given -> {},
                shown(node));
    }

    private static Map<Object, Object> shown(Node node) {
        Map<Object, Object> shown = new LinkedHashMap<>();
        shown.put("unique_id", node.uniqueId());
        shown.put("name", node.name());
        shown.put("original_file_path", node.file());
        shown.put("config", Values.copy(node.config().values()));
        shown.put("description", node.description());
        return shown;
    }

    private List<NodeConfig.Hook> hooks(Node node, List<NodeConfig.Hook> given, NodeNames.Phase phase) {
        return given.stream()
                .map(hook -> new NodeConfig.Hook(
                        jinja.template(new Place(node.file(), node.line()), hook.sql())
                                .render(namesOf(node, phase, Map.of(), id -> {
                                    throw TemplateFault.invalid("a hook cannot read an ephemeral model");
                                })),
                        hook.transaction()))
                .toList();
    }
}
