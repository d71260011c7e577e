package dev.qanat.route;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.core.IntervalFunction;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What this process knows of a source: whose turn it is to ask for a request, how long its answers take, and whether it answers at all.
 * Safe for use by several threads.
 */
final class Gate {

    /** So many requests in a row that are not answered, of whatever partition, and the source counts as dead. */
    private static final int IN_VAIN = 5;

    private static final Duration FIRST_PROBE = Duration.ofSeconds(5);
    private static final Duration LATER_PROBE = Duration.ofMinutes(5);

    /** A probe that is not heard of again leaves room for another after so long. */
    private static final Duration LONGEST_PROBE = Duration.ofMinutes(10);

    private static final int ROUND_TRIPS = 15;
    private static final long LOOK_MILLIS = 100;

    private final Semaphore turn = new Semaphore(1, true);
    private final CircuitBreaker circuit;
    private final Deque<Long> roundTrips = new ArrayDeque<>();
    private volatile @Nullable String lastError;

    Gate(String source) {
        circuit = CircuitBreaker.of(
                source,
                CircuitBreakerConfig.custom()
                        .slidingWindowSize(IN_VAIN)
                        .minimumNumberOfCalls(IN_VAIN)
                        .failureRateThreshold(100)
                        .permittedNumberOfCallsInHalfOpenState(1)
                        .waitIntervalFunctionInOpenState(IntervalFunction.ofExponentialBackoff(FIRST_PROBE, 2, LATER_PROBE))
                        .maxWaitDurationInHalfOpenState(LONGEST_PROBE)
                        .writableStackTraceEnabled(false)
                        .build());
    }

    /**
     * Waits until no other thread asks for a request; first come, first served. To be given back by {@link #leaveTurn}.
     *
     * @param goesOn whether to wait any longer
     * @return whether it is this thread's turn
     */
    boolean awaitTurn(Attempt attempt, BooleanSupplier goesOn) throws InterruptedException {
        while (!turn.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
            attempt.checkCancelled();
            attempt.checkLease();
            if (!goesOn.getAsBoolean()) {
                return false;
            }
        }
        return true;
    }

    void leaveTurn() {
        turn.release();
    }

    /** Whether a request may be sent: to a source that counts as dead only a probe now and then. To be followed by what became of it. */
    boolean isOpen() {
        return circuit.tryAcquirePermission();
    }

    /** Why the last request was not answered. */
    String lastError() {
        return String.valueOf(lastError);
    }

    /** A request that was let through was answered, whatever the answer. */
    void answered() {
        circuit.onSuccess(0, TimeUnit.NANOSECONDS);
    }

    /** A request that was let through was not answered. */
    void unanswered(String reason, Throwable why) {
        lastError = reason;
        circuit.onError(0, TimeUnit.NANOSECONDS, why);
    }

    /** A request that was let through was not sent after all, or nobody waited for its answer. */
    void unsent() {
        circuit.releasePermission();
    }

    /**
     * How much later than it was sent a request may have reached the source: what its answer took longer than a quarter of the last ones
     * did. Of a source's first requests, when either side may still be slow, all of the time counts.
     *
     * @param nanos from when the request was sent until its answer began
     * @param first how many requests are the first
     */
    synchronized Duration onItsWay(long nanos, int first) {
        long usual = roundTrips.size() < Math.min(first, ROUND_TRIPS)
                ? 0
                : roundTrips.stream().sorted().skip(roundTrips.size() / 4).findFirst().orElse(0L);
        roundTrips.addLast(nanos);
        if (roundTrips.size() > ROUND_TRIPS) {
            roundTrips.removeFirst();
        }
        return Duration.ofNanos(Math.max(0, nanos - usual));
    }
}
