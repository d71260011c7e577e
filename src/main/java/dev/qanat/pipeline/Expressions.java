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
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Has PostgreSQL look at the expressions of a pipeline, over empty tables of the declared columns, in a transaction that is rolled
 * back. As a check constraint, an expression may hold no sub-select, no aggregate, no window and no set: it sees one row. What it
 * calls must be immutable by its catalogue entry, or one of the functions that hang on nothing but the clock and settings of form.
 * Nothing is evaluated before that is known. Safe for use by several threads.
 */
@ApplicationScoped
class Expressions {

    /** No expressions of a pipeline are so intricate that PostgreSQL needs longer to understand them; constants it evaluates as well. */
    private static final int SECONDS = 5;
    /** Of the connections as many as may be busy with expressions. */
    private static final int AT_ONCE = 4;
    /** As much of PostgreSQL's message as is told; it may quote the expression. */
    private static final int MESSAGE = 300;

    /** Cancelled, out of memory. */
    private static final Set<String> TOO_MUCH = Set.of("57014", "53200");

    private static final String TOO_LONG =
            "takes too long or too much memory to check; of the whole pipeline it may take " + SECONDS + " seconds";

    /** How the states of values begin that cannot be computed. */
    private static final String DATA = "22";

    /**
     * Functions of PostgreSQL that are stable, as they hang on the clock, the time zone or how a value is written, and on nothing else
     * but their arguments. What {@code record_out} and the like do hangs on the types within, which are looked at themselves.
     */
    private static final String HARMLESS = "^("
            + "now|(transaction|statement)_timestamp|age|date|time|timetz|timestamp|timestamptz|timezone|overlaps|make_timestamptz"
            + "|date_(part|trunc|add|subtract)|extract|to_(char|date|timestamp|number)"
            + "|timestamptz_(pl|mi)_interval|interval_pl_timestamptz"
            + "|(date|timestamp|timestamptz)_(lt|le|eq|ne|ge|gt)_(date|timestamp|timestamptz)"
            + "|concat|concat_ws|format|quote_literal|quote_nullable|textanycat|anytextcat|array_to_string"
            + "|length|convert|convert_from|convert_to|money|numeric|xml|xml_is_well_formed"
            + "|to_jsonb?|(row|array)_to_json|jsonb?_build_(array|object)|jsonb?_strip_nulls"
            + "|jsonb_path_(exists|match|query_array|query_first)_tz"
            + "|(array|cash|date|domain|enum|interval|multirange|range|record|time|timetz|timestamp|timestamptz|xml)_(in|out)"
            + ")$";

    /**
     * What the parsed constraint holds and must not: the one system column that a constraint may name, functions, types whose values
     * are looked up in the catalogue or that hold such ones unseen, and who is connected to what. Constants stand in it as numbers and
     * cannot pass for any of these. A type's own functions are not called by name: {@code record_in} makes any table's row. And
     * {@code satisfies_hash_partition} is immutable only as it says.
     */
    private static final String FORBIDDEN = """
            WITH parsed AS (
                SELECT conbin::text AS tree FROM pg_constraint WHERE conrelid = '%1$s'::regclass AND conname = 'expression'
            ), function AS NOT MATERIALIZED (
                SELECT oid, proname,
                       'cstring'::regtype = prorettype OR 'cstring'::regtype = ANY (proargtypes) AS of_a_type,
                       provolatile = 'i' AND proname <> 'satisfies_hash_partition'
                       OR provolatile = 's' AND pronamespace = 'pg_catalog'::regnamespace
                          AND proname ~ '%2$s' AND 'xid'::regtype <> ALL (proargtypes) AS harmless
                FROM pg_proc
            ), named AS (
                SELECT DISTINCT t.oid, t.typelem FROM parsed, regexp_matches(tree, ':\\w*typ(?:e|eid|id) (\\d+)', 'gi') AS m
                JOIN pg_type t ON t.oid = m[1]::oid
            )
            SELECT 'names "tableoid", which is not declared; take it out'
            FROM pg_constraint WHERE conrelid = '%1$s'::regclass AND conname = 'expression' AND 0 > ANY (conkey)
            UNION ALL
            SELECT 'calls ' || proname || ', which looks at more than the row and the clock, or does more than compute; take it out'
            FROM parsed, regexp_matches(tree, ':(?:op)?funcid (\\d+)', 'g') AS m JOIN function f ON f.oid = m[1]::oid
            WHERE of_a_type OR NOT harmless
            UNION ALL
            SELECT 'asks for the user, the schema or the database, which is not of the row; take it out'
            FROM parsed WHERE tree ~ '\\{SQLVALUEFUNCTION :op \\d+ :type 19 '
            UNION ALL
            SELECT 'has a value of the type ' || format_type(t.oid, NULL) || ', which looks at more than the row; take it out'
            FROM pg_type t JOIN function i ON i.oid = t.typinput JOIN function o ON o.oid = t.typoutput
            WHERE (t.oid IN (SELECT oid FROM named) OR t.oid IN (SELECT typelem FROM named))
              AND (t.typtype = 'c' OR NOT (i.harmless AND o.harmless))
            LIMIT 1""";

    private static final Pattern QUOTED = Pattern.compile("\"([^\"]+)\"");

    private final DataSource dataSource;
    private final Semaphore places = new Semaphore(AT_ONCE, true);

    Expressions(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** @throws InvalidPipeline with every expression that PostgreSQL does not take */
    void check(Pipeline pipeline, String fileName) throws SQLException {
        List<Problem> problems = new ArrayList<>();
        places.acquireUninterruptibly();
        try {
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            for (Resource resource : pipeline.resources()) {
                if (resource.isCleaned()) {
                    check(resource, until, problems);
                }
            }
        } finally {
            places.release();
        }
        if (!problems.isEmpty()) {
            problems.sort(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column));
            throw new InvalidPipeline(Code.INVALID_PIPELINE, fileName, problems);
        }
    }

    private void check(Resource resource, long until, List<Problem> problems) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try {
                statement.setEscapeProcessing(false);
                statement.execute("SET LOCAL standard_conforming_strings = on; SET LOCAL TimeZone = 'UTC'");
                // Names that no expression knows: it names columns alone.
                String name = "pg_temp.qanat_" + UUID.randomUUID().toString().replace("-", "");
                Checking checking = new Checking(statement, resource, name + "_read", name + "_all", until);
                statement.execute("CREATE TABLE " + checking.read() + " (" + definition(resource.readColumns()) + ")");
                statement.execute("CREATE TABLE " + checking.all() + " (" + definition(resource.columns()) + ")");
                for (Column column : resource.computedColumns()) {
                    checking.fault(column).ifPresent(fault -> problems.add(problem(
                            column.expr().orElseThrow(), "column '%s': 'expr' ".formatted(column.name()) + fault)));
                }
                if (resource.where().isPresent()) {
                    Expression where = resource.where().get();
                    checking.fault(where).ifPresent(fault ->
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

    private interface Check {
        Optional<String> run() throws SQLException;
    }

    /**
     * The expressions of one resource, in the transaction that has its tables.
     *
     * @param read the table of the columns that are read
     * @param all the table of all columns
     * @param until when the time for the whole pipeline is over, by {@link System#nanoTime}
     */
    private record Checking(Statement statement, Resource resource, String read, String all, long until) {

        Optional<String> fault(Column column) throws SQLException {
            Expression expr = column.expr().orElseThrow();
            return fault(expr, resource.readColumns(), () -> {
                Optional<String> forbidden = constrain(read, "(" + expr.inParentheses() + ") IS NOT NULL");
                if (forbidden.isPresent()) {
                    return forbidden;
                }
                // An assignment: what only a cast makes of the type must be cast in the expression.
                execute("INSERT INTO " + all + " (\"" + column.name() + "\") SELECT " + expr.inParentheses() + " FROM " + read
                        + " WHERE false");
                Optional<String> keeps = column.type().keeps(expr.inParentheses());
                if (keeps.isPresent()) {
                    execute("SELECT " + keeps.get() + " FROM " + read + " WHERE false");
                }
                return Optional.empty();
            });
        }

        Optional<String> fault(Expression where) throws SQLException {
            return fault(where, resource.columns(), () -> {
                Optional<String> forbidden = constrain(all, where.inParentheses());
                if (forbidden.isEmpty()) {
                    execute("SELECT FROM " + all + " WHERE " + where.inParentheses());
                }
                return forbidden;
            });
        }

        private Optional<String> fault(Expression expression, List<Column> known, Check check) throws SQLException {
            if (millisLeft() <= 0) {
                return Optional.of(TOO_LONG);
            }
            statement.execute("SAVEPOINT expression");
            try {
                return check.run();
            } catch (SQLException e) {
                if (TOO_MUCH.contains(String.valueOf(e.getSQLState()))) {
                    return Optional.of(TOO_LONG);
                }
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

        /** Lets PostgreSQL read the expression without evaluating it, and answers with what it must not use. */
        private Optional<String> constrain(String table, String condition) throws SQLException {
            execute("ALTER TABLE " + table + " ADD CONSTRAINT expression CHECK (" + condition + ") NOT VALID");
            try (ResultSet fault = statement.executeQuery(FORBIDDEN.formatted(table, HARMLESS))) {
                return fault.next() ? Optional.of(fault.getString(1)) : Optional.empty();
            }
        }

        private void execute(String sql) throws SQLException {
            statement.execute("SET LOCAL statement_timeout = " + Math.max(1, millisLeft()));
            statement.execute(sql);
        }

        private long millisLeft() {
            return TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
        }
    }

    private static String told(SQLException e, Expression expression, List<Column> known, Resource resource) {
        ServerErrorMessage server = e instanceof PSQLException postgres ? postgres.getServerErrorMessage() : null;
        String whole = server == null || server.getMessage() == null ? String.valueOf(e.getMessage()) : server.getMessage();
        String message = whole.substring(0, Math.min(whole.length(), MESSAGE)).replaceAll("\\p{Cntrl}+", " ");
        if (String.valueOf(e.getSQLState()).startsWith(DATA)) {
            message = withoutValue(message, expression);
        }
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

    /** Ends before the value that was computed; one that stands in the expression is told. */
    private static String withoutValue(String message, Expression expression) {
        int begin = message.indexOf('"');
        int end = message.lastIndexOf('"');
        return begin < 0 || begin < end && expression.sql().contains(message.substring(begin + 1, end))
                ? message
                : message.substring(0, begin).replaceFirst("[: ]+$", "");
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
