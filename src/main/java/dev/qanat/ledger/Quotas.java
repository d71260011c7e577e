package dev.qanat.ledger;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What sources allow, and how much of it is used: held by the database, for all processes and across restarts. A request is counted
 * before it is sent. Safe for use by several threads.
 */
@ApplicationScoped
public class Quotas {

    private static final double NANOS = 1e9;

    private final JdbcClient db;

    Quotas(DataSource dataSource) {
        this.db = JdbcClient.create(dataSource);
    }

    /** At most so many requests start in any window of so many seconds. */
    public record Limit(int requests, Duration interval) {}

    /**
     * What came of asking for a request.
     *
     * @param isAllowed whether it may be sent
     * @param id of the use that is counted; empty when it is not allowed yet, or there is nothing to count
     * @param pause until it may be asked for again; zero when it is allowed
     * @param limit which of the limits it waits for, counted from 0; empty where the source itself wants none
     * @param reason why the source itself wants none, where it said so
     */
    public record Taken(boolean isAllowed, Optional<Long> id, Duration pause, Optional<Integer> limit, Optional<String> reason) {}

    /**
     * Takes one request, if all limits allow it now and the source wants any.
     *
     * @param source whose quota it is
     */
    public Taken take(String source, List<Limit> limits) {
        if (limits.isEmpty()) {
            return unlimited(source);
        }
        return db.sql("SELECT * FROM qanat.take_quota(:source, :limits, :seconds)")
                .param("source", source)
                .param("limits", limits.stream().map(Limit::requests).toArray(Integer[]::new))
                .param("seconds", limits.stream().map(limit -> seconds(limit.interval())).toArray(Double[]::new))
                .query((row, index) -> {
                    Optional<Long> id = Optional.ofNullable(row.getObject("id", Long.class));
                    return new Taken(
                            id.isPresent(),
                            id,
                            duration(row.getDouble("wait")),
                            Optional.ofNullable(row.getObject("binding", Integer.class)).map(number -> number - 1),
                            Optional.ofNullable(row.getString("reason")));
                })
                .single();
    }

    private Taken unlimited(String source) {
        return db.sql("""
                        SELECT extract(epoch FROM paused_until - clock_timestamp())::double precision AS wait, reason
                        FROM qanat.quota WHERE source = :source AND paused_until > clock_timestamp()""")
                .param("source", source)
                .query((row, index) -> new Taken(
                        false, Optional.empty(), duration(row.getDouble("wait")), Optional.empty(), Optional.ofNullable(row.getString("reason"))))
                .optional()
                .orElseGet(() -> new Taken(true, Optional.empty(), Duration.ZERO, Optional.empty(), Optional.empty()));
    }

    /** Notes that a request was sent later than it was taken. */
    public void sentLater(String source, long id, Duration after) {
        db.sql("""
                        UPDATE qanat.quota_use SET started_at = started_at + make_interval(secs => :after)
                        WHERE source = :source AND id = :id""")
                .param("after", seconds(after))
                .param("source", source)
                .param("id", id)
                .update();
    }

    /** Takes nothing from a source until then; a longer pause that stands already is not shortened. */
    public void pause(String source, Instant until, String reason) {
        db.sql("""
                        INSERT INTO qanat.quota (source, paused_until, reason) VALUES (:source, CAST(:until AS timestamptz), :reason)
                        ON CONFLICT (source) DO UPDATE SET paused_until = excluded.paused_until, reason = excluded.reason
                        WHERE quota.paused_until IS NULL OR quota.paused_until < excluded.paused_until""")
                .param("source", source)
                .param("until", until.toString())
                .param("reason", reason)
                .update();
    }

    private static Duration duration(double seconds) {
        return Duration.ofNanos((long) Math.ceil(seconds * NANOS));
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / NANOS;
    }
}
