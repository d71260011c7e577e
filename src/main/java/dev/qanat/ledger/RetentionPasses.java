package dev.qanat.ledger;

import dev.qanat.failure.Failure;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The account of what was deleted, and the lock by which one pass at a time is at work. Safe for use by several threads. */
@ApplicationScoped
public class RetentionPasses {

    private static final String LOCK = "hashtextextended('qanat retention', 0)";

    private final DataSource dataSource;
    private final JdbcClient db;

    RetentionPasses(DataSource dataSource) {
        this.dataSource = dataSource;
        this.db = JdbcClient.create(dataSource);
    }

    /** A pass that has begun; its lock goes with its connection. To be closed by whoever has begun it. */
    public final class Begun implements AutoCloseable {
        private final Connection connection;
        private final long id;

        private Begun(Connection connection, long id) {
            this.connection = connection;
            this.id = id;
        }

        public long id() {
            return id;
        }

        @Override
        public void close() throws SQLException {
            release(connection);
        }
    }

    /**
     * Begins a pass.
     *
     * @return empty when one is at work, in any process
     */
    public Optional<Begun> begin(String trigger) throws SQLException {
        Connection connection = dataSource.getConnection();
        boolean begun = false;
        try {
            if (!isFree(connection)) {
                return Optional.empty();
            }
            db.sql("UPDATE qanat.retention SET status = 'interrupted', finished_at = now() WHERE status = 'running'").update();
            long id = db.sql("INSERT INTO qanat.retention (trigger) VALUES (:trigger) RETURNING id")
                    .param("trigger", trigger)
                    .query(Long.class)
                    .single();
            begun = true;
            return Optional.of(new Begun(connection, id));
        } finally {
            if (!begun) {
                release(connection);
            }
        }
    }

    private static boolean isFree(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_try_advisory_lock(" + LOCK + ")")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    private static void release(Connection connection) throws SQLException {
        try (connection;
                Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_advisory_unlock_all()");
        }
    }

    public void deleted(long pass, RetentionPass.Deleted deleted) {
        db.sql("INSERT INTO qanat.retention_deleted (retention_id, what, deleted, bytes, unknown)"
                        + " VALUES (:pass, :what, :count, :bytes, :unknown)")
                .param("pass", pass)
                .param("what", deleted.what())
                .param("count", deleted.count())
                .param("bytes", deleted.bytes().orElse(null))
                .param("unknown", deleted.unknown().orElse(null))
                .update();
    }

    public void succeeded(long pass) {
        end(pass, "succeeded", null, null);
    }

    public void failed(long pass, Failure failure) {
        end(pass, "failed", failure.code().id(), failure.getMessage());
    }

    /** The process stops; the next pass goes on. */
    public void interrupted(long pass) {
        end(pass, "interrupted", null, null);
    }

    private void end(long pass, String status, @Nullable String code, @Nullable String message) {
        db.sql("UPDATE qanat.retention SET status = :status, finished_at = now(), error_code = :code, error_message = :message WHERE id = :pass")
                .param("status", status)
                .param("code", code)
                .param("message", message)
                .param("pass", pass)
                .update();
    }

    /**
     * Passes, newest first.
     *
     * @param before only those with a lower id than this
     */
    public List<RetentionPass> list(Optional<Long> before, int limit) {
        List<Long> ids = db.sql("SELECT id FROM qanat.retention WHERE id < :before ORDER BY id DESC LIMIT :limit")
                .param("before", before.orElse(Long.MAX_VALUE))
                .param("limit", limit)
                .query(Long.class)
                .list();
        Map<Long, List<RetentionPass.Deleted>> deleted = deleted(ids);
        return db.sql("SELECT * FROM qanat.retention WHERE id = ANY (:ids) ORDER BY id DESC")
                .param("ids", ids.toArray(Long[]::new))
                .query((row, number) -> pass(row, deleted.getOrDefault(row.getLong("id"), List.of())))
                .list();
    }

    private record OfPass(long pass, RetentionPass.Deleted deleted) {}

    private Map<Long, List<RetentionPass.Deleted>> deleted(List<Long> passes) {
        return db
                .sql("SELECT * FROM qanat.retention_deleted WHERE retention_id = ANY (:ids) ORDER BY what")
                .param("ids", passes.toArray(Long[]::new))
                .query((row, number) -> new OfPass(
                        row.getLong("retention_id"),
                        new RetentionPass.Deleted(
                                row.getString("what"),
                                row.getLong("deleted"),
                                Optional.ofNullable(row.getObject("bytes", Long.class)),
                                Optional.ofNullable(row.getObject("unknown", Long.class)))))
                .list()
                .stream()
                .collect(Collectors.groupingBy(OfPass::pass, Collectors.mapping(OfPass::deleted, Collectors.toList())));
    }

    private static RetentionPass pass(ResultSet row, List<RetentionPass.Deleted> deleted) throws SQLException {
        return new RetentionPass(
                row.getLong("id"),
                row.getString("trigger"),
                row.getString("status"),
                row.getTimestamp("started_at").toInstant(),
                Optional.ofNullable(row.getTimestamp("finished_at")).map(Timestamp::toInstant),
                deleted,
                Optional.ofNullable(row.getString("error_code")).isEmpty()
                        ? Optional.empty()
                        : Optional.of(new Run.RunError(row.getString("error_code"), row.getString("error_message"))));
    }
}
