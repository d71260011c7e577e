package dev.qanat.settings;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialsTest {

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.1.2.3", "localhost", "::1"})
    void on_loopback_no_key_is_needed(String host) {
        assertThatCode(() -> new Credentials(host, null, null, false).check()).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::", "192.0.2.1"})
    void elsewhere_nothing_starts_without_a_key(String host) {
        assertThatThrownBy(() -> new Credentials(host, null, null, false).check())
                .hasMessage("quarkus.http.host is " + host + ", which others can reach, and no API key is set."
                        + " Set QANAT_API_KEY to a secret of at least 16 characters (openssl rand -hex 32),"
                        + " or QANAT_REQUIRE_API_KEY to true to be told one at the first start, or listen on 127.0.0.1");
        assertThatCode(() -> new Credentials(host, null, null, true).check()).doesNotThrowAnyException();
        assertThatCode(() -> new Credentials(host, "0123456789abcdef", null, false).check()).doesNotThrowAnyException();
    }

    @Test
    void a_short_key_is_refused_and_not_shown() {
        assertThatThrownBy(() -> new Credentials("127.0.0.1", "0123456789abcde", null, true).check())
                .hasMessage("QANAT_API_KEY has 15 characters, it needs at least 16 (openssl rand -hex 32)");
        assertThatThrownBy(() -> new Credentials("127.0.0.1", null, "0123456789abcde", true).check())
                .hasMessage("QANAT_VIEWER_KEY has 15 characters, it needs at least 16 (openssl rand -hex 32)");
    }

    @Test
    void a_viewers_key_lets_nobody_else_in_and_is_not_the_admins() {
        assertThatThrownBy(() -> new Credentials("0.0.0.0", null, "0123456789abcdef", false).check())
                .hasMessageContaining("no API key is set");
        assertThatThrownBy(() -> new Credentials("0.0.0.0", "0123456789abcdef", "0123456789abcdef", false).check())
                .hasMessage("QANAT_VIEWER_KEY is the same as QANAT_API_KEY, whose role is admin; make another");
    }
}
