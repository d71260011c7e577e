package dev.qanat.ledger;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Optional;
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
     * A run's rejections in the order of the source.
     *
     * @param after only those with a higher id than this
     */
    public List<RejectedRecord> list(long run, long after, int limit) {
        return db.sql("""
                        SELECT id, resource, source, position, column_name, code, reason, record, replayed_by
                        FROM qanat.rejection WHERE run_id = :run AND id > :after ORDER BY id LIMIT :limit""")
                .param("run", run)
                .param("after", after)
                .param("limit", limit)
                .query((row, number) -> new RejectedRecord(
                        row.getLong("id"),
                        row.getString("resource"),
                        row.getString("source"),
                        row.getLong("position"),
                        row.getString("column_name"),
                        row.getString("code"),
                        row.getString("reason"),
                        row.getString("record"),
                        Optional.ofNullable((Long) row.getObject("replayed_by"))))
                .list();
    }
}
