package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.ColumnType.Kind;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.RawRecord;
import dev.qanat.validate.CheckedChunk;
import dev.qanat.validate.CheckedItems;
import dev.qanat.validate.Rejection;
import dev.qanat.validate.Row;
import dev.qanat.validate.TargetColumn;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * The unlogged tables to which a run copies its chunks: typed rows, records as they came, rejections. A chunk is staged whole or
 * not at all, on any connection, by any thread; several at once. What is staged is seen by nobody before the landing.
 */
public final class Staging {

    public static final String SCHEMA = "qanat_staging";

    /** Chunks hold fewer records than this, so that chunk and place in it make one increasing number. */
    private static final long ORDINALS = 1L << 20;

    /** The order of the source: within a chunk, what the check and what the cleaning rejected are numbered each by themselves. */
    static final String ORDER_OF_REJECTIONS = "_n / " + ORDINALS + ", position, _n";

    static final String UNIQUE_VIOLATION = "23505";

    /** Autovacuum has nothing to gain from tables that live for a minute. */
    private static final String OPTIONS = " WITH (autovacuum_enabled = off)";

    private final DataSource dataSource;
    private final long run;
    private final int part;
    private final boolean keepRecords;
    private final AtomicLong rows = new AtomicLong();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();
    private volatile StagedTable table;
    private final Map<String, StagedItems> items = new LinkedHashMap<>();
    private volatile boolean cleaned;
    private volatile boolean sawText;
    private volatile boolean sawJson;

    /**
     * @param run whose tables these are
     * @param keepRecords whether accepted records are staged as they came: for bronze, or because cleaning may reject them yet
     */
    public Staging(DataSource dataSource, long run, boolean keepRecords) {
        this(dataSource, run, 0, keepRecords);
    }

    /** @param part tells the tables of a run's resources apart, where it loads several */
    public Staging(DataSource dataSource, long run, int part, boolean keepRecords) {
        this.dataSource = dataSource;
        this.run = run;
        this.part = part;
        this.keepRecords = keepRecords;
        this.table = new StagedTable(table("rows"));
    }

    TableName rowsTable() {
        return table.name();
    }

    /** Where cleaned rows are until they take the place of the rows. */
    TableName cleanedTable() {
        return table("cleaned");
    }

    TableName bronzeTable() {
        return table("bronze");
    }

    TableName rejectionsTable() {
        return table("rejections");
    }

    /** The name under which the database knows the transactions of a run, so that they can be found and stopped. */
    public static String nameOf(long run) {
        return "qanat run " + run;
    }

    /** The number of the lock that whoever stages without a running run holds, for SQL. */
    static String key(long run) {
        return "hashtextextended('" + nameOf(run) + "', 0)";
    }

    /** The setting of that name for a transaction. */
    static String named(long run) {
        return "SET LOCAL application_name = '" + nameOf(run) + "'";
    }

    String named() {
        return named(run);
    }

    String name() {
        return nameOf(run);
    }

    /** A table of the run that goes with the others. */
    TableName table(String kind) {
        return table(run, part, kind);
    }

    private static TableName table(long run, int part, String kind) {
        return new TableName(SCHEMA, "run_" + run + "_" + (part == 0 ? "" : part + "_") + kind);
    }

    /** The columns staged so far. */
    public List<TargetColumn> columns() {
        return table.columns();
    }

    /** Gives the staged rows those of the columns that no chunk has shown. */
    void complete(List<TargetColumn> columns) throws SQLException {
        List<String> shown = table.columns().stream().map(TargetColumn::name).toList();
        table.widen(dataSource, columns.stream().filter(column -> !shown.contains(column.name())).toList());
    }

    /** How many rows are staged. */
    public long rows() {
        return rows.get();
    }

    /** How many records were accepted; those that are not staged were filtered by a step of the route. */
    public long accepted() {
        return accepted.get();
    }

    /** Whether the staged rows have been cleaned. */
    public boolean cleaned() {
        return cleaned;
    }

    public long rejected() {
        return rejected.get();
    }

    /** For SQL: whether the records come from a text format, or null when some do and others do not. */
    String fromText() {
        return sawText == sawJson ? "CAST(NULL AS boolean)" : Boolean.toString(sawText);
    }

    /** Makes the tables anew, empty. */
    public void create() throws SQLException {
        create("[a-z]");
    }

    /**
     * Makes the tables anew, empty, but for the rejections, which stay and are counted on: what is staged next has its rows and columns to
     * itself. The numbers of its chunks go on.
     */
    public synchronized void next() throws SQLException {
        create("(rows|bronze|cleaned|items)");
        table = new StagedTable(table("rows"));
        items.clear();
        rows.set(0);
        accepted.set(0);
        cleaned = false;
    }

    /** @param dropped how the names of the tables that go begin, as a regular expression */
    private void create(String dropped) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            dropLike(statement, "^" + table(run, part, "").name() + dropped);
            statement.execute("CREATE UNLOGGED TABLE " + rowsTable().sql()
                    + " (_n bigint NOT NULL, _position bigint NOT NULL, _row_hash bytea NOT NULL)" + OPTIONS);
            if (keepRecords) {
                statement.execute("CREATE UNLOGGED TABLE " + bronzeTable().sql()
                        + " (_n bigint NOT NULL, _entry text, _position bigint NOT NULL, _from_text boolean NOT NULL,"
                        + " _left_out boolean NOT NULL, record json NOT NULL)" + OPTIONS);
            }
            statement.execute("CREATE UNLOGGED TABLE IF NOT EXISTS " + rejectionsTable().sql()
                    + " (_n bigint NOT NULL, _entry text, position bigint NOT NULL, column_name text, code text NOT NULL,"
                    + " reason text NOT NULL, record text NOT NULL)" + OPTIONS);
        }
    }

    /** Stages a chunk in a transaction of its own. */
    public void copy(CheckedChunk checked) throws SQLException {
        table.widen(dataSource, checked.columns());
        for (CheckedItems each : checked.items()) {
            items(each.child()).table().widen(dataSource, each.columns());
        }
        if (checked.chunk().isText()) {
            sawText = true;
        } else {
            sawJson = true;
        }
        long first = checked.chunk().number() * ORDINALS;
        List<List<Item>> staged = checked.items().stream().map(each -> staged(checked, each, first)).toList();
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try {
                // What a crash of the database loses of this is found missing before the landing.
                statement.execute(named() + "; SET LOCAL synchronous_commit = off");
                PGConnection postgres = connection.unwrap(PGConnection.class);
                copyRows(postgres, checked, first);
                if (keepRecords) {
                    copyBronze(postgres, checked, first);
                }
                copyRejections(postgres, checked, first);
                for (int i = 0; i < staged.size(); i++) {
                    copyItems(postgres, checked.items().get(i), staged.get(i));
                }
                connection.commit();
            } catch (SQLException | RuntimeException e) {
                rollback(connection, e);
                throw e;
            } finally {
                restore(connection);
            }
        }
        rows.addAndGet(checked.rows().size());
        accepted.addAndGet(checked.accepted().size());
        rejected.addAndGet(checked.rejections().size());
        for (int i = 0; i < staged.size(); i++) {
            CheckedItems each = checked.items().get(i);
            long read = each.rejected() + each.rows().stream().mapToLong(List::size).sum();
            items(each.child()).count(checked.chunk().number(), read, each.rejected(), staged.get(i).size());
        }
    }

    /** The items staged so far, of each child that the source has shown. */
    synchronized List<StagedItems> items() {
        return List.copyOf(items.values());
    }

    /** Where the items of a child are staged, in a table that is made when it is asked for first. */
    synchronized StagedItems items(Child child) throws SQLException {
        StagedItems known = items.get(child.field());
        if (known != null) {
            return known;
        }
        StagedItems added = new StagedItems(child, table("items_" + (items.size() + 1)));
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(added.create() + OPTIONS);
        }
        items.put(child.field(), added);
        return added;
    }

    /** Ends a transaction that wrote nothing. */
    static void end(Connection connection) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            // As in restore.
        }
        restore(connection);
    }

    static void rollback(Connection connection, Exception because) {
        try {
            connection.rollback();
        } catch (SQLException e) {
            because.addSuppressed(e);
        }
    }

    static void restore(Connection connection) {
        try {
            connection.setAutoCommit(true);
        } catch (SQLException e) {
            // The connection is broken: the pool finds that out by itself, and the first failure is the one to tell.
        }
    }

    /**
     * Removes chunks that were staged, as if they had not been, with the items of their records.
     *
     * @param first the number of the first chunk
     * @param end the number after the last
     * @param ofRows how many rows, accepted records and rejections they had
     */
    public void discard(int first, int end, long ofRows, long ofAccepted, long ofRejected) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            List<TableName> tables = new ArrayList<>(List.of(rowsTable(), rejectionsTable()));
            if (keepRecords) {
                tables.add(bronzeTable());
            }
            items().forEach(each -> tables.add(each.table().name()));
            for (TableName each : tables) {
                statement.execute("DELETE FROM " + each.sql() + " WHERE _n >= " + first * ORDINALS + " AND _n < " + end * ORDINALS);
            }
        }
        items().forEach(each -> each.discard(first, end));
        rows.addAndGet(-ofRows);
        accepted.addAndGet(-ofAccepted);
        rejected.addAndGet(-ofRejected);
    }

    /**
     * Computes the resource's computed columns and leaves out what its {@code where} leaves out, once every chunk is staged. A row
     * on which an expression fails becomes a rejection. When this fails, the tables may hold either; they are to be made anew.
     *
     * @param timeout how long a statement may take
     * @return how many rows became rejections
     */
    public long clean(Resource resource, Duration timeout) throws SQLException {
        Cleaning.Done done;
        try (Connection connection = dataSource.getConnection()) {
            done = new Cleaning(this, resource, timeout).run(connection);
        }
        table.added(resource.computedColumns().stream()
                .map(column -> new TargetColumn(column.name(), column.type()))
                .toList());
        done.items().forEach(left -> left.items().cleaned(left.rejected(), left.leftOut()));
        cleaned = true;
        rows.set(done.rows());
        accepted.addAndGet(-done.rejected());
        rejected.addAndGet(done.rejected());
        return done.rejected();
    }

    /**
     * Finds out whether no two rows agree in these columns, by trying to build a unique index: PostgreSQL does that with several
     * processes, and faster than it sorts the rows.
     *
     * @param by names for SQL
     * @param settings a statement that sets the transaction up
     */
    boolean isDistinct(String by, String settings) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try {
                statement.execute(settings);
                statement.execute("CREATE UNIQUE INDEX IF NOT EXISTS " + quoted(table("distinct").name()) + " ON "
                        + rowsTable().sql() + " (" + by + ")");
                connection.commit();
                return true;
            } catch (SQLException e) {
                rollback(connection, e);
                if (UNIQUE_VIOLATION.equals(e.getSQLState())) {
                    return false;
                }
                throw e;
            } finally {
                restore(connection);
            }
        }
    }

    private void copyRows(PGConnection connection, CheckedChunk checked, long first) throws SQLException {
        List<String> names = new ArrayList<>(List.of("_n", "_position", "_row_hash"));
        checked.columns().forEach(column -> names.add(column.name()));
        Kind[] kinds = checked.columns().stream().map(column -> column.type().kind()).toArray(Kind[]::new);
        Ordinals<Row> ordinals = Ordinals.of(checked, first);
        copy(connection, rowsTable(), names, ordinals, checked.rows(), (row, copy) -> {
            copy.bigint(row.record().line());
            copy.bytea(row.hash());
            values(kinds, row, copy);
        });
    }

    private static void values(Kind[] kinds, Row row, BinaryCopy copy) throws SQLException {
        @Nullable String[] values = row.values();
        for (int i = 0; i < kinds.length; i++) {
            copy.value(kinds[i], i < values.length ? values[i] : null);
        }
    }

    /**
     * An item to be staged.
     *
     * @param parent the number of its record's row
     * @param index its place in the array
     */
    private record Item(long parent, int index, Row row) {}

    /** The items of the rows that are loaded. */
    private static List<Item> staged(CheckedChunk checked, CheckedItems items, long first) {
        Predicate<Row> loaded = loaded(checked);
        List<Item> staged = new ArrayList<>();
        for (int i = 0; i < items.rows().size(); i++) {
            if (loaded.test(checked.accepted().get(i))) {
                List<Row> ofRecord = items.rows().get(i);
                for (int index = 0; index < ofRecord.size(); index++) {
                    staged.add(new Item(first + i, index, ofRecord.get(index)));
                }
            }
        }
        return staged;
    }

    /** Whether an accepted row is loaded: a step of the route, or the cursor, may have left it out. */
    private static Predicate<Row> loaded(CheckedChunk checked) {
        if (checked.rows() == checked.accepted()) {
            return row -> true;
        }
        Set<RawRecord> loaded = Collections.newSetFromMap(new IdentityHashMap<>());
        checked.rows().forEach(row -> loaded.add(row.record()));
        return row -> loaded.contains(row.record());
    }

    private void copyItems(PGConnection connection, CheckedItems items, List<Item> staged) throws SQLException {
        List<String> names = new ArrayList<>(List.of("_n", "_index", "_position", "_row_hash"));
        items.columns().forEach(column -> names.add(column.name()));
        Kind[] kinds = items.columns().stream().map(column -> column.type().kind()).toArray(Kind[]::new);
        TableName name = items(items.child()).table().name();
        copy(connection, name, names, (i, item) -> item.parent(), staged, (item, copy) -> {
            copy.value(Kind.INTEGER, Integer.toString(item.index()));
            copy.bigint(item.row().record().line());
            copy.bytea(item.row().hash());
            values(kinds, item.row(), copy);
        });
    }

    private void copyBronze(PGConnection connection, CheckedChunk checked, long first) throws SQLException {
        Function<RawRecord, String> json = checked.chunk().jsonTexts();
        List<String> names = List.of("_n", "_entry", "_position", "_from_text", "_left_out", "record");
        String fromText = Boolean.toString(checked.chunk().isText());
        Predicate<Row> loaded = loaded(checked);
        copy(connection, bronzeTable(), names, Ordinals.from(first), checked.accepted(), (row, copy) -> {
            copy.text(checked.chunk().entry());
            copy.bigint(row.record().line());
            copy.value(Kind.BOOLEAN, fromText);
            copy.value(Kind.BOOLEAN, Boolean.toString(!loaded.test(row)));
            copy.text(json.apply(row.record()));
        });
    }

    private void copyRejections(PGConnection connection, CheckedChunk checked, long first) throws SQLException {
        List<String> names = List.of("_n", "_entry", "position", "column_name", "code", "reason", "record");
        copy(connection, rejectionsTable(), names, Ordinals.from(first), checked.rejections(), (rejection, copy) -> {
            copy.text(checked.chunk().entry());
            copy.bigint(rejection.line());
            copy.text(rejection.column());
            copy.text(rejection.code().id());
            copy.text(rejection.reason());
            copy.text(rejection.record());
        });
    }

    /** The increasing number of an item, by its place in its list. */
    private interface Ordinals<T> {
        long of(int index, T item);

        static <T> Ordinals<T> from(long first) {
            return (index, item) -> first + index;
        }

        /** A row has the number of its record among the accepted ones, also when a step has left others out. */
        static Ordinals<Row> of(CheckedChunk checked, long first) {
            if (checked.rows() == checked.accepted()) {
                return from(first);
            }
            Map<RawRecord, Integer> places = new IdentityHashMap<>();
            checked.accepted().forEach(row -> places.put(row.record(), places.size()));
            return (index, row) -> first + places.getOrDefault(row.record(), index);
        }
    }

    private interface Fields<T> {
        void write(T item, BinaryCopy copy) throws SQLException;
    }

    private static <T> void copy(
            PGConnection connection,
            TableName table,
            List<String> columns,
            Ordinals<T> ordinals,
            List<T> items,
            Fields<T> fields)
            throws SQLException {
        if (items.isEmpty()) {
            return;
        }
        CopyIn in = connection
                .getCopyAPI()
                .copyIn("COPY " + table.sql() + " ("
                        + columns.stream().map(TableName::quoted).collect(Collectors.joining(", ")) + ") FROM STDIN (FORMAT binary)");
        try {
            BinaryCopy copy = new BinaryCopy(in);
            for (int i = 0; i < items.size(); i++) {
                T item = items.get(i);
                copy.row(columns.size());
                copy.bigint(ordinals.of(i, item));
                fields.write(item, copy);
            }
            copy.end();
        } finally {
            // A copy that was not ended keeps its connection busy.
            if (in.isActive()) {
                in.cancelCopy();
            }
        }
    }

    /** The first of the records that were rejected. */
    public Optional<Rejection> firstRejection() throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT position, column_name, code, reason, record FROM " + rejectionsTable().sql()
                        + " ORDER BY " + ORDER_OF_REJECTIONS + " LIMIT 1")) {
            return row.next()
                    ? Optional.of(new Rejection(
                            row.getLong(1), row.getString(2), Code.of(row.getString(3)), row.getString(4), row.getString(5)))
                    : Optional.empty();
        }
    }

    /** The statement that keeps the first of a failed run's rejections; its parameters are run, resource and source. */
    public String keepRejections(int most) {
        return """
                INSERT INTO qanat.rejection (run_id, resource, source, position, column_name, code, reason, record, from_text)
                SELECT ?, ?, %s, position, column_name, code, reason, record, %s FROM %s ORDER BY %s LIMIT %d"""
                .formatted(sourceOf("?"), fromText(), rejectionsTable().sql(), ORDER_OF_REJECTIONS, most);
    }

    /** What a row of a staging table comes from: the run's source, in an archive {@code sales.zip!/may.csv}; of a poll the request. */
    static String sourceOf(String parameter) {
        return "concat_ws('!/', nullif(CAST(" + parameter + " AS text), ''), _entry)";
    }

    /** Drops the tables, unless a statement that is just ending holds them for longer than a moment. */
    public void drop() throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("SET lock_timeout = '1s'");
            try {
                drop(statement, run, part);
            } finally {
                statement.execute("RESET lock_timeout");
            }
        }
    }

    /** Drops the tables of one part. */
    private static void drop(Statement statement, long run, int part) throws SQLException {
        // What stands after the number of a part is a word.
        dropLike(statement, "^" + table(run, part, "").name() + "[a-z]");
    }

    /** Drops all tables of a run. */
    static void drop(Statement statement, long run) throws SQLException {
        dropLike(statement, "^" + table(run, 0, "").name());
    }

    private static void dropLike(Statement statement, String names) throws SQLException {
        List<String> tables = new ArrayList<>();
        try (ResultSet row = statement.executeQuery(
                "SELECT tablename FROM pg_tables WHERE schemaname = '" + SCHEMA + "' AND tablename ~ '" + names + "'")) {
            while (row.next()) {
                tables.add(row.getString(1));
            }
        }
        for (String table : tables) {
            statement.execute("DROP TABLE IF EXISTS " + new TableName(SCHEMA, table).sql());
        }
    }
}
