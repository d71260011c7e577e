package dev.qanat.web;

import dev.qanat.pipeline.ConfigChanges;
import dev.qanat.pipeline.ConfigChanges.Change;
import dev.qanat.pipeline.ConfigHistory.Put;
import dev.qanat.pipeline.ConfigHistory.Version;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Versions of pipelines and their changes as the HTTP contract shows them. Times are ISO-8601 in UTC. */
public final class ConfigView {

    private ConfigView() {}

    /** A version without its YAML. */
    public static Map<String, @Nullable Object> of(Version version) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("pipeline", version.pipeline());
        view.put("version", version.number());
        view.put("sha256", version.sha256());
        view.put("origin", version.origin().id());
        view.put("file", version.file().orElse(null));
        view.put("by", version.by().orElse(null));
        view.put("restores", version.restores().orElse(null));
        view.put("removed", version.removed());
        view.put("created_at", version.createdAt().toString());
        return view;
    }

    /** What became of a YAML that was put: 201 with the place of its version, or 200 where it was in force already. */
    public static Reply put(Put put) {
        Version version = put.version();
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("pipeline", version.pipeline());
        view.put("version", version.number());
        view.put("sha256", version.sha256());
        view.put("unchanged", put.unchanged());
        if (put.unchanged()) {
            view.put("changes", List.of());
            return Reply.json(200, view);
        }
        view.put("changes", messages(ConfigChanges.between(put.previous().map(Version::inForce).orElse(null), version.yaml())));
        return Reply.json(201, view)
                .withHeader("Location", "/configs/" + version.pipeline() + "/versions/" + version.number());
    }

    public static List<String> messages(List<Change> changes) {
        return changes.stream().map(Change::message).toList();
    }

    public static Map<String, @Nullable Object> of(Change change) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("change", change.kind().id());
        view.put("path", change.path());
        view.put("from", change.from());
        view.put("to", change.to());
        view.put("message", change.message());
        return view;
    }
}
