package dev.qanat.api;

import dev.qanat.pipeline.Auth.OAuth2ClientCredentials;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The access tokens that were fetched (RFC 6749), in memory. May be used by many threads. */
public final class Tokens {
    /** A token that is valid for less is not begun with. */
    private static final Duration MARGIN = Duration.ofSeconds(30);

    /** Where a server does not say how long it is valid. */
    private static final Duration UNTOLD = Duration.ofMinutes(5);

    private final Map<Owner, Token> tokens = new ConcurrentHashMap<>();

    /** Who gets a token where, and for what. */
    private record Owner(String url, String clientId, Optional<String> scope) {}

    /** @param accepted whether the API has answered a request that showed it */
    private record Token(String value, Instant until, boolean accepted) {}

    Optional<String> find(OAuth2ClientCredentials auth, String clientId, Instant now) {
        return Optional.ofNullable(tokens.get(owner(auth, clientId)))
                .filter(token -> token.until().isAfter(now.plus(MARGIN)))
                .map(Token::value);
    }

    /** Keeps a token; one that is valid for less than twice the margin is used for half of its time. */
    void keep(OAuth2ClientCredentials auth, String clientId, String value, Optional<Duration> valid, Instant now) {
        Duration span = valid.orElse(UNTOLD);
        Duration least = MARGIN.plus(span.dividedBy(2));
        tokens.put(owner(auth, clientId), new Token(value, now.plus(span.compareTo(least) < 0 ? least : span), false));
    }

    void accepted(OAuth2ClientCredentials auth, String clientId, String value) {
        tokens.computeIfPresent(
                owner(auth, clientId),
                (owner, token) -> token.value().equals(value) ? new Token(value, token.until(), true) : token);
    }

    /** Forgets a token that the API refuses; whether it is worth while to fetch another, since this one or a later one was good. */
    boolean refused(OAuth2ClientCredentials auth, String clientId, String value) {
        Token known = tokens.get(owner(auth, clientId));
        if (known == null || !known.value().equals(value)) {
            return true;
        }
        tokens.remove(owner(auth, clientId), known);
        return known.accepted();
    }

    private static Owner owner(OAuth2ClientCredentials auth, String clientId) {
        return new Owner(auth.accessTokenUrl(), clientId, auth.scope());
    }
}
