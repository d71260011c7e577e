package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.Resource;
import dev.qanat.pipeline.Resource.Dedup;
import dev.qanat.pipeline.Resource.WriteDisposition;
import dev.qanat.pipeline.SchemaContract.Mode;
import dev.qanat.validate.TargetColumn;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.sql.DataSource;

/**
 * A resource's tables in bronze and silver: widened when the pipeline grew, and what the landing must know to make them when they
 * are missing. For one run, one thread.
 */
public final class Target {

    private final String pipeline;
    private final Resource resource;
    private final TableName silver;
    private final TableName bronze;

    public Target(String pipeline, Resource resource) {
        this.pipeline = pipeline;
        this.resource = resource;
        this.silver = new TableName("silver", resource.table());
        this.bronze = new TableName("bronze", pipeline + "__" + resource.name());
    }

    public TableName silver() {
        return silver;
    }

    TableName bronze() {
        return bronze;
    }

    Resource resource() {
        return resource;
    }

    /** The lock that every writer of the silver table takes until the end of its transaction. */
    String lock() {
        return "SELECT pg_advisory_xact_lock(hashtextextended('" + silver.sql().replace("'", "''") + "', 0))";
    }

    boolean byKey() {
        return resource.dedup() == Dedup.PRIMARY_KEY && resource.writeDisposition() != WriteDisposition.APPEND;
    }

    boolean byHash() {
        return resource.dedup() == Dedup.ROW_HASH;
    }

    /** The columns of the pipeline and of the run, with their types. */
    Map<String, ColumnType> columns(List<TargetColumn> staged) {
        Map<String, ColumnType> columns = new LinkedHashMap<>();
        resource.columns().forEach(column -> columns.put(column.name(), column.type()));
        staged.forEach(column -> columns.putIfAbsent(column.name(), column.type()));
        return columns;
    }

    /** The statement that gives a table made of a query its key, its defaults and its comment. */
    String complete() {
        return "ALTER TABLE " + silver.sql()
                + (byKey() ? " ADD PRIMARY KEY (" + keyColumns() + ")," : "")
                + " ALTER COLUMN _run_id SET NOT NULL, ALTER COLUMN _position SET NOT NULL, ALTER COLUMN _row_hash SET NOT NULL,"
                + " ALTER COLUMN _created_at SET NOT NULL, ALTER COLUMN _created_at SET DEFAULT now(),"
                + " ALTER COLUMN _updated_at SET NOT NULL, ALTER COLUMN _updated_at SET DEFAULT now()"
                + (byHash() ? "; " + hashIndex() : "")
                + "; COMMENT ON TABLE " + silver.sql() + " IS 'Loaded by pipeline " + pipeline + ", resource " + resource.name() + "'";
    }

    String completeBronze() {
        return "ALTER TABLE " + bronze.sql() + " ALTER COLUMN _run_id SET NOT NULL, ALTER COLUMN _source SET NOT NULL,"
                + " ALTER COLUMN _position SET NOT NULL, ALTER COLUMN _loaded_at SET NOT NULL,"
                + " ALTER COLUMN _loaded_at SET DEFAULT now(), ALTER COLUMN record SET NOT NULL";
    }

    private String keyColumns() {
        return resource.primaryKey().stream().map(TableName::quoted).collect(Collectors.joining(", "));
    }

    private String hashIndex() {
        return "CREATE INDEX ON " + silver.sql() + " (_row_hash)";
    }

    /** What of the tables is there when a landing begins; what is not, the landing makes. */
    public record Present(boolean bronze, boolean silver) {}

    /**
     * Widens the silver table in a short transaction of its own, and builds the index by which rows are found where it lacks it.
     *
     * @param staging of the run
     * @throws InputFailure when the table cannot become what the pipeline says without losing something
     */
    Present prepare(DataSource dataSource, Staging staging) throws SQLException {
        Map<String, ColumnType> columns = columns(staging.columns());
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try {
                statement.execute(staging.named());
                statement.execute(lock());
                boolean keepsBronze = !columnsOf(connection, bronze).isEmpty();
                Map<String, String> present = columnsOf(connection, silver);
                if (!present.isEmpty()) {
                    widen(connection, statement, columns, present);
                    boolean keyed = hasKey(connection, columns.keySet());
                    if ((byKey() || byHash()) && !keyed) {
                        buildKeyOver(statement);
                    }
                } else if (resource.schemaContract().tables() == Mode.FREEZE) {
                    throw new InputFailure(
                            Code.SCHEMA_FROZEN,
                            "table " + silver + " does not exist, and schema_contract says tables: freeze; create it or let it evolve");
                }
                connection.commit();
                return new Present(keepsBronze, !present.isEmpty());
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    private void widen(
            Connection connection, Statement statement, Map<String, ColumnType> columns, Map<String, String> present)
            throws SQLException {
        if (!present.keySet().containsAll(List.of("_run_id", "_position", "_row_hash", "_created_at", "_updated_at"))) {
            throw new InputFailure(
                    Code.INCOMPATIBLE_SCHEMA,
                    "table " + silver + " was not made by Qanat: it lacks _run_id and the like; choose another `table:`");
        }
        List<String> added = new ArrayList<>();
        List<String> retyped = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        columns.forEach((name, type) -> {
            String now = present.get(name);
            if (now == null) {
                added.add("ADD COLUMN " + quoted(name) + " " + type.sql());
                return;
            }
            ColumnType stored = Widening.typeOf(now).orElse(null);
            if (type.equals(stored)) {
                return;
            }
            if (resource.column(name).isEmpty()) {
                problems.add("column " + name + " is " + now + ", and what is not declared would be text");
            } else if (stored != null && Widening.widens(stored, type)) {
                retyped.add("ALTER COLUMN " + quoted(name) + " TYPE " + type.sql());
            } else {
                problems.add("column " + name + " is " + now + " and cannot become " + type + " without loss");
            }
        });
        if (!problems.isEmpty()) {
            throw new InputFailure(
                    Code.INCOMPATIBLE_SCHEMA,
                    "table " + silver + ": " + String.join("; ", problems)
                            + "; declare what the table has or wider, or give the resource another `table:`");
        }
        if (retyped.isEmpty()) {
            if (!added.isEmpty()) {
                statement.execute("ALTER TABLE " + silver.sql() + " " + String.join(", ", added));
            }
            return;
        }
        added.addAll(retyped);
        DependentViews views = DependentViews.of(connection, silver);
        views.drop(statement);
        statement.execute("ALTER TABLE " + silver.sql() + " " + String.join(", ", added));
        views.create(statement);
    }

    private void buildKeyOver(Statement statement) throws SQLException {
        try {
            statement.execute(byKey() ? "ALTER TABLE " + silver.sql() + " ADD PRIMARY KEY (" + keyColumns() + ")" : hashIndex());
        } catch (SQLException e) {
            if (e.getSQLState() != null && e.getSQLState().startsWith("23")) {
                throw new InputFailure(
                        Code.INCOMPATIBLE_SCHEMA,
                        "table " + silver + " holds rows that are not unique or null in "
                                + String.join(", ", resource.primaryKey())
                                + ", which the pipeline now declares as its primary_key",
                        e);
            }
            throw e;
        }
    }

    /** The columns of a table with their types; none when it is not there. */
    private static Map<String, String> columnsOf(Connection connection, TableName table) throws SQLException {
        Map<String, String> columns = new LinkedHashMap<>();
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
                WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped ORDER BY attnum""")) {
            select.setString(1, table.sql());
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    columns.put(row.getString(1), row.getString(2));
                }
            }
        }
        return columns;
    }

    /**
     * Whether there is an index by which rows are found: the primary key, or an index of the hash alone.
     *
     * @param own the columns of the pipeline
     * @throws InputFailure when a primary key is in the way
     */
    private boolean hasKey(Connection connection, Set<String> own) throws SQLException {
        boolean found = false;
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT indisprimary,
                       ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = indrelid AND attnum = ANY (indkey))
                FROM pg_index WHERE indrelid = to_regclass(?)""")) {
            select.setString(1, silver.sql());
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    boolean primary = row.getBoolean(1);
                    List<String> columns = List.of((String[]) row.getArray(2).getArray());
                    boolean ours = byKey() && sameColumns(columns, resource.primaryKey());
                    if (primary && !ours && (byKey() || own.containsAll(columns))) {
                        throw keyInTheWay(columns);
                    }
                    found |= primary ? ours : byHash() && columns.equals(List.of("_row_hash"));
                }
            }
        }
        return found;
    }

    private InputFailure keyInTheWay(List<String> key) {
        return new InputFailure(
                Code.INCOMPATIBLE_SCHEMA,
                "table " + silver + " has the primary key (" + String.join(", ", key) + "), and the pipeline now "
                        + (byKey() ? "declares (" + String.join(", ", resource.primaryKey()) + ")" : "loads several rows of a key")
                        + "; drop the constraint, or give the resource another `table:`");
    }

    private static boolean sameColumns(List<String> some, List<String> others) {
        return some.size() == others.size() && some.containsAll(others);
    }
}
