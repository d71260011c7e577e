package dev.qanat.web;

import dev.qanat.access.Caller;
import dev.qanat.access.Role;
import io.quarkus.security.credential.Credential;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.vertx.http.runtime.security.QuarkusHttpUser;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.security.Permission;
import java.security.Principal;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who sends a request, as it travels with the request: as the user of the exchange, which routes have in a header that no client can
 * set.
 */
public final class Callers {

    private static final String KEY = "qanat.caller";

    private Callers() {}

    /** What Quarkus wants a user to be. */
    private record Identity(Caller caller, HttpServerResponse response) implements SecurityIdentity {

        @Override
        public Principal getPrincipal() {
            return caller::name;
        }

        @Override
        public boolean isAnonymous() {
            return caller.role() == Role.PUBLIC;
        }

        @Override
        public Set<String> getRoles() {
            return Set.of(caller.role().id());
        }

        @Override
        public boolean hasRole(String role) {
            return caller.role().id().equals(role);
        }

        @Override
        public <T extends Credential> @Nullable T getCredential(Class<T> type) {
            return null;
        }

        @Override
        public Set<Credential> getCredentials() {
            return Set.of();
        }

        @Override
        public <T> @Nullable T getAttribute(String name) {
            return null;
        }

        @Override
        public Map<String, Object> getAttributes() {
            return Map.of();
        }

        @Override
        public Uni<Boolean> checkPermission(Permission permission) {
            return Uni.createFrom().item(false);
        }
    }

    // What takes its place comes with Vert.x 5.
    @SuppressWarnings("deprecation")
    static void put(RoutingContext exchange, Caller caller) {
        exchange.put(KEY, caller);
        if (!exchange.normalizedPath().startsWith("/q/")) {
            // Quarkus' health gives a user to its security, which is not here.
            exchange.setUser(new QuarkusHttpUser(new Identity(caller, exchange.response())));
        }
    }

    /** The caller that {@link #put} has noted; null when there is none. */
    static @Nullable Caller noted(RoutingContext exchange) {
        return exchange.get(KEY);
    }

    /**
     * The caller that {@link #put} has noted, as a route sees it.
     *
     * @param user as a route has it; null when the route was not reached over HTTP, and then it is this machine's
     */
    public static Caller of(@Nullable Object user) {
        return user instanceof QuarkusHttpUser known && known.getSecurityIdentity() instanceof Identity identity
                ? identity.caller
                : Caller.LOCAL;
    }

    /**
     * Whether the client still waits for its answer, or for the rest of it. Of one whose connection is closed or who has got it all this
     * is false.
     *
     * @param user as a route has it; for a request that came otherwise than over HTTP the answer is yes
     */
    public static boolean awaitsAnswer(@Nullable Object user) {
        return !(user instanceof QuarkusHttpUser known && known.getSecurityIdentity() instanceof Identity identity)
                || !identity.response.ended() && !identity.response.closed();
    }
}
