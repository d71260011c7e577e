package dev.qanat.route;

import static org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConstants.AUTHENTICATED_USER;

import com.fasterxml.jackson.databind.JsonNode;
import dev.qanat.build.Builds;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.RunQueue;
import dev.qanat.ledger.Runs;
import dev.qanat.pipeline.Incremental;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import dev.qanat.validate.CursorField;
import dev.qanat.web.BadRequest;
import dev.qanat.web.Callers;
import dev.qanat.web.Reply;
import dev.qanat.web.RunView;
import io.quarkus.narayana.jta.QuarkusTransaction;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.camel.Body;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** {@code POST /trigger-job}: queues runs for what lies in the folders of one pipeline or of all, or for what bronze holds of it. */
@ApplicationScoped
@Named("triggerEndpoint")
public class TriggerEndpoint {

    private static final int LONGEST_KEY = 255;
    private static final int LONGEST_END = 200;
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");
    private static final Duration KEY_PATIENCE = Duration.ofSeconds(10);
    private static final List<String> KEYS = List.of("pipeline", "resources", "full_refresh", "from", "to", "from_bronze", "models");

    private final Pipelines pipelines;
    private final Inbox inbox;
    private final Inboxes inboxes;
    private final RunQueue queue;
    private final Runs runs;
    private final Waiting waiting;
    private final Builds builds;

    /** What became of a request: the runs, and the pipelines that refused one. */
    private record Outcome(List<Long> runs, List<String> refused) {}

    private record Request(
            @Nullable String pipeline,
            SortedSet<String> resources,
            boolean fullRefresh,
            Optional<String> from,
            Optional<String> to,
            boolean fromBronze,
            Optional<String> models) {

        /** What is asked for by whom, in one way of writing. */
        String by(String caller) {
            return "pipeline=%s resources=%s full_refresh=%s by=%s"
                    .formatted(pipeline == null ? "*" : pipeline, String.join(",", resources), fullRefresh, caller)
                    + from.map(start -> " from=" + start).orElse("")
                    + to.map(end -> " to=" + end).orElse("")
                    + models.map(select -> " models=" + select).orElse("")
                    + (fromBronze ? " from_bronze=true" : "");
        }
    }

    TriggerEndpoint(
            Pipelines pipelines, Inbox inbox, Inboxes inboxes, RunQueue queue, Runs runs, Waiting waiting, Builds builds) {
        this.builds = builds;
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
            @Header("Idempotency-Key") @Nullable String key,
            @Header(AUTHENTICATED_USER) @Nullable Object user)
            throws Exception {
        Request request = read(RequestBody.read(body, contentType, KEYS));
        Duration patience = waiting.patience(wait);
        if (key != null && (key.isBlank() || key.length() > LONGEST_KEY)) {
            throw RequestBody.invalid("Idempotency-Key: must have 1 to " + LONGEST_KEY + " characters");
        }
        checkModels(request);
        Collection<Pipelines.Active> chosen = request.models().isPresent() ? List.of() : chosen(request);
        checkRange(chosen, request);
        checkBronze(chosen, request);
        Outcome outcome = key == null ? queueAll(chosen, request) : queueOnce(key, chosen, request, user);
        inboxes.refresh();
        waiting.await(outcome.runs(), patience, user);
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("runs", outcome.runs().stream().map(id -> RunView.brief(runs.find(id).orElseThrow())).toList());
        if (!outcome.refused().isEmpty()) {
            answer.put("refused", outcome.refused());
        }
        return Reply.json(202, answer)
                .noting("runs " + outcome.runs().stream().map(id -> Long.toString(id)).collect(Collectors.joining(", ")));
    }

    /**
     * Queues the runs and remembers them under the key in one transaction, so that there are both or neither; where the same request
     * was done earlier, answers with its runs.
     *
     * @throws BadRequest when another request with the key stays at work, or the key was used for something else
     */
    private Outcome queueOnce(String key, Collection<Pipelines.Active> chosen, Request request, @Nullable Object user)
            throws InterruptedException {
        String asked = request.by(Callers.of(user).name());
        return waiting.until(
                        () -> QuarkusTransaction.requiringNew().call(() -> tryToQueue(key, asked, chosen, request)), KEY_PATIENCE, user)
                .orElseThrow(() -> BadRequest.forNow(
                        409,
                        Code.IDEMPOTENCY_KEY_IN_USE,
                        "another request with this Idempotency-Key is at work; send it again in a moment"));
    }

    private Optional<Outcome> tryToQueue(String key, String asked, Collection<Pipelines.Active> chosen, Request request)
            throws IOException {
        if (!queue.lockTriggerKey(key)) {
            return Optional.empty();
        }
        Optional<RunQueue.Triggered> before = queue.triggered(key);
        if (before.isPresent()) {
            if (!before.get().request().orElse(asked).equals(asked)) {
                throw new BadRequest(
                        422,
                        Code.IDEMPOTENCY_KEY_REUSED,
                        "this Idempotency-Key was used for another request, or by somebody else; take a new one for each");
            }
            return Optional.of(new Outcome(before.get().runs(), List.of()));
        }
        Outcome outcome = queueAll(chosen, request);
        if (!outcome.runs().isEmpty()) {
            queue.rememberTrigger(key, asked, outcome.runs());
        }
        return Optional.of(outcome);
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

    private Outcome queueAll(Collection<Pipelines.Active> chosen, Request request) throws IOException {
        if (request.models().isPresent()) {
            return new Outcome(List.of(queue.enqueueModels(request.models().get(), request.fullRefresh())), List.of());
        }
        List<String> refused = refused(chosen, request);
        List<Long> queued = new ArrayList<>();
        for (Pipelines.Active active : chosen) {
            if (!refused.contains(active.name())) {
                queued.addAll(
                        request.fromBronze()
                                ? queueFromBronze(active, request)
                                : inbox.queueAll(
                                        active, request.resources(), request.fullRefresh(), request.from(), request.to()));
            }
        }
        return new Outcome(queued, refused);
    }

    /** A run for each resource of which something has landed, or one that found nothing. */
    private List<Long> queueFromBronze(Pipelines.Active active, Request request) {
        Set<String> landed = runs.resourcesLanded(active.name());
        List<Long> queued = new ArrayList<>(asked(active, request)
                .filter(resource -> landed.contains(resource.name()))
                .map(resource -> queue.enqueueFromBronze(active.name(), active.version(), resource.name()))
                .toList());
        if (queued.isEmpty()) {
            queued.add(queue.recordNothingFound(active.name(), active.version(), Run.Trigger.API, false));
        }
        return queued;
    }

    private static Stream<Resource> asked(Pipelines.Active active, Request request) {
        return active.pipeline().resources().stream()
                .filter(resource -> request.resources().isEmpty() || request.resources().contains(resource.name()));
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

    /** A backfill needs something to fill, and values that its fields can have. */
    private static void checkRange(Collection<Pipelines.Active> chosen, Request request) {
        List<String> ends = Stream.of(request.from(), request.to()).flatMap(Optional::stream).toList();
        if (ends.isEmpty()) {
            return;
        }
        if (ends.stream().anyMatch(end -> end.length() > LONGEST_END || CONTROL.matcher(end).find())) {
            throw RequestBody.invalid("from, to: must have at most " + LONGEST_END + " characters, and no control characters");
        }
        List<Resource> polled = chosen.stream()
                .flatMap(active -> active.pipeline().polled().stream())
                .filter(resource -> request.resources().isEmpty() || request.resources().contains(resource.name()))
                .toList();
        if (request.pipeline() == null || polled.isEmpty()) {
            throw RequestBody.invalid("from, to: name a pipeline with resources of an API");
        }
        for (Resource resource : polled) {
            Incremental incremental = resource.polling()
                    .orElseThrow()
                    .incremental()
                    .orElseThrow(() -> RequestBody.invalid("from, to: resource '" + resource.name() + "' has no 'incremental'; name others"));
            checkRange(CursorField.of(resource, incremental), request);
        }
    }

    private static void checkRange(CursorField field, Request request) {
        try {
            Optional<String> from = request.from().map(field::asked);
            Optional<String> to = request.to().map(field::asked);
            if (from.isPresent() && to.isPresent() && !field.isBefore(from.get(), to.get())) {
                throw RequestBody.invalid("from, to: nothing lies from " + from.get() + " up to " + to.get() + ", which is excluded");
            }
        } catch (InputFailure e) {
            throw RequestBody.invalid("from, to: " + e.getMessage());
        }
    }

    /** What is built from bronze asks no API and reads no file, and bronze must be there; of all pipelines each run says so itself. */
    private static void checkBronze(Collection<Pipelines.Active> chosen, Request request) {
        if (!request.fromBronze()) {
            return;
        }
        if (request.fullRefresh() || request.from().isPresent() || request.to().isPresent()) {
            throw RequestBody.invalid("from_bronze: no file is read and no API is asked; leave out full_refresh, from and to");
        }
        if (request.pipeline() == null) {
            return;
        }
        List<String> without = chosen.stream()
                .flatMap(active -> asked(active, request))
                .filter(resource -> !resource.keepBronze())
                .map(Resource::name)
                .toList();
        if (!without.isEmpty()) {
            throw new BadRequest(
                    422,
                    Code.NOT_REBUILDABLE,
                    "from_bronze: of " + String.join(", ", without) + " nothing is kept (bronze: { keep: none }); name other resources");
        }
    }

    private static Request read(RequestBody body) {
        return new Request(
                body.text("pipeline").orElse(null),
                resources(body.value("resources")),
                body.flag("full_refresh"),
                body.text("from"),
                body.text("to"),
                body.flag("from_bronze"),
                models(body.value("models")));
    }

    private static Optional<String> models(JsonNode given) {
        if (given.isMissingNode() || given.isNull()) {
            return Optional.empty();
        }
        boolean texts = given.isTextual() || given.isArray() && StreamSupport.stream(given.spliterator(), false).allMatch(JsonNode::isTextual);
        if (!texts) {
            throw RequestBody.invalid("models: must be a text or a list of texts, in dbt's selection syntax");
        }
        return Optional.of(given.isTextual()
                ? given.textValue()
                : StreamSupport.stream(given.spliterator(), false).map(JsonNode::textValue).collect(Collectors.joining(" ")));
    }

    /** A run of models alone is one of no pipeline. */
    private void checkModels(Request request) {
        if (request.models().isEmpty()) {
            return;
        }
        if (request.pipeline() != null || !request.resources().isEmpty() || request.from().isPresent() || request.to().isPresent()
                || request.fromBronze()) {
            throw RequestBody.invalid("models: they are built alone; leave out 'pipeline', 'resources', 'from' and 'to'");
        }
        if (request.models().get().isBlank()) {
            throw RequestBody.invalid("models: names nothing; '*' means all");
        }
        try {
            builds.check(request.models().get());
        } catch (InputFailure e) {
            throw new BadRequest(422, e.code(), String.valueOf(e.getMessage()));
        }
    }

    private static SortedSet<String> resources(JsonNode list) {
        SortedSet<String> resources = new TreeSet<>();
        if (list.isMissingNode() || list.isNull()) {
            return resources;
        }
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
