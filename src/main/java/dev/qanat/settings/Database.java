package dev.qanat.settings;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import java.io.FileNotFoundException;
import java.security.GeneralSecurityException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Properties;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL of the operator's.
 *
 * @param jdbcUrl where it is, with neither user nor password
 * @param username null: the one that the driver finds, in the environment or the system
 * @param password null: none, or the one of {@code ~/.pgpass}
 */
public record Database(
        String jdbcUrl, @Nullable String username, @Nullable String password) {
    /** The highest number of a migration. */
    public static final int NEWEST_SCHEMA = 18;

    // The classes of SQLSTATE: 08 no connection, 57P03 still starting. A name that is not known yet is 08001 too.
    private static final String NO_CONNECTION = "08";
    private static final String STARTING = "57P03";
    // What the driver does not go on with: no password where one is asked for, no TLS where it is wanted.
    private static final String REJECTED = "08004";
    private static final String BROKEN = "08006";

    /**
     * The database that a URL names in any of the forms of {@code DATABASE_URL}.
     *
     * @throws InputFailure {@code invalid_setting}, without the password
     */
    public static Database of(String url) {
        DatabaseUrl parsed = DatabaseUrl.parse(url);
        return new Database(parsed.jdbcUrl(), parsed.username(), parsed.password());
    }

    /** Host, port and name, for people. */
    public String place() {
        return DatabaseUrl.place(jdbcUrl);
    }

    /** The same database, for those who have no password of their own in the URL. */
    public Database withPassword(@Nullable String other) {
        return new Database(jdbcUrl, username, other);
    }

    /**
     * Waits until the database takes connections: where several containers start at once it is often the last.
     *
     * @throws TransientFailure {@code database_unavailable} when nobody answers for so long
     * @throws InputFailure {@code invalid_setting} when it answers and refuses: a wrong password, no such database
     */
    public void await(Duration patience) {
        Instant end = Instant.now().plus(patience);
        boolean told = false;
        while (true) {
            try {
                connect().close();
                return;
            } catch (SQLException e) {
                String state = e.getSQLState() == null ? NO_CONNECTION : e.getSQLState();
                if (isUntrusted(e, state)) {
                    throw new InputFailure(
                            Code.INVALID_SETTING,
                            "the database " + place() + " cannot be trusted as sslmode asks: " + reasons(e), e);
                }
                if (state.equals(REJECTED) || !state.startsWith(NO_CONNECTION) && !state.equals(STARTING)) {
                    throw new InputFailure(
                            Code.INVALID_SETTING,
                            "the database " + place() + " refuses the connection: " + firstLine(e), e);
                }
                if (Instant.now().isAfter(end)) {
                    throw new TransientFailure(
                            Code.DATABASE_UNAVAILABLE,
                            "the database " + place() + " cannot be reached for "
                                    + patience.toSeconds() + " seconds: " + firstLine(e)
                                    + " See DATABASE_URL or QUARKUS_DATASOURCE_JDBC_URL",
                            e);
                }
                if (!told) {
                    // Not a log's line: the application's log is not set up before its settings are complete.
                    System.err.println("Waiting for the database " + place() + " …");
                    told = true;
                }
            }
            try {
                Thread.sleep(1000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new TransientFailure(Code.INTERRUPTED, "interrupted while waiting for the database", e);
            }
        }
    }

    /**
     * Whether the ledger is as this version of Qanat makes it, so that nothing is to be migrated. Changes nothing.
     *
     * @throws InputFailure {@code newer_schema} when it is one of a later version, which this one would misread
     */
    boolean hasNewestSchema() {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            if (!isMigrated(statement)) {
                return false;
            }
            try (ResultSet row = statement.executeQuery(
                    "SELECT max(split_part(version, '.', 1)::integer) FROM qanat.flyway_schema_history WHERE version IS NOT NULL")) {
                row.next();
                int found = row.getInt(1);
                if (found > NEWEST_SCHEMA) {
                    throw new InputFailure(
                            Code.NEWER_SCHEMA,
                            "the database %s has the schema %d of a newer Qanat, this one knows %d; start the newer one, or restore a backup from before it"
                                    .formatted(DatabaseUrl.place(jdbcUrl), found, NEWEST_SCHEMA));
                }
                return found == NEWEST_SCHEMA;
            }
        } catch (SQLException e) {
            throw new InputFailure(
                    Code.INVALID_SETTING, "the schema of the database " + DatabaseUrl.place(jdbcUrl) + " cannot be read: " + firstLine(e), e);
        }
    }

    private static boolean isMigrated(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery("SELECT to_regclass('qanat.flyway_schema_history') IS NOT NULL")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    /** A new connection, which the caller closes. */
    public Connection connect() throws SQLException {
        Properties properties = new Properties();
        if (username != null) {
            properties.setProperty("user", username);
        }
        if (password != null) {
            properties.setProperty("password", password);
        }
        properties.setProperty("connectTimeout", "5");
        properties.setProperty("loginTimeout", "10");
        Connection connection = new org.postgresql.Driver().connect(jdbcUrl, properties);
        if (connection == null) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    "QUARKUS_DATASOURCE_JDBC_URL is not PostgreSQL's; it looks like jdbc:postgresql://host:5432/database");
        }
        return connection;
    }

    /** No certificate that the settings trust, one of another host, a file of certificates that cannot be read. */
    private static boolean isUntrusted(SQLException e, String state) {
        Throwable cause = e.getCause();
        return state.equals(BROKEN)
                && (cause == null
                        || cause instanceof SSLException
                        || cause instanceof GeneralSecurityException
                        || cause instanceof FileNotFoundException);
    }

    /** The reason at the bottom says what is wrong with a certificate, those above it that something is. */
    private static String reasons(SQLException e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return firstLine(e) + (root == e ? "" : " (" + root.getMessage() + ")");
    }

    private static String firstLine(SQLException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }
}
