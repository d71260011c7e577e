package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.web.Problem;
import io.quarkus.arc.Unremovable;
import jakarta.enterprise.context.ApplicationScoped;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.NamedNode;
import org.apache.camel.Route;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.spi.RoutePolicy;
import org.apache.camel.spi.RoutePolicyFactory;
import org.apache.camel.support.ExchangeHelper;
import org.apache.camel.support.RoutePolicySupport;

/** Answers with a problem detail where a route over HTTP ends with an error that it does not deal with, and has set no status. */
@ApplicationScoped
@Unremovable
public class RouteErrors implements RoutePolicyFactory {

    private final Replies replies;

    RouteErrors(Replies replies) {
        this.replies = replies;
    }

    @Override
    public RoutePolicy createRoutePolicy(CamelContext context, String routeId, NamedNode route) {
        return new RoutePolicySupport() {
            @Override
            public void onExchangeDone(Route done, Exchange exchange) {
                if (exchange.getException() != null
                        && done.getEndpoint() instanceof PlatformHttpEndpoint
                        && exchange.getMessage().getHeader(Exchange.HTTP_RESPONSE_CODE) == null) {
                    answer(exchange);
                }
            }
        };
    }

    private void answer(Exchange exchange) {
        Problem problem = new Problem(500, Code.INTERNAL_ERROR, "the route met an error; the log says more");
        replies.send(problem.reply(), exchange);
        // For those who count errors.
        exchange.setProperty(Exchange.EXCEPTION_CAUGHT, exchange.getException());
        ExchangeHelper.setFailureHandled(exchange);
    }
}
