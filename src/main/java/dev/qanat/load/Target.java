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
 * A resource's tables in bronze and silver: made when missing, widened when the pipeline grew. For one run, one thread.
 *
 * <p>A new table has no key yet: the key is built by the landing that brings the first rows, after them. So a silver table that
 * needs a key and has none is empty.
 */
public final class Target {

    /** Columns that every silver row carries beside its own. */
    private static final String SYSTEM_COLUMNS = "_run_id bigint NOT NULL, _position bigint NOT NULL, _row_hash bytea NOT NULL, "
            + "_created_at timestamptz NOT NULL DEFAULT now(), _updated_at timestamptz NOT NULL DEFAULT now()";

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

    /** Whether the rows are found by an index: by the key for merge, by the hash where rows are known by it. */
    boolean needsKey() {
        return byKey() || byHash();
    }

    boolean byKey() {
        return resource.dedup() == Dedup.PRIMARY_KEY && resource.writeDisposition() != WriteDisposition.APPEND;
    }

    boolean byHash() {
        return resource.dedup() == Dedup.ROW_HASH;
    }

    /** The statement that builds the index by which rows are found. */
    String buildKey() {
        return byKey()
                ? "ALTER TABLE " + silver.sql() + " ADD PRIMARY KEY ("
                        + resource.primaryKey().stream().map(TableName::quoted).collect(Collectors.joining(", ")) + ")"
                : "CREATE INDEX ON " + silver.sql() + " (_row_hash)";
    }

    /**
     * Makes and widens the tables in a short transaction of its own.
     *
     * @param declared every column of the contract
     * @param staged the columns of the run
     * @return whether the silver table has its key; if not, it is empty
     * @throws InputFailure when the table cannot become what the pipeline says without losing something
     */
    public boolean prepare(DataSource dataSource, List<TargetColumn> declared, List<TargetColumn> staged) throws SQLException {
        Map<String, ColumnType> columns = new LinkedHashMap<>();
        declared.forEach(column -> columns.put(column.name(), column.type()));
        staged.forEach(column -> columns.putIfAbsent(column.name(), column.type()));
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try {
                statement.execute(lock());
                if (resource.keepBronze()) {
                    statement.execute("CREATE TABLE IF NOT EXISTS " + bronze.sql() + " (_run_id bigint NOT NULL, "
                            + "_source text NOT NULL, _position bigint NOT NULL, _loaded_at timestamptz NOT NULL DEFAULT now(), "
                            + "record json NOT NULL)");
                }
                Map<String, String> present = columnsOf(connection);
                if (present.isEmpty()) {
                    create(statement, columns);
                } else {
                    widen(connection, statement, columns, present);
                }
                boolean keyed = hasKey(connection, columns.keySet());
                if (needsKey() && !keyed && hasRows(statement)) {
                    buildKeyOver(statement);
                    keyed = true;
                }
                connection.commit();
                return keyed;
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    private void create(Statement statement, Map<String, ColumnType> columns) throws SQLException {
        if (resource.schemaContract().tables() == Mode.FREEZE) {
            throw new InputFailure(
                    Code.SCHEMA_FROZEN,
                    "table " + silver + " does not exist, and schema_contract says tables: freeze; create it or let it evolve");
        }
        String own = columns.entrySet().stream()
                .map(column -> quoted(column.getKey()) + " " + column.getValue().sql() + ", ")
                .collect(Collectors.joining());
        statement.execute("CREATE TABLE " + silver.sql() + " (" + own + SYSTEM_COLUMNS + ")");
        statement.execute("COMMENT ON TABLE " + silver.sql() + " IS 'Loaded by pipeline " + pipeline + ", resource "
                + resource.name() + "'");
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
            statement.execute(buildKey());
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

    private boolean hasRows(Statement statement) throws SQLException {
        try (ResultSet row = statement.executeQuery("SELECT EXISTS (SELECT FROM " + silver.sql() + ")")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    private Map<String, String> columnsOf(Connection connection) throws SQLException {
        Map<String, String> columns = new LinkedHashMap<>();
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
                WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped ORDER BY attnum""")) {
            select.setString(1, silver.sql());
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
