package dev.qanat.web;

import dev.qanat.access.AuditEntry;
import dev.qanat.access.AuditLog;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.Set;

/** Notes every request that would change something, done or refused, and those that showed a wrong key, once it is answered. */
@Singleton
final class Auditing {
    private static final int AROUND_ALL_CHECKS = 30_000;
    private static final Set<HttpMethod> READING =
            Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS, HttpMethod.TRACE);

    private final AuditLog audit;

    Auditing(AuditLog audit) {
        this.audit = audit;
    }

    void look(@Observes Filters filters) {
        filters.register(this::look, AROUND_ALL_CHECKS);
    }

    private void look(RoutingContext exchange) {
        Instant at = Instant.now();
        MultiMap headers = exchange.response().headers();
        exchange.addHeadersEndHandler(end -> {
            exchange.put(Reply.WHAT, headers.contains(Reply.WHAT) ? headers.get(Reply.WHAT) : headers.get(HttpHeaders.LOCATION));
            headers.remove(Reply.WHAT);
        });
        exchange.addEndHandler(end -> {
            if (!READING.contains(exchange.request().method()) || exchange.get(Access.WRONG_KEY) != null) {
                note(exchange, at);
            }
        });
        exchange.next();
    }

    private void note(RoutingContext exchange, Instant at) {
        HttpServerResponse response = exchange.response();
        audit.add(new AuditEntry(
                at,
                Callers.noted(exchange),
                Addresses.shown(exchange.request()),
                exchange.request().method().name(),
                exchange.request().uri(),
                response.headWritten() ? response.getStatusCode() : null,
                exchange.get(Reply.WHAT)));
    }
}
