package dev.qanat.access;

import java.time.Instant;
import java.util.Optional;

/**
 * A key as it may be shown: neither itself nor its hash.
 *
 * @param prefix with which the key begins, to recognize it by
 * @param lastUsedAt to within some ten seconds
 * @param revokedAt since when it is not in force any more
 */
public record ApiKey(
        long id,
        String name,
        Role role,
        String prefix,
        Instant createdAt,
        String createdBy,
        Optional<Instant> lastUsedAt,
        Optional<Instant> revokedAt) {

    Caller caller() {
        return new Caller(name, role, id);
    }
}
