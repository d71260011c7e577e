package dev.qanat.route;

import static dev.qanat.route.Parameters.limit;
import static dev.qanat.route.Parameters.number;

import dev.qanat.access.AuditLog;
import dev.qanat.access.AuditRecord;
import dev.qanat.web.AccessView;
import dev.qanat.web.Reply;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.util.List;
import java.util.Optional;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** {@code GET /audit}. */
@ApplicationScoped
@Named("auditEndpoint")
public class AuditEndpoint {

    private final AuditLog audit;

    AuditEndpoint(AuditLog audit) {
        this.audit = audit;
    }

    public Reply list(@Header("limit") @Nullable String limit, @Header("after") @Nullable String after) {
        int most = limit(limit);
        List<AuditRecord> found = audit.list(Optional.ofNullable(after).map(text -> number("after", text)), most + 1);
        return Reply.page(found, most, AccessView::of, AuditRecord::id);
    }
}
