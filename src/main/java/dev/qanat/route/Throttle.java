package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.Quotas;
import dev.qanat.ledger.Quotas.Taken;
import dev.qanat.pipeline.ApiSource;
import dev.qanat.pipeline.ApiSource.OnExhausted;
import dev.qanat.pipeline.ApiSource.RateLimit;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.inject.Named;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.camel.ExchangeProperty;

/**
 * The step that holds a request back until its source's limits allow it, in any process, and its own wait after a failure is over.
 * Where that takes long, the partition goes on later. A source that does not answer at all is asked only now and then. Safe for use by
 * several threads.
 */
@ApplicationScoped
@Named("throttle")
public class Throttle {

    /** So long a limit is waited for whatever it says is to be done. */
    private static final Duration MOMENT = Duration.ofSeconds(1);

    /** So long a source is waited for that itself wants no requests. */
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    /** A request that is counted a little late needs no correction. */
    private static final Duration NEAR = Duration.ofMillis(1);

    private final Quotas quotas;
    private final Retries retries;
    private final RouteFiles routeFiles;
    private final Event<ApiRequested> requested;
    private final Map<String, Gate> gates = new ConcurrentHashMap<>();

    Throttle(Quotas quotas, Retries retries, RouteFiles routeFiles, Event<ApiRequested> requested) {
        this.quotas = quotas;
        this.retries = retries;
        this.routeFiles = routeFiles;
        this.requested = requested;
    }

    /**
     * Waits until the request may be sent, and counts it; or defers the partition, or has it fail where the source does not answer any
     * more.
     */
    public void await(@ExchangeProperty("fetch") Fetch fetch) throws InterruptedException {
        Gate gate = gate(fetch);
        boolean asked = false;
        while (!asked && fetch.isMore()) {
            Duration pause = Duration.between(Instant.now(), fetch.notBefore());
            if (pause.compareTo(PATIENCE) > 0) {
                fetch.deferWait();
            } else if (fetch.load().attempt().sleep(pause, () -> goesOn(fetch))) {
                asked = ask(fetch, gate);
            } else {
                giveWay(fetch);
            }
        }
    }

    /** Whether the rest of the partition is not to be put off. */
    private boolean goesOn(Fetch fetch) {
        return !fetch.load().attempt().givesWay() && !routeFiles.pausing();
    }

    /** The rest is put off, so that the process may stop, or the way of a row change, without waiting for a quota. */
    void giveWay(Fetch fetch) {
        fetch.defer(new Fetch.Deferral(Instant.now(), Code.GAVE_WAY, "the process stopped, or its routes were changed; it goes on after that"));
    }

    /** Asks for the request; not where the source counts as dead. */
    private boolean ask(Fetch fetch, Gate gate) throws InterruptedException {
        if (!gate.awaitTurn(fetch.load().attempt(), () -> goesOn(fetch))) {
            giveWay(fetch);
            return false;
        }
        try {
            if (!gate.isOpen()) {
                String message =
                        "source " + fetch.source().name() + " does not answer, and is asked only now and then: " + gate.lastError();
                fetch.failed(new TransientFailure(Code.NO_ANSWER, message), Optional.empty(), retries);
                return false;
            }
            boolean allowed = false;
            try {
                allowed = take(fetch);
            } finally {
                if (!allowed) {
                    gate.unsent();
                }
            }
            return allowed;
        } finally {
            gate.leaveTurn();
        }
    }

    /** Whether the request may be sent; if not, the partition is deferred. */
    private boolean take(Fetch fetch) throws InterruptedException {
        String source = nameOf(fetch);
        List<RateLimit> limits = fetch.source().rateLimits();
        List<Quotas.Limit> asked =
                limits.stream().map(limit -> new Quotas.Limit(limit.limit(), limit.interval())).toList();
        while (true) {
            long askedAt = System.nanoTime();
            Taken taken = quotas.take(source, asked);
            if (taken.isAllowed()) {
                fetch.allowed(new Fetch.Use(taken.id(), askedAt));
                return true;
            }
            if (isDeferred(taken, limits)) {
                Instant until = Instant.now().plus(taken.pause());
                fetch.defer(new Fetch.Deferral(until, Code.QUOTA_EXHAUSTED, reason(fetch.source(), taken, limits)));
                return false;
            }
            if (!fetch.load().attempt().sleep(taken.pause(), () -> goesOn(fetch))) {
                giveWay(fetch);
                return false;
            }
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

    /** The request was answered, whatever the answer: it is counted as of when it may have reached the source at the latest. */
    void answered(Fetch fetch, InFlight.Sending sending, int status) {
        long now = System.nanoTime();
        fetch.endUse().ifPresent(use -> {
            tell(fetch, OptionalInt.of(status));
            Gate gate = gate(fetch);
            gate.answered();
            if (use.id().isPresent()) {
                int first = fetch.source().rateLimits().stream().mapToInt(RateLimit::limit).min().orElse(0);
                correct(fetch, use, sending.sentAt() + gate.onItsWay(now - sending.sentAt(), first).toNanos());
            }
        });
    }

    /** The request was not answered; nobody knows when it reached the source, if it did. */
    void unanswered(Fetch fetch, String reason, Throwable why) {
        fetch.endUse().ifPresent(use -> {
            tell(fetch, OptionalInt.empty());
            gate(fetch).unanswered(reason, why);
            correct(fetch, use, System.nanoTime());
        });
    }

    /** The request was not sent, or nobody waited for its answer. */
    void givenUp(Fetch fetch) {
        fetch.endUse().ifPresent(use -> {
            gate(fetch).unsent();
            correct(fetch, use, System.nanoTime());
        });
    }

    private void correct(Fetch fetch, Fetch.Use use, long reached) {
        Duration late = Duration.ofNanos(reached - use.askedAt());
        if (late.compareTo(NEAR) > 0) {
            use.id().ifPresent(id -> quotas.sentLater(nameOf(fetch), id, late));
        }
    }

    private void tell(Fetch fetch, OptionalInt status) {
        requested.fire(new ApiRequested(fetch.load().getRun().pipeline(), fetch.source().name(), status));
    }

    /** The source itself wants no requests for a while, from nobody. */
    void pause(Fetch fetch, Fetch.Pause pause) {
        quotas.pause(nameOf(fetch), Instant.now().plus(pause.time()), pause.reason());
    }

    private Gate gate(Fetch fetch) {
        return gates.computeIfAbsent(nameOf(fetch), Gate::new);
    }

    /** The source in the ledger: whose quota a partition's requests take from. */
    private static String nameOf(Fetch fetch) {
        return fetch.load().getRun().pipeline() + "." + fetch.source().name();
    }
}
