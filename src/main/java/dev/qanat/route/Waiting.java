package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.ledger.RunQueue;
import dev.qanat.web.BadRequest;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The parameter {@code wait} of requests that queue runs: the answer comes when they have ended, or after that time. */
@ApplicationScoped
class Waiting {

    private static final Duration LONGEST = Duration.ofMinutes(10);
    private static final long POLL_MILLIS = 100;

    private final RunQueue queue;

    Waiting(RunQueue queue) {
        this.queue = queue;
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

    /** Waits until the runs have ended. */
    void await(List<Long> runs, Duration patience) throws InterruptedException {
        if (!patience.isZero() && !runs.isEmpty()) {
            until(() -> queue.unfinished(runs) == 0 ? Optional.of(true) : Optional.empty(), patience);
        }
    }

    /** What an attempt comes to, which is made again and again; empty when it came to nothing in that time. */
    <T> Optional<T> until(Supplier<Optional<T>> attempt, Duration patience) throws InterruptedException {
        long until = System.nanoTime() + patience.toNanos();
        Optional<T> outcome = attempt.get();
        while (outcome.isEmpty() && System.nanoTime() < until) {
            Thread.sleep(POLL_MILLIS);
            outcome = attempt.get();
        }
        return outcome;
    }
}
