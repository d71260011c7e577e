package dev.qanat.route;

import dev.qanat.build.Builds;
import dev.qanat.build.Order;
import dev.qanat.build.Report;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.Cancellations;
import dev.qanat.ledger.ModelRun;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.RunResource;
import dev.qanat.ledger.Runs;
import dev.qanat.load.Staging;
import dev.qanat.pipeline.Pipeline;
import dev.qanat.pipeline.Pipelines;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.camel.ExchangeProperty;
import org.jboss.logging.Logger;

/** The steps that build models: after a landing, or by themselves. Safe for use by several threads, each with a load of its own. */
@ApplicationScoped
@Named("models")
public class ModelSteps {

    private static final Logger LOG = Logger.getLogger(ModelSteps.class);

    private final Builds builds;
    private final Runs runs;
    private final Pipelines pipelines;
    private final Cancellations cancellations;

    ModelSteps(Builds builds, Runs runs, Pipelines pipelines, Cancellations cancellations) {
        this.builds = builds;
        this.runs = runs;
        this.pipelines = pipelines;
        this.cancellations = cancellations;
    }

    /** Builds what is downstream of what the run has landed, or what its pipeline says. What fails makes the run partial. */
    public void build(@ExchangeProperty("load") Load load) throws InterruptedException {
        Run run = load.getRun();
        Set<String> loaded = runs.resources(List.of(run.id()), 0).getOrDefault(run.id(), List.of()).stream()
                .map(RunResource::table)
                .collect(Collectors.toSet());
        Optional<Pipeline> pipeline = pipelines.active(run.pipeline()).map(Pipelines.Active::pipeline);
        if (loaded.isEmpty() || pipeline.isEmpty()) {
            return;
        }
        try {
            Report report = build(load, pipeline.get().models().map(models -> String.join(" ", models)), loaded, true);
            report.failure().ifPresent(load::landedInPart);
        } catch (RuntimeException e) {
            Failure failure = Failures.of(e, run);
            if (failure instanceof TransientFailure) {
                throw failure;
            }
            // The project is at fault, or we are, and what was loaded is not.
            load.landedInPart(new InputFailure(failure.code(), String.valueOf(failure.getMessage()), e));
        }
    }

    /** Builds the models of a run that does nothing else. With none of them published the run fails. */
    public void buildAlone(@ExchangeProperty("load") Load load) throws InterruptedException {
        Run run = load.getRun();
        Report report = build(load, run.models(), Set.of(), false);
        Optional<InputFailure> failure = report.failure();
        if (failure.isPresent() && report.count(ModelRun.Status.SUCCEEDED) == 0) {
            throw failure.get();
        }
        runs.modelsBuilt(run.id(), failure);
    }

    private Report build(Load load, Optional<String> select, Set<String> loaded, boolean patient) throws InterruptedException {
        Run run = load.getRun();
        Attempt attempt = load.attempt();
        Runnable stop = () -> cancellations.stopStatements(Staging.nameOf(run.id()));
        attempt.enter(stop);
        try (LogContext context = LogContext.of(load)) {
            long begun = System.nanoTime();
            Report report = builds.build(new Order(
                    run.id(), select, loaded, run.fullRefresh() || run.fromBronze(), patient, () -> attempt.isToStop() || attempt.givesWay()));
            attempt.checkCancelled();
            attempt.checkLease();
            if (!report.models().isEmpty() || !report.tests().isEmpty()) {
                LOG.infof(
                        "Models: %,d built, %,d failed, %,d skipped in %.1f s",
                        report.count(ModelRun.Status.SUCCEEDED), report.count(ModelRun.Status.FAILED),
                        report.count(ModelRun.Status.SKIPPED), (System.nanoTime() - begun) / 1e9);
            }
            return report;
        } finally {
            attempt.leave(stop);
        }
    }
}
