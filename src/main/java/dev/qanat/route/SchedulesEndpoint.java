package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.ledger.Schedules;
import dev.qanat.ledger.Schedules.Entry;
import dev.qanat.pipeline.Cron;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Schedule;
import dev.qanat.pipeline.Schedule.Catchup;
import dev.qanat.web.BadRequest;
import dev.qanat.web.Reply;
import dev.qanat.web.ScheduleView;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.camel.Body;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;
import org.quartz.SchedulerException;

/** {@code POST /schedule-job}, {@code GET /schedules} and {@code DELETE /schedules/{pipeline}}. */
@ApplicationScoped
@Named("schedulesEndpoint")
public class SchedulesEndpoint {

    private static final List<String> KEYS = List.of("pipeline", "every", "cron", "timezone", "catchup");

    private final Pipelines pipelines;
    private final Schedules schedules;
    private final Ticks ticks;

    SchedulesEndpoint(Pipelines pipelines, Schedules schedules, Ticks ticks) {
        this.pipelines = pipelines;
        this.schedules = schedules;
        this.ticks = ticks;
    }

    /** Puts a schedule in force, for one pipeline or for all. */
    public Reply post(@Body byte @Nullable [] body, @Header("Content-Type") @Nullable String contentType)
            throws IOException, SchedulerException {
        RequestBody request = RequestBody.read(body, contentType, KEYS);
        Optional<String> pipeline = request.text("pipeline");
        Schedule schedule = schedule(request);
        if (pipeline.isPresent()) {
            return Reply.json(200, set(RequestBody.pipeline(pipelines, pipeline.get()), schedule));
        }
        List<Map<String, @Nullable Object>> items = new ArrayList<>();
        for (Pipelines.Active active : pipelines.active()) {
            items.add(set(active, schedule));
        }
        return Reply.list(items);
    }

    private Map<String, @Nullable Object> set(Pipelines.Active active, Schedule schedule) throws SchedulerException {
        boolean replaced = ticks.set(active.name(), schedule);
        Entry entry = schedules.find(active.name()).orElseThrow(() -> unknown(active.name()));
        return ScheduleView.set(entry, replaced);
    }

    private static Schedule schedule(RequestBody request) {
        Optional<String> cron = request.text("cron");
        Optional<String> every = request.text("every").or(() -> cron.isPresent() ? Optional.empty() : Optional.of("PT1H"));
        if (cron.isPresent() && every.isPresent()) {
            throw invalid("every and cron: give one of them");
        }
        Optional<Catchup> catchup = request.text("catchup").map(SchedulesEndpoint::catchup);
        return new Schedule(
                every.map(text -> parse("every", text, Schedule.Every::parse)),
                cron.map(text -> parse("cron", text, Cron::parse)),
                request.text("timezone").map(text -> parse("timezone", text, Schedule::zone)),
                catchup.orElse(Catchup.LATEST));
    }

    private static <T> T parse(String key, String text, Function<String, T> parse) {
        try {
            return parse.apply(text);
        } catch (IllegalArgumentException e) {
            throw invalid(key + ": " + e.getMessage());
        }
    }

    private static Catchup catchup(String text) {
        return Arrays.stream(Catchup.values())
                .filter(catchup -> catchup.id().equals(text))
                .findFirst()
                .orElseThrow(() -> invalid("catchup: '" + text + "' is none of "
                        + Arrays.stream(Catchup.values()).map(Catchup::id).collect(Collectors.joining(", "))));
    }

    /** The schedules in force. */
    public Reply list(@Header("limit") @Nullable String limit, @Header("after") @Nullable String after) {
        int most = Parameters.limit(limit);
        List<Entry> entries = schedules.list(Optional.ofNullable(after).map(SchedulesEndpoint::storable), most + 1);
        return Reply.page(entries, most, ScheduleView::of, Entry::pipeline);
    }

    /** Takes a schedule out of force that was posted; the pipeline's own, or that of the settings, then stands again. */
    public Reply delete(@Header("pipeline") String pipeline) throws SchedulerException {
        Pipelines.Active active = RequestBody.pipeline(pipelines, pipeline);
        if (!ticks.remove(active)) {
            Entry entry = schedules.find(pipeline).orElseThrow(() -> unknown(pipeline));
            throw new BadRequest(
                    409,
                    Code.SCHEDULE_NOT_SET,
                    entry.origin() == Schedules.Origin.PIPELINE
                            ? "the schedule of '" + pipeline + "' is the pipeline's own: upload it without `schedule:`"
                            : "the schedule of '" + pipeline + "' follows from ETL_INTERVAL_MINUTES: start with ETL_ENABLED=false");
        }
        return Reply.json(200, ScheduleView.removed(pipeline, schedules.find(pipeline)));
    }

    /** PostgreSQL has no NUL. */
    private static String storable(String text) {
        return text.replace('\0', '\uFFFD');
    }

    private static BadRequest unknown(String pipeline) {
        return new BadRequest(404, Code.UNKNOWN_SCHEDULE, "pipeline '" + pipeline + "' has no schedule; GET /schedules lists them");
    }

    private static BadRequest invalid(String detail) {
        return new BadRequest(422, Code.INVALID_SCHEDULE, detail);
    }
}
