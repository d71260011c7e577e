package dev.qanat.load;

import dev.qanat.validate.TargetColumn;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The landing of a table that was built aside: its rows become all rows of the table of silver. Those that are stored as they are stay
 * untouched: they are found by their key, or by their hash, or else by their hash and where they came from, and of rows that have both in
 * common the second is held against the second.
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

    private String numbered(String table, String alias) {
        return "(SELECT *, ctid AS qanat_place, row_number() OVER (PARTITION BY " + String.join(", ", identity())
                + " ORDER BY ctid) AS qanat_occurrence FROM " + table + ") AS " + alias;
    }

    /** By what rows without a key are told apart. Where their hash tells it, they may have come of another run before. */
    private List<String> identity() {
        return target().byHash() ? List.of("_row_hash") : List.of("_row_hash", "_run_id", "_position");
    }

    /** Somebody may have changed a row by hand, and left its hash. */
    private String same() {
        return Stream.concat(identity().stream(), Stream.of("qanat_occurrence"))
                        .map(name -> "t." + name + " = s." + name)
                        .collect(Collectors.joining(" AND "))
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
