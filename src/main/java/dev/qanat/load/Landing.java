package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;

import dev.qanat.failure.Code;
import dev.qanat.failure.TransientFailure;
import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.ColumnType.Kind;
import dev.qanat.pipeline.Resource;
import dev.qanat.pipeline.Resource.Dedup;
import dev.qanat.pipeline.Resource.WriteDisposition;
import dev.qanat.validate.TargetColumn;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The statements that make what a run staged visible, and the counts they give. The route of the landing runs them in its order,
 * in one transaction, and hands back how many rows each touched. A landing is for one attempt, one thread.
 *
 * <p>A new table is made of the run's rows. Into one that is there, the last record of a key is chosen where the run holds a key
 * twice, rows that went are removed (replace), the others are compared with what is stored, and those that differ are updated or
 * inserted. Each step's count is exact; see {@code docs/decisions/}.
 */
public final class Landing {

    private static final String SORT_MEMORY = "64MB";
    private static final String SOURCE = Staging.sourceOf(":?${exchangeProperty.load.sourceName}");

    private final Staging staging;
    private final Target target;
    private final long run;
    private final Target.Present present;
    private final Duration timeout;
    private final boolean parallel;
    private final List<TargetColumn> columns;
    private final WriteDisposition disposition;
    private final Dedup dedup;

    private boolean chooses;
    private long chosen = -1;
    private long changed;
    private long updated;
    private long inserted;

    private Landing(Staging staging, Target target, long run, Target.Present present, Duration timeout, boolean parallel) {
        this.staging = staging;
        this.target = target;
        this.run = run;
        this.present = present;
        this.timeout = timeout;
        this.parallel = parallel;
        this.columns = staging.columns();
        this.disposition = target.resource().writeDisposition();
        this.dedup = target.resource().dedup();
    }

    /**
     * Begins a landing: widens the target's tables and finds out whether the run holds a key twice, each in a transaction of its
     * own.
     *
     * @param timeout how long a statement of the landing may take
     * @param parallel whether a statement may run in several processes; not after an attempt that failed: these need shared memory,
     *     of which a container may have little
     */
    public static Landing begin(
            DataSource dataSource, Staging staging, Target target, long run, Duration timeout, boolean parallel)
            throws SQLException {
        Landing landing = new Landing(staging, target, run, target.prepare(dataSource, staging), timeout, parallel);
        String by = landing.distinctBy();
        landing.chooses = by != null && landing.present.silver() && !staging.isDistinct(by, landing.settings());
        return landing;
    }

    /**
     * The settings of the transaction: a statement that takes longer, waiting for the lock included, undoes the landing; and
     * memory for its sorts, of which it has at most two at a time.
     */
    public String getSettings() {
        return settings();
    }

    private String settings() {
        String settings = "SELECT set_config('statement_timeout', '" + timeout.toMillis() + "', true),"
                + " set_config('application_name', '" + Staging.nameOf(run) + "', true), set_config('jit', 'off', true),"
                + " set_config('work_mem', '" + SORT_MEMORY + "', true),"
                + " set_config('maintenance_work_mem', '" + SORT_MEMORY + "', true)";
        return parallel
                ? settings
                : settings + ", set_config('max_parallel_workers_per_gather', '0', true),"
                        + " set_config('max_parallel_maintenance_workers', '0', true)";
    }

    /** Takes the lock of the target table. */
    public String getLock() {
        return target.lock();
    }

    /** Counts what is staged. A crash of PostgreSQL empties unlogged tables, and a landing must not take that for no rows. */
    public String getCountStaged() {
        return "SELECT (SELECT count(*) FROM " + staging.rowsTable().sql() + ") AS rows, (SELECT count(*) FROM "
                + staging.rejectionsTable().sql() + ") AS rejections"
                + (isKeepsBronze() ? ", (SELECT count(*) FROM " + staging.bronzeTable().sql() + ") AS records" : "");
    }

    /** @throws TransientFailure when something is missing: the run is done again from its file */
    public void checkStaged(java.util.Map<String, Number> counts) {
        expect(counts.get("rows"), staging.rows(), "rows");
        expect(counts.get("rejections"), staging.rejected(), "rejections");
        if (isKeepsBronze()) {
            expect(counts.get("records"), staging.accepted(), "records");
        }
    }

    private static void expect(Number found, long expected, String what) {
        if (found.longValue() != expected) {
            throw new TransientFailure(
                    Code.STAGING_LOST,
                    "the staging tables hold " + found + " " + what + " where " + expected
                            + " were copied; the database lost them in a crash, or could not tell that it had kept them");
        }
    }

    public boolean isKeepsBronze() {
        return target.resource().keepBronze();
    }

    /** Keeps the accepted records as they came, in a table that it makes when it is missing; its parameter is the source's name. */
    public String getBronze() {
        String records = " SELECT " + run + "::bigint AS _run_id, " + SOURCE + " AS _source, _position,"
                + " now() AS _loaded_at, record FROM " + staging.bronzeTable().sql();
        return present.bronze()
                ? "INSERT INTO " + target.bronze().sql() + " (_run_id, _source, _position, _loaded_at, record)" + records
                : "CREATE TABLE " + target.bronze().sql() + " AS" + records;
    }

    /** Whether the landing makes the bronze table. */
    public boolean isCreatesBronze() {
        return !present.bronze();
    }

    /** Gives the new bronze table what a table made of a query lacks. */
    public String getCompleteBronze() {
        return target.completeBronze();
    }

    /** Whether the landing makes the silver table, of its first rows. */
    public boolean isCreates() {
        return !present.silver();
    }

    /**
     * Makes the table of the rows. Where its primary key will tell, no key is taken to occur twice; otherwise the rows are sorted,
     * by several processes, which PostgreSQL does not do for an INSERT.
     */
    public String getCreate() {
        String list = Stream.concat(
                        target.columns(columns).entrySet().stream().map(column -> value(column.getKey(), column.getValue())),
                        Stream.of(run + "::bigint AS _run_id", "_position", "_row_hash", "now() AS _created_at", "now() AS _updated_at"))
                .collect(Collectors.joining(", "));
        return "CREATE TABLE " + target.silver().sql() + " AS " + createdFrom(list);
    }

    private String createdFrom(String list) {
        if (distinctBy() == null) {
            return rowsInOrder(list);
        }
        return target.byKey() && !chooses ? "SELECT " + list + " FROM " + staging.rowsTable().sql() : distinctRows(list);
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

    /** Whether the last record of a key is chosen in a step of its own; not where the run holds every key once. */
    public boolean isChooses() {
        return chooses && present.silver();
    }

    public String getChoose() {
        return "CREATE TEMPORARY TABLE qanat_chosen ON COMMIT DROP AS " + distinctRows("*");
    }

    public void countChosen(int rows) {
        chosen = rows;
    }

    /** Whether rows that are not in the run are removed. */
    public boolean isRemoves() {
        return present.silver() && disposition == WriteDisposition.REPLACE;
    }

    public String getRemove() {
        String table = target.silver().sql();
        return isCompares()
                ? "DELETE FROM " + table + " AS t WHERE NOT EXISTS (SELECT FROM " + source() + " AS s WHERE " + sameRow() + ")"
                : "DELETE FROM " + table;
    }

    /** Whether rows are looked up in the table before they are written. */
    public boolean isCompares() {
        return present.silver() && (target.byKey() || target.byHash());
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
        return "CREATE TEMPORARY TABLE qanat_changed ON COMMIT DROP AS SELECT s.*, t.ctid AS _target FROM "
                + source() + " AS s LEFT JOIN " + target.silver().sql() + " AS t ON " + sameRow()
                + " WHERE t._row_hash IS NULL" + differs + " ORDER BY " + (target.byKey() ? key("s.") : "s._row_hash");
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

    private static String joins(String state) {
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
                + "_run_id = " + run + ", _position = s._position, _row_hash = s._row_hash, _updated_at = now()"
                + " FROM qanat_changed AS s WHERE s._target IS NOT NULL AND t.ctid = s._target AND (" + key("t.")
                + ") IS NOT DISTINCT FROM (" + key("s.") + ")";
    }

    public void countUpdated(int rows) {
        updated = rows;
    }

    public String getInsert() {
        String names = Stream.concat(
                        columns.stream().map(column -> quoted(column.name())), Stream.of("_position", "_row_hash"))
                .collect(Collectors.joining(", "));
        return "INSERT INTO " + target.silver().sql() + " (_run_id, " + names + ") SELECT " + run + ", " + names + " FROM "
                + (isCompares() ? "qanat_changed WHERE _target IS NULL" : source() + " ORDER BY _n");
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

    /** Keeps the rejected records; its parameters are the resource's and the source's names. */
    public String getRejections() {
        return "INSERT INTO qanat.rejection (run_id, resource, source, position, column_name, code, reason, record, from_text) SELECT " + run
                + ", :?${exchangeProperty.load.resourceName}, " + SOURCE + ","
                + " position, column_name, code, reason, record, " + staging.fromText() + " FROM " + staging.rejectionsTable().sql() + " ORDER BY "
                + Staging.ORDER_OF_REJECTIONS;
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
        return staging.rows() - (tellsUnchanged() ? distinct() : inserted);
    }

    /** Rows that are appended and stored already count as duplicates. */
    private boolean tellsUnchanged() {
        return isCompares() && disposition != WriteDisposition.APPEND;
    }

    private long distinct() {
        return isChooses() ? chosen : staging.rows();
    }

    public long getFiltered() {
        return staging.accepted() - staging.rows();
    }

    /** By what rows are told apart within the run; null when every row counts. */
    private @Nullable String distinctBy() {
        return switch (dedup) {
            case NONE -> null;
            case ROW_HASH -> "_row_hash";
            case PRIMARY_KEY -> key("");
        };
    }

    private String distinctRows(String list) {
        String by = distinctBy();
        return "SELECT DISTINCT ON (" + by + ") " + list + " FROM " + staging.rowsTable().sql() + " ORDER BY " + by
                + ", _n DESC";
    }

    private String rowsInOrder(String list) {
        return "SELECT " + list + " FROM " + staging.rowsTable().sql() + " ORDER BY _n";
    }

    /** Where the rows to be landed are, one of a kind. */
    private String source() {
        return isChooses() ? "qanat_chosen" : staging.rowsTable().sql();
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

    private String sameRow() {
        return target.byKey()
                ? target.resource().primaryKey().stream()
                        .map(TableName::quoted)
                        .map(name -> "t." + name + " = s." + name)
                        .collect(Collectors.joining(" AND "))
                : "t._row_hash = s._row_hash";
    }

    private List<TargetColumn> valueColumns() {
        return columns.stream()
                .filter(column -> !target.resource().primaryKey().contains(column.name()))
                .toList();
    }

    /** The value columns as things that can be compared: json has no equality, its text has. */
    private String comparable(String alias) {
        return valueColumns().stream()
                .map(column -> alias + quoted(column.name()) + (column.type().kind() == Kind.JSON ? "::text" : ""))
                .collect(Collectors.joining(", "));
    }
}
