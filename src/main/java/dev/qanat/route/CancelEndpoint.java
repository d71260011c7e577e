package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.ledger.Cancellations;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.Runs;
import dev.qanat.web.BadRequest;
import dev.qanat.web.Reply;
import dev.qanat.web.RunView;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.util.List;
import org.apache.camel.Header;

/** {@code POST /runs/{id}/cancel}. */
@ApplicationScoped
@Named("cancelEndpoint")
public class CancelEndpoint {

    private final Runs runs;
    private final Cancellations cancellations;
    private final Cancelling cancelling;

    CancelEndpoint(Runs runs, Cancellations cancellations, Cancelling cancelling) {
        this.runs = runs;
        this.cancellations = cancellations;
        this.cancelling = cancelling;
    }

    /** 200 when the run has ended by that, 202 while whoever works on it stops. */
    public Reply post(@Header("id") String id) throws Exception {
        Run run = RunsEndpoint.find(runs, id);
        if (!cancellations.request(run.id())) {
            Run now = runs.find(run.id()).orElseThrow();
            throw new BadRequest(
                    409,
                    Code.NOT_CANCELLABLE,
                    now.landed() && !now.status().ended()
                            ? "run " + id + " has landed; what it loaded stays"
                            : "run " + id + " is over: it is " + now.status().id());
        }
        cancelling.endUnowned();
        Run now = runs.find(run.id()).orElseThrow();
        return Reply.json(now.status().ended() ? 200 : 202, RunView.of(now, List.of()));
    }
}
