package dev.qanat.web;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.Callable;

/** {@code GET /redoc}: the description as a page to read, by ReDoc. All that it needs comes from here. */
@Singleton
final class RedocPage {

    /** A picture beside its maker's name, the one thing that it would load from elsewhere. */
    private static final String ELSEWHERE = "https://cdn.redoc.ly/redoc/logo-mini.svg";

    private static final String NO_PICTURE = "data:,";

    private final Vertx vertx;

    RedocPage(Vertx vertx) {
        this.vertx = vertx;
    }

    void answer(@Observes Router router) {
        route(router, "/redoc").handler(exchange -> send(exchange, "text/html; charset=utf-8", () -> text("/redoc/index.html")));
        route(router, "/redoc/redoc.standalone.js").handler(exchange -> {
            exchange.response().putHeader(HttpHeaders.CACHE_CONTROL, "max-age=86400");
            send(exchange, "text/javascript; charset=utf-8", RedocPage::script);
        });
    }

    private static Route route(Router router, String path) {
        return router.route(path).method(HttpMethod.GET).method(HttpMethod.HEAD);
    }

    private void send(RoutingContext exchange, String type, Callable<String> content) {
        vertx.executeBlocking(content, false)
                .onSuccess(text -> exchange.response().putHeader(HttpHeaders.CONTENT_TYPE, type).end(text))
                .onFailure(exchange::fail);
    }

    private static String script() throws IOException {
        return text("/redoc/redoc.standalone.js").replace(ELSEWHERE, NO_PICTURE);
    }

    private static String text(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(RedocPage.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
