package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.ledger.RunQueue;
import dev.qanat.web.BadRequest;
import dev.qanat.web.Callers;
import dev.qanat.web.Stopping;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Requests that wait, such as those with the parameter {@code wait}: the answer comes when their runs have ended, after that time, or when the server is to stop. Each
 * keeps a thread of those that all requests share, so only {@value #MOST} wait at once, and none whose client is gone. Safe for use by
 * several threads.
 */
@ApplicationScoped
class Waiting {

    private static final Duration LONGEST = Duration.ofMinutes(10);
    private static final long POLL_MILLIS = 200;

    /** A quarter of the threads that there are for requests, at least. */
    private static final int MOST = 50;

    private final RunQueue queue;
    private final Stopping stopping;
    private final Semaphore places = new Semaphore(MOST);

    Waiting(RunQueue queue, Stopping stopping) {
        this.queue = queue;
        this.stopping = stopping;
    }

    /** @throws BadRequest when it is no duration */
    Duration patience(@Nullable String wait) {
        if (wait == null) {
            return Duration.ZERO;
        }
        try {
            Duration asked = Duration.parse(wait);
            if (asked.isNegative()) {
                throw new BadRequest(400, Code.INVALID_REQUEST, "wait: '" + wait + "' is negative");
            }
            return asked.compareTo(LONGEST) > 0 ? LONGEST : asked;
        } catch (DateTimeParseException e) {
            throw new BadRequest(
                    400, Code.INVALID_REQUEST, "wait: '" + wait + "' is not an ISO-8601 duration such as PT60S");
        }
    }

    /**
     * Waits until the runs have ended.
     *
     * @param user whose request it is, as a route has it
     */
    void await(List<Long> runs, Duration patience, @Nullable Object user) throws InterruptedException {
        if (!patience.isZero() && !runs.isEmpty()) {
            until(() -> queue.unfinished(runs) == 0 ? Optional.of(true) : Optional.empty(), patience, user);
        }
    }

    /**
     * What an attempt comes to, which is made again and again. Empty when it came to nothing in that time, or at the first attempt
     * while as many as may are waiting.
     */
    <T> Optional<T> until(Supplier<Optional<T>> attempt, Duration patience, @Nullable Object user) throws InterruptedException {
        long until = System.nanoTime() + patience.toNanos();
        Optional<T> outcome = attempt.get();
        if (outcome.isEmpty() && places.tryAcquire()) {
            try {
                while (outcome.isEmpty() && System.nanoTime() < until && !stopping.isBegun() && Callers.awaitsAnswer(user)) {
                    Thread.sleep(POLL_MILLIS);
                    outcome = attempt.get();
                }
            } finally {
                places.release();
            }
        }
        return outcome;
    }
}
