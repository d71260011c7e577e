package dev.qanat.route;

import dev.qanat.pipeline.InvalidPipeline;
import dev.qanat.web.BadRequest;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.NamedNode;
import org.apache.camel.Route;
import org.apache.camel.spi.RoutePolicy;
import org.apache.camel.spi.RoutePolicyFactory;
import org.apache.camel.support.RoutePolicySupport;
import org.jspecify.annotations.Nullable;

/** Counts the exchanges of every route. Safe for use by several threads. */
@ApplicationScoped
public class RouteCounts implements RoutePolicyFactory {

    private final CamelContext camel;
    private final Map<String, Count> counts = new ConcurrentHashMap<>();

    RouteCounts(CamelContext camel) {
        this.camel = camel;
    }

    /** The exchanges of one route. */
    static final class Count {
        final AtomicLong exchanges = new AtomicLong();
        final AtomicLong failures = new AtomicLong();
        volatile @Nullable String lastError;
    }

    /** What a route did since the process started. */
    public record Exchanges(String route, long exchanges, long failures) {}

    /** What the routes did that there are now. */
    public List<Exchanges> all() {
        return camel.getRoutes().stream()
                .map(route -> {
                    Count count = of(route.getRouteId());
                    return new Exchanges(route.getRouteId(), count.exchanges.get(), count.failures.get());
                })
                .toList();
    }

    Count of(String routeId) {
        return counts.computeIfAbsent(routeId, id -> new Count());
    }

    /** Whether a request was at fault, or that the route was being replaced, and not the route. */
    private static boolean isNotItsOwn(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof BadRequest || cause instanceof InvalidPipeline || cause instanceof RejectedExecutionException) {
                return true;
            }
        }
        return false;
    }

    @Override
    public RoutePolicy createRoutePolicy(CamelContext context, String routeId, NamedNode route) {
        return new RoutePolicySupport() {
            @Override
            public void onExchangeDone(Route done, Exchange exchange) {
                Count count = of(done.getRouteId());
                count.exchanges.incrementAndGet();
                // Also what the route's own error handler has dealt with, as ticks and requests have theirs dealt with.
                Exception thrown = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, exchange.getException(), Exception.class);
                if (thrown != null && !isNotItsOwn(thrown)) {
                    count.failures.incrementAndGet();
                    count.lastError = thrown.toString();
                }
            }
        };
    }
}
