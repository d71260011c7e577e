package dev.qanat.route;

import dev.qanat.ledger.Run;
import dev.qanat.route.PhaseDone.Phase;
import io.quarkus.arc.Unremovable;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import java.time.Duration;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.NamedNode;
import org.apache.camel.Route;
import org.apache.camel.spi.RoutePolicy;
import org.apache.camel.spi.RoutePolicyFactory;
import org.apache.camel.support.RoutePolicySupport;
import org.jspecify.annotations.Nullable;

/**
 * Tells how long runs take for what, by the routes that they pass one after the other. A phase that fails is not told. Safe for use by
 * several threads.
 */
@ApplicationScoped
@Unremovable     // Camel finds it by its type
public class RunPhases implements RoutePolicyFactory {

    private static final String SINCE = "qanat.phase-since";
    private static final String POLL = "poll-";

    private final Event<PhaseDone> phases;

    RunPhases(Event<PhaseDone> phases) {
        this.phases = phases;
    }

    @Override
    public @Nullable RoutePolicy createRoutePolicy(CamelContext context, String routeId, NamedNode route) {
        return switch (routeId) {
            case "load-file" -> at(null, null);
            case "land" -> at(Phase.READ, Phase.LAND);
            case "models", "models-alone" -> at(null, Phase.MODELS);
            case "put-away" -> at(null, Phase.FINISH);
            default -> routeId.startsWith(POLL) ? at(null, null) : null;
        };
    }

    /**
     * @param before what ends where the route begins
     * @param whole what ends with the route
     */
    private RoutePolicy at(@Nullable Phase before, @Nullable Phase whole) {
        return new RoutePolicySupport() {
            @Override
            public void onExchangeBegin(Route begun, Exchange exchange) {
                if (before != null) {
                    tell(exchange, before);
                }
                exchange.setProperty(SINCE, System.nanoTime());
            }

            @Override
            public void onExchangeDone(Route done, Exchange exchange) {
                if (whole != null && exchange.getException() == null) {
                    tell(exchange, whole);
                    exchange.setProperty(SINCE, System.nanoTime());
                    if (whole == Phase.FINISH) {
                        tellWait(exchange);
                    }
                }
            }
        };
    }

    private void tell(Exchange exchange, Phase phase) {
        Long since = exchange.getProperty(SINCE, Long.class);
        Load load = exchange.getProperty("load", Load.class);
        if (since != null && load != null) {
            phases.fire(new PhaseDone(load.getRun().pipeline(), phase, Duration.ofNanos(System.nanoTime() - since)));
        }
    }

    private void tellWait(Exchange exchange) {
        Run run = exchange.getProperty("load", Load.class).getRun();
        run.startedAt().ifPresent(started ->
                phases.fire(new PhaseDone(run.pipeline(), Phase.WAIT, Duration.between(run.queuedAt(), started))));
    }
}
