package dev.qanat.route;

import static dev.qanat.route.Parameters.limit;
import static dev.qanat.route.Parameters.number;
import static org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConstants.AUTHENTICATED_USER;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.ConfigChanges;
import dev.qanat.pipeline.ConfigHistory;
import dev.qanat.pipeline.ConfigHistory.Version;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.web.BadRequest;
import dev.qanat.web.Callers;
import dev.qanat.web.ConfigView;
import dev.qanat.web.Reply;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** {@code /configs} and what is below it: the versions of pipelines, what differs between them, and the way back. */
@ApplicationScoped
@Named("configsEndpoint")
public class ConfigsEndpoint {

    private final ConfigHistory history;
    private final Pipelines pipelines;
    private final Activation activation;

    ConfigsEndpoint(ConfigHistory history, Pipelines pipelines, Activation activation) {
        this.history = history;
        this.pipelines = pipelines;
        this.activation = activation;
    }

    /** The latest version of every pipeline, by name. */
    public Reply list(@Header("limit") @Nullable String limit, @Header("after") @Nullable String after) {
        pipelines.refresh();
        int most = limit(limit);
        List<Version> found = history.latest(after == null ? "" : after, most + 1);
        return Reply.page(found, most, this::withStatus, Version::pipeline);
    }

    public Reply get(@Header("pipeline") String pipeline, @Header("Accept") @Nullable String accept) {
        pipelines.refresh();
        return yamlOrNot(latest(pipeline), accept, this::withStatus);
    }

    /** The versions of a pipeline, newest first. */
    public Reply versions(
            @Header("pipeline") String pipeline,
            @Header("limit") @Nullable String limit,
            @Header("after") @Nullable String after) {
        int most = limit(limit);
        latest(pipeline);
        long below = after == null ? Integer.MAX_VALUE : number("after", after);
        List<Version> found = history.versions(pipeline, (int) Math.min(below, Integer.MAX_VALUE), most + 1);
        return Reply.page(found, most, ConfigView::of, Version::number);
    }

    public Reply version(
            @Header("pipeline") String pipeline, @Header("version") String version, @Header("Accept") @Nullable String accept) {
        latest(pipeline);
        return yamlOrNot(find(pipeline, version), accept, ConfigView::of);
    }

    /**
     * What differs between two versions.
     *
     * @param from the version before {@code to} when it is not given, or nothing when there is none
     * @param to the latest when it is not given
     */
    public Reply diff(
            @Header("pipeline") String pipeline, @Header("from") @Nullable String from, @Header("to") @Nullable String to) {
        Version latest = latest(pipeline);
        Version later = to == null ? latest : asked(pipeline, "to", to);
        Optional<Version> earlier = from == null
                ? history.version(pipeline, later.number() - 1)
                : Optional.of(asked(pipeline, "from", from));
        Map<String, @Nullable Object> answer = new LinkedHashMap<>();
        answer.put("pipeline", pipeline);
        answer.put("from", earlier.map(Version::number).orElse(null));
        answer.put("to", later.number());
        answer.put(
                "changes",
                ConfigChanges.between(earlier.map(Version::inForce).orElse(null), later.inForce()).stream()
                        .map(ConfigView::of)
                        .toList());
        return Reply.json(200, answer);
    }

    /** Puts a version in force again, as a new one. */
    public Reply rollback(
            @Header("pipeline") String pipeline,
            @Header("to") @Nullable String to,
            @Header(AUTHENTICATED_USER) @Nullable Object user)
            throws Exception {
        latest(pipeline);
        if (to == null) {
            throw invalid("to: name the version to go back to; GET /configs/" + pipeline + "/versions lists them");
        }
        Version version = asked(pipeline, "to", to);
        if (version.removed()) {
            throw invalid("to: version " + to + " took the pipeline out of force; name the one before it");
        }
        ConfigHistory.Put put = pipelines.rollBack(version, Callers.of(user).name());
        activation.refresh();
        return ConfigView.put(put);
    }

    private Map<String, @Nullable Object> withStatus(Version version) {
        Map<String, @Nullable Object> view = ConfigView.of(version);
        String reason = pipelines.inactive().get(version.pipeline());
        view.put("status", version.removed() ? "removed" : reason == null ? "active" : "inactive");
        view.put("reason", version.removed() ? null : reason);
        return view;
    }

    private static Reply yamlOrNot(
            Version version, @Nullable String accept, Function<Version, Map<String, @Nullable Object>> view) {
        String type = Accepted.of(accept, List.of("application/json", "application/yaml", "text/yaml", "application/x-yaml"));
        if (type.endsWith("json")) {
            Map<String, @Nullable Object> json = view.apply(version);
            json.put("yaml", version.yaml());
            return Reply.json(200, json).withHeader("Vary", "Accept");
        }
        return new Reply(200, type, Map.of("Vary", "Accept"), version.yaml());
    }

    private Version latest(String pipeline) {
        return history.latest(pipeline)
                .orElseThrow(() -> new BadRequest(
                        404, Code.UNKNOWN_PIPELINE, "there is no pipeline '" + pipeline + "'; GET /configs lists them"));
    }

    private Version asked(String pipeline, String name, String number) {
        number(name, number);
        return find(pipeline, number);
    }

    private Version find(String pipeline, String number) {
        return (number.matches("\\d{1,9}") ? history.version(pipeline, Integer.parseInt(number)) : Optional.<Version>empty())
                .orElseThrow(() -> new BadRequest(
                        404,
                        Code.UNKNOWN_VERSION,
                        "pipeline '" + pipeline + "' has no version '" + number + "'; GET /configs/" + pipeline
                                + "/versions lists them"));
    }

    private static BadRequest invalid(String detail) {
        return new BadRequest(400, Code.INVALID_REQUEST, detail);
    }
}
