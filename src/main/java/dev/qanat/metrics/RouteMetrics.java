package dev.qanat.metrics;

import dev.qanat.route.PipelineFiles;
import dev.qanat.route.RouteCounts;
import dev.qanat.route.RouteFiles;
import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;

/** What the routes of this process did, of those that there are when somebody looks, and the files that are not in force. Safe for use by several threads. */
@Singleton
final class RouteMetrics extends Collector implements Collector.Describable {

    private final RouteCounts counts;
    private final RouteFiles routes;
    private final PipelineFiles pipelines;

    RouteMetrics(RouteCounts counts, RouteFiles routes, PipelineFiles pipelines) {
        this.counts = counts;
        this.routes = routes;
        this.pipelines = pipelines;
    }

    void begin(@Observes StartupEvent event, CollectorRegistry registry) {
        registry.register(this);
    }

    @Override
    public List<MetricFamilySamples> describe() {
        return List.of();
    }

    @Override
    public List<MetricFamilySamples> collect() {
        CounterMetricFamily exchanges =
                new CounterMetricFamily("qanat_route_exchanges", "Exchanges that the route is done with", List.of("route"));
        CounterMetricFamily failures = new CounterMetricFamily(
                "qanat_route_failures", "Exchanges that failed, by no fault of a request's", List.of("route"));
        counts.all().forEach(route -> {
            exchanges.addMetric(List.of(route.route()), route.exchanges());
            failures.addMetric(List.of(route.route()), route.failures());
        });
        GaugeMetricFamily faulty =
                new GaugeMetricFamily("qanat_files_faulty", "Files that could not be put in force as they are", List.of("kind"));
        faulty.addMetric(List.of("route"), routes.failures().size());
        faulty.addMetric(List.of("pipeline"), pipelines.failures().size());
        return List.of(exchanges, failures, faulty);
    }
}
