package dev.qanat.route;

import dev.qanat.web.Stopping;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready once the routes are loaded, until the process is to end. A file that could not be loaded is named, and costs no readiness unless it is the engine's. Why it
 * could not is not for everybody: the reason may hold a piece of the file.
 */
@Readiness
@ApplicationScoped
public class RoutesHealth implements HealthCheck {

    private final RouteFiles files;
    private final PipelineFiles pipelines;
    private final Engine engine;
    private final Stopping stopping;

    RoutesHealth(RouteFiles files, PipelineFiles pipelines, Engine engine, Stopping stopping) {
        this.files = files;
        this.pipelines = pipelines;
        this.engine = engine;
        this.stopping = stopping;
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder check = HealthCheckResponse.named("routes").status(engine.working() && !stopping.isBegun());
        files.failures().keySet().forEach(name -> check.withData(name, "not loaded; GET /routes says why"));
        pipelines.failures().keySet().forEach(name -> check.withData(name, "not in force; the log says why"));
        return check.build();
    }
}
