package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.Run;
import dev.qanat.pipeline.Pipelines;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Optional;

/** The pipelines of runs. */
@ApplicationScoped
class ActivePipelines {

    private final Pipelines pipelines;

    ActivePipelines(Pipelines pipelines) {
        this.pipelines = pipelines;
    }

    /**
     * The pipeline of a run as it is in force, also where another process put it in force a moment ago.
     *
     * @throws TransientFailure when it is not: its runs wait until it is again
     */
    Pipelines.Active of(Run run) {
        Optional<Pipelines.Active> known =
                pipelines.active(run.pipeline()).filter(active -> active.version() >= run.configVersion());
        if (known.isEmpty()) {
            pipelines.refresh();
            known = pipelines.active(run.pipeline());
        }
        return known.orElseThrow(
                () -> new TransientFailure(Code.UNKNOWN_PIPELINE, "pipeline " + run.pipeline() + " is not active"));
    }

    /** The pipeline of a run that has begun before, as it was then: what it is to go on with means nothing to another version. */
    Pipelines.Active asBegun(Run run) {
        Pipelines.Active inForce = of(run);
        return inForce.version() == run.configVersion()
                ? inForce
                : new Pipelines.Active(pipelines.at(run.pipeline(), run.configVersion()), run.configVersion());
    }
}
