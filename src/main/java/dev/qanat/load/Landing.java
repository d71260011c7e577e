package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;

import dev.qanat.failure.Code;
import dev.qanat.failure.TransientFailure;
import dev.qanat.pipeline.ColumnType.Kind;
import dev.qanat.pipeline.Resource;
import dev.qanat.pipeline.Resource.Dedup;
import dev.qanat.pipeline.Resource.WriteDisposition;
import dev.qanat.validate.TargetColumn;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The statements that make what a run staged visible, and the counts they give. The route of the landing runs them in its order,
 * in one transaction, and hands back how many rows each touched. A landing is for one attempt, one thread.
 *
 * <p>Rows are first chosen (the last record of a key, one row of a hash), then rows that went are removed (replace), rows that
 * changed are updated, new ones inserted. This is faster than MERGE where rows are known already, and each step's count is exact;
 * see {@code docs/decisions/}.
 */
public final class Landing {

    private static final String SORT_MEMORY = "128MB";
    private static final String SOURCE = Staging.sourceOf(":?${exchangeProperty.load.sourceName}");

    private final Staging staging;
    private final Target target;
    private final long run;
    private final boolean keyed;
    private final Duration timeout;
    private final List<TargetColumn> columns;
    private final WriteDisposition disposition;
    private final Dedup dedup;

    private long chosen = -1;
    private long updated;
    private long inserted;

    /**
     * @param keyed whether the silver table has its key, from {@link Target#prepare}
     * @param timeout how long a statement may take
     */
    public Landing(Staging staging, Target target, long run, boolean keyed, Duration timeout) {
        this.staging = staging;
        this.target = target;
        this.run = run;
        this.keyed = keyed;
        this.timeout = timeout;
        this.columns = staging.columns();
        this.disposition = target.resource().writeDisposition();
        this.dedup = target.resource().dedup();
    }

    /**
     * The settings of the transaction: a statement that takes longer, waiting for the lock included, undoes the landing; and
     * memory for its sorts, of which it has at most two at a time.
     */
    public String getSettings() {
        return "SELECT set_config('statement_timeout', '" + timeout.toMillis() + "', true),"
                + " set_config('work_mem', '" + SORT_MEMORY + "', true),"
                + " set_config('maintenance_work_mem', '" + SORT_MEMORY + "', true)";
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

    /** Keeps the accepted records as they came; its parameter is the source's name. */
    public String getBronze() {
        return "INSERT INTO " + target.bronze().sql() + " (_run_id, _source, _position, record) SELECT " + run
                + ", " + SOURCE + ", _position, record FROM " + staging.bronzeTable().sql()
                + " ORDER BY _n";
    }

    /** Whether the last record of a key is chosen in a step of its own. */
    public boolean isChooses() {
        return keyed && disposition != WriteDisposition.APPEND && distinctBy() != null;
    }

    /** The table of the chosen rows; it goes with the transaction. */
    public String getCreateChosen() {
        return "CREATE TEMPORARY TABLE qanat_chosen (LIKE " + staging.rowsTable().sql() + ") ON COMMIT DROP";
    }

    public String getChoose() {
        return "INSERT INTO qanat_chosen " + distinctRows("*");
    }

    public void countChosen(int rows) {
        chosen = rows;
    }

    /** Whether rows that are not in the run are removed. */
    public boolean isRemoves() {
        return disposition == WriteDisposition.REPLACE;
    }

    public String getRemove() {
        String table = target.silver().sql();
        return isChooses()
                ? "DELETE FROM " + table + " AS t WHERE NOT EXISTS (SELECT FROM qanat_chosen AS s WHERE " + sameRow() + ")"
                : "DELETE FROM " + table;
    }

    /** Whether rows that are stored may have other values. */
    public boolean isUpdates() {
        return isChooses() && target.byKey() && !valueColumns().isEmpty();
    }

    public String getUpdate() {
        List<String> names = valueColumns().stream().map(column -> quoted(column.name())).toList();
        return "UPDATE " + target.silver().sql() + " AS t SET "
                + names.stream().map(name -> name + " = s." + name + ", ").collect(Collectors.joining())
                + "_run_id = " + run + ", _position = s._position, _row_hash = s._row_hash, _updated_at = now()"
                + " FROM qanat_chosen AS s WHERE " + sameRow() + " AND (" + comparable("t.") + ") IS DISTINCT FROM ("
                + comparable("s.") + ")";
    }

    public void countUpdated(int rows) {
        updated = rows;
    }

    public String getInsert() {
        String names = Stream.concat(
                        columns.stream().map(column -> quoted(column.name())), Stream.of("_position", "_row_hash"))
                .collect(Collectors.joining(", "));
        String into = "INSERT INTO " + target.silver().sql() + " (_run_id, " + names + ") ";
        String list = run + ", " + names;
        if (isChooses()) {
            return into + "SELECT " + list + " FROM qanat_chosen AS s WHERE NOT EXISTS (SELECT FROM " + target.silver().sql()
                    + " AS t WHERE " + sameRow() + ")";
        }
        String rows = distinctBy() == null
                ? "SELECT * FROM " + staging.rowsTable().sql() + " AS s ORDER BY _n"
                : distinctRows("*");
        return into + "SELECT " + list + " FROM (" + rows + ") AS s"
                + (keyed && target.byHash()
                        ? " WHERE NOT EXISTS (SELECT FROM " + target.silver().sql() + " AS t WHERE " + sameRow() + ")"
                        : "");
    }

    public void countInserted(int rows) {
        inserted = rows;
    }

    /** Gives a new table's empty file up for another: what is written to that in this transaction need not go through the WAL. */
    public String getTruncate() {
        return "TRUNCATE " + target.silver().sql();
    }

    /** Whether the landing brings a new table its first rows and so builds its key. */
    public boolean isBuildsKey() {
        return target.needsKey() && !keyed;
    }

    public String getBuildKey() {
        return target.buildKey();
    }

    /** Keeps the rejected records; its parameters are the resource's and the source's names. */
    public String getRejections() {
        return "INSERT INTO qanat.rejection (run_id, resource, source, position, column_name, code, reason, record) SELECT " + run
                + ", :?${exchangeProperty.load.resourceName}, " + SOURCE + ","
                + " position, column_name, code, reason, record FROM " + staging.rejectionsTable().sql() + " ORDER BY "
                + Staging.ORDER_OF_REJECTIONS;
    }

    public long getInserted() {
        return inserted;
    }

    public long getUpdated() {
        return updated;
    }

    public long getUnchanged() {
        return chosen < 0 ? 0 : chosen - updated - inserted;
    }

    public long getDuplicate() {
        return staging.rows() - (chosen < 0 ? inserted : chosen);
    }

    public long getFiltered() {
        return staging.accepted() - staging.rows();
    }

    /** By what rows are told apart within the run; null when every row counts. */
    private @Nullable String distinctBy() {
        return switch (dedup) {
            case NONE -> null;
            case ROW_HASH -> "_row_hash";
            case PRIMARY_KEY -> key(quotedName -> quotedName);
        };
    }

    private String distinctRows(String list) {
        String by = distinctBy();
        return "SELECT DISTINCT ON (" + by + ") " + list + " FROM " + staging.rowsTable().sql() + " ORDER BY " + by
                + ", _n DESC";
    }

    private String key(Function<String, String> each) {
        return target.resource().primaryKey().stream()
                .map(TableName::quoted)
                .map(each)
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
