package dev.qanat.route;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/** Ready once the routes are loaded. A file that could not be loaded is told, and costs no readiness unless it is the engine's. */
@Readiness
@ApplicationScoped
public class RoutesHealth implements HealthCheck {

    private final RouteFiles files;
    private final PipelineFiles pipelines;
    private final Engine engine;

    RoutesHealth(RouteFiles files, PipelineFiles pipelines, Engine engine) {
        this.files = files;
        this.pipelines = pipelines;
        this.engine = engine;
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder check = HealthCheckResponse.named("routes").status(engine.working());
        files.failures().forEach(check::withData);
        pipelines.failures().forEach(check::withData);
        return check.build();
    }
}
