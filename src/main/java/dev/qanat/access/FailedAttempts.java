package dev.qanat.access;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Wrong keys by the address they come from. The answers to an address's wrong keys come ever later, and after {@value #MOST} within a
 * minute the address has to wait for the end of that minute, but not with a key that was accepted from it before: others behind the
 * same address go on working. Bounded: 10,000 addresses, 10,000 accepted pairs. Safe for use by several threads.
 */
public final class FailedAttempts {
    private static final int MOST = 30;
    private static final int AT_ONCE = 5;
    private static final int ENTRIES = 10_000;
    private static final Duration WINDOW = Duration.ofMinutes(1);
    private static final Duration FIRST_DELAY = Duration.ofMillis(50);
    private static final Duration LONGEST_DELAY = Duration.ofSeconds(1);

    private final Ticker ticker;
    private final Cache<String, Window> failed;
    private final Cache<String, Boolean> accepted;

    private record Window(long begun, AtomicInteger count) {}

    public FailedAttempts() {
        this(Ticker.systemTicker());
    }

    FailedAttempts(Ticker ticker) {
        this.ticker = ticker;
        // In this thread: an event loop's, for which it is nothing to wait for.
        this.failed = Caffeine.newBuilder()
                .maximumSize(ENTRIES)
                .expireAfterWrite(WINDOW)
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
        this.accepted = Caffeine.newBuilder()
                .maximumSize(ENTRIES)
                .expireAfterAccess(Duration.ofHours(1))
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
    }

    /** Notes a wrong key, and says how long its answer is to wait. */
    public Duration failed(String address) {
        int count = failed.get(address, a -> new Window(ticker.read(), new AtomicInteger())).count.incrementAndGet();
        if (count <= AT_ONCE) {
            return Duration.ZERO;
        }
        Duration delay = FIRST_DELAY.multipliedBy(1L << Math.min(count - AT_ONCE - 1, 10));
        return delay.compareTo(LONGEST_DELAY) > 0 ? LONGEST_DELAY : delay;
    }

    /** Notes that a key was right. */
    public void accepted(String address, Caller caller) {
        accepted.put(pair(address, caller), true);
    }

    /**
     * How long nothing is answered to this address, rounded up to seconds; zero when it may go on.
     *
     * @param caller whose key is shown; null when it is nobody's
     */
    public Duration wait(String address, @Nullable Caller caller) {
        Window window = failed.getIfPresent(address);
        if (window == null || window.count.get() < MOST) {
            return Duration.ZERO;
        }
        if (caller != null && accepted.getIfPresent(pair(address, caller)) != null) {
            return Duration.ZERO;
        }
        Duration left = WINDOW.minusNanos(ticker.read() - window.begun);
        return Duration.ofSeconds(Math.max(1, left.plusMillis(999).toSeconds()));
    }

    private static String pair(String address, Caller caller) {
        return address + ' ' + (caller.keyId() == null ? caller.name() : caller.keyId());
    }
}
