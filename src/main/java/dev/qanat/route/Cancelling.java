package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.ledger.Cancellations;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.Runs;
import dev.qanat.load.Staging;
import dev.qanat.pipeline.Concurrency;
import dev.qanat.pipeline.Pipelines;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.util.Map;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/** The step that looks for runs to be cancelled: it stops those at work in this process and ends those that nobody works on. */
@ApplicationScoped
@Named("cancelling")
public class Cancelling {

    private static final Logger LOG = Logger.getLogger(Cancelling.class);

    private final Cancellations cancellations;
    private final Runs runs;
    private final RunClaims claims;
    private final RunEnding ending;
    private final Pipelines pipelines;

    Cancelling(Cancellations cancellations, Runs runs, RunClaims claims, RunEnding ending, Pipelines pipelines) {
        this.cancellations = cancellations;
        this.runs = runs;
        this.claims = claims;
        this.ending = ending;
        this.pipelines = pipelines;
    }

    /** Looks once. A load that goes on, because it was between two statements, is stopped by the next look. */
    public void look() throws Exception {
        cancellations.supersede(pipelines.active().stream()
                .filter(active -> active.pipeline().concurrency().behavior() == Concurrency.Behavior.CANCEL)
                .collect(Collectors.toMap(Pipelines.Active::name, active -> active.pipeline().concurrency().limit())));
        Map<Long, Load> working = claims.working();
        cancellations.requested(working.keySet()).forEach((run, reason) -> {
            working.get(run).cancel(reason);
            cancellations.stopStatements(Staging.nameOf(run));
        });
        endUnowned();
    }

    /** Ends runs that are queued or whose process died. */
    void endUnowned() throws Exception {
        for (long id : cancellations.unowned()) {
            if (claims.working().containsKey(id)) {
                // Its heart was late, and it is about to stop by itself.
                continue;
            }
            Run run = runs.find(id).orElseThrow();
            try (LogContext context = LogContext.of(run)) {
                if (cancellations.end(id, reason -> ending.putIntoQuarantine(run, new Run.RunError(Code.CANCELLED.id(), reason)))) {
                    LOG.infof("Cancelled run %d before it was worked on, or after its process had died", id);
                }
            } catch (IOException e) {
                LOG.warnf("Run %d is not cancelled yet, its file could not be put into quarantine: %s", id,
                        LogContext.line(e.toString()));
            }
        }
    }
}
