package dev.qanat.route;

import static org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConstants.AUTHENTICATED_USER;

import dev.qanat.failure.Code;
import dev.qanat.ledger.OldRuns;
import dev.qanat.ledger.Replays;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.RunResource;
import dev.qanat.ledger.RunQueue;
import dev.qanat.ledger.Runs;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import dev.qanat.web.BadRequest;
import dev.qanat.web.Reply;
import dev.qanat.web.RunView;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** {@code POST /runs/{id}/replay}: queues a run that checks what is left of a run's rejections again. */
@ApplicationScoped
@Named("replayEndpoint")
public class ReplayEndpoint {

    private final Runs runs;
    private final Replays replays;
    private final RunQueue queue;
    private final Pipelines pipelines;
    private final Waiting waiting;
    private final OldRuns old;

    ReplayEndpoint(Runs runs, Replays replays, RunQueue queue, Pipelines pipelines, Waiting waiting, OldRuns old) {
        this.runs = runs;
        this.replays = replays;
        this.queue = queue;
        this.pipelines = pipelines;
        this.waiting = waiting;
        this.old = old;
    }

    public Reply post(
            @Header("id") String id,
            @Header("wait") @Nullable String wait,
            @Header(AUTHENTICATED_USER) @Nullable Object user)
            throws InterruptedException {
        Duration patience = waiting.patience(wait);
        Run asked = RunsEndpoint.find(runs, id);
        Run run = asked.replays().flatMap(runs::find).orElse(asked);
        refuseWhereNothingIsLeft(run);
        // Another process may have put the mended contract in force a moment ago.
        pipelines.refresh();
        Pipelines.Active active = pipelines.active(run.pipeline())
                .orElseThrow(() -> new BadRequest(
                        404, Code.UNKNOWN_PIPELINE, "pipeline '" + run.pipeline() + "' of run " + run.id() + " is not active"));
        Resource resource = run.resource()
                .flatMap(active.pipeline()::resource)
                .orElseThrow(() -> new BadRequest(
                        404,
                        Code.UNKNOWN_RESOURCE,
                        "pipeline '" + run.pipeline() + "' has no resource '" + run.resource().orElse("") + "' any more"));
        Optional<Long> replaced = resource.writeDisposition() == Resource.WriteDisposition.REPLACE
                ? replays.replacedBy(run)
                : Optional.empty();
        if (replaced.isPresent()) {
            throw nothing("what run " + run.id() + " loaded has been replaced by run " + replaced.get());
        }
        if (TriggerEndpoint.isBusy(queue, active)) {
            throw TriggerEndpoint.busy(active.name());
        }
        long replay = replays.enqueue(run, active.version());
        waiting.await(List.of(replay), patience, user);
        Run queued = runs.find(replay).orElseThrow();
        List<RunResource> resources = runs.resources(List.of(replay), RunView.SCHEMA_CHANGES).getOrDefault(replay, List.of());
        return Reply.json(202, RunView.of(queued, resources))
                .withHeader("Location", "/runs/" + replay);
    }

    private void refuseWhereNothingIsLeft(Run run) {
        if (run.fromBronze()) {
            throw nothing("what run " + run.id() + " rejected is in bronze; mend the pipeline and trigger it with from_bronze again");
        }
        if (!run.landed()) {
            throw nothing(
                    run.status().ended()
                            ? "run " + run.id() + " landed nothing; mend the pipeline and drop its file into the inbox again"
                            : "run " + run.id() + " has not landed yet");
        }
        Optional<Instant> deleted = old.forgotten(run.id()).rejections();
        if (deleted.isPresent()) {
            throw nothing("the rejections of run " + run.id() + " were deleted at " + deleted.get() + " (QANAT_RETAIN_REJECTIONS)");
        }
        Replays.Left left = replays.left(run.id());
        if (left.replayable() == 0) {
            throw nothing("no rejection of run " + run.id() + " is left to be checked again"
                    + (left.others() == 0
                            ? ""
                            : "; " + left.others() + " cannot be, because they could not be read or were cut: load them from a mended file"));
        }
    }

    private static BadRequest nothing(String why) {
        return new BadRequest(409, Code.NOTHING_TO_REPLAY, why);
    }
}
