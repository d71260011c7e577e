package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;

import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.ColumnType;
import dev.qanat.validate.TargetColumn;
import java.util.ArrayList;
import java.util.List;

/**
 * The landing of the items of one array: those of the rows that have landed become all that is stored of these rows. Items of records
 * that are duplicates are duplicates.
 */
public final class ItemsLanding extends TableLanding {

    /** The temporary table of the rows that have landed. */
    static final String PARENTS = "qanat_parents";

    private final StagedItems items;
    private final boolean replaces;

    /**
     * @param target of the items
     * @param replaces whether items of rows that are not in the run go, too
     * @param number tells the landings of several arrays apart
     */
    ItemsLanding(Target target, StagedItems items, long run, boolean present, boolean replaces, int number) {
        super(target, items.table().name(), items.rows(), columns(items), run, present, "_" + number);
        this.items = items;
        this.replaces = replaces;
        keyRepeats();
    }

    /** The columns of the key, and those that were staged. */
    static List<TargetColumn> columns(StagedItems items) {
        List<TargetColumn> columns = new ArrayList<>();
        for (String key : Child.KEY) {
            ColumnType type = items.child().stored().column(key).orElseThrow().type();
            columns.add(new TargetColumn(key, type));
        }
        columns.addAll(items.table().columns());
        return List.copyOf(columns);
    }

    /** The items of the rows that have landed. */
    @Override
    String distinctRows(String list) {
        return "SELECT " + list + " FROM " + rows() + " JOIN " + PARENTS + " USING (_n) ORDER BY _n, " + quoted(Child.INDEX);
    }

    /** Whether there may be items that are not in the run. */
    @Override
    public boolean isRemoves() {
        return !isCreates();
    }

    @Override
    public String getRemove() {
        String gone = "NOT EXISTS (SELECT FROM " + source() + " AS s WHERE " + sameRow() + ")";
        return "DELETE FROM " + target().silver().sql() + " AS t"
                + (replaces
                        ? " WHERE "
                        : " USING " + PARENTS + " AS p WHERE t." + quoted(Child.PARENT_ID) + " = p." + quoted(Child.PARENT_ID) + " AND ")
                + gone;
    }

    public long getRead() {
        return items.read();
    }

    public long getRejected() {
        return items.rejected();
    }

    public long getFiltered() {
        return items.read() - items.rejected() - items.rows();
    }
}
