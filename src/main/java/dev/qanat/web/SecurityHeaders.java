package dev.qanat.web;

import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.MultiMap;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.regex.Pattern;

/** What browsers are told with every answer. A route may say something else with a header of its own. */
@Singleton
final class SecurityHeaders {
    private static final int FIRST = 40_000;
    private static final String NOTHING = "default-src 'none'; frame-ancestors 'none'";

    /** Swagger UI and ReDoc bring their scripts and styles along, some of them within their page; ReDoc searches by one that it makes. */
    private static final String PAGE = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
            + " worker-src 'self' blob:; img-src 'self' data:; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    private static final Pattern PAGES = Pattern.compile("/(docs|redoc)(/|$)|/q/swagger-ui");

    void look(@Observes Filters filters) {
        filters.register(SecurityHeaders::put, FIRST);
    }

    private static void put(RoutingContext exchange) {
        String path = exchange.normalizedPath();
        boolean page = PAGES.matcher(path).lookingAt();
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
