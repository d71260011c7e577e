package dev.qanat.web;

import com.fasterxml.jackson.databind.util.RawValue;
import dev.qanat.ledger.Counts;
import dev.qanat.ledger.Polls;
import dev.qanat.ledger.RejectedRecord;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.RunResource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Runs and rejections as the HTTP contract shows them. Times are ISO-8601 in UTC. */
public final class RunView {

    /** The changes of the schema that are told of a run. */
    public static final int SCHEMA_CHANGES = 1_000;

    /** And where many runs are told of. */
    public static final int SCHEMA_CHANGES_IN_LISTS = 20;

    private RunView() {}

    public static Map<String, @Nullable Object> of(Run run, List<RunResource> resources) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", run.id());
        view.put("pipeline", pipeline(run));
        view.put("config_version", run.models().isPresent() ? null : run.configVersion());
        view.put("trigger", run.trigger().id());
        view.put("status", run.status().id());
        view.put("full_refresh", run.fullRefresh());
        view.put("from_bronze", run.fromBronze());
        view.put("redoes", run.redoes().orElse(null));
        view.put("scheduled_for", text(run.scheduledFor()));
        if (run.replays().isPresent()) {
            view.put("replays", run.replays().get());
            view.put("not_replayable", run.notReplayable().orElse(null));
        }
        run.models().ifPresent(models -> view.put("selected_models", models));
        view.put("queued_at", run.queuedAt().toString());
        view.put("started_at", text(run.startedAt()));
        view.put("landed_at", text(run.landedAt()));
        view.put("finished_at", text(run.finishedAt()));
        view.put("cancel_requested_at", text(run.cancelRequestedAt()));
        counts(view, run.counts());
        view.put("bytes", run.bytes());
        view.put("landing_attempts", run.landingAttempts());
        view.put("files", run.file().map(file -> List.of(file(run, file))).orElse(List.of()));
        view.put("resources", resources.stream().map(RunView::resource).toList());
        view.put("schema_changes", resources.stream().flatMap(RunView::schemaChanges).toList());
        view.put("error", run.error().map(RunView::error).orElse(null));
        return view;
    }

    /** What {@code GET /runs/{id}} tells of a run that polls: also what became of its partitions. */
    static Map<String, @Nullable Object> of(Run run, List<RunResource> resources, Polls.Outcome outcome) {
        Map<String, @Nullable Object> view = of(run, resources);
        Map<String, Long> counts = new LinkedHashMap<>();
        for (Polls.Status status : Polls.Status.values()) {
            counts.put(status.id(), outcome.counts().getOrDefault(status, 0L));
        }
        view.put("partition_counts", counts);
        view.put("partitions", outcome.first().stream().map(RunView::partition).toList());
        return view;
    }

    private static Map<String, @Nullable Object> partition(Polls.Partition partition) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("resource", partition.resource());
        view.put("partition", new RawValue(partition.partition()));
        view.put("status", partition.status().id());
        view.put("cursor", partition.cursor().orElse(null));
        view.put("error", partition.error().map(RunView::error).orElse(null));
        return view;
    }

    /** A run as {@code POST /trigger-job} lists it. */
    public static Map<String, @Nullable Object> brief(Run run) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", run.id());
        view.put("pipeline", pipeline(run));
        view.put("status", run.status().id());
        return view;
    }

    private static @Nullable String pipeline(Run run) {
        return run.models().isPresent() ? null : run.pipeline();
    }

    private static Map<String, @Nullable Object> file(Run run, Run.RunFile file) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", file.name());
        view.put("sha256", file.sha256().orElse(null));
        view.put("size", file.size());
        view.put("status", fileStatus(run, file));
        if (file.alreadyLoaded()) {
            view.put("run", file.loadedBy().orElse(null));
        }
        return view;
    }

    private static String fileStatus(Run run, Run.RunFile file) {
        if (file.alreadyLoaded()) {
            return "already_loaded";
        }
        return file.loaded() ? "loaded" : run.status().id();
    }

    private static Map<String, @Nullable Object> resource(RunResource resource) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("resource", resource.resource());
        view.put("table", resource.table());
        counts(view, resource.counts());
        view.put("schema_changes", resource.schemaChanges());
        return view;
    }

    private static Stream<Map<String, @Nullable Object>> schemaChanges(RunResource resource) {
        return resource.toldChanges().stream().map(change -> {
            Map<String, @Nullable Object> view = new LinkedHashMap<>();
            view.put("resource", resource.resource());
            view.put("path", change.path());
            view.put("column", change.column().orElse(null));
            view.put("change", change.change());
            view.put("from", change.from().orElse(null));
            view.put("to", change.to().orElse(null));
            view.put("action", change.action());
            return view;
        });
    }

    private static void counts(Map<String, @Nullable Object> view, Counts counts) {
        view.put("read", counts.read());
        view.put("inserted", counts.inserted());
        view.put("updated", counts.updated());
        view.put("unchanged", counts.unchanged());
        view.put("duplicate", counts.duplicate());
        view.put("filtered", counts.filtered());
        view.put("rejected", counts.rejected());
    }

    static Map<String, Object> error(Run.RunError error) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("code", error.code());
        view.put("message", error.message());
        return view;
    }

    /** @param hidden whether the record is not for whoever asks */
    public static Map<String, @Nullable Object> of(RejectedRecord rejected, boolean hidden) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", rejected.id());
        view.put("resource", rejected.resource());
        view.put("source", rejected.source());
        view.put("position", rejected.position());
        view.put("column", rejected.column());
        view.put("code", rejected.code());
        view.put("reason", rejected.reason());
        view.put("record", hidden ? null : rejected.record());
        rejected.replayedBy().ifPresent(run -> view.put("replayed_by", run));
        return view;
    }

    private static @Nullable String text(Optional<java.time.Instant> instant) {
        return instant.map(Object::toString).orElse(null);
    }
}
