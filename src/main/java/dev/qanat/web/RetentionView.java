package dev.qanat.web;

import dev.qanat.ledger.RetentionPass;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What is kept for how long, and what was deleted, as the HTTP contract shows it. Times are ISO-8601 in UTC. */
public final class RetentionView {

    private RetentionView() {}

    /**
     * A page of passes.
     *
     * @param found as for {@link Reply#page}
     * @param kept how long each thing is kept that is not kept for ever
     * @param next when the next pass begins
     */
    public static Reply page(List<RetentionPass> found, int limit, Map<String, Duration> kept, Optional<Instant> next) {
        List<RetentionPass> items = found.subList(0, Math.min(limit, found.size()));
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("items", items.stream().map(RetentionView::of).toList());
        view.put("next", found.size() > limit ? Long.toString(items.get(limit - 1).id()) : null);
        Map<String, String> days = new LinkedHashMap<>();
        kept.forEach((what, time) -> days.put(what, time.toDays() * 24 == time.toHours() ? "P" + time.toDays() + "D" : time.toString()));
        view.put("kept", days);
        view.put("next_pass_at", next.map(Instant::toString).orElse(null));
        return Reply.json(200, view);
    }

    public static Map<String, @Nullable Object> of(RetentionPass pass) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", pass.id());
        view.put("trigger", pass.trigger());
        view.put("status", pass.status());
        view.put("started_at", pass.startedAt().toString());
        view.put("finished_at", pass.finishedAt().map(Instant::toString).orElse(null));
        view.put("deleted", pass.deleted().stream().map(RetentionView::of).toList());
        view.put("error", pass.error().map(RunView::error).orElse(null));
        return view;
    }

    /** What a pass would delete. */
    public static Reply dryRun(List<RetentionPass.Deleted> counted) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("dry_run", true);
        view.put("would_delete", counted.stream().map(RetentionView::of).toList());
        return Reply.json(200, view);
    }

    private static Map<String, @Nullable Object> of(RetentionPass.Deleted deleted) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("what", deleted.what());
        view.put("count", deleted.count());
        view.put("bytes", deleted.bytes().orElse(null));
        view.put("unknown", deleted.unknown().orElse(null));
        return view;
    }
}
