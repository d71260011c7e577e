package dev.qanat.backup;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.io.IOException;
import java.io.OutputStream;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * What stands in a database at one moment, while others go on writing to it. Until it is closed no table in it can be altered or
 * dropped: what would do so waits. Tables that models replace come first, and can be replaced again when all of them are copied.
 *
 * <p>For one thread. The connections stay the caller's, and are to be used for nothing else meanwhile.
 */
final class Snapshot implements RowSource, AutoCloseable {
    /** Its rows name tables by numbers that another database gives anew. */
    private static final String CHANGES = "qanat.table_change";

    private static final String CHANGES_ANEW = "INSERT INTO qanat.table_change (relation) SELECT tgrelid FROM pg_catalog.pg_trigger"
            + " WHERE tgfoid = 'qanat.note_change'::regproc AND tgenabled = 'A'";

    // No such table, no such schema, a deadlock.
    private static final Set<String> IN_THE_WAY = Set.of("42P01", "3F000", "40P01");

    /** A model that is published, or a table that is widened, between two looks at the catalogue. */
    private static final Retry UNTIL_STILL = Retry.of(
            "snapshot",
            RetryConfig.custom()
                    .maxAttempts(20)
                    .intervalFunction(IntervalFunction.ofExponentialRandomBackoff(Duration.ofMillis(100), 1.5, Duration.ofSeconds(5)))
                    .retryOnException(e -> e instanceof Moved || e instanceof SQLException sql && IN_THE_WAY.contains(sql.getSQLState()))
                    .build());

    private final Connection lasting;
    private final Connection briefly;
    private final Set<String> replaced;
    private final List<Step> steps;
    private final List<String> schemas;
    private final List<String> notCarried;
    private final @Nullable String ledgerVersion;

    private Snapshot(Connection lasting, Connection briefly) throws SQLException, Moved {
        this.lasting = lasting;
        this.briefly = briefly;
        this.replaced = new HashSet<>();
        // To ask for a view's definition locks the tables that it reads.
        Connection catalogue = briefly;
        Graph graph = new Graph(Sql.list(catalogue, "SELECT 'pg_class'::regclass::oid::bigint", row -> row.getLong(1)).get(0));
        Sql.list(catalogue, Sql.file("parts"), row -> {
            graph.part(node(row), new Graph.Node(row.getLong("of_class"), row.getLong("of_node")));
            return null;
        });
        Sql.list(catalogue, Sql.file("extended"), row -> {
            graph.there(node(row));
            return null;
        });
        List<String> schemasFound = new ArrayList<>();
        boolean moved = Sql.list(catalogue, Sql.file("objects"), row -> {
                    String sql = row.getString("sql");
                    Phase phase = Phase.valueOf(row.getString("phase"));
                    if (phase == Phase.SCHEMA) {
                        schemasFound.add(row.getString("name"));
                    }
                    graph.add(phase, node(row), row.getString("name"), new Step.Statement(sql));
                    return sql == null;
                })
                .contains(true);
        if (moved) {
            throw new Moved();
        }
        for (Relation table : relations(catalogue)) {
            String columns = table.isTable() && !table.name().equals(CHANGES) ? columns(table) : "";
            if (!columns.isEmpty()) {
                graph.addRows(table.isReplaced() ? Phase.REPLACED_ROWS : Phase.ROWS, table.oid(), new Step.Rows(table.name(), columns));
                if (table.isReplaced()) {
                    replaced.add(table.name());
                }
            }
        }
        for (Relation sequence : Sql.list(
                catalogue, Sql.file("sequences"), row -> new Relation(row.getLong("node"), row.getString("name"), false, false))) {
            graph.addPosition(sequence.oid(), sequence.name(), new Step.Statement(position(sequence.name())));
        }
        Sql.list(catalogue, Sql.file("dependencies"), row -> {
            graph.needs(node(row), new Graph.Node(row.getLong("needed_class"), row.getLong("needed_node")));
            return null;
        });
        for (Naming naming : Sql.list(
                catalogue, Sql.file("naming"), row -> new Naming(row.getLong("node"), row.getLong("named_class"), row.getString("sql")))) {
            Sql.list(catalogue, naming.sql(), row -> row.getLong(1))
                    .forEach(named -> graph.rowsName(naming.table(), new Graph.Node(naming.named(), named)));
        }
        List<String> left = new ArrayList<>(Sql.list(catalogue, Sql.file("not-carried"), row -> row.getString(1)));
        for (Graph.Lost lost : graph.withoutWhatIsNotMade()) {
            left.add(lost.object() + " needs " + description(catalogue, lost.needs()));
        }
        List<Step> ordered = new ArrayList<>(graph.inOrder());
        if (relations(catalogue).stream().anyMatch(table -> table.name().equals(CHANGES))) {
            ordered.add(new Step.Statement(CHANGES_ANEW));
        }
        Sql.list(catalogue, Sql.file("grants"), row -> {
            String role = row.getString("role");
            String sql = row.getString("sql");
            if (row.getObject("node") == null || graph.makes(node(row))) {
                ordered.add(role == null ? new Step.Statement(sql) : new Step.Grant(role, sql));
            }
            return null;
        });
        replaced.retainAll(ordered.stream()
                .flatMap(step -> step instanceof Step.Rows rows ? Stream.of(rows.table()) : Stream.empty())
                .collect(Collectors.toSet()));
        this.steps = List.copyOf(ordered);
        this.schemas = schemasFound.stream().sorted().toList();
        this.notCarried = List.copyOf(left);
        this.ledgerVersion = ledgerVersion(catalogue);
    }

    /**
     * Takes a snapshot.
     *
     * @throws InputFailure {@code invalid_setting} when no Qanat has ever started on this database
     * @throws TransientFailure {@code database_conflict} when tables were made and dropped all the time
     */
    static Snapshot of(Connection lasting, Connection briefly) throws SQLException {
        try {
            for (Connection connection : List.of(lasting, briefly)) {
                Sql.prepare(connection);
                connection.setAutoCommit(false);
                connection.setReadOnly(true);
                connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            }
            return Retry.decorateCheckedSupplier(UNTIL_STILL, () -> attempt(lasting, briefly)).get();
        } catch (SQLException | RuntimeException | Error e) {
            throw e;
        } catch (Moved e) {
            throw new TransientFailure(
                    Code.DATABASE_CONFLICT, "tables are made and dropped all the time; try again when fewer models are built", e);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static Snapshot attempt(Connection lasting, Connection briefly) throws SQLException, Moved {
        lasting.rollback();
        briefly.rollback();
        List<Relation> before = relations(lasting);
        lasting.rollback();
        // The locks come first: a transaction sees what stands when it first reads.
        lock(lasting, before.stream().filter(table -> table.isTable() && !table.isReplaced()));
        lock(briefly, before.stream().filter(table -> table.isTable() && table.isReplaced()));
        if (!relations(lasting).equals(before)) {
            throw new Moved();
        }
        String moment = Sql.list(lasting, "SELECT pg_export_snapshot()", row -> row.getString(1)).get(0);
        Sql.execute(briefly, "SET TRANSACTION SNAPSHOT '" + moment + "'");
        Snapshot snapshot = new Snapshot(lasting, briefly);
        if (snapshot.ledgerVersion == null) {
            throw new InputFailure(Code.INVALID_SETTING, "there is nothing of Qanat's in this database: it has no qanat.flyway_schema_history");
        }
        return snapshot;
    }

    private static void lock(Connection connection, Stream<Relation> relations) throws SQLException {
        String tables = relations.map(Relation::name).collect(Collectors.joining(", "));
        if (!tables.isEmpty()) {
            Sql.execute(connection, "LOCK TABLE " + tables + " IN ACCESS SHARE MODE");
        }
    }

    List<Step> steps() {
        return steps;
    }

    /** The schemas whose objects are carried, and {@code qanat_staging}, of which nothing is. */
    List<String> schemas() {
        return schemas;
    }

    /** What stands there and is not carried, for people. */
    List<String> notCarried() {
        return notCarried;
    }

    /** The version of the ledger's tables, as Flyway writes it. */
    String ledgerVersion() {
        return String.valueOf(ledgerVersion);
    }

    @Override
    public Copied copy(Step.Rows rows, OutputStream to) throws IOException, SQLException {
        if (!replaced.contains(rows.table())) {
            return Sql.copyOut(lasting, rows, to);
        }
        Copied copied = Sql.copyOut(briefly, rows, to);
        replaced.remove(rows.table());
        if (replaced.isEmpty()) {
            briefly.rollback();
        }
        return copied;
    }

    @Override
    public void close() throws SQLException {
        briefly.rollback();
        lasting.rollback();
    }

    private static Graph.Node node(ResultSet row) throws SQLException {
        return new Graph.Node(row.getLong("class"), row.getLong("node"));
    }

    private static String description(Connection catalogue, Graph.Node node) throws SQLException {
        return Sql.list(
                        catalogue,
                        "SELECT pg_describe_object(" + node.catalogue() + "::oid, " + node.object() + "::oid, 0)",
                        row -> row.getString(1))
                .get(0);
    }

    private String columns(Relation table) throws SQLException {
        return Sql.list(briefly, Sql.file("columns").replace("?", Long.toString(table.oid())), row -> row.getString(1)).get(0);
    }

    private String position(String sequence) throws SQLException {
        return Sql.list(
                        briefly,
                        "SELECT format('SELECT pg_catalog.setval(%L, %s, %L)', " + literal(sequence) + ", last_value, is_called) FROM " + sequence,
                        row -> row.getString(1))
                .get(0);
    }

    private String literal(String text) throws SQLException {
        return "'" + briefly.unwrap(PGConnection.class).escapeLiteral(text) + "'";
    }

    private static List<Relation> relations(Connection connection) throws SQLException {
        return Sql.list(
                connection,
                Sql.file("relations"),
                row -> new Relation(row.getLong("oid"), row.getString("name"), row.getBoolean("is_table"), row.getBoolean("is_replaced")));
    }

    private static @Nullable String ledgerVersion(Connection connection) throws SQLException {
        if (Sql.list(connection, "SELECT to_regclass('qanat.flyway_schema_history') IS NULL", row -> row.getBoolean(1)).get(0)) {
            return null;
        }
        return Sql.list(
                        connection,
                        "SELECT version FROM qanat.flyway_schema_history WHERE success AND version IS NOT NULL"
                                + " ORDER BY string_to_array(version, '.')::int[] DESC LIMIT 1",
                        row -> row.getString(1))
                .stream()
                .findFirst()
                .orElse(null);
    }

    /**
     * @param named the catalogue's class of what the values name
     * @param sql tells the numbers of these
     */
    private record Naming(long table, long named, String sql) {}

    private record Relation(long oid, String name, boolean isTable, boolean isReplaced) {}

    /** The catalogue changed while it was read. */
    private static final class Moved extends Exception {
        private static final long serialVersionUID = 1L;
    }
}
