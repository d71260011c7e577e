package dev.qanat.load;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.load.RebuiltLanding.Staged;
import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.Resource;
import dev.qanat.pipeline.Resource.WriteDisposition;
import dev.qanat.validate.Contract;
import dev.qanat.validate.TargetColumn;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;

/**
 * Builds the tables of a resource again from what bronze holds: each landing that bronze knows is staged and landed once more, in its
 * order, in tables aside; these become the tables of silver in one landing. Nothing is seen of it before that, and bronze is only read.
 * For one run; the chunks of a part may be staged by several threads, all else is for one thread at a time.
 */
public final class Rebuild {

    /** The columns of silver that no landing compares. */
    private static final Set<String> OWN = Set.of("_run_id", "_position", "_row_hash", "_created_at", "_updated_at");

    private final DataSource dataSource;
    private final String pipeline;
    private final Resource declared;
    private final Resource resource;
    private final long run;
    private final Target target;
    private final Target aside;
    private final Staging staging;
    private final BronzeRecords records;
    private Optional<BronzeRecords.Part> part = Optional.empty();
    private long known;
    private boolean more = true;
    private long filtered;
    private long rows;
    private Staged staged = Staged.NOTHING;
    private final Map<Child, Staged> stagedItems = new HashMap<>();

    /**
     * A record of bronze.
     *
     * @param source the file, or the request, that it came from
     * @param text whether it came from a text format
     */
    public record Kept(String source, long position, boolean text, String json) {}

    /** @param run that builds */
    public Rebuild(DataSource dataSource, String pipeline, Resource resource, long run) {
        this.dataSource = dataSource;
        this.pipeline = pipeline;
        this.declared = resource;
        this.resource = resource.again();
        this.run = run;
        this.staging = new Staging(dataSource, run, resource.isCleaned());
        this.target = new Target(pipeline, this.resource);
        this.aside = target.aside(staging.table("").name());
        this.records = new BronzeRecords(dataSource, target.bronze(), staging);
    }

    /** The resource as its records are loaded once more. */
    public Resource resource() {
        return resource;
    }

    public Target target() {
        return target;
    }

    public Staging staging() {
        return staging;
    }

    public Contract contract() throws SQLException {
        return target.contract(dataSource);
    }

    /**
     * Notes the order of the records; the staging tables are there.
     *
     * @param landed what the ledger says has landed of the resource, as a number
     * @throws InputFailure when bronze does not hold all that silver has come from
     */
    public void begin(long landed) throws SQLException {
        known = landed;
        if (!declared.keepBronze()) {
            throw new InputFailure(
                    Code.NOT_REBUILDABLE,
                    "resource '" + resource.name() + "' says bronze: { keep: none }, so nothing is there to build from");
        }
        Optional<Long> since = Optional.empty();
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            // What is checked is what is noted: no record is deleted in between. One that is later is missed when it is read.
            statement.execute("SELECT pg_advisory_lock(" + OldRecords.lock(target.bronze()) + ")");
            try {
                BronzeCheck check = new BronzeCheck(connection, pipeline, declared, target);
                if (declared.writeDisposition() == WriteDisposition.REPLACE) {
                    since = check.lastReplacement();
                }
                check.check(since);
                records.begin(since);
            } finally {
                statement.execute("SELECT pg_advisory_unlock(" + OldRecords.lock(target.bronze()) + ")");
            }
        }
        part = records.after(0);
    }

    /** What had landed of the resource when this began. */
    public long known() {
        return known;
    }

    /** Whether there is another part to be staged; there is one at least, which may be empty. */
    public boolean isMore() {
        return more;
    }

    /** Makes room for the records of the next part, and gives them. They are read as they are asked for. */
    public Iterator<Kept> next() throws SQLException {
        staging.next();
        return part.map(records::of).orElseGet(() -> List.<Kept>of().iterator());
    }

    /**
     * Begins the landing of the part that has been staged, in the tables aside.
     *
     * @param timeout how long a statement of the landing may take
     * @param parallel whether a statement may run in several processes
     */
    public Landing landAside(Duration timeout, boolean parallel) throws SQLException {
        return Landing.begin(
                dataSource, staging, aside, part.map(BronzeRecords.Part::run).orElse(run), timeout, parallel);
    }

    /** The part has landed. */
    public void landed(Landing landing) throws SQLException {
        filtered += landing.getFiltered();
        rows += landing.getTable().getInserted();
        staged = staged.plus(0, 0, staging.rows());
        for (StagedItems items : staging.items()) {
            stagedItems.merge(
                    items.child(),
                    Staged.NOTHING.plus(items.read(), items.rejected(), items.rows()),
                    (before, now) -> before.plus(now.read(), now.rejected(), now.rows()));
        }
        Optional<BronzeRecords.Part> next = part.isEmpty() ? part : records.after(part.get().last());
        more = next.isPresent();
        part = next;
    }

    /**
     * Begins the landing of what was built aside: widens the tables of silver.
     *
     * @param timeout how long a statement of the landing may take
     * @param parallel whether a statement may run in several processes
     */
    public Landing land(Duration timeout, boolean parallel) throws SQLException {
        RebuiltLanding table = landing(target, aside, rows, "", staged);
        List<RebuiltLanding> items = new ArrayList<>();
        for (Child child : resource.children()) {
            Target itemsAside = aside.child(child);
            Target ofItems = target.child(child);
            if (!isThere(itemsAside)) {
                if (!isThere(ofItems)) {
                    continue;
                }
                makeEmpty(ofItems, itemsAside);
            }
            items.add(landing(
                    ofItems,
                    itemsAside,
                    count(itemsAside),
                    "_" + (items.size() + 1),
                    stagedItems.getOrDefault(child, Staged.NOTHING)));
        }
        return new Landing(staging, target, run, true, table, items, filtered, timeout, parallel);
    }

    private RebuiltLanding landing(Target into, Target from, long count, String suffix, Staged ofTable) throws SQLException {
        List<TargetColumn> columns = columns(from);
        Target.Present present = into.prepare(dataSource, staging.named(), columns);
        return new RebuiltLanding(into, from.silver(), count, columns, run, present.silver(), suffix, ofTable);
    }

    private List<TargetColumn> columns(Target table) throws SQLException {
        List<TargetColumn> columns = new ArrayList<>();
        try (Connection connection = dataSource.getConnection()) {
            Target.columnsOf(connection, table.silver()).forEach((name, type) -> {
                if (!OWN.contains(name)) {
                    columns.add(new TargetColumn(name, Widening.typeOf(type).orElseThrow()));
                }
            });
        }
        return columns;
    }

    private boolean isThere(Target table) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return !Target.columnsOf(connection, table.silver()).isEmpty();
        }
    }

    /** Of an array that no part has shown there are no items. */
    private void makeEmpty(Target ofItems, Target itemsAside) throws SQLException {
        String columns = ofItems.key().stream()
                .map(column -> TableName.quoted(column.name()) + " " + column.type().sql() + " NOT NULL, ")
                .reduce("", String::concat);
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE UNLOGGED TABLE " + itemsAside.silver().sql() + " (" + columns
                    + "_run_id bigint, _position bigint, _row_hash bytea)");
        }
    }

    private long count(Target table) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement select = connection.prepareStatement("SELECT count(*) FROM " + table.silver().sql());
                ResultSet row = select.executeQuery()) {
            row.next();
            return row.getLong(1);
        }
    }
}
