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
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.camel.Body;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** {@code POST /trigger-job}: queues runs for what lies in the folders of one pipeline or of all. */
@ApplicationScoped
@Named("triggerEndpoint")
public class TriggerEndpoint {

    private static final int LONGEST_KEY = 255;
    private static final long POLL_MILLIS = 100;
    private static final int MOST_LOOKS = 100;
    private static final List<String> KEYS = List.of("pipeline", "resources", "full_refresh");

    private final Pipelines pipelines;
    private final Inbox inbox;
    private final Inboxes inboxes;
    private final RunQueue queue;
    private final Runs runs;
    private final Waiting waiting;

    private record Request(@Nullable String pipeline, Set<String> resources, boolean fullRefresh) {}

    TriggerEndpoint(Pipelines pipelines, Inbox inbox, Inboxes inboxes, RunQueue queue, Runs runs, Waiting waiting) {
        this.pipelines = pipelines;
        this.inbox = inbox;
        this.inboxes = inboxes;
        this.queue = queue;
        this.runs = runs;
        this.waiting = waiting;
    }

    public Reply post(
            @Body byte @Nullable [] body,
            @Header("wait") @Nullable String wait,
            @Header("Content-Type") @Nullable String contentType,
            @Header("Idempotency-Key") @Nullable String key)
            throws Exception {
        Request request = read(RequestBody.read(body, contentType, KEYS));
        Duration patience = waiting.patience(wait);
        if (key != null && (key.isBlank() || key.length() > LONGEST_KEY)) {
            throw RequestBody.invalid("Idempotency-Key: must have 1 to " + LONGEST_KEY + " characters");
        }
        Collection<Pipelines.Active> chosen = chosen(request);
        List<Long> queued = key == null ? List.of() : triggered(key);
        List<String> refused = List.of();
        if (queued.isEmpty()) {
            try {
                refused = refused(chosen, request);
                queued = queueAll(chosen, refused, request);
                if (key != null && !queued.isEmpty()) {
                    queue.rememberTrigger(key, queued);
                }
            } finally {
                if (key != null && queued.isEmpty()) {
                    queue.giveBackTriggerKey(key);
                }
            }
        }
        waiting.await(queued, patience);
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("runs", queued.stream().map(id -> RunView.brief(runs.find(id).orElseThrow())).toList());
        if (!refused.isEmpty()) {
            answer.put("refused", refused);
        }
        return Reply.json(202, answer)
                .noting("runs " + queued.stream().map(id -> Long.toString(id)).collect(Collectors.joining(", ")));
    }

    /**
     * The runs of an earlier request with this key; one at work is waited for. None when there was none, and then the key is this
     * request's, or when that one's process died.
     */
    private List<Long> triggered(String key) throws InterruptedException {
        List<Long> runs = List.of();
        for (int looks = 0; looks < MOST_LOOKS && runs.isEmpty(); looks++) {
            if (queue.takeTriggerKey(key)) {
                return List.of();
            }
            runs = queue.triggered(key);
            if (runs.isEmpty()) {
                Thread.sleep(POLL_MILLIS);
            }
        }
        return runs;
    }

    /**
     * The pipelines that have no place for another run and refuse to queue one.
     *
     * @throws BadRequest when it is the one that was asked for
     */
    private List<String> refused(Collection<Pipelines.Active> chosen, Request request) {
        List<String> busy = chosen.stream().filter(active -> isBusy(queue, active)).map(Pipelines.Active::name).toList();
        if (request.pipeline() != null && !busy.isEmpty()) {
            throw busy(request.pipeline());
        }
        return busy;
    }

    /** Whether as many of the pipeline's runs are running as may, and it says that another one is to be refused. */
    static boolean isBusy(RunQueue queue, Pipelines.Active active) {
        return active.pipeline().concurrency().refuses(queue.running(active.name()));
    }

    static BadRequest busy(String pipeline) {
        return new BadRequest(
                409,
                Code.ALREADY_RUNNING,
                "pipeline '" + pipeline + "' is running, and its concurrency says behavior: refuse; try again when the run has ended");
    }

    private List<Long> queueAll(Collection<Pipelines.Active> chosen, List<String> refused, Request request) throws Exception {
        List<Long> queued = new ArrayList<>();
        for (Pipelines.Active active : chosen) {
            if (refused.contains(active.name())) {
                continue;
            }
            queued.addAll(inbox.queueAll(active, request.resources(), request.fullRefresh()));
        }
        inboxes.refresh();
        return queued;
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
