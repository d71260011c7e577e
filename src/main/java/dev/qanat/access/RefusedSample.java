package dev.qanat.access;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Which refused requests are listed singly: in a minute the first {@value #OF_ADDRESS} of an address, and {@value #OF_ALL} of all. The
 * others are counted. Safe for use by several threads.
 */
final class RefusedSample {
    static final int OF_ADDRESS = 20;
    static final int OF_ALL = 1_000;
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private final Cache<String, AtomicInteger> counts;
    private final AtomicInteger counted = new AtomicInteger();

    RefusedSample(Ticker ticker) {
        this.counts = Caffeine.newBuilder()
                .maximumSize(10_000)
                .expireAfterWrite(MINUTE)
                .ticker(ticker)
                .executor(Runnable::run)
                .build();
    }

    /** Whether this one is listed; otherwise it is counted. */
    boolean lists(String address) {
        boolean listed = next(address) <= OF_ADDRESS && next("") <= OF_ALL;
        if (!listed) {
            counted.incrementAndGet();
        }
        return listed;
    }

    private int next(String key) {
        return counts.get(key, k -> new AtomicInteger()).incrementAndGet();
    }

    /** How many were counted since this was asked last. */
    int takeCounted() {
        return counted.getAndSet(0);
    }
}
