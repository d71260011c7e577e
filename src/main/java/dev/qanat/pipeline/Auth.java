package dev.qanat.pipeline;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** How requests to an API say who makes them. */
public sealed interface Auth {

    /** The texts that hold secrets. */
    List<Template> secrets();

    /** A key as a header or a parameter of the query. */
    record ApiKey(Location location, String name, Template apiKey) implements Auth {
        @Override
        public List<Template> secrets() {
            return List.of(apiKey);
        }
    }

    enum Location {
        HEADER,
        QUERY;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** {@code Authorization: Bearer …} (RFC 6750). */
    record Bearer(Template token) implements Auth {
        @Override
        public List<Template> secrets() {
            return List.of(token);
        }
    }

    /** {@code Authorization: Basic …} (RFC 7617). */
    record HttpBasic(Template username, Template password) implements Auth {
        @Override
        public List<Template> secrets() {
            return List.of(username, password);
        }
    }

    /** A token that is fetched with the client's credentials and fetched again before it expires (RFC 6749, 4.4). */
    record OAuth2ClientCredentials(String accessTokenUrl, Template clientId, Template clientSecret, Optional<String> scope)
            implements Auth {
        @Override
        public List<Template> secrets() {
            return List.of(clientId, clientSecret);
        }
    }
}
