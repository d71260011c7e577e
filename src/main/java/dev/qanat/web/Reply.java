package dev.qanat.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Map;

/**
 * What is answered to a request.
 *
 * @param body text, UTF-8
 */
public record Reply(int status, String contentType, Map<String, String> headers, String body) {

    private static final ObjectMapper JSON = new ObjectMapper();

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

    public Reply withHeader(String name, String value) {
        return new Reply(status, contentType, Map.of(name, value), body);
    }
}
