package dev.qanat.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
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

    /** A list that is given whole. */
    public static Reply list(List<?> items) {
        return list(items, null);
    }

    /**
     * A page of a list.
     *
     * @param found the page's items, and one more where the list goes on
     * @param limit how many items a page has
     * @param cursor what the next page is asked for by, of the last item
     */
    public static <T> Reply page(List<T> found, int limit, Function<T, ?> view, Function<T, ?> cursor) {
        List<T> items = found.subList(0, Math.min(limit, found.size()));
        String next = found.size() > limit ? cursor.apply(items.get(limit - 1)).toString() : null;
        return list(items.stream().map(view).toList(), next);
    }

    /**
     * A list of which a part is given.
     *
     * @param next what the next part is asked for by; null when there is none
     */
    public static Reply list(List<?> items, @Nullable String next) {
        Map<String, @Nullable Object> list = new LinkedHashMap<>();
        list.put("items", items);
        list.put("next", next);
        return json(200, list);
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
