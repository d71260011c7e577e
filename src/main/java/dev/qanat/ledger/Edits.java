package dev.qanat.ledger;

import dev.qanat.ledger.Edit.Action;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** Rows that were written by hand, each by a run of its own. Safe for use by several threads. */
@ApplicationScoped
public class Edits {

    private final JdbcClient db;

    Edits(DataSource dataSource) {
        this.db = JdbcClient.create(dataSource);
    }

    /** The number of a run that is to be told of; it is nobody else's. */
    public long next() {
        return db.sql("SELECT nextval(pg_get_serial_sequence('qanat.run', 'id'))").query(Long.class).single();
    }

    /**
     * Tells of an edit, and of its run, in the transaction of the connection.
     *
     * @param connection where the row is written
     * @param version of the pipeline
     * @param edit whose time is that of the transaction, whatever it says
     */
    public void record(Connection connection, String pipeline, int version, String resource, Edit edit) {
        JdbcClient inTransaction = JdbcClient.create(new SingleConnectionDataSource(connection, true));
        int inserted = edit.action() == Action.INSERT ? 1 : 0;
        int updated = edit.action() == Action.UPDATE ? 1 : 0;
        inTransaction.sql("""
                        INSERT INTO qanat.run (id, pipeline, config_version, trigger, status, resource, started_at, landed_at, finished_at,
                                               read, inserted, updated)
                        OVERRIDING SYSTEM VALUE
                        VALUES (:run, :pipeline, :version, 'edit', 'succeeded', :resource, now(), now(), now(),
                                :inserted + :updated, :inserted, :updated)""")
                .param("run", edit.run())
                .param("pipeline", pipeline)
                .param("version", version)
                .param("resource", resource)
                .param("inserted", inserted)
                .param("updated", updated)
                .update();
        inTransaction.sql("""
                        INSERT INTO qanat.run_resource (run_id, resource, table_name, read, inserted, updated, unchanged, duplicate,
                                                        filtered, rejected)
                        VALUES (:run, :resource, :table, :inserted + :updated, :inserted, :updated, 0, 0, 0, 0)""")
                .param("run", edit.run())
                .param("resource", resource)
                .param("table", edit.table())
                .param("inserted", inserted)
                .param("updated", updated)
                .update();
        inTransaction.sql("""
                        INSERT INTO qanat.edit (run_id, table_name, row_id, became, action, edited_by, before, after)
                        VALUES (:run, :table, :row, :became, :action, :by, CAST(:before AS json), CAST(:after AS json))""")
                .param("run", edit.run())
                .param("table", edit.table())
                .param("row", edit.rowId())
                .param("became", edit.became().orElse(null))
                .param("action", edit.action().id())
                .param("by", edit.by())
                .param("before", edit.before().orElse(null))
                .param("after", edit.after().orElse(null))
                .update();
    }

    /**
     * The edits of a row, newest first.
     *
     * @param below only those of runs with lower numbers
     */
    public List<Edit> list(String table, String rowId, long below, int limit) {
        return db.sql("""
                        SELECT run_id, row_id, became, action, edited_by, edited_at, before, after FROM qanat.edit
                        WHERE table_name = :table AND (row_id = :row OR became = :row) AND run_id < :below
                        ORDER BY run_id DESC LIMIT :limit""")
                .param("table", table)
                .param("row", rowId)
                .param("below", below)
                .param("limit", limit)
                .query((row, number) -> new Edit(
                        row.getLong("run_id"),
                        table,
                        row.getString("row_id"),
                        Optional.ofNullable(row.getString("became")),
                        Action.valueOf(row.getString("action").toUpperCase(Locale.ROOT)),
                        row.getString("edited_by"),
                        row.getObject("edited_at", OffsetDateTime.class).toInstant(),
                        Optional.ofNullable(row.getString("before")),
                        Optional.ofNullable(row.getString("after"))))
                .list();
    }
}
