package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.TransientFailure;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Has PostgreSQL look at the expressions of a pipeline, over empty tables of the declared columns, in a transaction that is rolled
 * back. As a check constraint, an expression may hold no sub-select, no aggregate, no window and no set: it sees one row and
 * nothing else. Volatile functions are refused by their catalogue entry. Safe for use by several threads.
 */
@ApplicationScoped
class Expressions {

    private static final String READ = "pg_temp.qanat_read";
    private static final String ALL = "pg_temp.qanat_all";
    /** No expression is so intricate that PostgreSQL needs longer to understand it. */
    private static final int SECONDS = 10;
    /** As much of PostgreSQL's message as is told; it may quote the expression. */
    private static final int MESSAGE = 300;

    private static final Pattern QUOTED = Pattern.compile("\"([^\"]+)\"");

    private final DataSource dataSource;

    Expressions(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** @throws InvalidPipeline with every expression that PostgreSQL does not take */
    void check(Pipeline pipeline, String fileName) throws SQLException {
        List<Problem> problems = new ArrayList<>();
        for (Resource resource : pipeline.resources()) {
            if (resource.isCleaned()) {
                check(resource, problems);
            }
        }
        if (!problems.isEmpty()) {
            problems.sort(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column));
            throw new InvalidPipeline(Code.INVALID_PIPELINE, fileName, problems);
        }
    }

    private void check(Resource resource, List<Problem> problems) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try {
                statement.setEscapeProcessing(false);
                statement.execute("SET LOCAL standard_conforming_strings = on; SET LOCAL TimeZone = 'UTC'; "
                        + "SET LOCAL statement_timeout = '" + SECONDS + "s'");
                statement.execute("CREATE TEMPORARY TABLE qanat_read (" + definition(resource.readColumns()) + ")");
                statement.execute("CREATE TEMPORARY TABLE qanat_all (" + definition(resource.columns()) + ")");
                for (Column column : resource.computedColumns()) {
                    fault(statement, resource, column).ifPresent(fault -> problems.add(problem(
                            column.expr().orElseThrow(), "column '%s': 'expr' ".formatted(column.name()) + fault)));
                }
                if (resource.where().isPresent()) {
                    Expression where = resource.where().get();
                    fault(statement, resource, where).ifPresent(fault ->
                            problems.add(problem(where, "resource '%s': 'where' ".formatted(resource.name()) + fault)));
                }
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }

    private static Problem problem(Expression expression, String message) {
        return new Problem(
                expression.line(), expression.column(), expression.path(), Code.INVALID_EXPRESSION, message);
    }

    private static String definition(List<Column> columns) {
        return columns.stream()
                .map(column -> '"' + column.name() + "\" " + column.type().sql())
                .collect(Collectors.joining(", "));
    }

    private static Optional<String> fault(Statement statement, Resource resource, Column column) throws SQLException {
        Expression expr = column.expr().orElseThrow();
        return fault(statement, expr, resource.readColumns(), resource, () -> {
            Optional<String> volatileFunction =
                    constrain(statement, READ, "(" + expr.inParentheses() + ") IS NOT NULL");
            if (volatileFunction.isPresent()) {
                return volatileFunction;
            }
            // An assignment: what only a cast makes of the type must be cast in the expression.
            statement.execute("INSERT INTO " + ALL + " (\"" + column.name() + "\") SELECT " + expr.inParentheses() + " FROM "
                    + READ + " WHERE false");
            Optional<String> keeps = column.type().keeps(expr.inParentheses());
            if (keeps.isPresent()) {
                statement.execute("SELECT " + keeps.get() + " FROM " + READ + " WHERE false");
            }
            return Optional.empty();
        });
    }

    private static Optional<String> fault(Statement statement, Resource resource, Expression where) throws SQLException {
        return fault(statement, where, resource.columns(), resource, () -> {
            Optional<String> volatileFunction = constrain(statement, ALL, where.inParentheses());
            if (volatileFunction.isEmpty()) {
                statement.execute("SELECT FROM " + ALL + " WHERE " + where.inParentheses());
            }
            return volatileFunction;
        });
    }

    private interface Check {
        Optional<String> run() throws SQLException;
    }

    private static Optional<String> fault(
            Statement statement, Expression expression, List<Column> known, Resource resource, Check check)
            throws SQLException {
        statement.execute("SAVEPOINT expression");
        try {
            return check.run();
        } catch (SQLException e) {
            if (Failure.of(e, "checking an expression") instanceof TransientFailure) {
                throw e;
            }
            return Optional.of(told(e, expression, known, resource));
        } finally {
            if (!statement.getConnection().isClosed()) {
                statement.execute("ROLLBACK TO SAVEPOINT expression");
            }
        }
    }

    /** Lets PostgreSQL read the expression, and answers with what is wrong about the functions it calls. */
    private static Optional<String> constrain(Statement statement, String table, String condition) throws SQLException {
        statement.execute("ALTER TABLE " + table + " ADD CONSTRAINT expression CHECK (" + condition + ")");
        // The functions and operators of the parsed expression; constants stand in it as numbers and cannot pass for them.
        try (ResultSet function = statement.executeQuery("""
                SELECT p.proname FROM pg_constraint c
                CROSS JOIN LATERAL regexp_matches(c.conbin::text, ':(?:op)?funcid (\\d+)', 'g') AS called
                JOIN pg_proc p ON p.oid = called[1]::oid
                WHERE c.conrelid = '%s'::regclass AND c.conname = 'expression' AND p.provolatile = 'v'
                LIMIT 1""".formatted(table))) {
            return function.next()
                    ? Optional.of("calls %s, which gives something else each time or does more than compute; take it out"
                            .formatted(function.getString(1)))
                    : Optional.empty();
        }
    }

    private static String told(SQLException e, Expression expression, List<Column> known, Resource resource) {
        ServerErrorMessage server = e instanceof PSQLException postgres ? postgres.getServerErrorMessage() : null;
        String whole = server == null || server.getMessage() == null ? String.valueOf(e.getMessage()) : server.getMessage();
        String message = whole.substring(0, Math.min(whole.length(), MESSAGE)).replaceAll("\\p{Cntrl}+", " ");
        Matcher quoted = QUOTED.matcher(message);
        if ("42703".equals(e.getSQLState()) && quoted.find()) {
            return unknown(quoted.group(1), known, resource);
        }
        if ("42601".equals(e.getSQLState()) && server != null && endsEarly(server, expression)) {
            return "ends too early: " + message;
        }
        return "is not valid: "
                + message.replaceFirst("argument of (CHECK|WHERE)", "it")
                        .replaceFirst(" in check constraints?$", " here: an expression sees one row");
    }

    /** Whether PostgreSQL met the parenthesis that closes the expression where the expression should go on. */
    private static boolean endsEarly(ServerErrorMessage server, Expression expression) {
        return String.valueOf(server.getMessage()).endsWith("\")\"") && !expression.sql().contains(")");
    }

    private static String unknown(String name, List<Column> known, Resource resource) {
        Set<String> names = known.stream().map(Column::name).collect(Collectors.toSet());
        if (!names.contains(name) && resource.column(name).isPresent()) {
            return "names '%s', which is computed itself; write out what it is computed from".formatted(name);
        }
        return "names %s, which is not declared%s"
                .formatted(
                        Section.quoted(name),
                        Suggestion.of(name, names)
                                .map(Suggestion::ask)
                                .orElse("; declare it under 'columns', or put a text between single quotes"));
    }
}
