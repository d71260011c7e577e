package dev.qanat.web;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.MultiMap;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/** What browsers are told with every answer. A route may say something else with a header of its own. */
@Singleton
final class SecurityHeaders {
    private static final int FIRST = 40_000;
    private static final String NOTHING = "default-src 'none'; frame-ancestors 'none'";

    /** Swagger UI brings its scripts and styles along, some of them within its page. */
    private static final String PAGE = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
            + " img-src 'self' data:; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    void look(@Observes Filters filters) {
        filters.register(SecurityHeaders::put, FIRST);
    }

    private static void put(RoutingContext exchange) {
        String path = exchange.normalizedPath();
        boolean page = path.equals("/docs") || path.startsWith("/docs/") || path.startsWith("/q/swagger-ui");
        MultiMap headers = exchange.response().headers();
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("X-Frame-Options", "DENY");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Content-Security-Policy", page ? PAGE : NOTHING);
        if (!page) {
            headers.set("Cache-Control", "no-store");
        }
        exchange.next();
    }
}
