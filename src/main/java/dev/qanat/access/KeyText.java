package dev.qanat.access;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The text of a key: {@code qanat_1a2b3c4d_} and 256 random bits. The first part is no secret; by it the key is found, so that what
 * is compared is one hash with another.
 */
final class KeyText {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Pattern FORM = Pattern.compile("(qanat_[0-9a-f]{8})_[A-Za-z0-9_-]{43}");

    private KeyText() {}

    static String random() {
        return "qanat_" + HexFormat.of().formatHex(randomBytes(4)) + "_"
                + Base64.getUrlEncoder().withoutPadding().encodeToString(randomBytes(32));
    }

    static byte[] randomBytes(int count) {
        byte[] bytes = new byte[count];
        RANDOM.nextBytes(bytes);
        return bytes;
    }

    /** The part of a key that may be shown; null for what is no key of ours. */
    static @Nullable String prefix(String key) {
        Matcher form = FORM.matcher(key);
        return form.matches() ? form.group(1) : null;
    }

    /** HMAC-SHA-256. */
    static byte[] hash(byte[] secret, String key) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            return mac.doFinal(key.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
