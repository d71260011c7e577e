package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;

import dev.qanat.failure.Code;
import dev.qanat.failure.TransientFailure;
import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.ColumnType.Kind;
import dev.qanat.pipeline.Resource.Dedup;
import dev.qanat.pipeline.Resource.WriteDisposition;
import dev.qanat.validate.TargetColumn;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The statements that bring staged rows into one table of silver, and the counts they give. For one attempt, one thread.
 *
 * <p>A new table is made of the run's rows. Into one that is there, the last record of a key is chosen where the run holds a key
 * twice, rows that went are removed (replace), the others are compared with what is stored, and those that differ are updated or
 * inserted. Each step's count is exact; see {@code docs/decisions/}.
 */
public sealed class TableLanding permits ItemsLanding, RebuiltLanding {

    private final Target target;
    private final String rows;
    private final long staged;
    private final List<TargetColumn> columns;
    private final long run;
    private final boolean present;
    private final String suffix;
    private final String chosenRows;
    private final String changedRows;
    private final WriteDisposition disposition;
    private final Dedup dedup;

    private boolean chooses;
    private long chosen = -1;
    private long changed;
    private long updated;
    private long inserted;

    /**
     * @param rows the staging table
     * @param staged how many rows it holds
     * @param columns of the rows
     * @param present whether the silver table is there
     * @param suffix tells the temporary tables of one landing apart
     */
    TableLanding(
            Target target, TableName rows, long staged, List<TargetColumn> columns, long run, boolean present, String suffix) {
        this.target = target;
        this.rows = rows.sql();
        this.staged = staged;
        this.columns = columns;
        this.run = run;
        this.present = present;
        this.suffix = suffix;
        this.chosenRows = "qanat_chosen" + suffix;
        this.changedRows = "qanat_changed" + suffix;
        this.disposition = target.resource().writeDisposition();
        this.dedup = target.resource().dedup();
    }

    Target target() {
        return target;
    }

    String rows() {
        return rows;
    }

    List<TargetColumn> columns() {
        return columns;
    }

    /** How many rows are to land, of which some may repeat others. */
    long staged() {
        return staged;
    }

    /** What the rows are called beside those of the other tables of the landing. */
    String alias() {
        return "rows" + suffix;
    }

    /**
     * The run that the rows come from, for SQL.
     *
     * @param of what the rows are called in the statement, with a dot; or nothing
     */
    String origin(String of) {
        return run + "::bigint";
    }

    /** The resource as the run's counts name it. */
    public String getResourceName() {
        return target.resource().name();
    }

    public String getTableName() {
        return target.silver().toString();
    }

    /** Whether the landing makes the silver table, of its first rows. */
    public boolean isCreates() {
        return !present;
    }

    /**
     * Makes the table of the rows. Where its primary key will tell, no key is taken to occur twice; otherwise the rows are sorted,
     * by several processes, which PostgreSQL does not do for an INSERT.
     */
    public String getCreate() {
        String list = Stream.concat(
                        target.columns(columns).entrySet().stream().map(column -> value(column.getKey(), column.getValue())),
                        Stream.of(origin("") + " AS _run_id", "_position", "_row_hash", "now() AS _created_at", "now() AS _updated_at"))
                .collect(Collectors.joining(", "));
        return (target.isAside() ? "CREATE UNLOGGED TABLE " : "CREATE TABLE ") + target.silver().sql() + " AS " + createdFrom(list);
    }

    String createdFrom(String list) {
        if (distinctBy() == null) {
            return rowsInOrder(list);
        }
        return target.byKey() && !chooses ? "SELECT " + list + " FROM " + rows : distinctRows(list);
    }

    /**
     * Whether the new table's key could not be built because it occurs twice.
     *
     * @param sqlState of the error
     */
    public boolean isRefuted(String sqlState) {
        return Staging.UNIQUE_VIOLATION.equals(sqlState) && !chooses;
    }

    /** From now on the last record of a key is chosen. */
    public void keyRepeats() {
        chooses = true;
    }

    /** Gives the new table its key and what a table made of a query lacks. */
    public String getComplete() {
        return target.complete();
    }

    /** Staged rows that stand in the table now: where rows are appended, those that did not before. */
    String landedRows(String list) {
        if (isCreates()) {
            return createdFrom(list);
        }
        return "SELECT " + list + " FROM " + (disposition == WriteDisposition.APPEND && isCompares() ? changedRows : source());
    }

    /** Whether the last record of a key is chosen in a step of its own; not where the run holds every key once. */
    public boolean isChooses() {
        return chooses && present;
    }

    public String getChoose() {
        return "CREATE TEMPORARY TABLE " + chosenRows + " ON COMMIT DROP AS " + distinctRows("*");
    }

    public void countChosen(int rows) {
        chosen = rows;
    }

    /** Whether rows that are not in the run are removed. */
    public boolean isRemoves() {
        return present && disposition == WriteDisposition.REPLACE;
    }

    public String getRemove() {
        String table = target.silver().sql();
        return isCompares()
                ? "DELETE FROM " + table + " AS t WHERE NOT EXISTS (SELECT FROM " + source() + " AS s WHERE " + sameRow() + ")"
                : "DELETE FROM " + table;
    }

    /** Whether rows are looked up in the table before they are written. */
    public boolean isCompares() {
        return present && (target.byKey() || target.byHash());
    }

    /**
     * How the comparison finds the stored rows. In a table that is much larger than the run and fits into memory they are looked up
     * by key, in the order of the staged rows' index: nothing is sorted, and the table is not read as a whole. Otherwise PostgreSQL
     * decides. The process that writes the result down has enough to do with that.
     */
    public String getFindRows() {
        String size = "pg_relation_size('" + target.silver().sql().replace("'", "''") + "')";
        String large = size + " > 2 * pg_relation_size('" + source().replace("'", "''") + "') AND " + size
                + " <= pg_size_bytes(current_setting('effective_cache_size'))";
        String state = "CASE WHEN " + large + " THEN 'off' ELSE 'on' END";
        return joins(state) + ", set_config('parallel_leader_participation', " + state + ", true)";
    }

    /**
     * The table of the rows that are not stored as they are, in the order of the index that they go into; it goes with the
     * transaction.
     */
    public String getCompare() {
        String differs = target.byKey() && !valueColumns().isEmpty()
                ? " OR (" + comparable("t.") + ") IS DISTINCT FROM (" + comparable("s.") + ")"
                : "";
        return createChanged() + "SELECT s.*, t.ctid AS _target FROM "
                + source() + " AS s LEFT JOIN " + target.silver().sql() + " AS t ON " + sameRow()
                + " WHERE t._row_hash IS NULL" + differs + " ORDER BY " + (target.byKey() ? key("s.") : "s._row_hash");
    }

    String createChanged() {
        return "CREATE TEMPORARY TABLE " + changedRows + " ON COMMIT DROP AS ";
    }

    public void countChanged(int rows) {
        changed = rows;
    }

    /** Whether rows that are stored may have other values. */
    public boolean isUpdates() {
        return isCompares() && target.byKey() && !valueColumns().isEmpty();
    }

    /** Lets PostgreSQL go to each row where the comparison saw it, instead of reading a table once more. */
    public String getGoToRows() {
        return joins("'off'");
    }

    /** Lets PostgreSQL plan as it likes again, after the landing of another table has told it how. */
    public String getPlanFreely() {
        return joins("'on'");
    }

    static String joins(String state) {
        return "SELECT set_config('enable_hashjoin', " + state + ", true), set_config('enable_mergejoin', " + state + ", true)";
    }

    /**
     * Rows are found where the comparison saw them. One that somebody else has moved meanwhile is not, and is missed in the counts;
     * the key is asked for in a way for which no index serves, since the place is faster.
     */
    public String getUpdate() {
        List<String> names = valueColumns().stream().map(column -> quoted(column.name())).toList();
        return "UPDATE " + target.silver().sql() + " AS t SET "
                + names.stream().map(name -> name + " = s." + name + ", ").collect(Collectors.joining())
                + "_run_id = " + origin("s.") + ", _position = s._position, _row_hash = s._row_hash, _updated_at = now()"
                + " FROM " + changedRows + " AS s WHERE s._target IS NOT NULL AND t.ctid = s._target AND (" + key("t.")
                + ") IS NOT DISTINCT FROM (" + key("s.") + ")";
    }

    public void countUpdated(int rows) {
        updated = rows;
    }

    public String getInsert() {
        String names = Stream.concat(
                        columns.stream().map(column -> quoted(column.name())), Stream.of("_position", "_row_hash"))
                .collect(Collectors.joining(", "));
        return "INSERT INTO " + target.silver().sql() + " (_run_id, " + names + ") SELECT " + origin("") + ", " + names + " FROM "
                + (isCompares() ? changedRows + " WHERE _target IS NULL" : source() + " ORDER BY _n");
    }

    public void countInserted(int rows) {
        inserted = rows;
    }

    /**
     * Every row that was found to be changed must have been written.
     *
     * @throws TransientFailure when somebody who does not take the lock has changed the table meanwhile
     */
    public void checkWritten() {
        if (isCompares() && updated + inserted != changed) {
            throw new TransientFailure(
                    Code.DATABASE_CONFLICT,
                    "somebody changed " + target.silver() + " while rows were landed in it: " + changed + " rows differed, "
                            + updated + " were updated and " + inserted + " inserted");
        }
    }

    public long getInserted() {
        return inserted;
    }

    public long getUpdated() {
        return updated;
    }

    public long getUnchanged() {
        return tellsUnchanged() ? distinct() - updated - inserted : 0;
    }

    public long getDuplicate() {
        return staged - (tellsUnchanged() ? distinct() : inserted);
    }

    /** Rows that are appended and stored already count as duplicates. */
    boolean tellsUnchanged() {
        return isCompares() && disposition != WriteDisposition.APPEND;
    }

    long distinct() {
        return isChooses() ? chosen : staged;
    }

    /** By what rows are told apart within the run; null when every row counts. */
    @Nullable String distinctBy() {
        return switch (dedup) {
            case NONE -> null;
            case ROW_HASH -> "_row_hash";
            case PRIMARY_KEY -> key("");
        };
    }

    /** One row of a kind: the last one. */
    String distinctRows(String list) {
        String by = distinctBy();
        return "SELECT DISTINCT ON (" + by + ") " + list + " FROM " + rows + " ORDER BY " + by
                + ", _n DESC";
    }

    private String rowsInOrder(String list) {
        return "SELECT " + list + " FROM " + rows + " ORDER BY _n";
    }

    /** Where the rows to be landed are, one of a kind. */
    String source() {
        return isChooses() ? chosenRows : rows;
    }

    /** A column of a new table; not every declared one is in the file. */
    private String value(String name, ColumnType type) {
        boolean staged = columns.stream().anyMatch(column -> column.name().equals(name));
        return staged ? quoted(name) : "NULL::" + type.sql() + " AS " + quoted(name);
    }

    private String key(String alias) {
        return target.resource().primaryKey().stream()
                .map(column -> alias + quoted(column))
                .collect(Collectors.joining(", "));
    }

    String sameRow() {
        return target.byKey()
                ? target.resource().primaryKey().stream()
                        .map(TableName::quoted)
                        .map(name -> "t." + name + " = s." + name)
                        .collect(Collectors.joining(" AND "))
                : "t._row_hash = s._row_hash";
    }

    List<TargetColumn> valueColumns() {
        return columns.stream()
                .filter(column -> !target.resource().primaryKey().contains(column.name()))
                .toList();
    }

    /** The value columns as things that can be compared: json has no equality, its text has. */
    String comparable(String alias) {
        return valueColumns().stream()
                .map(column -> alias + quoted(column.name()) + (column.type().kind() == Kind.JSON ? "::text" : ""))
                .collect(Collectors.joining(", "));
    }
}
