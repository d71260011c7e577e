package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;
import static java.util.stream.Collectors.joining;

import dev.qanat.failure.Code;
import dev.qanat.failure.TransientFailure;
import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.Resource.WriteDisposition;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/**
 * The statements that make what a run staged visible, and the counts they give. The route of the landing runs them in its order,
 * in one transaction, and hands back how many rows each touched. A landing is for one attempt, one thread.
 */
public final class Landing {

    private static final String SORT_MEMORY = "64MB";
    private static final String SOURCE = Staging.sourceOf(":?${exchangeProperty.load.sourceName}");

    private final Staging staging;
    private final Target target;
    private final long run;
    private final boolean presentBronze;
    private final Duration timeout;
    private final boolean parallel;
    private final TableLanding table;
    private final List<? extends TableLanding> items;
    private final long filtered;

    /**
     * @param run that the records come from
     * @param filtered how many accepted records are not to land
     */
    Landing(
            Staging staging,
            Target target,
            long run,
            boolean presentBronze,
            TableLanding table,
            List<? extends TableLanding> items,
            long filtered,
            Duration timeout,
            boolean parallel) {
        this.staging = staging;
        this.target = target;
        this.run = run;
        this.presentBronze = presentBronze;
        this.timeout = timeout;
        this.parallel = parallel;
        this.table = table;
        this.items = items;
        this.filtered = filtered;
    }

    /**
     * Begins a landing: widens the target's tables and finds out whether the run holds a key twice, each in a transaction of its
     * own.
     *
     * @param run that the records come from
     * @param timeout how long a statement of the landing may take
     * @param parallel whether a statement may run in several processes; not after an attempt that failed: these need shared memory,
     *     of which a container may have little
     */
    public static Landing begin(
            DataSource dataSource, Staging staging, Target target, long run, Duration timeout, boolean parallel)
            throws SQLException {
        // Where there was no record no column is known, and the statements name those of the key.
        staging.complete(target.key());
        Target.Present present = target.prepare(dataSource, staging.named(), staging.columns());
        TableLanding table =
                new TableLanding(target, staging.rowsTable(), staging.rows(), staging.columns(), run, present.silver(), "");
        Landing landing = new Landing(
                staging,
                target,
                run,
                present.bronze(),
                table,
                items(dataSource, staging, target, run),
                staging.accepted() - staging.rows(),
                timeout,
                parallel);
        String by = landing.table.distinctBy();
        if (by != null && present.silver() && !staging.isDistinct(by, landing.settings())) {
            landing.table.keyRepeats();
        }
        return landing;
    }

    private static List<ItemsLanding> items(DataSource dataSource, Staging staging, Target target, long run) throws SQLException {
        boolean replaces = target.resource().writeDisposition() == WriteDisposition.REPLACE;
        if (replaces) {
            // Items of rows that go must go as well, though the source may have shown no array at all.
            for (Child child : target.resource().children()) {
                staging.items(child);
            }
        }
        List<ItemsLanding> landings = new ArrayList<>();
        for (StagedItems items : staging.items()) {
            Target ofItems = target.child(items.child());
            Target.Present present = ofItems.prepare(dataSource, staging.named(), ItemsLanding.columns(items));
            landings.add(new ItemsLanding(ofItems, items, run, present.silver(), replaces, landings.size() + 1));
        }
        return List.copyOf(landings);
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
                + " set_config('application_name', '" + staging.name() + "', true), set_config('jit', 'off', true),"
                + " set_config('work_mem', '" + SORT_MEMORY + "', true),"
                + " set_config('maintenance_work_mem', '" + SORT_MEMORY + "', true)"
                + (isHasItems() ? ", set_config('DateStyle', 'ISO', true)" : "");
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
        return "SELECT (SELECT count(*) FROM " + table.rows() + ") AS " + table.alias() + ", (SELECT count(*) FROM "
                + staging.rejectionsTable().sql() + ") AS rejections"
                + (isKeepsBronze() ? ", (SELECT count(*) FROM " + staging.bronzeTable().sql() + ") AS records" : "")
                + items.stream().map(each -> ", (SELECT count(*) FROM " + each.rows() + ") AS " + each.alias()).collect(joining());
    }

    /** @throws TransientFailure when something is missing: the run is done again from its file */
    public void checkStaged(java.util.Map<String, Number> counts) {
        expect(counts.get(table.alias()), table.staged(), "rows");
        expect(counts.get("rejections"), staging.rejected(), "rejections");
        if (isKeepsBronze()) {
            expect(counts.get("records"), staging.accepted(), "records");
        }
        items.forEach(each -> expect(counts.get(each.alias()), each.staged(), "items"));
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
        // The time of the statement, which has the lock: what lands later has a later one.
        String records = " SELECT " + run + "::bigint AS _run_id, " + SOURCE + " AS _source, _position,"
                + " statement_timestamp() AS _loaded_at, record, _n AS _ordinal, _from_text, _left_out FROM " + staging.bronzeTable().sql();
        return presentBronze
                ? "INSERT INTO " + target.bronze().sql()
                        + " (_run_id, _source, _position, _loaded_at, record, _ordinal, _from_text, _left_out)" + records
                : "CREATE TABLE " + target.bronze().sql() + " AS" + records;
    }

    /** Whether the landing makes the bronze table. */
    public boolean isCreatesBronze() {
        return !presentBronze;
    }

    /** Gives the new bronze table what a table made of a query lacks. */
    public String getCompleteBronze() {
        return target.completeBronze();
    }

    /** The landing of the resource's own rows. */
    public TableLanding getTable() {
        return table;
    }

    /** Whether arrays have tables of their own in which something may be to do. */
    public boolean isHasItems() {
        return !items.isEmpty();
    }

    /** The landings of arrays' items, to come after that of the rows. */
    public List<? extends TableLanding> getItems() {
        return items;
    }

    /** Whether items are found by their rows, which have landed before them. */
    public boolean isLinksItems() {
        return items.stream().anyMatch(ItemsLanding.class::isInstance);
    }

    /** Whether the tables stand in for those of silver, and nobody is to be told of what lands in them. */
    public boolean isAside() {
        return target.isAside();
    }

    /** Notes which rows have landed, with the id that leads from their items to them. */
    public String getParents() {
        return "CREATE TEMPORARY TABLE " + ItemsLanding.PARENTS + " ON COMMIT DROP AS "
                + table.landedRows("_n, " + target.parentId("") + " AS " + quoted(Child.PARENT_ID));
    }

    /** Keeps the rejected records; its parameters are the resource's and the source's names. */
    public String getRejections() {
        return "INSERT INTO qanat.rejection (run_id, resource, source, position, column_name, code, reason, record, from_text) SELECT " + run
                + ", :?${exchangeProperty.load.resourceName}, " + SOURCE + ","
                + " position, column_name, code, reason, record, " + staging.fromText() + " FROM " + staging.rejectionsTable().sql() + " ORDER BY "
                + Staging.ORDER_OF_REJECTIONS;
    }

    public long getFiltered() {
        return filtered;
    }
}
