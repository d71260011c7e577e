package dev.qanat.route;

import dev.qanat.ledger.Schedules;
import dev.qanat.ledger.Schedules.Decision;
import dev.qanat.ledger.Schedules.Due;
import dev.qanat.ledger.Schedules.Entry;
import dev.qanat.ledger.Schedules.Origin;
import dev.qanat.ledger.Schedules.Terms;
import dev.qanat.pipeline.Pipeline;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Schedule;
import dev.qanat.settings.EtlSettings;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.quartz.SchedulerException;

/**
 * Keeps the schedules as the pipelines in force and the settings say, and deals with ticks. Quartz wakes one process at a tick; what
 * it does not, because the process it woke died, is noticed by any other within some seconds. Safe for use by several threads.
 */
@ApplicationScoped
@Named("ticks")
public class Ticks {

    private static final Logger LOG = Logger.getLogger(Ticks.class);

    /** So long Quartz has to wake somebody. */
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** A tick that is later than this was missed, whoever was there. */
    private static final Duration LATE = Duration.ofSeconds(60);

    /** No more ticks of a schedule are made up for at once, or noted: the last ones. */
    private static final int MOST = 10_000;

    private final Schedules schedules;
    private final Pipelines pipelines;
    private final EtlSettings settings;
    private final Alarms alarms;

    /** What was last followed, by the names of the pipelines: nothing is asked of the ledger while nothing has changed. */
    private Map<String, Followed> followed = Map.of();

    private record Followed(int version, Optional<Schedule> own) {}

    Ticks(Schedules schedules, Pipelines pipelines, EtlSettings settings, Alarms alarms) {
        this.schedules = schedules;
        this.pipelines = pipelines;
        this.settings = settings;
        this.alarms = alarms;
    }

    /** Puts the schedules in force that the versions in force have, and takes those out of force whose pipelines are gone. */
    public synchronized void follow() throws SchedulerException {
        for (String pipeline : schedules.removeOfGone()) {
            alarms.remove(pipeline);
            LOG.infof("The schedule of %s ends: the pipeline is no longer in force", pipeline);
        }
        Map<String, Followed> now = new HashMap<>();
        for (Pipelines.Active active : pipelines.active()) {
            Followed wanted = new Followed(active.version(), active.pipeline().schedule());
            if (!wanted.equals(followed.get(active.name()))) {
                adopt(active);
            }
            now.put(active.name(), wanted);
        }
        followed = now;
    }

    /** Puts the schedule of one pipeline in force that follows from its version or the settings, unless somebody asked for another. */
    private void adopt(Pipelines.Active active) throws SchedulerException {
        Optional<Schedule> wanted = following(active.pipeline());
        if (wanted.isEmpty()) {
            if (schedules.unfollow(active.name(), active.version())) {
                alarms.remove(active.name());
                LOG.infof("Pipeline %s has no schedule any more", active.name());
            }
            return;
        }
        Instant since = now();
        Instant next = wanted.get().next(since, since);
        if (schedules.follow(
                active.name(), active.version(), origin(active.pipeline()), terms(wanted.get()), since, next)) {
            alarms.set(active.name(), next);
            LOG.infof("Pipeline %s runs %s, next at %s", active.name(), told(wanted.get()), next);
        }
    }

    /** What a pipeline follows where nobody asked for another schedule: its own, or the settings'. */
    private Optional<Schedule> following(Pipeline pipeline) {
        return pipeline.schedule().or(this::ofSettings);
    }

    private static Origin origin(Pipeline pipeline) {
        return pipeline.schedule().isPresent() ? Origin.PIPELINE : Origin.SETTING;
    }

    private Optional<Schedule> ofSettings() {
        Optional<Duration> interval = settings.intervalMinutes().map(Duration::ofMinutes);
        return settings.enabled().orElse(interval.isPresent())
                ? Optional.of(interval.map(every -> Schedule.of(every.toString(), null, null, null)).orElse(Schedule.HOURLY))
                : Optional.empty();
    }

    /**
     * What becomes of the schedule of a pipeline.
     *
     * @param terms of the schedule that would be in force, or of the one that would be removed
     * @param before of the schedule that it would take the place of
     * @param nextFireAt its first tick
     */
    record Change(String effect, Origin origin, Terms terms, Optional<Terms> before, Optional<Instant> nextFireAt) {}

    /** What {@link #follow} would do if this pipeline were in force now; empty when there is no schedule and would be none. */
    Optional<Change> plan(Pipeline pipeline) {
        Optional<Entry> now = schedules.find(pipeline.name());
        Optional<Schedule> wanted = following(pipeline);
        if (now.isEmpty()) {
            return wanted.map(schedule -> planned("created", pipeline, schedule, Optional.empty()));
        }
        Entry entry = now.get();
        if (entry.origin() == Origin.API
                || wanted.isPresent() && entry.origin() == origin(pipeline) && entry.terms().equals(terms(wanted.get()))) {
            return Optional.of(
                    new Change("unchanged", entry.origin(), entry.terms(), Optional.empty(), Optional.of(entry.nextFireAt())));
        }
        return Optional.of(wanted.map(schedule -> planned("changed", pipeline, schedule, Optional.of(entry.terms())))
                .orElseGet(() -> new Change("removed", entry.origin(), entry.terms(), Optional.empty(), Optional.empty())));
    }

    private static Change planned(String effect, Pipeline pipeline, Schedule schedule, Optional<Terms> before) {
        Instant since = now();
        return new Change(effect, origin(pipeline), terms(schedule), before, Optional.of(schedule.next(since, since)));
    }

    /** Puts a schedule in force that somebody asked for. */
    boolean set(String pipeline, Schedule schedule) throws SchedulerException {
        Instant since = now();
        Instant next = schedule.next(since, since);
        boolean replaced = schedules.set(pipeline, terms(schedule), since, next);
        alarms.set(pipeline, next);
        LOG.infof("Pipeline %s runs %s, next at %s", pipeline, told(schedule), next);
        return replaced;
    }

    /** Takes a schedule out of force that somebody asked for; what stood below it stands again. */
    boolean remove(Pipelines.Active active) throws SchedulerException {
        if (!schedules.remove(active.name())) {
            return false;
        }
        alarms.remove(active.name());
        LOG.infof("The schedule of %s ends: it was deleted", active.name());
        adopt(active);
        return true;
    }

    /** Deals with ticks that Quartz woke nobody for, and with those at which nobody was there. */
    public void watch() throws SQLException, SchedulerException {
        setAlarms(account(Instant.now(), PATIENCE));
    }

    /** Deals with the ticks that are due, as the alarm of a pipeline rings. Quartz may be some milliseconds early. */
    void ring(String pipeline, Instant tick) {
        try {
            Instant now = Instant.now();
            List<Entry> advanced = account(now.isBefore(tick) ? tick : now, Duration.ZERO);
            setAlarms(advanced);
            if (advanced.stream().noneMatch(schedule -> schedule.pipeline().equals(pipeline))) {
                // Others were faster, or the alarm was set before the schedule changed.
                Optional<Entry> schedule = schedules.find(pipeline);
                if (schedule.isPresent() && !pipelines.inactive().containsKey(pipeline)) {
                    alarms.set(pipeline, schedule.get().nextFireAt());
                }
            }
        } catch (Exception e) {
            Failures.tell("ticks", e);      // what is not dealt with now is found by watch
        }
    }

    private List<Entry> account(Instant until, Duration patience) throws SQLException {
        return schedules.account(until, patience, pipelines.inactive().keySet(), due -> decide(due, until));
    }

    private void setAlarms(List<Entry> advanced) throws SchedulerException {
        for (Entry schedule : advanced) {
            alarms.set(schedule.pipeline(), schedule.nextFireAt());
        }
    }

    private Decision decide(Due due, Instant until) {
        Entry entry = due.schedule();
        Terms terms = entry.terms();
        Schedule schedule = Schedule.of(
                terms.every().orElse(null), terms.cron().orElse(null), terms.timezone().orElse(null), terms.catchup());
        Instant missedUntil = until.minus(due.unattended() ? PATIENCE : LATE);
        Deque<Instant> missed = new ArrayDeque<>();
        List<Instant> inTime = new ArrayList<>();
        long count = 0;
        Instant next = entry.nextFireAt();
        Iterator<Instant> following = schedule.ticks(entry.since(), next).iterator();
        for (; !next.isAfter(until); next = following.next()) {
            if (next.isAfter(missedUntil)) {
                inTime.add(next);
                continue;
            }
            count++;
            missed.add(next);
            if (missed.size() > MOST) {
                missed.removeFirst();
            }
        }
        if (count > 0) {
            LOG.warnf(
                    "Pipeline %s missed %,d ticks, %s to %s: no process was there; catchup is %s",
                    entry.pipeline(), count, missed.getFirst(), missed.getLast(), schedule.catchup().id());
        }
        boolean refuses = pipelines.active(entry.pipeline())
                .filter(active -> active.pipeline().concurrency().refuses(due.running()))
                .isPresent();
        if (refuses) {
            if (!inTime.isEmpty()) {
                LOG.warnf(
                        "Pipeline %s missed %,d ticks, %s to %s: it was running, and its concurrency says behavior: refuse",
                        entry.pipeline(), inTime.size(), inTime.get(0), inTime.get(inTime.size() - 1));
            }
            return new Decision(List.of(), List.copyOf(missed), inTime, next);
        }
        List<Instant> runs = new ArrayList<>();
        switch (schedule.catchup()) {
            case ALL -> runs.addAll(missed);
            case LATEST -> Optional.ofNullable(missed.peekLast()).ifPresent(runs::add);
            case NONE -> {}
        }
        runs.addAll(inTime);
        return new Decision(runs, List.copyOf(missed), List.of(), next);
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS);
    }

    private static Terms terms(Schedule schedule) {
        return new Terms(
                schedule.every().map(Schedule.Every::text),
                schedule.cron().map(Object::toString),
                schedule.timezone().map(ZoneId::getId),
                schedule.catchup().id());
    }

    private static String told(Schedule schedule) {
        return schedule.every().map(every -> "every " + every)
                .orElseGet(() -> "at '" + schedule.cron().orElseThrow() + "' "
                        + schedule.timezone().map(ZoneId::getId).orElse("UTC"));
    }
}
