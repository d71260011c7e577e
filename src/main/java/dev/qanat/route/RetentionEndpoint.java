package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.ledger.RetentionPass;
import dev.qanat.ledger.RetentionPasses;
import dev.qanat.retention.Retention;
import dev.qanat.web.BadRequest;
import dev.qanat.web.QueryParameters;
import dev.qanat.web.Reply;
import dev.qanat.web.RetentionView;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.camel.Exchange;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;
import org.quartz.SchedulerException;

/** {@code GET /retention} and {@code POST /retention}. */
@ApplicationScoped
@Named("retentionEndpoint")
public class RetentionEndpoint {

    private static final String DRY_RUN = "dry_run";

    private final Retention retention;
    private final RetentionPasses passes;
    private final RetentionAlarm alarm;

    RetentionEndpoint(Retention retention, RetentionPasses passes, RetentionAlarm alarm) {
        this.retention = retention;
        this.passes = passes;
        this.alarm = alarm;
    }

    /** The passes, newest first. */
    public Reply list(@Header("limit") @Nullable String limit, @Header("after") @Nullable String after) throws SchedulerException {
        int most = Parameters.limit(limit);
        List<RetentionPass> found = passes.list(Optional.ofNullable(after).map(text -> Parameters.number("after", text)), most + 1);
        return RetentionView.page(found, most, retention.kept(), alarm.next());
    }

    /** Begins a pass, or tells what it would delete. A parameter that it does not know may be meant to keep it from deleting. */
    public Reply post(@Header(Exchange.HTTP_QUERY) @Nullable String query) throws SQLException, IOException {
        Map<String, String> parameters = new HashMap<>(QueryParameters.once(query));
        String dryRun = parameters.remove(DRY_RUN);
        if (!parameters.isEmpty()) {
            throw new BadRequest(
                    400,
                    Code.INVALID_REQUEST,
                    String.join(", ", parameters.keySet()) + ": there is no such parameter; there is " + DRY_RUN + "; nothing was deleted");
        }
        if (dryRun != null && !dryRun.matches("true|false")) {
            throw new BadRequest(400, Code.INVALID_REQUEST, DRY_RUN + ": '" + dryRun + "' is neither true nor false");
        }
        if ("true".equals(dryRun)) {
            return RetentionView.dryRun(retention.count());
        }
        long id = alarm.begin("api").orElseThrow(
                () -> new BadRequest(409, Code.ALREADY_RUNNING, "a pass is at work; GET /retention tells how far it is"));
        RetentionPass pass = passes.list(Optional.of(id + 1), 1).get(0);
        return Reply.json(202, RetentionView.of(pass)).withHeader("Location", "/retention");
    }
}
