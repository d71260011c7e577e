package dev.qanat.access;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A request that would change something, or showed a wrong key.
 *
 * @param caller null when nobody is known
 * @param address of the client
 * @param path with its query, cut at 1,000 characters
 * @param status of the answer; null when the client was gone before it
 * @param what came of it, such as the version that an upload made; null when nothing is to be told beyond the path
 */
public record AuditEntry(
        Instant at,
        @Nullable Caller caller,
        String address,
        String method,
        String path,
        @Nullable Integer status,
        @Nullable String what) {

    private static final int LONGEST = 1_000;

    public AuditEntry {
        path = cut(path);
        what = what == null ? null : cut(what);
    }

    boolean isRefused() {
        return status != null && (status == 401 || status == 403 || status == 429);
    }

    /** PostgreSQL keeps no NUL. */
    private static String cut(String text) {
        return (text.length() > LONGEST ? text.substring(0, LONGEST) : text).replace('\0', '?');
    }
}
