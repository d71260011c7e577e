package dev.qanat.route;

import dev.qanat.pipeline.ApiSource.Backoff;
import dev.qanat.pipeline.ApiSource.Retry;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.apache.camel.processor.errorhandler.RedeliveryPolicy;

/** How long to wait before a request is sent again: Camel's redelivery, with jitter. Safe for use by several threads. */
@ApplicationScoped
class Retries {

    private static final double JITTER = 0.2;

    private static final Duration LONGEST = Duration.ofHours(1);

    /**
     * How long to wait where the source says how long, and says so again and again: each time twice as long, up to an hour.
     *
     * @param least what it said; the wait is not shorter
     * @param times how often in a row it has said so, at least 1
     */
    Duration growing(Duration least, int times) {
        Duration most = least.compareTo(LONGEST) > 0 ? least : LONGEST;
        Duration delay = delay(new Retry(times, Backoff.EXPONENTIAL, least, most), times);
        return delay.compareTo(least) < 0 ? least : delay;
    }

    /** @param failed how many attempts have failed, at least 1 */
    Duration delay(Retry retry, int failed) {
        RedeliveryPolicy policy = new RedeliveryPolicy();
        policy.setRedeliveryDelay(retry.initial().toMillis());
        policy.setMaximumRedeliveryDelay(retry.max().toMillis());
        policy.setUseExponentialBackOff(retry.backoff() == Backoff.EXPONENTIAL);
        policy.setBackOffMultiplier(2);
        policy.setUseCollisionAvoidance(true);
        policy.setCollisionAvoidanceFactor(JITTER);
        long delay = 0;
        for (int attempt = 1; attempt <= failed; attempt++) {
            delay = policy.calculateRedeliveryDelay(delay, attempt);
        }
        return Duration.ofMillis(Math.min(delay, retry.max().toMillis()));
    }
}
