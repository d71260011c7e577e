package dev.qanat.route;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/** How the last pass that deleted what was kept long enough has ended; up also where it failed, since loading goes on. */
@Readiness
@ApplicationScoped
public class RetentionHealth implements HealthCheck {

    private final RetentionAlarm alarm;

    RetentionHealth(RetentionAlarm alarm) {
        this.alarm = alarm;
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder check = HealthCheckResponse.named("retention").up();
        alarm.last().ifPresent(pass -> check.withData("last_pass", pass.id()).withData("status", pass.status()));
        return check.build();
    }
}
