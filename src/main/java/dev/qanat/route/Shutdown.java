package dev.qanat.route;

import dev.qanat.ledger.Cancellations;
import dev.qanat.load.Staging;
import dev.qanat.settings.Settings;
import dev.qanat.settings.ShutdownTime;
import dev.qanat.web.Stopping;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jboss.logging.Logger;

/**
 * How the process ends, within the time that the settings give it: nothing is begun any more, runs at work may end, and those that have
 * not landed by then are undone and queued again, before the routes and the database's connections go. Requests are the server's to wait for.
 */
@ApplicationScoped
public class Shutdown {

    private static final Logger LOG = Logger.getLogger(Shutdown.class);
    private static final long LOOK_MILLIS = 50;

    private final Settings settings;
    private final RunClaims claims;
    private final RetentionAlarm retention;
    private final Stopping stopping;
    private final Cancellations cancellations;
    private boolean done;

    Shutdown(Settings settings, RunClaims claims, RetentionAlarm retention, Stopping stopping, Cancellations cancellations) {
        this.settings = settings;
        this.claims = claims;
        this.retention = retention;
        this.stopping = stopping;
        this.cancellations = cancellations;
    }

    /** A signal is heard by the JVM's hooks first. Before {@link ShutdownEvent} the server waits for its requests, and runs would be claimed. */
    void start(@Observes StartupEvent event) {
        Runtime.getRuntime().addShutdownHook(new Thread(this::endRuns, "end-runs"));
    }

    /** Before all others who hear of it: routes and connections are still there. */
    void stop(@Observes @Priority(0) ShutdownEvent event) {
        endRuns();
    }

    private synchronized void endRuns() {
        if (done) {
            return;
        }
        done = true;
        stopping.begin();
        claims.stopClaiming();
        retention.stop();
        ShutdownTime time = new ShutdownTime(settings.shutdownTimeout());
        long until = System.nanoTime() + time.toEnd().toNanos();
        try {
            if (!await(until, () -> claims.working().isEmpty() && retention.isAtRest())) {
                undo(until + time.toUndo().dividedBy(2).toNanos());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void undo(long until) throws InterruptedException {
        if (!claims.working().isEmpty()) {
            LOG.warnf("Runs %s are not done in time; they are undone, and done again by the next process", claims.working().keySet());
        }
        claims.working().values().forEach(load -> load.attempt().stop());
        // A load that was between two statements is met by the next look.
        await(until, () -> {
            claims.working().keySet().forEach(this::stopStatements);
            return claims.working().isEmpty();
        });
    }

    private void stopStatements(long run) {
        try {
            cancellations.stopStatements(Staging.nameOf(run));
        } catch (RuntimeException e) {
            LOG.debugf(e, "The statements of run %d could not be stopped", run);
        }
    }

    private static boolean await(long until, BooleanSupplier done) throws InterruptedException {
        while (!done.getAsBoolean()) {
            if (System.nanoTime() > until) {
                return false;
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
        return true;
    }
}
