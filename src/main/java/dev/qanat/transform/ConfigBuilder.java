package dev.qanat.transform;

import dev.qanat.failure.Code;
import dev.qanat.transform.jinja.None;
import dev.qanat.transform.jinja.Place;
import dev.qanat.transform.jinja.TemplateFault;
import dev.qanat.transform.jinja.Values;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Puts a node's configuration together, in the order of precedence, and checks each value where it is given. */
final class ConfigBuilder {
    private static final Map<String, Set<String>> WORDS = Map.of(
            "materialized", Set.of("view", "table", "incremental", "ephemeral"),
            "incremental_strategy", Set.of("append", "delete+insert", "merge"),
            "on_schema_change", Set.of("ignore", "fail", "append_new_columns", "sync_all_columns"),
            "severity", Set.of("error", "warn"));
    private static final Map<String, Set<String>> LATER = Map.of(
            "materialized", Set.of("materialized_view"),
            "incremental_strategy", Set.of("microbatch", "insert_overwrite"));
    private static final Set<String> FLAGS = Set.of("enabled", "full_refresh", "store_failures", "quote_columns", "unlogged");
    private static final Set<String> TEXTS = Set.of("schema", "alias", "where", "warn_if", "error_if", "fail_calc", "delimiter");
    private static final Set<String> LISTS =
            Set.of("tags", "unique_key", "incremental_predicates", "predicates", "merge_update_columns", "merge_exclude_columns");
    private static final Set<String> HOOKS = Set.of("pre-hook", "post-hook");
    private static final Set<String> MAPS = Set.of("meta", "column_types", "persist_docs", "grants");
    private static final Set<String> REFUSED = Set.of("contract", "database", "sql_header", "grants", "store_failures_as");

    private final Map<String, Object> values = new LinkedHashMap<>();
    private final String materialized;

    /** @param materialized the only one that the kind of node has, or empty for a model */
    ConfigBuilder(String materialized) {
        this.materialized = materialized;
    }

    void add(Map<String, Setting> settings) {
        settings.forEach((key, setting) -> add(key, setting.value(), setting.place()));
    }

    void add(String givenKey, Object value, Place place) {
        String key = givenKey.equals("pre_hook") || givenKey.equals("post_hook") ? givenKey.replace('_', '-') : givenKey;
        try {
            check(key, value);
        } catch (TemplateFault fault) {
            throw fault.at(place);
        }
        Object old = values.get(key);
        if (key.equals("tags")) {
            Set<Object> tags = new LinkedHashSet<>(list(old == null ? List.of() : old));
            tags.addAll(list(value));
            values.put(key, new ArrayList<>(tags));
        } else if (HOOKS.contains(key)) {
            List<Object> hooks = new ArrayList<>(list(old == null ? List.of() : old));
            hooks.addAll(list(value));
            values.put(key, hooks);
        } else if (key.equals("meta") && old instanceof Map<?, ?> before && value instanceof Map<?, ?> more) {
            Map<Object, Object> merged = new LinkedHashMap<>(before);
            merged.putAll(more);
            values.put(key, merged);
        } else {
            values.put(key, value);
        }
    }

    private static List<?> list(Object value) {
        return value instanceof List<?> list ? list : value instanceof None ? List.of() : List.of(value);
    }

    NodeConfig build() {
        if (!materialized.isEmpty()) {
            values.put("materialized", materialized);
        }
        return new NodeConfig(values);
    }

    /** The configuration so far, for {@code config.get}. */
    Map<String, Object> soFar() {
        return values;
    }

    private void check(String key, Object value) {
        if (value instanceof None) {
            return;
        }
        Set<String> words = key.equals("materialized") && !materialized.isEmpty() ? Set.of(materialized) : WORDS.get(key);
        if (words != null && !words.contains(Values.str(value).toLowerCase(Locale.ROOT))) {
            throw word(key, Values.str(value), words);
        }
        if (FLAGS.contains(key) && !(value instanceof Boolean)) {
            throw wrong(key, "true or false", value);
        }
        if (TEXTS.contains(key) && !(value instanceof String)) {
            throw wrong(key, "a text", value);
        }
        if (key.equals("limit") && !(value instanceof Long)) {
            throw wrong(key, "a whole number", value);
        }
        if (LISTS.contains(key) && list(value).stream().anyMatch(item -> !(item instanceof String))) {
            throw wrong(key, "a text or a list of texts", value);
        }
        if (key.equals("delimiter") && Values.str(value).length() != 1) {
            throw wrong(key, "one character", value);
        }
        if (key.equals("indexes") && list(value).stream().anyMatch(index -> !isIndex(index))) {
            throw wrong(key, "a list of mappings with 'columns', and if need be 'unique' and 'type'", value);
        }
        if (HOOKS.contains(key) && list(value).stream().anyMatch(hook -> !isHook(hook))) {
            throw wrong(key, "SQL, a mapping with 'sql', or a list of these", value);
        }
        if (MAPS.contains(key) && !(value instanceof Map)) {
            throw wrong(key, "a mapping", value);
        }
        if (key.equals("meta") && value instanceof Map<?, ?> meta && !(meta.get("pii") instanceof Boolean) && meta.get("pii") != null) {
            throw wrong("meta.pii", "true or false", meta.get("pii"));
        }
        if (REFUSED.contains(key) && Values.truth(value)) {
            refuse(key, value);
        }
    }

    private static void refuse(String key, Object value) {
        boolean off = value instanceof Map<?, ?> contract && contract.get("enforced") instanceof Boolean enforced && !enforced;
        if (!off) {
            throw TemplateFault.notSupported("the configuration '%s' is not supported; take it out".formatted(key));
        }
    }

    private static boolean isHook(Object hook) {
        return hook instanceof String || hook instanceof Map<?, ?> map && map.get("sql") instanceof String;
    }

    private static boolean isIndex(Object index) {
        return index instanceof Map<?, ?> map
                && map.get("columns") instanceof List<?> columns
                && !columns.isEmpty()
                && columns.stream().allMatch(String.class::isInstance)
                && (map.get("type") == null || map.get("type") instanceof String type && type.matches("[a-z]+"));
    }

    private static TemplateFault word(String key, String word, Set<String> words) {
        if (LATER.getOrDefault(key, Set.of()).contains(word)) {
            return TemplateFault.notSupported("'%s: %s' is not supported".formatted(key, word));
        }
        String known = words.stream().sorted().collect(Collectors.joining(", "));
        return new TemplateFault(Code.INVALID_PROJECT, "'%s' must be one of %s, not '%s'".formatted(key, known, word));
    }

    private static TemplateFault wrong(String key, String expected, Object value) {
        return new TemplateFault(Code.INVALID_PROJECT, "'%s' must be %s, not %s".formatted(key, expected, Values.repr(value)));
    }
}
