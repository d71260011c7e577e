package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;
import static java.util.stream.Collectors.joining;

import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.Resource;
import dev.qanat.validate.TargetColumn;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Writes one row of a silver table, in a transaction of the caller's, beside the loads of the table: whoever writes holds its lock. What is
 * written comes from a staging table that holds one row, so that it is what a load would have made of it. For one transaction, one thread.
 */
public final class RowWrite {

    private static final String PATIENTLY = "SET LOCAL lock_timeout = '5s'";
    private static final Set<String> OWN = Set.of("_run_id", "_position", "_row_hash", "_created_at", "_updated_at");

    private final Connection connection;
    private final Target target;
    private final Resource resource;
    private final String table;
    private final String id;
    private final long run;
    private final String isAsked;

    /**
     * A row as it is stored.
     *
     * @param id its id, as text
     * @param json all of its columns, as it is served
     * @param version another one whenever the row was written
     */
    public record Stored(String id, String json, String version) {}

    /**
     * Widens the table where the pipeline grew, in a transaction of its own, as a load does before it lands.
     *
     * @param run that is to write
     * @throws dev.qanat.failure.InputFailure when the table cannot become what the pipeline says
     */
    public static void prepare(DataSource dataSource, Target target, long run) throws SQLException {
        target.prepare(dataSource, Staging.named(run) + "; " + PATIENTLY, List.of());
    }

    /**
     * Begins: waits for the table's lock, but not for long.
     *
     * @param connection in a transaction, which the caller ends
     * @param id the column by which rows are named
     * @param run that writes
     * @throws SQLException 55P03 when a load holds the lock
     */
    public RowWrite(Connection connection, Target target, String id, long run) throws SQLException {
        this.connection = connection;
        this.target = target;
        this.resource = target.resource();
        this.table = target.silver().sql();
        this.id = quoted(id);
        this.run = run;
        // Without its size: a number that is cut would be another row's.
        String type = resource.column(id).map(column -> column.type().sql().replaceFirst("\\(.*", "")).orElse("bigint");
        this.isAsked = "t." + this.id + " = CAST(? AS " + type + ")";
        try (Statement statement = connection.createStatement()) {
            statement.execute(Staging.named(run) + "; SET LOCAL TimeZone = 'UTC'; " + PATIENTLY);
            statement.execute("SELECT pg_advisory_xact_lock(" + Staging.key(run) + ")");
            statement.execute(target.lock());
            for (Child child : resource.children()) {
                statement.execute(target.child(child).lock());
            }
        }
    }

    /**
     * A row by its id.
     *
     * @return empty where there is none
     * @throws SQLException 22xxx where the text can be no id
     */
    public Optional<Stored> find(String rowId) throws SQLException {
        return isThere()
                ? one("SELECT " + shown() + " FROM " + table + " AS t WHERE " + isAsked + " FOR UPDATE", rowId)
                : Optional.empty();
    }

    /** Whether another row than this one has the key, or is equal where equal rows are stored once. */
    public boolean isTaken(Staging staging, @Nullable String rowId) throws SQLException {
        if (!target.byKey() && !target.byHash() || !isThere()) {
            return false;
        }
        String same = target.byKey()
                ? resource.primaryKey().stream().map(name -> "t." + quoted(name) + " = s." + quoted(name)).collect(joining(" AND "))
                : "t._row_hash = s._row_hash";
        return one(
                        "SELECT " + shown() + " FROM " + table + " AS t JOIN " + staging.rowsTable().sql() + " AS s ON " + same
                                + " WHERE (" + isAsked + ") IS NOT TRUE LIMIT 1",
                        rowId)
                .isPresent();
    }

    /** Adds the staged row; where there is no table it makes one, as a first load does. */
    public Stored insert(Staging staging) throws SQLException {
        if (!isThere()) {
            return create(staging);
        }
        String names = Stream.concat(
                        staging.columns().stream().map(column -> quoted(column.name())), Stream.of("_position", "_row_hash"))
                .collect(joining(", "));
        return one("INSERT INTO " + table + " AS t (_run_id, " + names + ") SELECT " + run + ", " + names + " FROM "
                        + staging.rowsTable().sql() + " RETURNING " + shown())
                .orElseThrow();
    }

    private boolean isThere() throws SQLException {
        return !Target.columnsOf(connection, target.silver()).isEmpty();
    }

    private Stored create(Staging staging) throws SQLException {
        TableLanding landing = new TableLanding(target, staging.rowsTable(), 1, staging.columns(), run, false, "");
        try (Statement statement = connection.createStatement()) {
            statement.execute(landing.getCreate());
            statement.execute(landing.getComplete());
        }
        return one("SELECT " + shown() + " FROM " + table + " AS t").orElseThrow();
    }

    /**
     * Gives a row the staged values, and no value where none is staged.
     *
     * @return the row as it is then; empty when it has these values already, and nothing was written
     */
    public Optional<Stored> update(Staging staging, String rowId) throws SQLException {
        List<String> sets = new ArrayList<>();
        List<String> differs = new ArrayList<>();
        for (TargetColumn column : stored()) {
            boolean staged = staging.columns().stream().anyMatch(each -> each.name().equals(column.name()));
            String value = staged ? "s." + quoted(column.name()) : "NULL::" + column.type().sql();
            sets.add(quoted(column.name()) + " = " + value);
            String comparable = column.type().kind() == ColumnType.Kind.JSON ? "::text" : "";
            differs.add("t." + quoted(column.name()) + comparable + " IS DISTINCT FROM " + "(" + value + ")" + comparable);
        }
        Optional<String> parent = resource.children().isEmpty() ? Optional.empty() : parentId(rowId);
        Optional<Stored> updated = one(
                "UPDATE " + table + " AS t SET " + String.join(", ", sets) + ", _run_id = " + run
                        + ", _position = s._position, _row_hash = s._row_hash, _updated_at = now() FROM " + staging.rowsTable().sql()
                        + " AS s WHERE " + isAsked + " AND (" + String.join(" OR ", differs) + ") RETURNING " + shown(),
                rowId);
        if (parent.isPresent() && updated.isPresent()) {
            String now = parentId(updated.get().id()).orElseThrow();
            for (Child child : resource.children()) {
                ofItems(child, "UPDATE %s SET " + quoted(Child.PARENT_ID) + " = ? WHERE " + quoted(Child.PARENT_ID) + " = ?", now, parent.get());
            }
        }
        return updated;
    }

    /** Removes a row with the items of its arrays. */
    public void delete(String rowId) throws SQLException {
        if (!resource.children().isEmpty()) {
            String parent = parentId(rowId).orElseThrow();
            for (Child child : resource.children()) {
                ofItems(child, "DELETE FROM %s WHERE " + quoted(Child.PARENT_ID) + " = ?", parent);
            }
        }
        try (PreparedStatement delete = connection.prepareStatement("DELETE FROM " + table + " AS t WHERE " + isAsked)) {
            delete.setString(1, rowId);
            delete.executeUpdate();
        }
    }

    private void ofItems(Child child, String sql, String... values) throws SQLException {
        TableName items = target.child(child).silver();
        if (Target.columnsOf(connection, items).isEmpty()) {
            return;
        }
        try (PreparedStatement statement = connection.prepareStatement(sql.formatted(items.sql()))) {
            for (int i = 0; i < values.length; i++) {
                statement.setString(i + 1, values[i]);
            }
            statement.executeUpdate();
        }
    }

    private Optional<String> parentId(String rowId) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT " + target.parentId("t.") + " FROM " + table + " AS t WHERE " + isAsked)) {
            select.setString(1, rowId);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(row.getString(1)) : Optional.empty();
            }
        }
    }

    /** The columns of the table that hold data. */
    private List<TargetColumn> stored() throws SQLException {
        List<TargetColumn> columns = new ArrayList<>();
        Optional<String> number = resource.serving().surrogateKey();
        Target.columnsOf(connection, target.silver()).forEach((name, type) -> {
            if (!OWN.contains(name) && number.filter(name::equals).isEmpty()) {
                Widening.typeOf(type).ifPresent(known -> columns.add(new TargetColumn(name, known)));
            }
        });
        return columns;
    }

    private String shown() {
        return "t." + id + "::text, row_to_json(t.*)::text, t.xmin::text || '.' || t._run_id::text";
    }

    private Optional<Stored> one(String sql, @Nullable String... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setString(i + 1, values[i]);
            }
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(new Stored(row.getString(1), row.getString(2), row.getString(3))) : Optional.empty();
            }
        }
    }
}
