package dev.qanat.route;

import com.fasterxml.jackson.databind.JsonNode;
import dev.qanat.failure.Code;
import dev.qanat.ledger.RunQueue;
import dev.qanat.ledger.Runs;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.web.BadRequest;
import dev.qanat.web.Reply;
import dev.qanat.web.RunView;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.camel.Body;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** {@code POST /trigger-job}: queues runs for what lies in the folders of one pipeline or of all. */
@ApplicationScoped
@Named("triggerEndpoint")
public class TriggerEndpoint {

    private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);
    private static final long POLL_MILLIS = 100;
    private static final int LONGEST_KEY = 255;
    private static final List<String> KEYS = List.of("pipeline", "resources", "full_refresh");

    private final Pipelines pipelines;
    private final Inbox inbox;
    private final Inboxes inboxes;
    private final RunQueue queue;
    private final Runs runs;

    private record Request(@Nullable String pipeline, Set<String> resources, boolean fullRefresh) {}

    TriggerEndpoint(Pipelines pipelines, Inbox inbox, Inboxes inboxes, RunQueue queue, Runs runs) {
        this.pipelines = pipelines;
        this.inbox = inbox;
        this.inboxes = inboxes;
        this.queue = queue;
        this.runs = runs;
    }

    public Reply post(
            @Body byte @Nullable [] body,
            @Header("wait") @Nullable String wait,
            @Header("Content-Type") @Nullable String contentType,
            @Header("Idempotency-Key") @Nullable String key)
            throws Exception {
        Request request = read(RequestBody.read(body, contentType, KEYS));
        Duration patience = wait == null ? Duration.ZERO : patience(wait);
        if (key != null && (key.isBlank() || key.length() > LONGEST_KEY)) {
            throw RequestBody.invalid("Idempotency-Key: must have 1 to " + LONGEST_KEY + " characters");
        }
        Collection<Pipelines.Active> chosen = chosen(request);
        List<Long> queued = key == null ? List.of() : queue.triggered(key).orElse(List.of());
        if (queued.isEmpty()) {
            queued = queueAll(chosen, request);
            if (key != null) {
                queue.rememberTrigger(key, queued);
            }
        }
        await(queued, patience);
        return Reply.json(
                202,
                Map.of(
                        "runs",
                        queued.stream()
                                .map(id -> RunView.brief(runs.find(id).orElseThrow()))
                                .toList()));
    }

    private List<Long> queueAll(Collection<Pipelines.Active> chosen, Request request) throws Exception {
        List<Long> queued = new ArrayList<>();
        for (Pipelines.Active active : chosen) {
            queued.addAll(inbox.queueAll(active, request.resources(), request.fullRefresh()));
        }
        inboxes.refresh();
        return queued;
    }

    private void await(List<Long> queued, Duration patience) throws InterruptedException {
        long until = System.nanoTime() + patience.toNanos();
        while (!patience.isZero() && !queued.isEmpty() && queue.unfinished(queued) > 0 && System.nanoTime() < until) {
            Thread.sleep(POLL_MILLIS);
        }
    }

    private static Duration patience(String wait) {
        try {
            Duration asked = Duration.parse(wait);
            if (asked.isNegative()) {
                throw RequestBody.invalid("wait: '" + wait + "' is negative");
            }
            return asked.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : asked;
        } catch (DateTimeParseException e) {
            throw RequestBody.invalid("wait: '" + wait + "' is not an ISO-8601 duration such as PT60S");
        }
    }

    private Collection<Pipelines.Active> chosen(Request request) {
        if (request.pipeline() == null) {
            if (!request.resources().isEmpty()) {
                throw RequestBody.invalid("resources: name the pipeline they belong to");
            }
            return pipelines.active();
        }
        Pipelines.Active active = RequestBody.pipeline(pipelines, request.pipeline());
        for (String resource : request.resources()) {
            if (active.pipeline().resource(resource).isEmpty()) {
                throw new BadRequest(
                        404,
                        Code.UNKNOWN_RESOURCE,
                        "pipeline '" + active.name() + "' has no resource '" + resource + "'; it has "
                                + String.join(", ", new LinkedHashSet<>(active.pipeline().resources().stream()
                                        .map(r -> r.name())
                                        .toList())));
            }
        }
        return List.of(active);
    }

    private static Request read(RequestBody body) {
        return new Request(body.text("pipeline").orElse(null), resources(body.value("resources")), body.flag("full_refresh"));
    }

    private static Set<String> resources(JsonNode list) {
        if (list.isMissingNode() || list.isNull()) {
            return Set.of();
        }
        Set<String> resources = new HashSet<>();
        if (list.isArray()) {
            for (JsonNode item : list) {
                if (!item.isTextual()) {
                    throw RequestBody.invalid("resources: must be a list of texts");
                }
                resources.add(item.textValue());
            }
            return resources;
        }
        throw RequestBody.invalid("resources: must be a list of texts");
    }
}
