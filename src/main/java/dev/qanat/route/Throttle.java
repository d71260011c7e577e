package dev.qanat.route;

import dev.qanat.ledger.Quotas;
import dev.qanat.ledger.Quotas.Taken;
import dev.qanat.pipeline.ApiSource;
import dev.qanat.pipeline.ApiSource.OnExhausted;
import dev.qanat.pipeline.ApiSource.RateLimit;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.apache.camel.ExchangeProperty;

/**
 * The step that holds a request back until its source's limits allow it, in any process, and its own wait after a failure is over.
 * Where that takes long, the partition goes on later. Safe for use by several threads.
 */
@ApplicationScoped
@Named("throttle")
public class Throttle {

    /** So long a limit is waited for whatever it says is to be done. */
    private static final Duration MOMENT = Duration.ofSeconds(1);

    /** So long a source is waited for that itself wants no requests. */
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private final Quotas quotas;

    Throttle(Quotas quotas) {
        this.quotas = quotas;
    }

    /** Waits until the request may be sent, and counts it; or defers the partition. */
    public void await(@ExchangeProperty("fetch") Fetch fetch) throws InterruptedException {
        Attempt attempt = fetch.load().attempt();
        attempt.checkCancelled();
        Duration pause = Duration.between(Instant.now(), fetch.notBefore());
        if (pause.compareTo(PATIENCE) > 0) {
            fetch.defer(new Fetch.Deferral(fetch.notBefore(), "the source wants no requests until " + fetch.notBefore()));
            return;
        }
        attempt.sleep(pause);
        String source = quotaOf(fetch);
        List<RateLimit> limits = fetch.source().rateLimits();
        if (limits.isEmpty()) {
            return;
        }
        List<Quotas.Limit> asked =
                limits.stream().map(limit -> new Quotas.Limit(limit.limit(), limit.interval())).toList();
        while (true) {
            Taken taken = quotas.take(source, asked);
            if (taken.id().isPresent()) {
                fetch.taken(taken.id().get());
                return;
            }
            if (isDeferred(taken, limits)) {
                fetch.defer(new Fetch.Deferral(Instant.now().plus(taken.pause()), reason(fetch.source(), taken, limits)));
                return;
            }
            attempt.sleep(taken.pause());
        }
    }

    private static boolean isDeferred(Taken taken, List<RateLimit> limits) {
        Optional<RateLimit> limit = taken.limit().map(limits::get);
        return limit.isPresent()
                ? limit.get().onExhausted() == OnExhausted.DEFER && taken.pause().compareTo(MOMENT) > 0
                : taken.pause().compareTo(PATIENCE) > 0;
    }

    private static String reason(ApiSource source, Taken taken, List<RateLimit> limits) {
        return taken.limit()
                .map(limits::get)
                .map(limit -> "source " + source.name() + " allows " + limit.limit() + " requests in " + limit.interval()
                        + ", and they are used up")
                .or(taken::reason)
                .orElse("source " + source.name() + " wants no requests for now");
    }

    /** Whose quota a partition's requests take from. */
    static String quotaOf(Fetch fetch) {
        return fetch.load().getRun().pipeline() + "." + fetch.source().name();
    }
}
