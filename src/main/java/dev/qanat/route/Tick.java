package dev.qanat.route;

import io.quarkus.arc.Unremovable;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Date;
import org.quartz.Job;
import org.quartz.JobExecutionContext;

/** What Quartz does when an alarm rings, in one process of all. */
@ApplicationScoped
@Unremovable
public class Tick implements Job {

    private final Ticks ticks;

    Tick(Ticks ticks) {
        this.ticks = ticks;
    }

    @Override
    public void execute(JobExecutionContext context) {
        Date tick = context.getScheduledFireTime();
        ticks.ring(context.getTrigger().getKey().getName(), tick.toInstant());
    }
}
