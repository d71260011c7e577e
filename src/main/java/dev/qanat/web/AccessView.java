package dev.qanat.web;

import dev.qanat.access.ApiKey;
import dev.qanat.access.ApiKeys;
import dev.qanat.access.AuditRecord;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Keys and the audit as the HTTP contract shows them. */
public final class AccessView {

    private AccessView() {}

    /** With the key itself. */
    public static Map<String, @Nullable Object> made(ApiKeys.Made made) {
        Map<String, @Nullable Object> view = of(made.key());
        view.put("key", made.text());
        return view;
    }

    public static Map<String, @Nullable Object> of(ApiKey key) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", key.id());
        view.put("name", key.name());
        view.put("role", key.role().id());
        view.put("prefix", key.prefix());
        view.put("created_at", key.createdAt().toString());
        view.put("created_by", key.createdBy());
        view.put("last_used_at", key.lastUsedAt().map(Instant::toString).orElse(null));
        view.put("revoked_at", key.revokedAt().map(Instant::toString).orElse(null));
        return view;
    }

    public static Map<String, @Nullable Object> of(AuditRecord audited) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", audited.id());
        view.put("at", audited.at().toString());
        view.put("who", audited.who());
        view.put("key_id", audited.keyId());
        view.put("role", audited.role());
        view.put("remote_address", audited.address());
        view.put("method", audited.method());
        view.put("path", audited.path());
        view.put("status", audited.status());
        view.put("what", audited.what());
        view.put("requests", audited.requests());
        return view;
    }
}
