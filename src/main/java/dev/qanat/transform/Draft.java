package dev.qanat.transform;

import dev.qanat.transform.jinja.Names;
import dev.qanat.transform.jinja.Place;
import dev.qanat.transform.jinja.Values;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** A node while the project is read: what is known of it before all others are. */
final class Draft {
    /**
     * What the text reads, and where it says so.
     *
     * @param uniqueId of something that need not be there
     * @param written as it is written
     */
    record Reference(String uniqueId, String written, Place place) {}

    final String uniqueId;
    final Node.Kind kind;
    final String name;
    final Place place;
    final List<String> fqn;
    final ConfigBuilder config;
    final Function<Names, String> body;
    final List<Reference> references = new ArrayList<>();
    String description = "";
    Map<String, Node.Column> columns = Map.of();
    Optional<String> attachedTo = Optional.empty();

    Draft(String uniqueId, Node.Kind kind, String name, Place place, List<String> fqn, ConfigBuilder config, Function<Names, String> body) {
        this.uniqueId = uniqueId;
        this.kind = kind;
        this.name = name;
        this.place = place;
        this.fqn = fqn;
        this.config = config;
        this.body = body;
    }

    /** The node as a template sees it, under {@code model} or as an argument of {@code generate_schema_name}. */
    Map<Object, Object> shown(String project) {
        Map<Object, Object> shown = new LinkedHashMap<>();
        shown.put("unique_id", uniqueId);
        shown.put("name", name);
        shown.put("resource_type", kind.name().toLowerCase(Locale.ROOT));
        shown.put("package_name", project);
        shown.put("original_file_path", place.file());
        shown.put("path", place.file().replaceFirst("^[^/]*/", ""));
        shown.put("fqn", new ArrayList<Object>(fqn));
        shown.put("config", Values.copy(config.soFar()));
        shown.put("tags", Values.copy(config.soFar().getOrDefault("tags", List.of())));
        shown.put("meta", Values.copy(config.soFar().getOrDefault("meta", Map.of())));
        shown.put("description", description);
        return shown;
    }
}
