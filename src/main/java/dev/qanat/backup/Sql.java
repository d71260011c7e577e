package dev.qanat.backup;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.PGConnection;

/** Statements as they stand in the files of this package, on sessions in which values read alike from PostgreSQL 15 to 18. */
final class Sql {

    /** How a row of a result becomes a value. */
    interface RowReader<T> {
        T read(ResultSet row) throws SQLException;
    }

    private Sql() {}

    /**
     * Prepares a connection that is not within a transaction: every name is written and read with its schema, values have one form
     * whatever the server's settings are, rows come in the order in which they lie, and a process that dies lets go of everything.
     */
    static void prepare(Connection connection) throws SQLException {
        execute(connection, """
                SELECT pg_catalog.set_config('search_path', '', false);
                SET client_connection_check_interval = '2s';
                SET statement_timeout = 0;
                SET lock_timeout = 0;
                SET idle_in_transaction_session_timeout = 0;
                SET datestyle = 'ISO';
                SET intervalstyle = 'postgres';
                SET timezone = 'UTC';
                SET extra_float_digits = 3;
                SET bytea_output = 'hex';
                SET xmloption = 'content';
                SET lc_monetary = 'C';
                SET synchronize_seqscans = off;
                SET row_security = off;
                SET check_function_bodies = off""");
    }

    static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            // Braces and question marks are meant as they stand.
            statement.setEscapeProcessing(false);
            statement.execute(sql);
        }
    }

    static <T> List<T> list(Connection connection, String sql, RowReader<T> reader) throws SQLException {
        List<T> list = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            try (ResultSet rows = statement.executeQuery(sql)) {
                while (rows.next()) {
                    list.add(reader.read(rows));
                }
            }
        }
        return list;
    }

    /** Copies the rows of a table out, in PostgreSQL's text format. Holds one row at a time. */
    static Copied copyOut(Connection connection, Step.Rows rows, OutputStream to) throws SQLException, IOException {
        Hashed hashed = new Hashed(to);
        long count = connection
                .unwrap(PGConnection.class)
                .getCopyAPI()
                .copyOut("COPY " + rows.table() + " (" + rows.columns() + ") TO STDOUT", hashed);
        return hashed.copied(rows.table(), count);
    }

    /** The text of a file beside this class. */
    static String file(String name) {
        try (InputStream text = Sql.class.getResourceAsStream("/backup/" + name + ".sql")) {
            if (text == null) {
                throw new IllegalStateException("no " + name);
            }
            return new String(text.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
