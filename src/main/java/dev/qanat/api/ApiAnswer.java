package dev.qanat.api;

import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What came back.
 *
 * @param headers by name, in any case
 * @param body as it came, packed by gzip or not; whoever opened it closes it, once the answer's records have been taken
 */
public record ApiAnswer(int status, Map<String, List<String>> headers, InputStream body) {

    /** The values of a header, in their order. */
    List<String> all(String name) {
        return headers.entrySet().stream()
                // HttpURLConnection and others list the status line under null.
                .filter(header -> name.equalsIgnoreCase(header.getKey()))
                .flatMap(header -> header.getValue().stream())
                .toList();
    }

    Optional<String> header(String name) {
        return all(name).stream().findFirst();
    }
}
