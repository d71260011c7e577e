package dev.qanat.web;

import dev.qanat.failure.Code;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Parameters of a URL whose names are the caller's, such as columns: among a route's headers they could not be told from others. */
public final class QueryParameters {

    private QueryParameters() {}

    /**
     * The parameters in their order.
     *
     * @param query as it stands in the URL behind the question mark; null where there is none
     * @throws BadRequest when it cannot be decoded, or a name occurs twice
     */
    public static Map<String, String> once(@Nullable String query) {
        Map<String, List<String>> all;
        try {
            all = new QueryStringDecoder(query == null ? "" : query, false).parameters();
        } catch (IllegalArgumentException e) {
            throw new BadRequest(400, Code.INVALID_REQUEST, "the parameters cannot be decoded: " + e.getMessage());
        }
        Map<String, String> once = new LinkedHashMap<>();
        all.forEach((name, values) -> {
            if (values.size() > 1) {
                throw new BadRequest(400, Code.INVALID_REQUEST, name + ": is given " + values.size() + " times");
            }
            once.put(name, values.get(0));
        });
        return once;
    }
}
