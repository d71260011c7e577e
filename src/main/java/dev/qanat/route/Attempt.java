package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.Run;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** This process's attempt at a run: what all that work on it share, and how they learn that they are to stop. Safe for several threads. */
final class Attempt {

    /** Why a run is done again whose process ends. */
    static final String STOPPED = "its process was stopped before it landed";

    private static final long LOOK_NANOS = 200_000_000;

    private final Run run;
    private final UUID worker;
    private final Set<Runnable> interruptible = ConcurrentHashMap.newKeySet();
    private volatile boolean leaseLost;
    private volatile boolean givesWay;
    private volatile boolean stopped;
    private volatile @Nullable String cancelReason;

    Attempt(Run run, UUID worker) {
        this.run = run;
        this.worker = worker;
    }

    Run run() {
        return run;
    }

    UUID worker() {
        return worker;
    }

    void cancel(String reason) {
        cancelReason = reason;
        interruptible.forEach(Runnable::run);
    }

    boolean isCancelled() {
        return cancelReason != null;
    }

    /** Why it is cancelled, for people. */
    String cancelReason() {
        return String.valueOf(cancelReason);
    }

    /** The process ends, and somebody else does the run again. */
    void stop() {
        stopped = true;
        interruptible.forEach(Runnable::run);
    }

    boolean isStopped() {
        return stopped;
    }

    /**
     * @throws InputFailure when the run is cancelled
     * @throws TransientFailure when the process ends
     */
    void checkCancelled() {
        if (stopped) {
            throw new TransientFailure(Code.INTERRUPTED, STOPPED);
        }
        String reason = cancelReason;
        if (reason != null) {
            throw new InputFailure(Code.CANCELLED, reason);
        }
    }

    void loseLease() {
        leaseLost = true;
        interruptible.forEach(Runnable::run);
    }

    boolean isLeaseLost() {
        return leaseLost;
    }

    /** @throws TransientFailure when the run is another process's */
    void checkLease() {
        if (leaseLost) {
            throw new TransientFailure(
                    Code.LEASE_LOST, "run " + run.id() + " was taken over: its heartbeat did not reach the database");
        }
    }

    /** Whether what works on the run is to end, for whatever reason. */
    boolean isToStop() {
        return isCancelled() || leaseLost || stopped;
    }

    /** What ends something that waits, such as a request, should the run be to stop or to give way; until {@link #leave}. */
    void enter(Runnable interrupt) {
        interruptible.add(interrupt);
        if (isToStop() || givesWay) {
            interrupt.run();
        }
    }

    void leave(Runnable interrupt) {
        interruptible.remove(interrupt);
    }

    /** What works on it is to put the rest off: the process stops, or the way of a row is changed. */
    void giveWay() {
        givesWay = true;
        interruptible.forEach(Runnable::run);
    }

    boolean givesWay() {
        return givesWay;
    }

    /**
     * Waits, unless the run is to stop.
     *
     * @param goesOn whether to wait any longer
     * @return whether the time is over
     */
    boolean sleep(Duration time, BooleanSupplier goesOn) throws InterruptedException {
        long until = System.nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; left = until - System.nanoTime()) {
            checkCancelled();
            checkLease();
            if (!goesOn.getAsBoolean()) {
                return false;
            }
            TimeUnit.NANOSECONDS.sleep(Math.min(LOOK_NANOS, left));
        }
        checkCancelled();
        checkLease();
        return goesOn.getAsBoolean();
    }
}
