package dev.qanat.transform;

import dev.qanat.transform.jinja.Arguments;
import dev.qanat.transform.jinja.Attributes;
import dev.qanat.transform.jinja.Callable;
import dev.qanat.transform.jinja.Names;
import dev.qanat.transform.jinja.None;
import dev.qanat.transform.jinja.TemplateFault;
import dev.qanat.transform.jinja.Values;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the text of one node may use, on top of {@link ProjectNames}. */
final class NodeNames implements Names {

    /**
     * What a node is rendered for.
     *
     * @param execute false while dependencies are looked for
     * @param incremental what {@code is_incremental()} says
     */
    record Phase(boolean execute, boolean incremental, boolean fullRefresh) {
        static final Phase PARSE = new Phase(false, false, false);
    }

    /** Takes what {@code config(…)} is called with. */
    @FunctionalInterface
    interface Configured {
        void set(Map<String, Object> settings);
    }

    private final ProjectNames project;
    private final Map<String, Object> names = new HashMap<>();

    /**
     * @param config the configuration that {@code config.get} reads
     * @param model the node as {@code model} shows it
     */
    NodeNames(
            ProjectNames project,
            String projectName,
            References references,
            Relation self,
            Phase phase,
            Map<String, Object> config,
            Configured configured,
            Map<Object, Object> model) {
        this.project = project;
        names.put("ref", (Callable) a -> references.ref(referred(a, projectName)));
        names.put("source", (Callable) a -> references.source(a.text(0, "source_name"), a.text(1, "table_name")));
        names.put("this", self);
        names.put("execute", phase.execute());
        names.put("is_incremental", (Callable) a -> phase.incremental());
        names.put("config", new Config(config, configured));
        names.put("model", model);
        names.put("flags", (Attributes) name -> name.equals("FULL_REFRESH") ? phase.fullRefresh() : null);
    }

    private static String referred(Arguments arguments, String projectName) {
        if (arguments.named().containsKey("v") || arguments.named().containsKey("version")) {
            throw TemplateFault.notSupported("versions of models are not supported; ref the model by its name alone");
        }
        List<Object> names = arguments.positional();
        if (names.size() == 2 && !names.get(0).equals(projectName)) {
            throw TemplateFault.notSupported("ref(%s): packages are not supported".formatted(Values.repr(names.get(0))));
        }
        if (names.isEmpty() || names.size() > 2 || !arguments.named().isEmpty() || !(names.get(names.size() - 1) instanceof String name)) {
            throw TemplateFault.invalid("ref needs the name of a model or seed");
        }
        return name;
    }

    @Override
    public @Nullable Object lookup(String name) {
        Object own = names.get(name);
        return own == null ? project.lookup(name, this) : own;
    }

    private record Config(Map<String, Object> values, Configured configured) implements Callable, Attributes {

        @Override
        public Object call(Arguments arguments) {
            Map<String, Object> given = new HashMap<>(arguments.named());
            for (Object settings : arguments.positional()) {
                if (!(settings instanceof Map<?, ?> map)) {
                    throw TemplateFault.invalid("config needs names and values, such as config(materialized='table')");
                }
                map.forEach((key, value) -> given.put(Values.str(key), value));
            }
            configured.set(given);
            return "";
        }

        @Override
        public @Nullable Object attribute(String name) {
            return switch (name) {
                case "get" -> (Callable) a -> Values.copy(values.getOrDefault(a.text(0, "name"), a.get(1, "default", None.NONE)));
                case "require" -> (Callable) a -> {
                    Object value = values.get(a.text(0, "name"));
                    if (value == null) {
                        throw TemplateFault.unknown("the configuration '%s' is not given".formatted(a.text(0, "name")));
                    }
                    return Values.copy(value);
                };
                case "persist_relation_docs", "persist_column_docs" -> (Callable) a -> false;
                default -> null;
            };
        }
    }
}
