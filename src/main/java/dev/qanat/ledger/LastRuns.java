package dev.qanat.ledger;

import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Which run was the last to land in a resource, or to build a model, and what became of tests in it. Safe for use by several threads. */
@ApplicationScoped
public class LastRuns {

    private final JdbcClient db;

    LastRuns(DataSource dataSource) {
        this.db = JdbcClient.create(dataSource);
    }

    /**
     * The last run.
     *
     * @param status of the run; of a model or seed what became of it in the run
     * @param at when it landed, or when the model ended; empty while a run that lands several times is at work
     */
    public record Last(long run, String status, Optional<Instant> at) {}

    /** @param failures empty when the test could not be asked */
    public record Tested(String status, Optional<Long> failures) {}

    /** The last that landed, by resource, among the pipeline's last 1,000 runs; items of arrays are resources of their own. */
    public Map<String, Last> ofResources(String pipeline) {
        Map<String, Last> landed = new HashMap<>();
        db.sql("""
                        SELECT DISTINCT ON (x.resource) x.resource, r.id, r.status, r.landed_at
                        FROM (SELECT id, status, landed_at FROM qanat.run WHERE pipeline = :pipeline ORDER BY id DESC LIMIT 1000) AS r
                        JOIN qanat.run_resource AS x ON x.run_id = r.id
                        ORDER BY x.resource, r.id DESC""")
                .param("pipeline", pipeline)
                .query(row -> {
                    landed.put(
                            row.getString("resource"),
                            new Last(
                                    row.getLong("id"),
                                    row.getString("status"),
                                    Optional.ofNullable(row.getObject("landed_at", OffsetDateTime.class)).map(OffsetDateTime::toInstant)));
                });
        return landed;
    }

    /** The last of models and seeds, by dbt's unique ids. */
    public Map<String, Last> ofNodes(Collection<String> nodes) {
        Map<String, Last> built = new HashMap<>();
        db.sql("""
                        SELECT wanted.node, last.* FROM unnest(:nodes) AS wanted (node) CROSS JOIN LATERAL (
                            SELECT run_id, status, finished_at FROM qanat.run_model
                            WHERE run_model.node = wanted.node ORDER BY run_id DESC LIMIT 1) AS last""")
                .param("nodes", nodes.toArray(String[]::new))
                .query(row -> {
                    built.put(
                            row.getString("node"),
                            new Last(
                                    row.getLong("run_id"),
                                    row.getString("status"),
                                    Optional.of(row.getObject("finished_at", OffsetDateTime.class).toInstant())));
                });
        return built;
    }

    /** What became of tests in the last of these runs, by dbt's unique ids. */
    public Map<String, Tested> tests(Collection<Long> runs) {
        Map<String, Tested> tested = new HashMap<>();
        db.sql("SELECT node, status, failures FROM qanat.run_test WHERE run_id = ANY (:runs) ORDER BY run_id")
                .param("runs", runs.toArray(Long[]::new))
                .query(row -> {
                    tested.put(
                            row.getString("node"),
                            new Tested(row.getString("status"), Optional.ofNullable(row.getObject("failures", Long.class))));
                });
        return tested;
    }
}
