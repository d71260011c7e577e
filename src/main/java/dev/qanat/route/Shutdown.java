package dev.qanat.route;

import dev.qanat.ledger.Cancellations;
import dev.qanat.load.Staging;
import dev.qanat.settings.Settings;
import dev.qanat.web.OpenRequests;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jboss.logging.Logger;

/**
 * How the process ends, within the time that the settings give it: nothing is begun any more, runs and requests at work may end, and runs
 * that are not done by then are undone and queued again, before the routes, the server and the database's connections go.
 */
@ApplicationScoped
public class Shutdown {

    private static final Logger LOG = Logger.getLogger(Shutdown.class);
    private static final long LOOK_MILLIS = 50;

    /** What is left of the time to undo runs, and then to the routes and the server; at most half of it. */
    private static final Duration RESERVE = Duration.ofSeconds(10);

    private final Settings settings;
    private final RunClaims claims;
    private final RetentionAlarm retention;
    private final OpenRequests requests;
    private final Cancellations cancellations;
    private volatile boolean begun;

    Shutdown(Settings settings, RunClaims claims, RetentionAlarm retention, OpenRequests requests, Cancellations cancellations) {
        this.settings = settings;
        this.claims = claims;
        this.retention = retention;
        this.requests = requests;
        this.cancellations = cancellations;
    }

    /** Whether the process is ending. */
    boolean isBegun() {
        return begun;
    }

    /** Before all others who hear of it: everything still works. */
    void stop(@Observes @Priority(0) ShutdownEvent event) throws InterruptedException {
        Duration time = settings.shutdownTimeout();
        Duration half = time.dividedBy(2);
        Duration reserve = RESERVE.compareTo(half) < 0 ? RESERVE : half;
        long until = System.nanoTime() + time.minus(reserve).toNanos();
        begun = true;
        claims.stopClaiming();
        retention.stop();
        requests.stopAccepting();
        if (!await(until, () -> claims.working().isEmpty() && requests.open() == 0 && retention.isAtRest())) {
            undo(System.nanoTime() + reserve.dividedBy(2).toNanos());
        }
    }

    private void undo(long until) throws InterruptedException {
        if (!claims.working().isEmpty()) {
            LOG.warnf("Runs %s are not done in time; they are undone, and done again by the next process", claims.working().keySet());
        }
        claims.working().values().forEach(load -> load.attempt().stop());
        // A load that was between two statements is met by the next look.
        await(until, () -> {
            claims.working().keySet().forEach(run -> {
                try {
                    cancellations.stopStatements(Staging.nameOf(run));
                } catch (RuntimeException e) {
                    LOG.debugf(e, "The statements of run %d could not be stopped", run);
                }
            });
            return claims.working().isEmpty();
        });
    }

    private static boolean await(long until, BooleanSupplier done) throws InterruptedException {
        while (!done.getAsBoolean()) {
            if (System.nanoTime() > until) {
                return false;
            }
            Thread.sleep(LOOK_MILLIS);
        }
        return true;
    }
}
