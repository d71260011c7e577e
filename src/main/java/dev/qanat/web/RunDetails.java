package dev.qanat.web;

import dev.qanat.ledger.ModelRuns;
import dev.qanat.ledger.OldRuns;
import dev.qanat.ledger.Polls;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.RunResource;
import dev.qanat.ledger.Runs;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A run as {@code GET /runs/{id}} and its events tell it. Safe for use by several threads; it asks the database. */
@ApplicationScoped
public class RunDetails {

    /** Partitions that are told one by one; a run may have thousands. */
    private static final int MOST_PARTITIONS = 100;

    private final Runs runs;
    private final Polls polls;
    private final ModelRuns models;
    private final OldRuns old;

    RunDetails(Runs runs, Polls polls, ModelRuns models, OldRuns old) {
        this.runs = runs;
        this.polls = polls;
        this.models = models;
        this.old = old;
    }

    public Map<String, @Nullable Object> of(Run run) {
        List<RunResource> resources = runs.resources(List.of(run.id()), RunView.SCHEMA_CHANGES).getOrDefault(run.id(), List.of());
        Map<String, @Nullable Object> view = run.poll().isPresent()
                ? RunView.of(run, resources, polls.outcome(run.id(), MOST_PARTITIONS))
                : RunView.of(run, resources);
        view.put("models", models.models(run.id()).stream().map(model -> ModelView.of(model, false)).toList());
        view.put("tests", models.tests(run.id()).stream()
                .filter(test -> test.model().isEmpty())
                .map(test -> ModelView.of(test, false))
                .toList());
        OldRuns.Forgotten forgotten = old.forgotten(run.id());
        view.put("rejections_deleted_at", forgotten.rejections().map(Instant::toString).orElse(null));
        view.put("details_deleted_at", forgotten.details().map(Instant::toString).orElse(null));
        return view;
    }
}
