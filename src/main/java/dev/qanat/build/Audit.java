package dev.qanat.build;

import dev.qanat.failure.InputFailure;
import dev.qanat.ledger.TestRun;
import dev.qanat.transform.Compiled;
import dev.qanat.transform.ExistingRelations;
import dev.qanat.transform.Manifest;
import dev.qanat.transform.Node;
import dev.qanat.transform.Relation;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.postgresql.PGConnection;

/** Asks tests, as dbt does, within the transaction of what they audit. For one thread. */
final class Audit {

    private static final String DEPENDED_ON = "2BP01";

    private final Sql sql;
    private final Manifest manifest;
    private final ExistingRelations existing;
    private final Predicate<Node> present;
    private final boolean patient;
    private final List<TestRun> results = new ArrayList<>();
    private final Map<Relation, Kept> kept = new LinkedHashMap<>();

    /** The rows that fail, aside while the transaction takes back what they were found in. */
    private record Kept(Map<String, String> columns, Path rows) {}

    /**
     * @param present whether what a test reads is there
     * @param patient whether a test of what is not there yet is no failure
     */
    Audit(Sql sql, Manifest manifest, ExistingRelations existing, Predicate<Node> present, boolean patient) {
        this.patient = patient;
        this.sql = sql;
        this.manifest = manifest;
        this.existing = existing;
        this.present = present;
    }

    List<TestRun> results() {
        return results;
    }

    boolean failed() {
        return results.stream().anyMatch(test -> test.status() == TestRun.Status.FAILED);
    }

    /**
     * Asks a test.
     *
     * @param standIns what is read in place of nodes that are not published yet, by their unique ids
     * @param audited the node that the test is to keep from being published, if it fails
     */
    void ask(Node test, Map<String, Relation> standIns, Optional<Node> audited) throws SQLException {
        Optional<Node> missing = read(test)
                .filter(read -> !standIns.containsKey(read.uniqueId()) && !present.test(read))
                .findFirst();
        if (missing.isPresent()) {
            TestRun.Status status = patient || test.config().severity().equals("warn") ? TestRun.Status.SKIPPED : TestRun.Status.FAILED;
            results.add(result(test, audited, status, Optional.empty(), 0, "",
                    missing.get().relation().shown() + " is not there yet"));
            return;
        }
        long begun = System.nanoTime();
        Savepoint before = sql.connection().setSavepoint();
        try {
            Compiled compiled = manifest.compile(test, existing, standIns);
            results.add(verdict(test, compiled, audited, begun));
        } catch (InputFailure e) {
            results.add(result(test, audited, TestRun.Status.FAILED, Optional.empty(), seconds(begun), "", e.getMessage()));
        } catch (SQLException e) {
            if (Sql.isAway(e) || Sql.isConflict(e)) {
                throw e;
            }
            sql.connection().rollback(before);
            String text = manifest.compile(test, existing, standIns).sql();
            results.add(result(test, audited, TestRun.Status.FAILED, Optional.empty(), seconds(begun), text,
                    "it cannot be asked: " + e.getMessage()));
        }
        sql.connection().releaseSavepoint(before);
    }

    /** The relations that a node reads, also through ephemeral models. */
    private Stream<Node> read(Node node) {
        return node.dependsOn().stream().map(manifest::node).flatMap(read -> read.isEphemeral() ? read(read) : Stream.of(read));
    }

    private TestRun verdict(Node test, Compiled compiled, Optional<Node> audited, long begun) throws SQLException {
        if (test.config().storeFailures()) {
            store(test.relation(), compiled);
        }
        try (Statement statement = sql.connection().createStatement()) {
            statement.setEscapeProcessing(false);
            try (ResultSet row = statement.executeQuery(compiled.verdictSql())) {
                row.next();
                long failures = row.getLong("failures");
                boolean error = row.getBoolean("should_error") && test.config().severity().equals("error");
                TestRun.Status status = error
                        ? TestRun.Status.FAILED
                        : row.getBoolean("should_warn") ? TestRun.Status.WARNED : TestRun.Status.PASSED;
                String message = status == TestRun.Status.PASSED ? "" : "got %d, %s if %s".formatted(
                        failures, error ? "fails" : "warns", error ? test.config().errorIf() : test.config().warnIf());
                return result(test, audited, status, Optional.of(failures), seconds(begun), compiled.sql(), message);
            }
        }
    }

    private static TestRun result(
            Node test,
            Optional<Node> audited,
            TestRun.Status status,
            Optional<Long> failures,
            double seconds,
            String compiledSql,
            String message) {
        return new TestRun(
                test.uniqueId(),
                test.name(),
                audited.map(Node::uniqueId),
                test.config().severity(),
                status,
                failures,
                seconds,
                compiledSql,
                test.config().storeFailures() && failures.isPresent() ? Optional.of(test.relation().shown()) : Optional.empty(),
                message.isEmpty() ? Optional.empty() : Optional.of(message));
    }

    private static double seconds(long begun) {
        return (System.nanoTime() - begun) / 1e9;
    }

    private void store(Relation relation, Compiled compiled) throws SQLException {
        String limit = compiled.node().config().limit().map(most -> "\nlimit " + most).orElse("");
        String query = "(\n" + compiled.sql() + limit + "\n)";
        sql.execute(emptied(relation) ? "INSERT INTO " + relation + " " + query : "CREATE TABLE " + relation + " AS " + query);
        kept.put(relation, new Kept(Catalog.columns(sql.connection(), relation), Path.of("")));
    }

    /** Where somebody's view hangs on the stored failures they are emptied, and otherwise dropped. */
    private boolean emptied(Relation relation) throws SQLException {
        Savepoint before = sql.connection().setSavepoint();
        try {
            sql.execute("DROP TABLE IF EXISTS " + relation);
            return false;
        } catch (SQLException e) {
            if (!DEPENDED_ON.equals(e.getSQLState())) {
                throw e;
            }
            sql.connection().rollback(before);
            sql.execute("DELETE FROM " + relation);
            return true;
        }
    }

    /** Puts the stored failures aside, since the transaction is about to take them back. */
    void putAside() throws SQLException {
        for (Map.Entry<Relation, Kept> stored : List.copyOf(kept.entrySet())) {
            try {
                Path file = Files.createTempFile("qanat-failures", ".copy");
                kept.put(stored.getKey(), new Kept(stored.getValue().columns(), file));
                try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
                    copies(sql.connection()).copyOut("COPY " + stored.getKey() + " TO STDOUT (FORMAT binary)", out);
                }
            } catch (IOException e) {
                throw new UncheckedIOException("the rows that fail could not be kept", e);
            }
        }
    }

    /** Stores again what was put aside. */
    void storeAgain() throws SQLException {
        for (Map.Entry<Relation, Kept> stored : kept.entrySet()) {
            String relation = stored.getKey().toString();
            if (!emptied(stored.getKey())) {
                sql.execute("CREATE TABLE " + relation + " (" + stored.getValue().columns().entrySet().stream()
                        .map(column -> Sql.quoted(column.getKey()) + " " + column.getValue())
                        .collect(Collectors.joining(", ")) + ")");
            }
            try (InputStream in = new BufferedInputStream(Files.newInputStream(stored.getValue().rows()))) {
                copies(sql.connection()).copyIn("COPY " + relation + " FROM STDIN (FORMAT binary)", in);
            } catch (IOException e) {
                throw new UncheckedIOException("the rows that fail could not be stored", e);
            }
        }
    }

    /** Lets go of what was put aside. */
    void forget() {
        for (Kept stored : kept.values()) {
            if (!stored.rows().toString().isEmpty()) {
                try {
                    Files.deleteIfExists(stored.rows());
                } catch (IOException e) {
                    stored.rows().toFile().deleteOnExit();
                }
            }
        }
        kept.clear();
    }

    private static org.postgresql.copy.CopyManager copies(Connection connection) throws SQLException {
        return connection.unwrap(PGConnection.class).getCopyAPI();
    }
}
