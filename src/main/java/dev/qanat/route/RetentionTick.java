package dev.qanat.route;

import io.quarkus.arc.Unremovable;
import jakarta.enterprise.context.ApplicationScoped;
import org.quartz.Job;
import org.quartz.JobExecutionContext;

/** What Quartz does each day, in one process of all, when it is time to delete what was kept long enough. */
@ApplicationScoped
@Unremovable
public class RetentionTick implements Job {

    private final RetentionAlarm alarm;

    RetentionTick(RetentionAlarm alarm) {
        this.alarm = alarm;
    }

    @Override
    public void execute(JobExecutionContext context) {
        alarm.ring();
    }
}
