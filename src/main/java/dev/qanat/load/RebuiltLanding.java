package dev.qanat.load;

import dev.qanat.validate.TargetColumn;
import java.util.List;

/**
 * The landing of a table that was built aside: its rows become all rows of the table of silver. Those that are stored as they are stay
 * untouched: where there is a key they are found by it, and otherwise one of each hash is held against the other, the second against the
 * second.
 */
public final class RebuiltLanding extends TableLanding {

    private final Staged staged;

    /**
     * What was staged for the table, by landing after landing.
     *
     * @param rows of which some have taken the place of others
     */
    record Staged(long read, long rejected, long rows) {

        static final Staged NOTHING = new Staged(0, 0, 0);

        Staged plus(long readNow, long rejectedNow, long rowsNow) {
            return new Staged(read + readNow, rejected + rejectedNow, rows + rowsNow);
        }
    }

    /**
     * @param rows the table that was built aside
     * @param count how many rows it holds
     * @param suffix tells the temporary tables of one landing apart
     */
    RebuiltLanding(
            Target target,
            TableName rows,
            long count,
            List<TargetColumn> columns,
            long run,
            boolean present,
            String suffix,
            Staged staged) {
        super(target, rows, count, columns, run, present, suffix);
        this.staged = staged;
    }

    @Override
    String origin(String of) {
        return of + "_run_id";
    }

    @Override
    String createdFrom(String list) {
        return "SELECT " + list + " FROM " + rows();
    }

    @Override
    public boolean isRemoves() {
        return !isCreates();
    }

    @Override
    public boolean isCompares() {
        return !isCreates();
    }

    @Override
    boolean tellsUnchanged() {
        return !isCreates();
    }

    @Override
    public String getRemove() {
        return target().byKey()
                ? super.getRemove()
                : "DELETE FROM " + target().silver().sql() + " AS old USING " + numbered(target().silver().sql(), "t") + " LEFT JOIN "
                        + numbered(rows(), "s") + " ON " + same() + " WHERE old.ctid = t.qanat_place AND s._row_hash IS NULL";
    }

    @Override
    public String getFindRows() {
        return target().byKey() ? super.getFindRows() : joins("'on'");
    }

    @Override
    public String getCompare() {
        return target().byKey()
                ? super.getCompare()
                : createChanged() + "SELECT s.*, t.qanat_place AS _target FROM " + numbered(rows(), "s") + " LEFT JOIN "
                        + numbered(target().silver().sql(), "t") + " ON " + same() + " WHERE t._row_hash IS NULL ORDER BY s.qanat_place";
    }

    private static String numbered(String table, String alias) {
        return "(SELECT *, ctid AS qanat_place, row_number() OVER (PARTITION BY _row_hash ORDER BY ctid) AS qanat_occurrence FROM " + table
                + ") AS " + alias;
    }

    /** Somebody may have changed a row by hand, and left its hash. */
    private String same() {
        return "t._row_hash = s._row_hash AND t.qanat_occurrence = s.qanat_occurrence"
                + (valueColumns().isEmpty() ? "" : " AND (" + comparable("t.") + ") IS NOT DISTINCT FROM (" + comparable("s.") + ")");
    }

    @Override
    List<TargetColumn> valueColumns() {
        return target().byKey() ? super.valueColumns() : columns();
    }

    @Override
    public long getDuplicate() {
        return staged.rows() - staged();
    }

    public long getRead() {
        return staged.read();
    }

    public long getRejected() {
        return staged.rejected();
    }

    public long getFiltered() {
        return staged.read() - staged.rejected() - staged.rows();
    }
}
