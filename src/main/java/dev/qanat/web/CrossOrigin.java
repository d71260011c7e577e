package dev.qanat.web;

import dev.qanat.settings.Settings;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.CorsHandler;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Lets pages of the configured origins read answers, refusals as well. A preflight is answered before any key is asked for, since
 * browsers send none with it. A page of another origin gets its answer without leave to read it.
 */
@Singleton
final class CrossOrigin {
    private static final int BEFORE_ACCESS = 20_000;
    private static final int MAX_AGE_SECONDS = 600;

    private final Set<String> origins;
    private final CorsHandler cors;

    CrossOrigin(Settings settings) {
        this.origins = settings.corsOrigins().orElse(List.of()).stream()
                .map(CrossOrigin::plain)
                .collect(Collectors.toUnmodifiableSet());
        this.cors = CorsHandler.create()
                .allowedMethods(Set.of(
                        HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH, HttpMethod.DELETE))
                .exposedHeaders(Set.of("Location", "Retry-After", "WWW-Authenticate", "Content-Disposition", "Allow", "ETag"))
                .maxAgeSeconds(MAX_AGE_SECONDS);
        // Whether an origin may is decided here.
        cors.addOrigins(List.copyOf(origins));
    }

    void look(@Observes Filters filters) {
        if (!origins.isEmpty()) {
            filters.register(this::look, BEFORE_ACCESS);
        }
    }

    private void look(RoutingContext exchange) {
        exchange.addHeadersEndHandler(end -> vary(exchange.response().headers()));
        String origin = exchange.request().getHeader(HttpHeaders.ORIGIN);
        if (origin != null && allows(origin)) {
            cors.handle(exchange);
        } else {
            exchange.next();
        }
    }

    private boolean allows(String origin) {
        return origins.contains(plain(origin));
    }

    private static String plain(String origin) {
        return origin.strip().toLowerCase(Locale.ROOT);
    }

    /** A route may have put a header of its own in place of ours. */
    private static void vary(MultiMap headers) {
        if (headers.getAll(HttpHeaders.VARY).stream().noneMatch(value -> value.toLowerCase(Locale.ROOT).contains("origin"))) {
            headers.add(HttpHeaders.VARY, "Origin");
        }
    }
}
