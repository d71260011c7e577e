package dev.qanat.ledger;

import dev.qanat.ledger.Quotas.Limit;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import javax.sql.DataSource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * What monitoring asks the ledger for. No statement looks at more rows than there are waiting runs, totals, tables and allowed requests,
 * however many runs there were. Safe for use by several threads.
 */
@ApplicationScoped
public class Measures {

    private static final int SECONDS = 2;

    private final JdbcClient db;

    Measures(DataSource dataSource) {
        JdbcTemplate patient = new JdbcTemplate(dataSource);
        patient.setQueryTimeout(SECONDS);
        this.db = JdbcClient.create(patient);
    }

    /** What is counted of a pipeline's runs when they end. */
    public enum Measure {
        /** By status. */
        RUNS,
        /** By outcome. */
        RECORDS,
        /** By code. */
        REJECTIONS,
        /** Records, whatever became of them. */
        READ,
        BYTES
    }

    /** @param at when it grew last, in seconds since 1970 */
    public record Total(String pipeline, Measure measure, String label, long total, double at) {}

    /**
     * How many runs of a pipeline have a status.
     *
     * @param oldest since the first of them was queued, begun or due again, whichever was last of it, in seconds; 0 while it is not due
     */
    public record Waiting(String pipeline, String status, long runs, double oldest) {}

    /** @param age since rows were last written to the table, in seconds */
    public record Written(String table, double age) {}

    /**
     * One of the limits of a source.
     *
     * @param source as the ledger knows it, {@code pipeline.source}
     */
    public record Quota(String source, Limit limit) {}

    /** @param remaining requests that may start now without waiting for this limit */
    public record Remaining(Quota quota, long remaining) {}

    /** @param left until the source is asked again, in seconds */
    public record Paused(String source, double left) {}

    /** What the runs of these pipelines have come to. */
    public List<Total> totals(Collection<String> pipelines) {
        return db.sql("SELECT * FROM qanat.run_total WHERE pipeline = ANY (:pipelines)")
                .param("pipelines", pipelines.toArray(String[]::new))
                .query((row, number) -> new Total(
                        row.getString("pipeline"),
                        Measure.valueOf(row.getString("measure").toUpperCase(Locale.ROOT)),
                        row.getString("label"),
                        row.getLong("total"),
                        row.getObject("latest", OffsetDateTime.class).toInstant().toEpochMilli() / 1e3))
                .list();
    }

    /** The runs that have not ended, of any pipeline. */
    public List<Waiting> waiting() {
        return db.sql("""
                        SELECT pipeline, status, count(*) AS runs, greatest(0, extract(epoch FROM
                                   clock_timestamp() - min(greatest(queued_at, available_at, started_at))))::double precision AS oldest
                        FROM qanat.run
                        WHERE status = 'queued' OR status = 'running' OR status = 'deferred' GROUP BY pipeline, status""")
                .query((row, number) -> new Waiting(
                        row.getString("pipeline"), row.getString("status"), row.getLong("runs"), row.getDouble("oldest")))
                .list();
    }

    /** Those of the tables to which something was written, and those that models have made and that stand. */
    public List<Written> written(Collection<String> tables) {
        return db.sql("""
                        SELECT table_name, extract(epoch FROM clock_timestamp() - written_at)::double precision AS age
                        FROM qanat.table_written
                        WHERE table_name = ANY (:tables)
                           OR split_part(table_name, '.', 1) <> 'silver' AND EXISTS (
                                  SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                                  WHERE n.nspname = split_part(table_name, '.', 1)
                                    AND c.relname = substr(table_name, strpos(table_name, '.') + 1))""")
                .param("tables", tables.toArray(String[]::new))
                .query((row, number) -> new Written(row.getString("table_name"), Math.max(0, row.getDouble("age"))))
                .list();
    }

    /** What is left of these limits. */
    public List<Remaining> remaining(List<Quota> quotas) {
        if (quotas.isEmpty()) {
            return List.of();
        }
        return db.sql("""
                        SELECT asked.number, greatest(0, asked.most - (
                            SELECT count(*) FROM (
                                SELECT FROM qanat.quota_use
                                WHERE source = asked.source AND started_at > clock_timestamp() - make_interval(secs => asked.seconds)
                                ORDER BY started_at DESC LIMIT asked.most) AS used)) AS remaining
                        FROM unnest(CAST(:sources AS text[]), CAST(:limits AS integer[]), CAST(:seconds AS double precision[]))
                             WITH ORDINALITY AS asked (source, most, seconds, number)""")
                .param("sources", quotas.stream().map(Quota::source).toArray(String[]::new))
                .param("limits", quotas.stream().map(quota -> quota.limit().requests()).toArray(Integer[]::new))
                .param("seconds", quotas.stream().map(quota -> seconds(quota.limit().interval())).toArray(Double[]::new))
                .query((row, number) -> new Remaining(quotas.get(row.getInt("number") - 1), row.getLong("remaining")))
                .list();
    }

    /** Those of the sources that want no requests for now. */
    public List<Paused> paused(Collection<String> sources) {
        return db.sql("""
                        SELECT source, extract(epoch FROM paused_until - clock_timestamp())::double precision AS remaining
                        FROM qanat.quota WHERE source = ANY (:sources) AND paused_until > clock_timestamp()""")
                .param("sources", sources.toArray(String[]::new))
                .query((row, number) -> new Paused(row.getString("source"), row.getDouble("remaining")))
                .list();
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }
}
