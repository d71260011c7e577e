package dev.qanat.pipeline;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What differs between two versions of a pipeline, by meaning and not by line: comments, order of keys and layout do not count. */
public final class ConfigChanges {

    private ConfigChanges() {}

    /**
     * The changes as sentences, such as {@code resources.sales.columns.close.type: numeric(18,4) to numeric(20,6)}. Items of lists
     * go by their {@code name} where they have one.
     *
     * @param before a valid pipeline's YAML; null when there was none
     * @param after a valid pipeline's YAML
     */
    public static List<String> between(@Nullable String before, String after) {
        if (before == null) {
            return List.of("created");
        }
        List<String> changes = new ArrayList<>();
        compare("", tree(before), tree(after), changes);
        return changes;
    }

    private static Object tree(String yaml) {
        return new Load(LoadSettings.builder().build()).loadFromString(yaml);
    }

    private static void compare(String path, @Nullable Object before, @Nullable Object after, List<String> changes) {
        Map<String, @Nullable Object> old = children(before);
        Map<String, @Nullable Object> now = children(after);
        if (old.isEmpty() || now.isEmpty()) {
            if (!Objects.equals(before, after)) {
                changes.add(path + ": " + shown(before) + " to " + shown(after));
            }
            return;
        }
        Set<String> names = new LinkedHashSet<>(old.keySet());
        names.addAll(now.keySet());
        for (String name : names) {
            String place = path.isEmpty() ? name : path + "." + name;
            if (!now.containsKey(name)) {
                changes.add(place + ": removed");
            } else if (!old.containsKey(name)) {
                changes.add(place + ": added");
            } else {
                compare(place, old.get(name), now.get(name), changes);
            }
        }
    }

    private static Map<String, @Nullable Object> children(@Nullable Object value) {
        Map<String, @Nullable Object> children = new LinkedHashMap<>();
        if (value instanceof Map<?, ?> map) {
            map.forEach((key, child) -> children.put(String.valueOf(key), child));
        } else if (value instanceof List<?> list
                && list.stream().allMatch(item -> item instanceof Map<?, ?> named && named.get("name") != null)) {
            list.forEach(item -> children.put(String.valueOf(((Map<?, ?>) item).get("name")), item));
        }
        return children;
    }

    private static String shown(@Nullable Object value) {
        return value == null ? "nothing" : value.toString();
    }
}
