package dev.qanat.load;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.Resource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** Whether bronze holds all that the rows of a resource's table have come from. For one thread. */
final class BronzeCheck {

    private final Connection connection;
    private final String pipeline;
    private final String resource;
    private final TableName bronze;
    private final TableName silver;
    private final Optional<Duration> retention;

    /** @param connection is not closed */
    BronzeCheck(Connection connection, String pipeline, Resource declared, Target target) {
        this.connection = connection;
        this.pipeline = pipeline;
        this.resource = declared.name();
        this.retention = declared.bronzeRetention();
        this.bronze = target.bronze();
        this.silver = target.silver();
    }

    /** The last run that replaced the table's rows by others; replays of it have added to these. */
    Optional<Long> lastReplacement() throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT run.id FROM qanat.run_resource AS landed JOIN qanat.run ON run.id = landed.run_id
                WHERE run.pipeline = ? AND landed.resource = ? AND NOT run.from_bronze AND run.replays IS NULL AND run.trigger <> 'edit'
                ORDER BY coalesce(run.landed_at, run.finished_at, run.started_at) DESC, run.id DESC LIMIT 1""")) {
            select.setString(1, pipeline);
            select.setString(2, resource);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(row.getLong(1)) : Optional.empty();
            }
        }
    }

    /**
     * @param since only what this run and replays of it have landed counts
     * @throws InputFailure when rows would be lost
     */
    void check(Optional<Long> since) throws SQLException {
        Map<String, String> columns = Target.columnsOf(connection, bronze);
        if (!columns.isEmpty() && (!columns.keySet().containsAll(Target.BRONZE_ORIGIN) || isWithoutOrder())) {
            throw failure("some of its records were kept by an earlier version or by hand, without their order");
        }
        checkKept(since, !columns.isEmpty());
        checkEdits(since);
        if (!Target.columnsOf(connection, silver).isEmpty()) {
            checkOthers();
        }
    }

    private boolean isWithoutOrder() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT EXISTS (SELECT FROM " + bronze.sql()
                        + " WHERE _ordinal IS NULL OR _from_text IS NULL OR _left_out IS NULL)")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    private void checkKept(Optional<Long> since, boolean present) throws SQLException {
        String kept = present
                ? "SELECT _run_id, count(*) AS records FROM " + bronze.sql() + " GROUP BY _run_id"
                : "SELECT 0::bigint AS _run_id, 0::bigint AS records";
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT run.id, landed.read - landed.rejected, coalesce(kept.records, 0)
                FROM qanat.run_resource AS landed JOIN qanat.run ON run.id = landed.run_id
                     LEFT JOIN (%s) AS kept ON kept._run_id = run.id
                WHERE run.pipeline = ? AND landed.resource = ? AND NOT run.from_bronze AND run.trigger <> 'edit'
                  AND (? OR ? IN (run.id, run.replays))
                  AND landed.read - landed.rejected > coalesce(kept.records, 0)
                ORDER BY run.id LIMIT 1""".formatted(kept))) {
            select.setString(1, pipeline);
            select.setString(2, resource);
            select.setBoolean(3, since.isEmpty());
            select.setLong(4, since.orElse(0L));
            try (ResultSet row = select.executeQuery()) {
                if (row.next()) {
                    throw failure("of the %d records that run %d accepted it holds %d%s"
                            .formatted(
                                    row.getLong(2),
                                    row.getLong(1),
                                    row.getLong(3),
                                    retention.map(time -> " (the pipeline keeps them for " + time.toDays() + " days: bronze.retention)").orElse("")));
                }
            }
        }
    }

    /** What was written by hand is in the ledger alone. */
    private void checkEdits(Optional<Long> since) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT count(*), max(run_id) FROM qanat.edit WHERE table_name = ? AND edited_at >= coalesce(
                    (SELECT coalesce(landed_at, finished_at, started_at) FROM qanat.run WHERE id = ?), '-infinity')""")) {
            select.setString(1, silver.toString());
            select.setLong(2, since.orElse(0L));
            try (ResultSet row = select.executeQuery()) {
                row.next();
                if (row.getLong(1) > 0) {
                    throw failure("rows of it were written by hand, %d times, the last time by run %d"
                            .formatted(row.getLong(1), row.getLong(2)));
                }
            }
        }
    }

    /** Rows may have come from a resource of another name. */
    private void checkOthers() throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT run.id, run.pipeline || '.' || landed.resource
                FROM (SELECT DISTINCT _run_id FROM %s) AS stored JOIN qanat.run ON run.id = stored._run_id
                     JOIN qanat.run_resource AS landed ON landed.run_id = run.id AND landed.table_name = ?
                WHERE run.pipeline <> ? OR landed.resource <> ?
                ORDER BY run.id LIMIT 1""".formatted(silver.sql()))) {
            select.setString(1, silver.toString());
            select.setString(2, pipeline);
            select.setString(3, resource);
            try (ResultSet row = select.executeQuery()) {
                if (row.next()) {
                    throw failure("rows of the table were loaded by run %d as %s".formatted(row.getLong(1), row.getString(2)));
                }
            }
        }
    }

    private InputFailure failure(String why) {
        return new InputFailure(
                Code.NOT_REBUILDABLE,
                silver + " cannot be built again from " + bronze + " without losing rows: " + why + "; it stays as it is");
    }
}
