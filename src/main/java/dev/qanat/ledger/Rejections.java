package dev.qanat.ledger;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The rejected records of runs. Safe for use by several threads. */
@ApplicationScoped
public class Rejections {

    private final JdbcClient db;

    Rejections(DataSource dataSource) {
        this.db = JdbcClient.create(dataSource);
    }

    /**
     * A part of a run's rejections.
     *
     * @param more whether others follow
     */
    public record Page(List<RejectedRecord> items, boolean more) {

        /** The id behind which the next page begins; empty when nothing follows. */
        public Optional<Long> next() {
            return more ? Optional.of(items.get(items.size() - 1).id()) : Optional.empty();
        }
    }

    /**
     * A run's rejections in the order of the source.
     *
     * @param after only those with a higher id than this
     * @param limit how many at most
     * @param bytes how much text at most, but for the last record, which may exceed it: there is at least one if there are any
     */
    public Page list(long run, long after, int limit, int bytes) {
        AtomicBoolean more = new AtomicBoolean();
        List<RejectedRecord> items = db.sql("""
                        SELECT id, resource, source, position, column_name, code, reason, record, replayed_by, more
                        FROM (SELECT *, row_number() OVER by_id AS place, lead(id) OVER by_id IS NOT NULL AS more,
                                     sum(octet_length(record) + octet_length(reason))
                                         OVER (by_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
                              FROM (SELECT * FROM qanat.rejection WHERE run_id = :run AND id > :after
                                    ORDER BY id LIMIT :limit + 1) AS next
                              WINDOW by_id AS (ORDER BY id)) AS measured
                        WHERE place <= :limit AND coalesce(before, 0) < :bytes ORDER BY id""")
                .param("run", run)
                .param("after", after)
                .param("limit", limit)
                .param("bytes", bytes)
                .query((row, number) -> {
                    more.set(row.getBoolean("more"));
                    return record(row);
                })
                .list();
        return new Page(items, more.get());
    }

    private static RejectedRecord record(ResultSet row) throws SQLException {
        return new RejectedRecord(
                row.getLong("id"),
                row.getString("resource"),
                row.getString("source"),
                row.getLong("position"),
                row.getString("column_name"),
                row.getString("code"),
                row.getString("reason"),
                row.getString("record"),
                Optional.ofNullable((Long) row.getObject("replayed_by")));
    }
}
