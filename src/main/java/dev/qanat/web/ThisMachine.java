package dev.qanat.web;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import jakarta.inject.Singleton;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Whether a request comes from this machine and was meant for it. The connection must come from loopback. A name in {@code Host} that
 * only points here is that of a web page which has its name resolve to this machine (DNS rebinding). A page of another origin gives
 * itself away by {@code Origin} or {@code Sec-Fetch-Site}, and a proxy by the headers that it adds; one that adds none cannot be told.
 */
@Singleton
final class ThisMachine {

    // The whole of 127.0.0.0/8, ::1 and names that never leave the machine.
    private static final Pattern LOOPBACK = Pattern.compile(
            "(?i)(localhost|[a-z0-9-]+\\.localhost|127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}|\\[::1])(:\\d{1,5})?");

    /** By which proxies and networks before a server tell for whom they ask, and that they are there. */
    private static final Pattern OF_A_PROXY = Pattern.compile("(?i)((x-|x-original-)?forwarded(-.*)?|via|cdn-loop|x-envoy-external-address"
            + "|(x-)?(cf-connecting|true-client|fastly-client|real|client|remote|originating|cluster-client|azure-client|proxyuser)-ip(v6)?)");

    boolean sent(HttpServerRequest request) {
        // What HTTP/2 calls :authority stands here as well.
        String host = request.authority() == null ? null : request.authority().toString();
        return Addresses.loopback(request)
                && host != null
                && LOOPBACK.matcher(host).matches()
                && request.headers().names().stream().noneMatch(name -> OF_A_PROXY.matcher(name).matches())
                && !fromAnotherOrigin(request, host);
    }

    private static boolean fromAnotherOrigin(HttpServerRequest request, String host) {
        String origin = request.getHeader(HttpHeaders.ORIGIN);
        if (origin != null) {
            // A configured one needs a key as any other: without one it would be an admin's.
            return !origin.toLowerCase(Locale.ROOT).equals(request.scheme() + "://" + host.toLowerCase(Locale.ROOT));
        }
        String site = request.getHeader("Sec-Fetch-Site");
        return site != null && !site.equals("same-origin") && !site.equals("none");
    }
}
