package dev.qanat.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class KeyTextTest {

    @Test
    void a_key_is_random_and_begins_with_what_may_be_shown() {
        String key = KeyText.random();
        assertThat(key).matches("qanat_[0-9a-f]{8}_[A-Za-z0-9_-]{43}").isNotEqualTo(KeyText.random());
        assertThat(KeyText.prefix(key)).isEqualTo(key.substring(0, 14));
        assertThat(KeyText.prefix(key + "x")).isNull();
        assertThat(KeyText.prefix("")).isNull();
    }

    @Test
    void it_is_hashed_by_hmac_sha_256() {
        // RFC 4231, test case 2.
        byte[] hash = KeyText.hash("Jefe".getBytes(StandardCharsets.UTF_8), "what do ya want for nothing?");
        assertThat(HexFormat.of().formatHex(hash)).isEqualTo("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
