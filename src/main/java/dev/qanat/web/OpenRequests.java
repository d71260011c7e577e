package dev.qanat.web;

import dev.qanat.failure.Code;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The requests that are being answered, and the end of taking further ones: these get a 503, but for those that ask how the server is.
 * Safe for use by several threads.
 */
@Singleton
public class OpenRequests {

    private static final int AFTER_PIPELINING = 49_000;

    private final AtomicInteger open = new AtomicInteger();
    private volatile boolean stopping;

    void look(@Observes Filters filters) {
        filters.register(this::count, AFTER_PIPELINING);
    }

    private void count(RoutingContext exchange) {
        if (exchange.normalizedPath().startsWith("/q/health") || exchange.normalizedPath().equals("/api/v1/health")) {
            exchange.next();
        } else if (stopping) {
            exchange.response().putHeader("Retry-After", "5").putHeader("Connection", "close");
            ServerProblems.send(exchange, new Problem(503, Code.SHUTTING_DOWN, "the server is being stopped; try again in a moment"));
        } else {
            open.incrementAndGet();
            exchange.addEndHandler(end -> open.decrementAndGet());
            exchange.next();
        }
    }

    /** How many requests are being answered. */
    public int open() {
        return open.get();
    }

    /** Those that are open may end; no other is taken. */
    public void stopAccepting() {
        stopping = true;
    }

    /** Whether who waits for something that may last is to end. */
    public boolean isStopping() {
        return stopping;
    }
}
