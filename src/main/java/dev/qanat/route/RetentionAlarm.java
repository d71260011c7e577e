package dev.qanat.route;

import dev.qanat.ledger.RetentionPass;
import dev.qanat.ledger.RetentionPasses;
import dev.qanat.retention.Retention;
import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.Date;
import java.util.Optional;
import java.util.TimeZone;
import java.util.concurrent.ExecutorService;
import org.apache.camel.CamelContext;
import org.quartz.CronScheduleBuilder;
import org.quartz.CronTrigger;
import org.quartz.JobBuilder;
import org.quartz.JobKey;
import org.quartz.ObjectAlreadyExistsException;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.quartz.TriggerKey;

/**
 * Has what was kept long enough deleted each day: the alarm stands in Quartz's clustered store, and one process of all hears it. Safe for
 * use by several threads.
 */
@ApplicationScoped
@Named("retentionAlarm")
public class RetentionAlarm {

    private static final TriggerKey DAILY = new TriggerKey("daily", "retention");
    private static final JobKey JOB = new JobKey("pass", "retention");

    private final Retention retention;
    private final RetentionPasses passes;
    private final Settings settings;
    private final Scheduler quartz;
    private final ExecutorService thread;
    private volatile Optional<RetentionPass> last = Optional.empty();

    RetentionAlarm(Retention retention, RetentionPasses passes, Settings settings, Scheduler quartz, CamelContext camel) {
        this.retention = retention;
        this.passes = passes;
        this.settings = settings;
        this.quartz = quartz;
        this.thread = camel.getExecutorServiceManager().newSingleThreadExecutor(this, "retention");
    }

    /** Sets the alarm, unless it stands; and learns how the last pass ended. */
    public void follow() throws SchedulerException {
        last = passes.list(Optional.empty(), 1).stream().findFirst();
        String cron = cron();
        Trigger stands = quartz.getTrigger(DAILY);
        if (stands instanceof CronTrigger alarm && alarm.getCronExpression().equals(cron)) {
            return;
        }
        quartz.addJob(JobBuilder.newJob(RetentionTick.class).withIdentity(JOB).storeDurably().build(), true);
        Trigger daily = TriggerBuilder.newTrigger()
                .withIdentity(DAILY)
                .forJob(JOB)
                .withSchedule(CronScheduleBuilder.cronSchedule(cron)
                        .inTimeZone(TimeZone.getTimeZone(ZoneOffset.UTC))
                        .withMisfireHandlingInstructionFireAndProceed())
                .build();
        if (quartz.rescheduleJob(DAILY, daily) == null) {
            try {
                quartz.scheduleJob(daily);
            } catch (ObjectAlreadyExistsException e) {
                // Another process was faster.
                quartz.rescheduleJob(DAILY, daily);
            }
        }
    }

    private String cron() {
        LocalTime at = settings.retentionAt();
        return "%d %d %d * * ?".formatted(at.getSecond(), at.getMinute(), at.getHour());
    }

    /** It is time. Where nothing is to be deleted, nothing is told. */
    void ring() {
        if (retention.kept().isEmpty()) {
            return;
        }
        try {
            begin("schedule");
        } catch (SQLException e) {
            Failures.tell("retention", e);
        }
    }

    /**
     * Begins a pass, which goes on by itself.
     *
     * @param trigger {@code schedule} or {@code api}
     * @return its number; empty when one is at work, in any process, or this one ends
     */
    Optional<Long> begin(String trigger) throws SQLException {
        Optional<Retention.Pass> begun = thread.isShutdown() ? Optional.empty() : retention.begin(trigger);
        begun.ifPresent(thread::execute);
        return begun.map(Retention.Pass::id);
    }

    /** No pass begins any more, and the one at work ends after what it has at hand. */
    void stop() {
        retention.stop();
        thread.shutdown();
    }

    /** Whether it has stopped, and no pass is at work in this process. */
    boolean isAtRest() {
        return thread.isTerminated();
    }

    /** When the next pass begins by itself. */
    Optional<Instant> next() throws SchedulerException {
        return Optional.ofNullable(quartz.getTrigger(DAILY)).map(Trigger::getNextFireTime).map(Date::toInstant);
    }

    /** The last pass, as of some seconds ago. */
    Optional<RetentionPass> last() {
        return last;
    }
}
