package dev.qanat.transform;

import dev.qanat.failure.Code;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** {@code dbt_project.yml}. */
final class ProjectFile {
    static final String FILE = "dbt_project.yml";

    private static final Set<String> KEYS = Set.of(
            "name", "version", "config-version", "profile", "model-paths", "seed-paths", "test-paths", "macro-paths", "analysis-paths",
            "snapshot-paths", "docs-paths", "asset-paths", "function-paths", "target-path", "log-path", "packages-install-path",
            "clean-targets", "query-comment", "require-dbt-version", "dispatch", "flags", "restrict-access", "quoting", "models", "seeds",
            "sources", "snapshots", "tests", "data_tests", "unit_tests", "exposures", "metrics", "semantic-models", "saved-queries",
            "vars", "dbt-cloud", "on-run-start", "on-run-end");
    private static final List<String> REFUSED = List.of("on-run-start", "on-run-end");

    private final YamlMap root;
    private final String name;

    ProjectFile(YamlMap root) {
        this.root = root;
        this.name = root.need("name");
        for (String key : root.keys()) {
            if (!KEYS.contains(key)) {
                throw root.failure(Code.UNKNOWN_KEY, key, "unknown key '%s'".formatted(key));
            }
        }
        for (String key : REFUSED) {
            if (!root.texts(key).isEmpty()) {
                throw root.failure(Code.NOT_SUPPORTED, key, "'%s' is not supported; make it a hook of a model".formatted(key));
            }
        }
        root.map("quoting").ifPresent(quoting -> quoting.keys().forEach(part -> {
            if (!quoting.value(part).equals(true)) {
                throw quoting.failure(Code.NOT_SUPPORTED, part, "names are always quoted; take 'quoting' out");
            }
        }));
    }

    String name() {
        return name;
    }

    List<String> paths(String key, String otherwise) {
        return root.has(key) ? root.texts(key) : List.of(otherwise);
    }

    /** The value of a variable of the project, or of all projects. */
    Optional<Object> variable(String variable) {
        Optional<YamlMap> vars = root.map("vars");
        Optional<Object> own = vars.filter(all -> all.isMap(name))
                .flatMap(all -> all.map(name))
                .filter(scoped -> scoped.keys().contains(variable))
                .map(scoped -> scoped.value(variable));
        return own.or(() -> vars.filter(all -> all.keys().contains(variable)).map(all -> all.value(variable)));
    }

    /** What the section says of a node, from the outermost folder to the innermost. */
    List<Map<String, Setting>> settings(String section, List<String> fqn) {
        List<Map<String, Setting>> levels = new ArrayList<>();
        Optional<YamlMap> level = root.map(section);
        for (int depth = 0; level.isPresent(); depth++) {
            levels.add(settings(level.get()));
            String next = depth < fqn.size() ? fqn.get(depth) : "";
            level = level.get().isMap(next) ? level.get().map(next) : Optional.empty();
        }
        return levels;
    }

    /** As dbt: a key with {@code +} is a setting, and so is one without whose value is no mapping. */
    private static Map<String, Setting> settings(YamlMap level) {
        Map<String, Setting> settings = new LinkedHashMap<>();
        for (String key : level.keys()) {
            if (key.startsWith("+") || !level.isMap(key)) {
                settings.put(key.replaceFirst("^\\+", "").strip(), new Setting(level.value(key), level.place(key)));
            }
        }
        return settings;
    }
}
