package dev.qanat.metrics;

import dev.qanat.route.ApiRequested;
import dev.qanat.route.PhaseDone;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** What runs do in this process, counted as they do it. Safe for use by several threads. */
@Singleton
final class RunMetrics {

    private static final String PIPELINE = "pipeline";

    private static final Duration[] BUCKETS = Stream.of("PT0.1S", "PT0.5S", "PT1S", "PT5S", "PT15S", "PT1M", "PT5M", "PT30M", "PT2H")
            .map(Duration::parse)
            .toArray(Duration[]::new);

    private final MeterRegistry registry;

    RunMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    void passed(@Observes PhaseDone phase) {
        Timer.builder("qanat.run.phase")
                .description("How long phases of runs took")
                .tags(PIPELINE, phase.pipeline(), "phase", phase.phase().id())
                .serviceLevelObjectives(BUCKETS)
                .register(registry)
                .record(phase.took());
    }

    void requested(@Observes ApiRequested request) {
        Counter.builder("qanat.api.requests")
                .description("Requests to APIs by the status of the answer")
                .tags(PIPELINE, request.pipeline(), "source", request.source(), "status",
                        request.status().isPresent() ? Integer.toString(request.status().getAsInt()) : "none")
                .register(registry)
                .increment();
    }

    /** Forgets all pipelines but these. */
    void keep(Set<String> pipelines) {
        List<Meter> gone = registry.getMeters().stream()
                .filter(meter -> meter.getId().getTag(PIPELINE) != null && !pipelines.contains(meter.getId().getTag(PIPELINE)))
                .toList();
        gone.forEach(registry::remove);
    }
}
