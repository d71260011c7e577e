package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.load.TablePlan.Step;
import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.Resource;
import dev.qanat.pipeline.Resource.Dedup;
import dev.qanat.pipeline.Resource.WriteDisposition;
import dev.qanat.pipeline.SchemaContract.Mode;
import dev.qanat.pipeline.Serving;
import dev.qanat.validate.Contract;
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
import org.jspecify.annotations.Nullable;

/**
 * A resource's tables in bronze and silver: widened when the pipeline grew, and what the landing must know to make them when they
 * are missing. For one run, one thread.
 */
public final class Target {

    /** The columns of bronze by which its records can be loaded again; tables that an earlier version made lack them. */
    static final List<String> BRONZE_ORIGIN = List.of("_ordinal", "_from_text", "_left_out");

    private final String pipeline;
    private final Resource resource;
    private final TableName silver;
    private final TableName bronze;
    /** Begins the names of tables that stand in for those of silver; null where they are silver's. */
    private final @Nullable String aside;

    public Target(String pipeline, Resource resource) {
        this(pipeline, resource, new TableName("silver", resource.table()), null);
    }

    private Target(String pipeline, Resource resource, TableName silver, @Nullable String aside) {
        this.pipeline = pipeline;
        this.resource = resource;
        this.silver = silver;
        this.aside = aside;
        this.bronze = new TableName("bronze", pipeline + "__" + resource.name());
    }

    /**
     * Unlogged tables that stand in for those of silver, and become what these are after the same landings.
     *
     * @param name begins their names, in the schema of the staging
     */
    Target aside(String name) {
        Resource again = resource.again().with(Serving.NOTHING);
        return new Target(pipeline, again, new TableName(Staging.SCHEMA, name + "silver"), name);
    }

    boolean isAside() {
        return aside != null;
    }

    public TableName silver() {
        return silver;
    }

    public TableName bronze() {
        return bronze;
    }

    Resource resource() {
        return resource;
    }

    /** The table of a child's items. */
    Target child(Child child) {
        if (aside == null) {
            return new Target(pipeline, child.stored());
        }
        TableName table = new TableName(Staging.SCHEMA, aside + "silver_" + (1 + resource.children().indexOf(child)));
        return new Target(pipeline, child.stored(), table, aside);
    }

    /** The lock that every writer of the silver table takes until the end of its transaction. */
    String lock() {
        return "SELECT pg_advisory_xact_lock(hashtextextended(" + literal(silver.sql()) + ", 0))";
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
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

    /** The statement that gives a table made of a query its key, its defaults and its comment, and has its changes noted. */
    String complete() {
        return "ALTER TABLE " + silver.sql()
                + (byKey() ? " ADD PRIMARY KEY (" + keyColumns() + ")," : "")
                + " ALTER COLUMN _run_id SET NOT NULL, ALTER COLUMN _position SET NOT NULL, ALTER COLUMN _row_hash SET NOT NULL,"
                + " ALTER COLUMN _created_at SET NOT NULL, ALTER COLUMN _created_at SET DEFAULT now(),"
                + " ALTER COLUMN _updated_at SET NOT NULL, ALTER COLUMN _updated_at SET DEFAULT now()"
                + (byHash() ? "; " + hashIndex() : "")
                + "; COMMENT ON TABLE " + silver.sql() + " IS 'Loaded by pipeline " + pipeline + ", resource " + resource.name() + "'"
                + (isAside() ? "" : "; CALL qanat.note_changes(" + literal(silver.sql()) + ")")
                + forReaders().all(uniqueBy()).stream().map("; "::concat).collect(Collectors.joining());
    }

    private ReaderIndexes forReaders() {
        return new ReaderIndexes(silver, resource.serving());
    }

    /** The columns of the primary key; none where several rows may have one key. */
    private List<String> uniqueBy() {
        return byKey() ? resource.primaryKey() : List.of();
    }

    String completeBronze() {
        return "ALTER TABLE " + bronze.sql() + " ALTER COLUMN _run_id SET NOT NULL, ALTER COLUMN _source SET NOT NULL,"
                + " ALTER COLUMN _position SET NOT NULL, ALTER COLUMN _loaded_at SET NOT NULL,"
                + " ALTER COLUMN _loaded_at SET DEFAULT now(), ALTER COLUMN record SET NOT NULL";
    }

    /**
     * What leads from items of arrays to their row, for SQL.
     *
     * @param of what the row is called in the statement, with a dot; or nothing
     */
    String parentId(String of) {
        List<String> key = resource.primaryKey();
        return switch (key.size()) {
            case 0 -> "encode(" + of + "_row_hash, 'hex')";
            case 1 -> of + quoted(key.get(0)) + "::text";
            default -> key.stream()
                    .map(column -> of + quoted(column) + "::text")
                    .collect(Collectors.joining(", ", "jsonb_build_array(", ")::text"));
        };
    }

    String keyColumns() {
        return resource.primaryKey().stream().map(TableName::quoted).collect(Collectors.joining(", "));
    }

    /** The columns of the key. */
    List<TargetColumn> key() {
        return resource.primaryKey().stream()
                .map(name -> new TargetColumn(name, resource.column(name).orElseThrow().type()))
                .toList();
    }

    private String hashIndex() {
        return "CREATE INDEX ON " + silver.sql() + " (_row_hash)";
    }

    /** What of the tables is there when a landing begins; what is not, the landing makes. */
    public record Present(boolean bronze, boolean silver) {}

    /**
     * What of the tables is there, and what the silver table needs before rows can land in it.
     *
     * @param key the step that builds the key or the index of the hash
     * @param views that are dropped and made anew among the steps
     */
    record Needs(Present present, List<Step> steps, @Nullable Step key, List<String> views) {}

    /**
     * Widens the silver table in a short transaction of its own, and builds the index by which rows are found where it lacks it.
     *
     * @param named a statement that gives the transaction the run's name
     * @param staged the columns that the run has staged
     * @throws InputFailure when the table cannot become what the pipeline says without losing something
     */
    Present prepare(DataSource dataSource, String named, List<TargetColumn> staged) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try {
                statement.execute(named);
                statement.execute(lock());
                for (Step step : bronzeSteps(connection)) {
                    execute(statement, step, false);
                }
                Needs needs = needs(connection, columns(staged));
                for (Step step : needs.steps()) {
                    execute(statement, step, step.equals(needs.key()));
                }
                connection.commit();
                return needs.present();
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    private void execute(Statement statement, Step step, boolean key) throws SQLException {
        try {
            statement.execute(step.sql());
        } catch (SQLException e) {
            if (key && e.getSQLState() != null && e.getSQLState().startsWith("23")) {
                throw noKey(e);
            }
            throw e;
        }
    }

    /** The contract of the resource, with the types that columns have in its tables. */
    public Contract contract(DataSource dataSource) throws SQLException {
        Map<String, Map<String, ColumnType>> ofItems = new LinkedHashMap<>();
        for (Child child : resource.children()) {
            ofItems.put(child.field(), child(child).stored(dataSource));
        }
        return Contract.of(resource, stored(dataSource), child -> ofItems.getOrDefault(child.field(), Map.of()));
    }

    /** The types of the silver table's columns, of those that a pipeline can declare; none when the table is not there. */
    public Map<String, ColumnType> stored(DataSource dataSource) throws SQLException {
        Map<String, ColumnType> types = new LinkedHashMap<>();
        try (Connection connection = dataSource.getConnection()) {
            columnsOf(connection, silver).forEach((name, type) -> Widening.typeOf(type).ifPresent(known -> types.put(name, known)));
        }
        return types;
    }

    /**
     * Finds out, and changes nothing.
     *
     * @throws InputFailure when the table cannot become what the pipeline says without losing something
     */
    Needs needs(Connection connection, Map<String, ColumnType> columns) throws SQLException {
        Map<String, String> stored = columnsOf(connection, silver);
        Present present = new Present(!columnsOf(connection, bronze).isEmpty(), !stored.isEmpty());
        if (stored.isEmpty()) {
            if (!isAside() && resource.schemaContract().tables() == Mode.FREEZE) {
                throw new InputFailure(
                        Code.SCHEMA_FROZEN,
                        "table " + silver + " does not exist, and schema_contract says tables: freeze; create it or let it evolve");
            }
            return new Needs(present, List.of(), null, List.of());
        }
        List<Step> steps = new ArrayList<>();
        List<String> views = widen(connection, columns, stored, steps);
        Step key = null;
        if (!hasKey(connection, columns.keySet()) && (byKey() || byHash())) {
            key = new Step(byKey() ? "ALTER TABLE " + silver.sql() + " ADD PRIMARY KEY (" + keyColumns() + ")" : hashIndex(), true);
            steps.add(key);
        }
        if (!isAside()) {
            steps.addAll(forReaders().missing(connection, stored, uniqueBy()));
        }
        return new Needs(present, steps, key, views);
    }

    /** What a bronze table needs that an earlier version has made. */
    List<Step> bronzeSteps(Connection connection) throws SQLException {
        Map<String, String> stored = columnsOf(connection, bronze);
        return !resource.keepBronze() || stored.isEmpty() || stored.keySet().containsAll(BRONZE_ORIGIN)
                ? List.of()
                : List.of(new Step(
                        "ALTER TABLE " + bronze.sql() + " ADD COLUMN IF NOT EXISTS _ordinal bigint,"
                                + " ADD COLUMN IF NOT EXISTS _from_text boolean, ADD COLUMN IF NOT EXISTS _left_out boolean",
                        false));
    }

    /**
     * Adds the steps that widen the table.
     *
     * @return the views that are made anew
     */
    private List<String> widen(
            Connection connection, Map<String, ColumnType> columns, Map<String, String> stored, List<Step> steps)
            throws SQLException {
        if (!stored.keySet().containsAll(List.of("_run_id", "_position", "_row_hash", "_created_at", "_updated_at"))) {
            throw new InputFailure(
                    Code.INCOMPATIBLE_SCHEMA,
                    "table " + silver + " was not made by Qanat: it lacks _run_id and the like; choose another `table:`");
        }
        List<String> added = new ArrayList<>();
        List<String> retyped = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        boolean rewritten = false;
        for (Map.Entry<String, ColumnType> column : columns.entrySet()) {
            String name = column.getKey();
            ColumnType type = column.getValue();
            String now = stored.get(name);
            ColumnType from = now == null ? null : Widening.typeOf(now).orElse(null);
            if (now == null) {
                added.add("ADD COLUMN " + quoted(name) + " " + type.sql());
            } else if (type.equals(from)) {
                continue;
            } else if (resource.column(name).isEmpty()) {
                problems.add("column " + name + " is " + now + ", and what is not declared would be " + type);
            } else if (from != null && Widening.widens(from, type)) {
                retyped.add("ALTER COLUMN " + quoted(name) + " TYPE " + type.sql());
                rewritten |= Widening.rewrites(from, type);
            } else {
                problems.add("column " + name + " is " + now + " and cannot become " + type + " without loss");
            }
        }
        if (!problems.isEmpty()) {
            throw new InputFailure(
                    Code.INCOMPATIBLE_SCHEMA,
                    "table " + silver + ": " + String.join("; ", problems)
                            + "; declare what the table has or wider, or give the resource another `table:`");
        }
        if (added.isEmpty() && retyped.isEmpty()) {
            return List.of();
        }
        added.addAll(retyped);
        Step change = new Step("ALTER TABLE " + silver.sql() + " " + String.join(", ", added), rewritten);
        if (retyped.isEmpty()) {
            steps.add(change);
            return List.of();
        }
        DependentViews views = DependentViews.of(connection, silver);
        views.drops().forEach(sql -> steps.add(new Step(sql, false)));
        steps.add(change);
        views.creates().forEach(sql -> steps.add(new Step(sql, false)));
        return views.names();
    }

    InputFailure noKey(@Nullable SQLException cause) {
        return new InputFailure(
                Code.INCOMPATIBLE_SCHEMA,
                "table " + silver + " holds rows that are not unique or null in " + String.join(", ", resource.primaryKey())
                        + ", which the pipeline now declares as its primary_key",
                cause);
    }

    /** The columns of a table with their types; none when it is not there. */
    static Map<String, String> columnsOf(Connection connection, TableName table) throws SQLException {
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
