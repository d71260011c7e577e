package dev.qanat.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is answered to a request.
 *
 * @param contentType empty where there is no content
 * @param body text, UTF-8
 * @param stream sent in place of the body where it is given, as it is read; whoever sends it closes it
 */
public record Reply(
        int status, String contentType, Map<String, String> headers, String body, @Nullable InputStream stream) {

    /** A header for the audit, which is taken off before the answer is sent: what came of the request. */
    static final String WHAT = "Qanat-What";

    private static final ObjectMapper JSON = new ObjectMapper();

    public Reply(int status, String contentType, Map<String, String> headers, String body) {
        this(status, contentType, headers, body, null);
    }

    /** A file to be saved. */
    public static Reply download(String contentType, String fileName, InputStream content) {
        return new Reply(
                200, contentType, Map.of("Content-Disposition", "attachment; filename=\"" + fileName + "\""), "", content);
    }

    /** What was asked for is done, and there is nothing to tell. */
    public static Reply nothing() {
        return new Reply(204, "", Map.of(), "");
    }

    /** A reply in JSON; maps keep their order. */
    public static Reply json(int status, Object body) {
        return json(status, "application/json", body);
    }

    static Reply json(int status, String contentType, Object body) {
        try {
            return new Reply(status, contentType, Map.of(), JSON.writeValueAsString(body));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Notes for the audit what came of the request, where no {@code Location} says it. */
    public Reply noting(String what) {
        return withHeader(WHAT, what);
    }

    public Reply withHeader(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new Reply(status, contentType, more, body, stream);
    }
}
