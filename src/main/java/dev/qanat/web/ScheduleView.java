package dev.qanat.web;

import dev.qanat.ledger.Schedules.Entry;
import dev.qanat.ledger.Schedules.Terms;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Schedules as the HTTP contract shows them. Times are ISO-8601 in UTC. */
public final class ScheduleView {

    private ScheduleView() {}

    /** A schedule in force. */
    public static Map<String, @Nullable Object> of(Entry schedule) {
        Map<String, @Nullable Object> view = terms(schedule);
        view.put("origin", schedule.origin().id());
        view.put("next_fire_at", schedule.nextFireAt().toString());
        view.put("last_fire_at", text(schedule.lastFireAt()));
        view.put("missed", schedule.missed());
        view.put("last_missed_at", text(schedule.lastMissedAt()));
        return view;
    }

    /** A schedule that was just put in force. */
    public static Map<String, @Nullable Object> set(Entry schedule, boolean replaced) {
        Map<String, @Nullable Object> view = terms(schedule);
        view.put("next_fire_at", schedule.nextFireAt().toString());
        view.put("replaced", replaced);
        return view;
    }

    /** @param now the schedule that is in force without the one that was removed */
    public static Map<String, @Nullable Object> removed(String pipeline, Optional<Entry> now) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("pipeline", pipeline);
        view.put("removed", true);
        view.put("now", now.map(ScheduleView::of).orElse(null));
        return view;
    }

    private static Map<String, @Nullable Object> terms(Entry schedule) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("pipeline", schedule.pipeline());
        view.putAll(of(schedule.terms()));
        return view;
    }

    /** When something runs. */
    public static Map<String, @Nullable Object> of(Terms terms) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("every", terms.every().orElse(null));
        view.put("cron", terms.cron().orElse(null));
        view.put("timezone", terms.timezone().orElse(terms.cron().isPresent() ? "UTC" : null));
        view.put("catchup", terms.catchup());
        return view;
    }

    private static @Nullable String text(Optional<Instant> instant) {
        return instant.map(Instant::toString).orElse(null);
    }
}
