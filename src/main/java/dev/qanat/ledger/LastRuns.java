package dev.qanat.ledger;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Which run landed last in a resource. Safe for use by several threads. */
@ApplicationScoped
public class LastRuns {

    private final JdbcClient db;

    LastRuns(DataSource dataSource) {
        this.db = JdbcClient.create(dataSource);
    }

    /** @param landedAt empty while a run that lands several times is still at work */
    public record Landed(long run, String status, Optional<Instant> landedAt) {}

    /** The last that landed, by resource, among the pipeline's last 1,000 runs; items of arrays are resources of their own. */
    public Map<String, Landed> of(String pipeline) {
        Map<String, Landed> landed = new HashMap<>();
        db.sql("""
                        SELECT DISTINCT ON (x.resource) x.resource, r.id, r.status, r.landed_at
                        FROM (SELECT id, status, landed_at FROM qanat.run WHERE pipeline = :pipeline ORDER BY id DESC LIMIT 1000) AS r
                        JOIN qanat.run_resource AS x ON x.run_id = r.id
                        ORDER BY x.resource, r.id DESC""")
                .param("pipeline", pipeline)
                .query(row -> {
                    landed.put(
                            row.getString("resource"),
                            new Landed(
                                    row.getLong("id"),
                                    row.getString("status"),
                                    Optional.ofNullable(row.getObject("landed_at", OffsetDateTime.class)).map(OffsetDateTime::toInstant)));
                });
        return landed;
    }
}
