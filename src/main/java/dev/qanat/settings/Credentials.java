package dev.qanat.settings;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/**
 * Whether anybody may get in where the server listens.
 *
 * @param host where it listens
 * @param apiKey the admin's key of the environment; null when there is none
 * @param viewerKey the viewer's; lets nobody else in
 * @param keyRequired whether nobody gets in without a key, also before there is one
 */
record Credentials(String host, @Nullable String apiKey, @Nullable String viewerKey, boolean keyRequired) {
    private static final int SHORTEST_KEY = 16;

    /** @throws InputFailure when a key is too short or stands for two roles, or when there is none and others than this machine could connect */
    void check() {
        if (apiKey == null) {
            if (!keyRequired && !loopback()) {
                throw new InputFailure(
                        Code.OPEN_WITHOUT_CREDENTIALS,
                        "quarkus.http.host is " + host + ", which others can reach, and no API key is set."
                                + " Set QANAT_API_KEY to a secret of at least " + SHORTEST_KEY
                                + " characters (openssl rand -hex 32), or QANAT_REQUIRE_API_KEY to true to be told one at the first"
                                + " start, or listen on 127.0.0.1");
            }
        }
        checkLength("QANAT_API_KEY", apiKey);
        checkLength("QANAT_VIEWER_KEY", viewerKey);
        if (viewerKey != null && viewerKey.equals(apiKey)) {
            throw new InputFailure(Code.INVALID_SETTING, "QANAT_VIEWER_KEY is the same as QANAT_API_KEY, whose role is admin; make another");
        }
    }

    private static void checkLength(String name, @Nullable String key) {
        if (key != null && key.length() < SHORTEST_KEY) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    name + " has " + key.length() + " characters, it needs at least " + SHORTEST_KEY + " (openssl rand -hex 32)");
        }
    }

    private boolean loopback() {
        try {
            for (InetAddress address : InetAddress.getAllByName(host)) {
                if (!address.isLoopbackAddress()) {
                    return false;
                }
            }
            return true;
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
