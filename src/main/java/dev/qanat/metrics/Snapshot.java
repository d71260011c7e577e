package dev.qanat.metrics;

import dev.qanat.ledger.Measures;
import dev.qanat.ledger.Measures.Paused;
import dev.qanat.ledger.Measures.Quota;
import dev.qanat.ledger.Measures.Remaining;
import dev.qanat.ledger.Measures.Total;
import dev.qanat.ledger.Measures.Waiting;
import dev.qanat.ledger.Measures.Written;
import dev.qanat.ledger.Quotas.Limit;
import dev.qanat.ledger.Run;
import dev.qanat.pipeline.Pipelines;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What the ledger says of the pipelines in force at one moment.
 *
 * @param pipelines their names, also of the inactive, and what stands for one in runs of models alone
 * @param tables of those that are active, each with its pipeline
 * @param sources the limited ones, as the ledger knows them
 */
record Snapshot(
        Set<String> pipelines,
        Map<String, String> tables,
        Set<String> sources,
        List<Total> totals,
        List<Waiting> waiting,
        List<Written> written,
        List<Remaining> remaining,
        List<Paused> paused) {

    static Snapshot of(Measures ledger, Pipelines inForce) {
        Set<String> pipelines = new TreeSet<>(Set.of(Run.NO_PIPELINE));
        Map<String, String> tables = new TreeMap<>();
        List<Quota> quotas = inForce.active().stream()
                .flatMap(active -> active.pipeline().apis().stream()
                        .flatMap(source -> source.rateLimits().stream()
                                .map(limit -> new Quota(
                                        active.name() + "." + source.name(), new Limit(limit.limit(), limit.interval())))))
                .toList();
        Set<String> sources = new TreeSet<>();
        pipelines.addAll(inForce.inactive().keySet());
        for (Pipelines.Active active : inForce.active()) {
            pipelines.add(active.name());
            active.pipeline().tables().forEach(resource -> tables.put("silver." + resource.table(), active.name()));
            active.pipeline().apis().forEach(source -> sources.add(active.name() + "." + source.name()));
        }
        return new Snapshot(
                pipelines,
                tables,
                sources,
                ledger.totals(pipelines),
                ledger.waiting(),
                ledger.written(tables.keySet()),
                ledger.remaining(quotas),
                ledger.paused(sources));
    }
}
