package dev.qanat.route;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
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

    private final Map<String, Count> counts = new ConcurrentHashMap<>();

    /** The exchanges of one route. */
    static final class Count {
        final AtomicLong exchanges = new AtomicLong();
        final AtomicLong failures = new AtomicLong();
        volatile @Nullable String lastError;
    }

    Count of(String routeId) {
        return counts.computeIfAbsent(routeId, id -> new Count());
    }

    @Override
    public RoutePolicy createRoutePolicy(CamelContext context, String routeId, NamedNode route) {
        return new RoutePolicySupport() {
            @Override
            public void onExchangeDone(Route done, Exchange exchange) {
                Count count = of(done.getRouteId());
                count.exchanges.incrementAndGet();
                if (exchange.isFailed()) {
                    count.failures.incrementAndGet();
                    Exception thrown = exchange.getException();
                    count.lastError = thrown == null ? "a fault without an exception" : thrown.toString();
                }
            }
        };
    }
}
