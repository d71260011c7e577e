package dev.qanat.backup;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.settings.Database;
import java.io.IOException;
import java.io.OutputStream;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.flywaydb.core.api.MigrationVersion;
import org.postgresql.PGConnection;
import org.postgresql.copy.PGCopyOutputStream;

/** Makes what stood in one database stand in another that has none of it: in one transaction, or not at all. For one thread. */
final class Restoration {
    private static final int BUFFER = 1 << 16;

    private final Connection connection;
    private final List<String> schemas;
    private final List<Step> steps;
    private final RowSource source;

    /** @param connection to the other database; it stays the caller's, and is to be used for nothing else meanwhile */
    Restoration(Connection connection, List<String> schemas, List<Step> steps, RowSource source) {
        this.connection = connection;
        this.schemas = schemas;
        this.steps = steps;
        this.source = source;
    }

    /**
     * @param tables what was copied
     * @param absentRoles those that had privileges and are not in this database's server
     */
    record Done(List<Copied> tables, Set<String> absentRoles) {}

    /**
     * @throws InputFailure {@code database_not_empty} when something stands in the schemas; {@code backup_damaged} when what was
     *     written does not read as what was to be written
     */
    Done run() throws SQLException, IOException {
        Sql.prepare(connection);
        connection.setAutoCommit(false);
        try {
            refuseWhatStands();
            Set<String> roles = Set.copyOf(Sql.list(connection, "SELECT rolname::text FROM pg_roles", row -> row.getString(1)));
            List<Copied> tables = new ArrayList<>();
            Set<String> absent = new TreeSet<>();
            for (Step step : steps) {
                if (step instanceof Step.Statement statement) {
                    execute(statement.sql());
                } else if (step instanceof Step.Rows rows) {
                    tables.add(copy(rows));
                } else if (step instanceof Step.Grant grant) {
                    if (roles.contains(grant.role())) {
                        execute(grant.sql());
                    } else {
                        absent.add(grant.role());
                    }
                }
            }
            connection.commit();
            connection.setAutoCommit(true);
            Sql.execute(connection, "ANALYZE");
            return new Done(tables, absent);
        } finally {
            if (!connection.isClosed() && !connection.getAutoCommit()) {
                connection.rollback();
            }
        }
    }

    /**
     * Refuses what a newer Qanat than this one has written: this one could not go on with it.
     *
     * @param ledger the version of the ledger's tables, as Flyway writes it
     * @throws InputFailure {@code backup_too_new}
     */
    static void refuseNewer(String ledger) {
        if (MigrationVersion.fromVersion(ledger).getMajor().intValueExact() > Database.NEWEST_SCHEMA) {
            throw new InputFailure(
                    Code.BACKUP_TOO_NEW,
                    "the backup has version " + ledger + " of the ledger's tables, this Qanat knows them up to " + Database.NEWEST_SCHEMA
                            + "; restore it with the Qanat that wrote it, or a newer one");
        }
    }

    private void refuseWhatStands() throws SQLException {
        String names = schemas.stream().map(schema -> "'" + schema.replace("'", "''") + "'").collect(Collectors.joining(", "));
        List<String> there = Sql.list(
                connection, Sql.file("standing").replace("?", names), row -> row.getString("schema") + " (" + row.getLong("objects") + ")");
        if (!there.isEmpty()) {
            throw new InputFailure(
                    Code.DATABASE_NOT_EMPTY,
                    "the database has objects in these schemas already: " + String.join(", ", there)
                            + ". Name an empty database, or another QANAT_HOME; nothing was changed");
        }
    }

    private void execute(String sql) throws SQLException {
        try {
            Sql.execute(connection, sql);
        } catch (SQLException e) {
            throw new SQLException(e.getMessage() + " in: " + sql.lines().findFirst().orElse(""), e.getSQLState(), e);
        }
    }

    /** Reads the rows back when they are written: what a setting or a version of the server changes in them shows here. */
    private Copied copy(Step.Rows rows) throws SQLException, IOException {
        Copied written;
        long loaded;
        String sql = "COPY " + rows.table() + " (" + rows.columns() + ") FROM STDIN";
        try (PGCopyOutputStream out = new PGCopyOutputStream(connection.unwrap(PGConnection.class), sql, BUFFER)) {
            written = source.copy(rows, out);
            loaded = out.endCopy();
        }
        Copied read = Sql.copyOut(connection, rows, OutputStream.nullOutputStream());
        if (loaded != written.rows() || !read.equals(written)) {
            throw new InputFailure(
                    Code.BACKUP_DAMAGED,
                    rows.table() + " does not read as it was written: " + written + " became " + read + "; nothing was changed");
        }
        return written;
    }
}
