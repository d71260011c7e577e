package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.Run;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import jakarta.transaction.RollbackException;
import java.nio.file.NoSuchFileException;
import java.sql.SQLException;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Finds the failure at the bottom of what Camel, Spring and the transaction manager wrapped around it. */
@ApplicationScoped
@Named("failures")
public class Failures {

    private static final Logger LOG = Logger.getLogger(Failures.class);
    private static final long TELL_EVERY_NANOS = 10_000_000_000L;
    private static final AtomicLong AWAY_TOLD = new AtomicLong(System.nanoTime() - TELL_EVERY_NANOS);

    /** Whether a step that met this may be tried again at once: the connection was lost, or others were in the way. */
    public boolean heals(
            @ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Throwable thrown, @ExchangeProperty("load") @Nullable Load load) {
        if (load != null && (load.isCancelled() || load.attempt().isStopped())) {
            return false;
        }
        // A user's own route may ask as well, and has no load.
        Failure failure = known(thrown, load == null ? "a route's step" : "run " + load.getRun().id());
        return failure != null
                && (failure.code() == Code.DATABASE_UNAVAILABLE || failure.code() == Code.DATABASE_CONFLICT);
    }

    /**
     * Throws what a nested route met. Camel marks an exchange whose error has passed a route's own error handler as dealt with,
     * and the handlers of its callers would not try again.
     */
    public void passOn(@ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Exception caught, Exchange exchange) throws Exception {
        exchange.getExchangeExtension().setFailureHandled(false);
        exchange.getExchangeExtension().setErrorHandlerHandled(null);
        throw caught;
    }

    /** Tells of a tick that failed: in a line while the database is away, with its trace when it was not foreseen. */
    public void tell(Exchange exchange) {
        Throwable thrown = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
        tell(exchange.getFromRouteId(), thrown);
    }

    static void tell(String route, Throwable thrown) {
        Failure failure = known(thrown, "route " + route);
        if (failure != null && failure.code() == Code.INTERRUPTED) {
            LOG.infof("%s; it tries again", failure.getMessage());
        } else if (failure instanceof TransientFailure) {
            long now = System.nanoTime();
            long before = AWAY_TOLD.get();
            if (now - before > TELL_EVERY_NANOS && AWAY_TOLD.compareAndSet(before, now)) {
                LOG.warnf("The database does not answer; work goes on when it does: %s", failure.getMessage());
            }
        } else {
            LOG.errorf(thrown, "Route %s met an error; it tries again", route);
        }
    }

    /** The failure of a run. What is none of the foreseen ones is an error of Qanat's own and is logged with its trace. */
    static Failure of(Throwable thrown, Run run) {
        Failure failure = known(thrown, "run " + run.id());
        if (failure != null) {
            return failure;
        }
        LOG.errorf(thrown, "Run %d met an error of Qanat's own", run.id());
        return new InputFailure(
                Code.INTERNAL_ERROR,
                "an error of Qanat's own; its log has the details under run " + run.id(),
                thrown);
    }

    /** What the database said. */
    static Optional<SQLException> sql(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException found) {
                return Optional.of(found);
            }
        }
        return Optional.empty();
    }

    private static @Nullable Failure known(Throwable thrown, String doing) {
        @Nullable SQLException sql = null;
        boolean rolledBack = false;
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof Failure failure) {
                return failure;
            }
            if (cause instanceof NoSuchFileException missing) {
                return new InputFailure(Code.FILE_MISSING, missing.getMessage() + " is gone; drop it again", cause);
            }
            if (cause instanceof RejectedExecutionException) {
                // Camel's answer at a route that stops; its routes are looked at for rest, but one may come in at the same moment.
                return new TransientFailure(
                        Code.INTERRUPTED, doing + ": a route was being stopped or replaced when it was to pass it", cause);
            }
            if (sql == null && cause instanceof SQLException found) {
                sql = found;
            }
            rolledBack |= cause instanceof RollbackException;
        }
        if (sql != null) {
            return Failure.of(sql, doing);
        }
        return rolledBack
                ? new TransientFailure(
                        Code.DATABASE_UNAVAILABLE, doing + ": the landing could not be committed", thrown)
                : null;
    }
}
