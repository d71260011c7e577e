package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.web.BadRequest;
import org.jspecify.annotations.Nullable;

/** Parameters of a request's URL; what cannot be understood is a {@link BadRequest}. */
final class Parameters {

    private static final int DEFAULT_LIMIT = 50;
    private static final int MOST = 1_000;

    private Parameters() {}

    /** How many items a page has: 50 by default, at most 1,000. */
    static int limit(@Nullable String text) {
        if (text == null) {
            return DEFAULT_LIMIT;
        }
        // However large: it is capped.
        long asked = text.matches("\\d{19,}") ? MOST : number("limit", text);
        if (asked < 1) {
            throw new BadRequest(400, Code.INVALID_REQUEST, "limit: must be at least 1");
        }
        return (int) Math.min(asked, MOST);
    }

    static long number(String name, String text) {
        if (!text.matches("\\d{1,18}")) {
            throw new BadRequest(400, Code.INVALID_REQUEST, name + ": '" + text + "' is not a number");
        }
        return Long.parseLong(text);
    }
}
