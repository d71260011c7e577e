package dev.qanat.access;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A row of the audit.
 *
 * @param requests how many; more than one where refused requests were counted instead of listed
 */
public record AuditRecord(
        long id,
        Instant at,
        @Nullable String who,
        @Nullable Long keyId,
        @Nullable String role,
        @Nullable String address,
        @Nullable String method,
        @Nullable String path,
        @Nullable Integer status,
        @Nullable String what,
        int requests) {}
