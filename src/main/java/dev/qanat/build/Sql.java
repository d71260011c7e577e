package dev.qanat.build;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.transform.Relation;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** Statements on one connection, whose text is taken as it is: no escapes of JDBC, no parameters. For one thread. */
final class Sql {

    private final Connection connection;

    Sql(Connection connection) {
        this.connection = connection;
    }

    Connection connection() {
        return connection;
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
        try {
            return execute(statement);
        } catch (SQLException e) {
            if (Failure.of(e, file) instanceof TransientFailure) {
                throw e;
            }
            throw new InputFailure(Code.MODEL_FAILED, file + ": " + explained(e, statement, text), e);
        }
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

    /** The states in which the same may succeed when it is tried again: a conflict with others, a lock not got in time. */
    static boolean isConflict(SQLException e) {
        return List.of("40001", "40P01", "55P03").contains(String.valueOf(e.getSQLState()));
    }
}
