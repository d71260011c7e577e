package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;

import dev.qanat.failure.InputFailure;
import dev.qanat.load.TablePlan.Effect;
import dev.qanat.load.TablePlan.Step;
import dev.qanat.validate.TargetColumn;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/**
 * Tells what the next landing would do to the tables of a resource: the statements that {@link Target#prepare} would execute, found
 * out in a transaction that cannot write. Safe for use by several threads.
 */
public final class TablePlanner {

    private static final String CANCELED = "57014";

    private final DataSource dataSource;
    private final Duration patience;

    /** @param patience how long it may take to count a table's rows, and to look for rows that a key would not bear */
    public TablePlanner(DataSource dataSource, Duration patience) {
        this.dataSource = dataSource;
        this.patience = patience;
    }

    /** The silver table, and the bronze one where records are kept. Only declared columns are known. */
    public List<TablePlan> plan(Target target) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try {
                statement.execute("SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = " + patience.toMillis());
                List<TablePlan> plans = new ArrayList<>();
                plans.add(silver(connection, statement, target));
                if (target.resource().keepBronze()) {
                    plans.add(bronze(connection, statement, target));
                }
                return plans;
            } finally {
                Staging.end(connection);
            }
        }
    }

    private static TablePlan silver(Connection connection, Statement statement, Target target) throws SQLException {
        TableName table = target.silver();
        Set<String> stored = Target.columnsOf(connection, table).keySet();
        Rows rows = stored.isEmpty() ? Rows.NONE : rows(statement, table);
        try {
            Target.Needs needs = target.needs(connection, target.columns(List.of()));
            if (stored.isEmpty()) {
                return created(table, target.resource().columns().stream()
                        .map(column -> new TargetColumn(column.name(), column.type()))
                        .toList());
            }
            if (needs.key() != null && target.byKey() && !keyHolds(statement, target, stored, rows)) {
                throw target.noKey(null);
            }
            return present(
                    table, needs.steps().isEmpty() ? Effect.UNCHANGED : Effect.CHANGED, rows, needs.steps(), needs.views());
        } catch (InputFailure refusal) {
            return new TablePlan(
                    table, Effect.REFUSED, List.of(), rows.count(), rows.counted(), List.of(), List.of(), Optional.of(refusal));
        }
    }

    private static TablePlan bronze(Connection connection, Statement statement, Target target) throws SQLException {
        TableName table = target.bronze();
        if (Target.columnsOf(connection, table).isEmpty()) {
            return created(table, List.of());
        }
        List<Step> steps = target.bronzeSteps(connection);
        return present(table, steps.isEmpty() ? Effect.UNCHANGED : Effect.CHANGED, rows(statement, table), steps, List.of());
    }

    private static TablePlan created(TableName table, List<TargetColumn> columns) {
        return new TablePlan(table, Effect.CREATED, columns, 0, true, List.of(), List.of(), Optional.empty());
    }

    private static TablePlan present(TableName table, Effect effect, Rows rows, List<Step> steps, List<String> views) {
        return new TablePlan(table, effect, List.of(), rows.count(), rows.counted(), steps, views, Optional.empty());
    }

    private record Rows(long count, boolean counted) {
        static final Rows NONE = new Rows(0, true);
    }

    private static Rows rows(Statement statement, TableName table) throws SQLException {
        Optional<Long> counted = patiently(statement, "SELECT count(*) FROM " + table.sql());
        if (counted.isPresent()) {
            return new Rows(counted.get(), true);
        }
        String estimate = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = to_regclass('"
                + table.sql().replace("'", "''") + "')";
        return new Rows(patiently(statement, estimate).orElse(0L), false);
    }

    /** Whether the stored rows are unique and not null in the key's columns, as far as can be told in time. */
    private static boolean keyHolds(Statement statement, Target target, Set<String> stored, Rows rows) throws SQLException {
        List<String> key = target.resource().primaryKey();
        if (!stored.containsAll(key)) {
            // A column of the key is yet to be added, and will be null.
            return rows.count() == 0;
        }
        String table = target.silver().sql();
        String isNull = key.stream().map(column -> quoted(column) + " IS NULL").collect(Collectors.joining(" OR "));
        return patiently(statement, "SELECT (EXISTS (SELECT FROM " + table + " WHERE " + isNull + ") OR EXISTS (SELECT FROM " + table
                        + " GROUP BY " + target.keyColumns() + " HAVING count(*) > 1))::integer")
                .orElse(0L)
                .equals(0L);
    }

    /** The only number of a query; empty when it takes too long. */
    private static Optional<Long> patiently(Statement statement, String query) throws SQLException {
        statement.execute("SAVEPOINT asked");
        try (ResultSet row = statement.executeQuery(query)) {
            return row.next() ? Optional.of(row.getLong(1)) : Optional.empty();
        } catch (SQLException e) {
            if (!CANCELED.equals(e.getSQLState())) {
                throw e;
            }
            statement.execute("ROLLBACK TO SAVEPOINT asked");
            return Optional.empty();
        }
    }
}
