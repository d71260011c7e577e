package dev.qanat.serve;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where a page ended, as a text: the last row's values in the order's columns. It holds for its table and order. */
final class PageCursor {

    private static final int CHECK_BYTES = 8;
    private static final ObjectMapper JSON = new ObjectMapper();

    private PageCursor() {}

    /** @param order what tells the query's table and order from others */
    static String write(String order, List<@Nullable String> values) {
        try {
            byte[] json = JSON.writeValueAsBytes(values);
            ByteBuffer bytes = ByteBuffer.allocate(CHECK_BYTES + json.length);
            bytes.put(check(order, json)).put(json);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Reads what {@link #write} has written.
     *
     * @param columns how many the order has
     * @throws dev.qanat.failure.InputFailure when it is none, or of another table or order
     */
    static List<@Nullable String> read(String order, int columns, String text) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap(Base64.getUrlDecoder().decode(text));
            byte[] check = new byte[Math.min(CHECK_BYTES, bytes.remaining())];
            bytes.get(check);
            byte[] json = new byte[bytes.remaining()];
            bytes.get(json);
            if (MessageDigest.isEqual(check, check(order, json))) {
                List<@Nullable String> values = JSON.readValue(json, new TypeReference<List<@Nullable String>>() {});
                if (values != null && values.size() == columns && columns > 0) {
                    return values;
                }
            }
        } catch (IllegalArgumentException | IOException e) {
            // Told below: nobody but us writes cursors.
        }
        throw DialectText.problem(
                "after", "this is no cursor of this table and order; give 'next' of the page before as it is, with the same 'order'");
    }

    private static byte[] check(String order, byte[] json) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(order.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
            return Arrays.copyOf(digest.digest(json), CHECK_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
