package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;

import dev.qanat.pipeline.ColumnType.Kind;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.RawRecord;
import dev.qanat.validate.CheckedChunk;
import dev.qanat.validate.Row;
import dev.qanat.validate.TargetColumn;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
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

    private final DataSource dataSource;
    private final long run;
    private final boolean keepRecords;
    private final AtomicLong rows = new AtomicLong();
    private final AtomicLong accepted = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();
    private volatile List<TargetColumn> columns = List.of();
    private volatile boolean cleaned;
    private volatile boolean sawText;
    private volatile boolean sawJson;

    /**
     * @param run whose tables these are
     * @param keepRecords whether accepted records are staged as they came: for bronze, or because cleaning may reject them yet
     */
    public Staging(DataSource dataSource, long run, boolean keepRecords) {
        this.dataSource = dataSource;
        this.run = run;
        this.keepRecords = keepRecords;
    }

    TableName rowsTable() {
        return table(run, "rows");
    }

    /** Where cleaned rows are until they take the place of the rows. */
    TableName cleanedTable() {
        return table(run, "cleaned");
    }

    TableName bronzeTable() {
        return table(run, "bronze");
    }

    TableName rejectionsTable() {
        return table(run, "rejections");
    }

    /** The name under which the database knows the transactions of a run, so that they can be found and stopped. */
    public static String nameOf(long run) {
        return "qanat run " + run;
    }

    /** The setting of that name for a transaction. */
    static String named(long run) {
        return "SET LOCAL application_name = '" + nameOf(run) + "'";
    }

    String named() {
        return named(run);
    }

    private static TableName table(long run, String kind) {
        return new TableName(SCHEMA, "run_" + run + "_" + kind);
    }

    /** The columns staged so far. */
    public List<TargetColumn> columns() {
        return columns;
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
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            drop(statement, run);
            // Autovacuum has nothing to gain from tables that live for a minute.
            String options = " WITH (autovacuum_enabled = off)";
            statement.execute("CREATE UNLOGGED TABLE " + rowsTable().sql()
                    + " (_n bigint NOT NULL, _position bigint NOT NULL, _row_hash bytea NOT NULL)" + options);
            if (keepRecords) {
                statement.execute("CREATE UNLOGGED TABLE " + bronzeTable().sql()
                        + " (_n bigint NOT NULL, _entry text, _position bigint NOT NULL, record json NOT NULL)" + options);
            }
            statement.execute("CREATE UNLOGGED TABLE " + rejectionsTable().sql()
                    + " (_n bigint NOT NULL, _entry text, position bigint NOT NULL, column_name text, code text NOT NULL,"
                    + " reason text NOT NULL, record text NOT NULL)" + options);
        }
    }

    /** Stages a chunk in a transaction of its own. */
    public void copy(CheckedChunk checked) throws SQLException {
        widen(checked.columns());
        if (checked.chunk().isText()) {
            sawText = true;
        } else {
            sawJson = true;
        }
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try {
                statement.execute(named());
                PGConnection postgres = connection.unwrap(PGConnection.class);
                long first = checked.chunk().number() * ORDINALS;
                copyRows(postgres, checked, first);
                if (keepRecords) {
                    copyBronze(postgres, checked, first);
                }
                copyRejections(postgres, checked, first);
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
        List<TargetColumn> all = new ArrayList<>(columns);
        resource.computedColumns().forEach(column -> all.add(new TargetColumn(column.name(), column.type())));
        columns = List.copyOf(all);
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
                statement.execute("CREATE UNIQUE INDEX IF NOT EXISTS " + quoted("run_" + run + "_distinct") + " ON "
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

    /** By name: of the files of an archive each has columns of its own. */
    private synchronized void widen(List<TargetColumn> needed) throws SQLException {
        List<TargetColumn> missing =
                needed.stream().filter(column -> !columns.contains(column)).toList();
        if (missing.isEmpty()) {
            return;
        }
        String added = missing.stream()
                .map(column -> "ADD COLUMN " + quoted(column.name()) + " " + column.type().sql())
                .collect(Collectors.joining(", "));
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("ALTER TABLE " + rowsTable().sql() + " " + added);
        }
        columns = Stream.concat(columns.stream(), missing.stream()).toList();
    }

    private void copyRows(PGConnection connection, CheckedChunk checked, long first) throws SQLException {
        List<String> names = new ArrayList<>(List.of("_n", "_position", "_row_hash"));
        checked.columns().forEach(column -> names.add(column.name()));
        Kind[] kinds = checked.columns().stream().map(column -> column.type().kind()).toArray(Kind[]::new);
        Ordinals<Row> ordinals = Ordinals.of(checked, first);
        copy(connection, rowsTable(), names, ordinals, checked.rows(), (row, copy) -> {
            copy.bigint(row.record().line());
            copy.bytea(row.hash());
            @Nullable String[] values = row.values();
            for (int i = 0; i < kinds.length; i++) {
                copy.value(kinds[i], i < values.length ? values[i] : null);
            }
        });
    }

    private void copyBronze(PGConnection connection, CheckedChunk checked, long first) throws SQLException {
        Function<RawRecord, String> json = checked.chunk().jsonTexts();
        List<String> names = List.of("_n", "_entry", "_position", "record");
        copy(connection, bronzeTable(), names, Ordinals.from(first), checked.accepted(), (row, copy) -> {
            copy.text(checked.chunk().entry());
            copy.bigint(row.record().line());
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

    /** The statement that keeps the first of a failed run's rejections; its parameters are run, resource and source. */
    public String keepRejections(int most) {
        return """
                INSERT INTO qanat.rejection (run_id, resource, source, position, column_name, code, reason, record, from_text)
                SELECT ?, ?, %s, position, column_name, code, reason, record, %s FROM %s ORDER BY %s LIMIT %d"""
                .formatted(sourceOf("?"), fromText(), rejectionsTable().sql(), ORDER_OF_REJECTIONS, most);
    }

    /** What a row of a staging table comes from: the run's source, in an archive {@code sales.zip!/may.csv}. */
    static String sourceOf(String parameter) {
        return "concat(CAST(" + parameter + " AS text), '!/' || _entry)";
    }

    /** Drops the tables, unless a statement that is just ending holds them for longer than a moment. */
    public void drop() throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("SET lock_timeout = '1s'");
            try {
                drop(statement, run);
            } finally {
                statement.execute("RESET lock_timeout");
            }
        }
    }

    static void drop(Statement statement, long run) throws SQLException {
        for (String kind : List.of("rows", "cleaned", "bronze", "rejections")) {
            statement.execute("DROP TABLE IF EXISTS " + table(run, kind).sql());
        }
    }
}
