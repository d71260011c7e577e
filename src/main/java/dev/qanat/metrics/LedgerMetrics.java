package dev.qanat.metrics;

import dev.qanat.failure.Code;
import dev.qanat.ledger.Measures;
import dev.qanat.ledger.Measures.Measure;
import dev.qanat.ledger.Measures.Paused;
import dev.qanat.ledger.Measures.Total;
import dev.qanat.ledger.Measures.Waiting;
import dev.qanat.ledger.Measures.Written;
import dev.qanat.ledger.Run;
import dev.qanat.pipeline.Pipelines;
import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What the ledger knows, asked for when somebody looks, at most every {@value #FRESH_SECONDS} seconds: the same in every process of a
 * database. Who looks waits {@value #PATIENCE_MILLIS} ms at most; where the ledger does not answer by then its metrics are missing, all
 * but {@code qanat_ledger_up}. Safe for use by several threads.
 */
@Singleton
final class LedgerMetrics extends Collector implements Collector.Describable {

    private static final Logger LOG = Logger.getLogger(LedgerMetrics.class);
    private static final int FRESH_SECONDS = 5;
    private static final int PATIENCE_MILLIS = 2_000;

    private static final List<String> OUTCOMES =
            List.of("inserted", "updated", "unchanged", "duplicate", "filtered", "rejected", "discarded");

    private final Measures ledger;
    private final Pipelines pipelines;
    private final RunMetrics ofRuns;
    private final ExecutorService asking = Executors.newSingleThreadExecutor(work -> {
        Thread thread = new Thread(work, "metrics");
        thread.setDaemon(true);
        return thread;
    });
    private volatile boolean away;
    private @Nullable Future<Snapshot> asked;
    private long askedAt;

    LedgerMetrics(Measures ledger, Pipelines pipelines, RunMetrics ofRuns) {
        this.ledger = ledger;
        this.pipelines = pipelines;
        this.ofRuns = ofRuns;
    }

    void begin(@Observes StartupEvent event, CollectorRegistry registry) {
        registry.register(this);
    }

    void end(@Observes ShutdownEvent event) {
        asking.shutdownNow();
    }

    /** No names: nobody is to ask the ledger for them while it starts. */
    @Override
    public List<MetricFamilySamples> describe() {
        return List.of();
    }

    @Override
    public List<MetricFamilySamples> collect() {
        Optional<Snapshot> known = snapshot();
        List<MetricFamilySamples> families = new ArrayList<>();
        families.add(new GaugeMetricFamily(
                "qanat_ledger_up", "Whether the ledger answered", known.isPresent() ? 1 : 0));
        families.add(pipelinesActive());
        known.ifPresent(snapshot -> {
            ofRuns.keep(known(snapshot));
            families.addAll(totals(snapshot));
            families.addAll(queue(snapshot));
            families.addAll(tables(snapshot));
            families.addAll(quotas(snapshot));
        });
        return families;
    }

    /** Also the pipelines that came since the ledger was asked. */
    private Set<String> known(Snapshot snapshot) {
        Set<String> known = new TreeSet<>(snapshot.pipelines());
        pipelines.active().forEach(active -> known.add(active.name()));
        known.addAll(pipelines.inactive().keySet());
        return known;
    }

    private Optional<Snapshot> snapshot() {
        try {
            Optional<Snapshot> known = Optional.of(asked().get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS));
            away = false;
            return known;
        } catch (ExecutionException | TimeoutException e) {
            if (!away) {
                LOG.warnf("The ledger's metrics are missing: %s", e.getCause() == null ? "it does not answer" : e.getCause().getMessage());
            }
            away = true;
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** The answer that is on its way, or fresh; one that failed is not kept. */
    private synchronized Future<Snapshot> asked() {
        long now = System.nanoTime();
        Future<Snapshot> known = asked;
        if (known == null || known.isDone() && (now - askedAt > TimeUnit.SECONDS.toNanos(FRESH_SECONDS) || failed(known))) {
            known = asking.submit(() -> Snapshot.of(ledger, pipelines));
            asked = known;
            askedAt = now;
        }
        return known;
    }

    private static boolean failed(Future<Snapshot> done) {
        try {
            done.get();
            return false;
        } catch (ExecutionException | InterruptedException e) {
            return true;
        }
    }

    private MetricFamilySamples pipelinesActive() {
        GaugeMetricFamily active =
                new GaugeMetricFamily("qanat_pipeline_active", "Whether the pipeline's version in force can run here", List.of("pipeline"));
        pipelines.active().forEach(one -> active.addMetric(List.of(one.name()), 1));
        pipelines.inactive().keySet().forEach(name -> active.addMetric(List.of(name), 0));
        return active;
    }

    private static List<MetricFamilySamples> totals(Snapshot snapshot) {
        CounterMetricFamily runs = new CounterMetricFamily(
                "qanat_runs", "Runs that ended with this status, or were deferred", List.of("pipeline", "status"));
        GaugeMetricFamily last = new GaugeMetricFamily(
                "qanat_last_run_timestamp_seconds", "When the last run got this status; 0 for never", List.of("pipeline", "status"));
        CounterMetricFamily read = new CounterMetricFamily("qanat_records_read", "Records read", List.of("pipeline"));
        CounterMetricFamily records =
                new CounterMetricFamily("qanat_records", "What became of records", List.of("pipeline", "outcome"));
        CounterMetricFamily bytes = new CounterMetricFamily("qanat_read_bytes", "Bytes read from sources", List.of("pipeline"));
        CounterMetricFamily rejections =
                new CounterMetricFamily("qanat_rejections", "Rejections that were kept", List.of("pipeline", "code"));
        Map<List<Object>, Total> totals = snapshot.totals().stream()
                .collect(Collectors.toMap(total -> List.of(total.pipeline(), total.measure(), total.label()), total -> total));
        for (String pipeline : snapshot.pipelines()) {
            for (String status : statuses().filter(one -> !one.equals("queued") && !one.equals("running")).toList()) {
                Optional<Total> total = Optional.ofNullable(totals.get(List.of(pipeline, Measure.RUNS, status)));
                runs.addMetric(List.of(pipeline, status), total.map(Total::total).orElse(0L));
                last.addMetric(List.of(pipeline, status), total.map(Total::at).orElse(0.0));
            }
            for (String outcome : OUTCOMES) {
                records.addMetric(List.of(pipeline, outcome), number(totals, pipeline, Measure.RECORDS, outcome));
            }
            read.addMetric(List.of(pipeline), number(totals, pipeline, Measure.READ, ""));
            bytes.addMetric(List.of(pipeline), number(totals, pipeline, Measure.BYTES, ""));
            Code.ofRecords().stream()
                    .map(Code::id)
                    .filter(code -> !totals.containsKey(List.of(pipeline, Measure.REJECTIONS, code)))
                    .forEach(code -> rejections.addMetric(List.of(pipeline, code), 0));
        }
        snapshot.totals().stream()
                .filter(total -> total.measure() == Measure.REJECTIONS)
                .forEach(total -> rejections.addMetric(List.of(total.pipeline(), total.label()), total.total()));
        return List.of(runs, last, read, records, bytes, rejections);
    }

    private static double number(Map<List<Object>, Total> totals, String pipeline, Measure measure, String label) {
        Total total = totals.get(List.of(pipeline, measure, label));
        return total == null ? 0 : total.total();
    }

    private static Stream<String> statuses() {
        return Stream.of(Run.Status.values()).map(Run.Status::id);
    }

    private static List<MetricFamilySamples> queue(Snapshot snapshot) {
        GaugeMetricFamily queue =
                new GaugeMetricFamily("qanat_queue_length", "Runs that have not ended", List.of("pipeline", "status"));
        GaugeMetricFamily oldest = new GaugeMetricFamily(
                "qanat_oldest_run_seconds", "So long one of the runs that have not ended has had its turn", List.of("pipeline", "status"));
        Map<List<String>, Waiting> waiting = snapshot.waiting().stream()
                .collect(Collectors.toMap(one -> List.of(one.pipeline(), one.status()), one -> one));
        for (String pipeline : snapshot.pipelines()) {
            for (String status : List.of("queued", "running", "deferred")) {
                Optional<Waiting> runs = Optional.ofNullable(waiting.get(List.of(pipeline, status)));
                queue.addMetric(List.of(pipeline, status), runs.map(Waiting::runs).orElse(0L));
                oldest.addMetric(List.of(pipeline, status), runs.map(Waiting::oldest).orElse(0.0));
            }
        }
        return List.of(queue, oldest);
    }

    private static List<MetricFamilySamples> tables(Snapshot snapshot) {
        GaugeMetricFamily ages = new GaugeMetricFamily(
                "qanat_table_newest_row_age_seconds", "Since rows were last put into the table or changed", List.of("pipeline", "table"));
        snapshot.written().forEach(written ->
                ages.addMetric(List.of(snapshot.tables().getOrDefault(written.table(), ""), written.table()), written.age()));
        GaugeMetricFamily ever = new GaugeMetricFamily(
                "qanat_table_written", "Whether rows were ever put into the pipeline's table", List.of("pipeline", "table"));
        Set<String> written = snapshot.written().stream().map(Written::table).collect(Collectors.toSet());
        snapshot.tables().forEach((table, pipeline) -> ever.addMetric(List.of(pipeline, table), written.contains(table) ? 1 : 0));
        return List.of(ages, ever);
    }

    private static List<MetricFamilySamples> quotas(Snapshot snapshot) {
        List<String> labels = List.of("pipeline", "source", "interval");
        GaugeMetricFamily limits = new GaugeMetricFamily("qanat_quota_limit", "Requests that the source allows in the interval", labels);
        GaugeMetricFamily remaining =
                new GaugeMetricFamily("qanat_quota_remaining", "Requests that the interval has left", labels);
        snapshot.remaining().forEach(left -> {
            List<String> values = ofSource(left.quota().source());
            List<String> all = List.of(values.get(0), values.get(1), left.quota().limit().interval().toString());
            limits.addMetric(all, left.quota().limit().requests());
            remaining.addMetric(all, left.remaining());
        });
        GaugeMetricFamily paused = new GaugeMetricFamily(
                "qanat_source_paused_seconds", "So long the source itself wants no requests", List.of("pipeline", "source"));
        Map<String, Double> pauses = snapshot.paused().stream().collect(Collectors.toMap(Paused::source, Paused::left));
        snapshot.sources().forEach(source -> paused.addMetric(ofSource(source), pauses.getOrDefault(source, 0.0)));
        return List.of(limits, remaining, paused);
    }

    /** A pipeline's name has no dot. */
    private static List<String> ofSource(String name) {
        return List.of(name.split("\\.", 2));
    }
}
