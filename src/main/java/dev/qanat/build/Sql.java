package dev.qanat.build;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.transform.Relation;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.postgresql.core.NativeQuery;
import org.postgresql.core.Parser;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Statements on one connection, whose text is taken as it is: no escapes of JDBC, no parameters. For one thread. */
final class Sql {

    /** The beginning of a statement, behind white space and comments. */
    private static final Pattern TRANSACTION = Pattern.compile(
            "(?:\\s++|--[^\\n]*+|/\\*(?s:.*?)\\*/)*+(?:commit|end|rollback|abort|begin|start\\s+transaction|prepare\\s+transaction)\\b"
                    + "(?!\\s+to\\b)",
            Pattern.CASE_INSENSITIVE);

    private final Connection connection;

    Sql(Connection connection) {
        this.connection = connection;
    }

    Connection connection() {
        return connection;
    }

    /** Work on a connection of its own. */
    @FunctionalInterface
    interface Session<T> {
        T work(Sql sql) throws SQLException;
    }

    @FunctionalInterface
    interface Work {
        void run() throws SQLException;
    }

    /** Works on a connection of the pool, and gives it back as it was, whatever a project has set on it. */
    static <T> T inSession(DataSource dataSource, Session<T> session) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            Sql sql = new Sql(connection);
            try {
                return session.work(sql);
            } finally {
                sql.execute("RESET SESSION AUTHORIZATION; RESET ALL; SELECT pg_advisory_unlock_all()");
            }
        }
    }

    /** Does something in a transaction: all of it, or nothing. */
    void inTransaction(Work work) throws SQLException {
        connection.setAutoCommit(false);
        try {
            work.run();
            connection.commit();
        } catch (SQLException | RuntimeException e) {
            connection.rollback();
            throw e;
        } finally {
            connection.setAutoCommit(true);
        }
    }

    /** @return how many rows were written */
    long execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(sql);
            return Math.max(0, statement.getLargeUpdateCount());
        }
    }

    /**
     * Executes a statement around a text of the project.
     *
     * @param file whose text it is
     * @return how many rows were written
     * @throws InputFailure {@code model_failed} when the database does not take it
     */
    long execute(String statement, String text, String file) throws SQLException {
        if (statements(statement).size() > 1) {
            throw new InputFailure(Code.MODEL_FAILED, file + ": the SQL is more than one statement; take out the semicolon, or use hooks");
        }
        return executeAll(statement, text, file);
    }

    /** As {@link #execute(String, String, String)}, also several statements; none of them ends or begins a transaction. */
    long executeAll(String statement, String text, String file) throws SQLException {
        for (NativeQuery each : statements(statement)) {
            if (TRANSACTION.matcher(each.nativeSql).lookingAt()) {
                throw new InputFailure(Code.MODEL_FAILED, file + ": a transaction cannot be ended or begun here: " + each.nativeSql.strip());
            }
        }
        return executeAnything(statement, text, file);
    }

    /** As {@link #execute(String, String, String)}, whatever the statements. */
    long executeAnything(String statement, String text, String file) throws SQLException {
        try {
            return execute(statement);
        } catch (SQLException e) {
            if (isAway(e) || isConflict(e)) {
                throw e;
            }
            throw new InputFailure(Code.MODEL_FAILED, file + ": " + explained(e, statement, text), e);
        }
    }

    private static List<NativeQuery> statements(String text) throws SQLException {
        return Parser.parseJdbcSql(text, true, false, true, false, false);
    }

    void execute(Collection<String> statements) throws SQLException {
        if (!statements.isEmpty()) {
            execute(String.join(";\n", statements));
        }
    }

    static String quoted(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    static String quoted(Collection<String> identifiers) {
        return identifiers.stream().map(Sql::quoted).collect(Collectors.joining(", "));
    }

    /** A relation's name without its database, as PostgreSQL's functions take it. */
    static String name(Relation relation) {
        return quoted(relation.schema()) + "." + quoted(relation.identifier());
    }

    static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    /** What the database says of a statement, and to which line of a text within it that belongs. */
    static String explained(SQLException e, String statement, String text) {
        ServerErrorMessage server = e instanceof PSQLException psql ? psql.getServerErrorMessage() : null;
        if (server == null) {
            return String.valueOf(e.getMessage());
        }
        String message = server.getMessage() + (server.getDetail() == null ? "" : "; " + server.getDetail())
                + (server.getHint() == null ? "" : "; " + server.getHint());
        int begin = statement.indexOf(text);
        int at = server.getPosition() - 1 - begin;
        if (begin < 0 || at < 0 || at > text.length()) {
            return message;
        }
        return message + " (line " + (text.substring(0, at).lines().count() + (at == 0 || text.charAt(at - 1) == '\n' ? 1 : 0))
                + " of the compiled SQL)";
    }

    /** Whether the database does not answer, or is about to stop: nothing is wrong with what was asked. */
    static boolean isAway(SQLException e) {
        return Failure.of(e, "").code() == Code.DATABASE_UNAVAILABLE;
    }

    /** The states in which the same may succeed when it is tried again: a conflict with others, a lock not got in time. */
    static boolean isConflict(SQLException e) {
        return List.of("40001", "40P01", "55P03").contains(String.valueOf(e.getSQLState()));
    }
}
