package dev.qanat.pipeline;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * An API that is polled.
 *
 * @param name what resources refer to
 * @param baseUrl an absolute URL, http or https, without credentials, query, fragment and closing slash; the paths of endpoints are
 *     appended to it
 * @param headers sent with every request, by name
 * @param timeout how long to wait for a connection, for the beginning of an answer and for its next byte
 * @param rateLimits all of them hold; empty where nothing limits the rate
 * @param responseActions the first that matches an answer decides
 */
public record ApiSource(
        String name,
        String baseUrl,
        Optional<Auth> auth,
        Map<String, Template> headers,
        Duration timeout,
        List<RateLimit> rateLimits,
        Retry retry,
        List<ResponseAction> responseActions) {

    /** The texts that may hold secrets. */
    Stream<Template> templates() {
        return Stream.concat(auth.stream().flatMap(a -> a.secrets().stream()), headers.values().stream());
    }

    /**
     * No more than {@code limit} requests start in any window of the interval.
     *
     * @param limit at least 1
     */
    public record RateLimit(int limit, Duration interval, OnExhausted onExhausted) {}

    /** What a run does that has used a limit up. */
    public enum OnExhausted {
        /** It waits for the next request that is allowed. */
        WAIT,
        /** It lands what it has and is deferred until then. */
        DEFER
    }

    /**
     * How a request is tried again that time may heal: connection errors, timeouts, 429 and 5xx.
     *
     * @param maxAttempts how often it is sent at most, the first time included
     * @param initial the wait before the second attempt
     * @param max the longest wait
     */
    public record Retry(int maxAttempts, Backoff backoff, Duration initial, Duration max) {
        public static final Retry DEFAULT = new Retry(3, Backoff.EXPONENTIAL, Duration.ofSeconds(1), Duration.ofMinutes(1));
    }

    public enum Backoff {
        /** Each wait is twice as long as the one before. */
        EXPONENTIAL,
        CONSTANT
    }

    /**
     * What an answer means that has this status, something at this path, and this text; what is not given matches anything.
     *
     * @param path JSONPath into the body; with {@code contains}, that text must stand in the value found
     * @param contains a text; without a path, anywhere in the body
     * @param pause how long to wait, where the action says to
     */
    public record ResponseAction(
            Optional<Integer> status, Optional<String> path, Optional<String> contains, Action action, Optional<Duration> pause) {}

    public enum Action {
        /** There is nothing here: no records, and no failure. */
        IGNORE,
        /** The request is sent again after a wait; it does not count as a failed attempt. */
        RATE_LIMITED,
        /** The source's quota is used up: the run lands what it has and is deferred. */
        QUOTA_EXHAUSTED,
        /** The request is sent again, as after a 503. */
        RETRY,
        /** This partition fails, others go on. */
        FAIL_PARTITION,
        /** The run fails. */
        FAIL;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
