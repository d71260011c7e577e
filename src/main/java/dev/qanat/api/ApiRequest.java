package dev.qanat.api;

import java.net.URI;
import java.util.Map;
import java.util.Optional;

/**
 * A request to send as it is, without following redirects.
 *
 * @param method such as {@code GET}
 * @param uri absolute, http or https; it may hold a secret
 * @param headers by name; they may hold secrets
 * @param shown what the ledger, logs and rejections call it: method and URL, of a POST its body, with {@code ***} for secrets
 */
public record ApiRequest(String method, URI uri, Map<String, String> headers, Optional<byte[]> body, String shown) {

    /** {@link #shown}: the rest is no reading matter. */
    @Override
    public String toString() {
        return shown;
    }
}
