package dev.qanat.web;

import dev.qanat.failure.Code;
import dev.qanat.settings.Settings;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who may get in, on every path, the routes' own included. With an API key: who shows it. Without one the server listens on
 * loopback only, and what is to be kept out are web pages in a browser of this machine: they give themselves away by a name in
 * {@code Host} that points here (DNS rebinding), or by their {@code Origin}. Health is open to all, as probes have no key.
 */
@Singleton
final class Access {
    private static final int BEFORE_EVERYTHING = 10_000;
    private static final String BEARER = "bearer ";

    // The whole of 127.0.0.0/8, ::1 and names that never leave the machine.
    private static final Pattern LOOPBACK = Pattern.compile(
            "(?i)(localhost|[a-z0-9-]+\\.localhost|127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}|\\[::1])(:\\d{1,5})?");

    private final byte @Nullable [] keyDigest;

    Access(Settings settings) {
        this.keyDigest = settings.apiKey().map(Access::digest).orElse(null);
    }

    void guard(@Observes Filters filters) {
        filters.register(this::check, BEFORE_EVERYTHING);
    }

    private void check(RoutingContext exchange) {
        HttpServerRequest request = exchange.request();
        if (keyDigest == null) {
            if (!local(request)) {
                refuse(
                        exchange,
                        403,
                        Code.FORBIDDEN,
                        "Without an API key only requests to localhost are answered, and none that come from a web page"
                                + " of another site. Set QANAT_API_KEY to open the server to others.");
                return;
            }
        } else if (!health(exchange.normalizedPath()) && !showsKey(request)) {
            exchange.response().putHeader("WWW-Authenticate", "Bearer realm=\"qanat\"");
            refuse(
                    exchange,
                    401,
                    Code.UNAUTHORIZED,
                    "Send the API key as 'Authorization: Bearer <key>' or as 'X-API-Key: <key>'.");
            return;
        }
        exchange.next();
    }

    private static boolean health(String path) {
        return path.equals("/q/health") || path.startsWith("/q/health/") || path.equals("/api/v1/health");
    }

    private static boolean local(HttpServerRequest request) {
        // What HTTP/2 calls :authority stands here as well.
        String host = request.authority() == null ? null : request.authority().toString();
        String origin = request.getHeader(HttpHeaders.ORIGIN);
        return host != null
                && LOOPBACK.matcher(host).matches()
                && (origin == null || LOOPBACK.matcher(origin.replaceFirst("(?i)^https?://", "")).matches());
    }

    private boolean showsKey(HttpServerRequest request) {
        String key = request.getHeader("X-API-Key");
        String authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
        if (key == null && authorization != null && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            key = authorization.substring(BEARER.length()).strip();
        }
        // Digests are of one length, and compared in a time that says nothing of where they differ.
        return key != null && MessageDigest.isEqual(digest(key), keyDigest);
    }

    private static void refuse(RoutingContext exchange, int status, Code code, String detail) {
        ServerProblems.send(exchange, new Problem(status, code, detail));
    }

    private static byte[] digest(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
