package dev.qanat.transform;

import dev.qanat.failure.Code;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What the YAML files beside models and seeds say of them, and the sources they declare. */
final class Properties {
    private static final Set<String> IGNORED = Set.of(
            "version", "exposures", "metrics", "semantic_models", "saved_queries", "groups", "macros", "analyses", "anchors");
    private static final Set<String> REFUSED = Set.of("snapshots", "unit_tests", "functions");

    /** A source's table: what is said of the source, and of the table. */
    record SourceTable(YamlMap source, YamlMap table) {
        String name() {
            return source.need("name") + "." + table.need("name");
        }
    }

    private final Map<String, Map<String, YamlMap>> described = new LinkedHashMap<>();
    private final List<SourceTable> sources = new ArrayList<>();

    void read(String file, String text) {
        YamlMap root = YamlMap.read(file, text);
        for (String key : root.keys()) {
            if (REFUSED.contains(key) && !root.maps(key).isEmpty()) {
                throw root.failure(Code.NOT_SUPPORTED, key, "'%s' are not supported".formatted(key));
            }
            switch (key) {
                case "models", "seeds", "data_tests" -> root.maps(key).forEach(item -> describe(key, item));
                case "sources" -> root.maps(key).forEach(this::source);
                default -> {
                    if (!IGNORED.contains(key) && !REFUSED.contains(key)) {
                        throw root.failure(Code.UNKNOWN_KEY, key, "unknown key '%s'".formatted(key));
                    }
                }
            }
        }
    }

    private void describe(String key, YamlMap item) {
        String name = item.need("name");
        if (item.has("versions")) {
            throw item.failure(Code.NOT_SUPPORTED, "versions", "versions of models are not supported");
        }
        YamlMap first = described.computeIfAbsent(key, k -> new LinkedHashMap<>()).putIfAbsent(name, item);
        if (first != null) {
            throw item.failure(Code.DUPLICATE_KEY, "name", "'%s' is described twice, first in %s:%d"
                    .formatted(name, first.file(), first.place().line()));
        }
    }

    private void source(YamlMap source) {
        source.need("name");
        source.maps("tables").forEach(table -> sources.add(new SourceTable(source, table)));
    }

    /** What is said of a model or a seed. */
    Optional<YamlMap> of(String key, String name) {
        return Optional.ofNullable(described.getOrDefault(key, Map.of()).get(name));
    }

    /** All that is said, by name. */
    Map<String, YamlMap> all(String key) {
        return described.getOrDefault(key, Map.of());
    }

    List<SourceTable> sources() {
        return sources;
    }

    /** The settings of an item: its {@code config}, and what dbt takes beside it. */
    static Map<String, Setting> settings(YamlMap item) {
        Map<String, Setting> settings = new LinkedHashMap<>();
        for (String beside : List.of("tags", "meta")) {
            if (item.has(beside)) {
                settings.put(beside, new Setting(item.value(beside), item.place(beside)));
            }
        }
        item.map("config").ifPresent(config ->
                config.keys().forEach(key -> settings.put(key, new Setting(config.value(key), config.place(key)))));
        return settings;
    }
}
