package dev.qanat.web;

import dev.qanat.access.ApiKeys;
import dev.qanat.access.Caller;
import dev.qanat.access.FailedAttempts;
import dev.qanat.access.Policy;
import dev.qanat.access.Role;
import dev.qanat.failure.Code;
import dev.qanat.pipeline.Pipelines;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who may get in, on every path, the routes' own included. Where a key is in force: who shows one whose role is that of the policy.
 * Where there is none: this machine alone, see {@link ThisMachine}.
 */
@Singleton
final class Access {
    static final int BEFORE_EVERYTHING = 10_000;

    /** Set on an exchange that showed a key which is none. */
    static final String WRONG_KEY = "qanat.wrong-key";

    private static final String API_KEY = "X-API-Key";
    private static final String BEARER = "bearer ";
    private static final String SHOW_ONE = "Send an API key as 'Authorization: Bearer <key>' or as 'X-API-Key: <key>'";

    private final ApiKeys keys;
    private final Policy policy;
    private final Pipelines pipelines;
    private final ThisMachine thisMachine;
    private final FailedAttempts attempts = new FailedAttempts();

    Access(ApiKeys keys, Policy policy, Pipelines pipelines, ThisMachine thisMachine) {
        this.keys = keys;
        this.policy = policy;
        this.pipelines = pipelines;
        this.thisMachine = thisMachine;
    }

    void guard(@Observes Filters filters) {
        filters.register(this::check, BEFORE_EVERYTHING);
    }

    private void check(RoutingContext exchange) {
        Role needed = policy.needed(exchange.request().method().name(), exchange.normalizedPath(), this::exposes);
        Caller noted = Callers.noted(exchange);
        if (noted != null && noted.role().reaches(needed)) {
            // A handler has sent the exchange on to another path, and its key is forgotten.
            exchange.next();
        } else if (!keys.areKnown()) {
            if (needed == Role.PUBLIC) {
                pass(exchange, Caller.ANYBODY, needed);
            } else {
                exchange.response().putHeader("Retry-After", "1");
                refuse(exchange, 503, Code.DATABASE_UNAVAILABLE, "the server is starting; try again in a moment");
            }
        } else if (!keys.areNeeded()) {
            if (thisMachine.sent(exchange.request())) {
                pass(exchange, Caller.LOCAL, needed);
            } else {
                refuse(
                        exchange,
                        403,
                        Code.FORBIDDEN,
                        "Without an API key only requests from this machine to localhost are answered, and none that come from"
                                + " a web page of another origin. Set QANAT_API_KEY to open the server to others.");
            }
        } else if (needed == Role.PUBLIC) {
            pass(exchange, Caller.ANYBODY, needed);
        } else {
            checkKey(exchange, needed);
        }
    }

    private boolean exposes(String segment) {
        return pipelines.exposes(PagePath.of(segment).path());
    }

    private void checkKey(RoutingContext exchange, Role needed) {
        String shown = shownKey(exchange.request());
        Optional<Caller> found = shown == null ? Optional.empty() : keys.caller(shown);
        String address = Addresses.client(exchange.request());
        Duration wait = shown == null ? Duration.ZERO : attempts.wait(address, found.orElse(null));
        if (!wait.isZero()) {
            exchange.put(WRONG_KEY, true);
            exchange.response().putHeader("Retry-After", Long.toString(wait.toSeconds()));
            refuse(exchange, 429, Code.TOO_MANY_ATTEMPTS, "too many wrong keys came from your address; wait " + wait.toSeconds() + " s");
        } else if (shown == null) {
            challenge(exchange, SHOW_ONE + '.');
        } else if (found.isEmpty()) {
            exchange.put(WRONG_KEY, true);
            Duration delay = attempts.failed(address);
            later(exchange, delay, () -> challenge(exchange, "This key is not in force. " + SHOW_ONE + " that is."));
        } else {
            Caller caller = found.get();
            attempts.accepted(address, caller);
            if (caller.role().reaches(needed)) {
                pass(exchange, caller, needed);
            } else {
                Callers.put(exchange, caller);
                refuse(
                        exchange,
                        403,
                        Code.FORBIDDEN,
                        "This needs a key of the role " + needed.id() + "; yours has the role " + caller.role().id() + ".");
            }
        }
    }

    private static void pass(RoutingContext exchange, Caller caller, Role needed) {
        Callers.put(exchange, caller);
        forget(exchange.request().headers(), needed);
        exchange.next();
    }

    /** Nobody waits meanwhile but the client. */
    private static void later(RoutingContext exchange, Duration delay, Runnable answer) {
        if (delay.isZero()) {
            answer.run();
        } else {
            exchange.vertx().setTimer(delay.toMillis(), timer -> {
                if (!exchange.response().closed()) {
                    answer.run();
                }
            });
        }
    }

    private static @Nullable String shownKey(HttpServerRequest request) {
        String key = request.getHeader(API_KEY);
        String authorization = request.getHeader(HttpHeaders.AUTHORIZATION);
        return key == null && authorization != null && isBearer(authorization)
                ? authorization.substring(BEARER.length()).strip()
                : key;
    }

    private static boolean isBearer(String authorization) {
        return authorization.regionMatches(true, 0, BEARER, 0, BEARER.length());
    }

    /**
     * A route hands the headers of a request on, to whatever it calls and back in its answer: a key goes no further. On a public path,
     * where a route may check credentials of its own, what cannot be a key of ours stays. Any other bearer goes as well: whether it does
     * would tell of a guess whether it was right.
     */
    private static void forget(MultiMap headers, Role needed) {
        headers.remove(API_KEY);
        if (needed != Role.PUBLIC || headers.getAll(HttpHeaders.AUTHORIZATION).stream().anyMatch(Access::isBearer)) {
            headers.remove(HttpHeaders.AUTHORIZATION);
        }
    }

    private static void challenge(RoutingContext exchange, String detail) {
        exchange.response().putHeader("WWW-Authenticate", "Bearer realm=\"qanat\"");
        refuse(exchange, 401, Code.UNAUTHORIZED, detail);
    }

    private static void refuse(RoutingContext exchange, int status, Code code, String detail) {
        ServerProblems.send(exchange, new Problem(status, code, detail));
    }
}
