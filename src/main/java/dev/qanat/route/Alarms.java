package dev.qanat.route;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.util.Date;
import org.quartz.JobBuilder;
import org.quartz.JobKey;
import org.quartz.ObjectAlreadyExistsException;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.SimpleScheduleBuilder;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.quartz.TriggerKey;

/**
 * Wakes one process of all at the next tick of a schedule: a trigger for each pipeline in Quartz's clustered store, which fires once
 * and is then set anew. An alarm decides nothing: what is due, the ledger says.
 */
@ApplicationScoped
public class Alarms {

    private static final String GROUP = "schedules";
    private static final JobKey TICK = new JobKey("tick", GROUP);

    private final Scheduler quartz;
    private boolean known;

    Alarms(Scheduler quartz) {
        this.quartz = quartz;
    }

    /** Sets the alarm of a pipeline, in place of the one that stands. */
    void set(String pipeline, Instant at) throws SchedulerException {
        begin();
        TriggerKey key = new TriggerKey(pipeline, GROUP);
        Trigger alarm = TriggerBuilder.newTrigger()
                .withIdentity(key)
                .forJob(TICK)
                .startAt(Date.from(at))
                .withSchedule(SimpleScheduleBuilder.simpleSchedule().withMisfireHandlingInstructionFireNow())
                .build();
        if (quartz.rescheduleJob(key, alarm) == null) {
            try {
                quartz.scheduleJob(alarm);
            } catch (ObjectAlreadyExistsException e) {
                // Another process was faster.
                quartz.rescheduleJob(key, alarm);
            }
        }
    }

    void remove(String pipeline) throws SchedulerException {
        quartz.unscheduleJob(new TriggerKey(pipeline, GROUP));
    }

    private synchronized void begin() throws SchedulerException {
        if (!known) {
            quartz.addJob(JobBuilder.newJob(Tick.class).withIdentity(TICK).storeDurably().build(), true);
            known = true;
        }
    }
}
