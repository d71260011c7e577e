package dev.qanat.edit;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.Edit;
import dev.qanat.ledger.Edit.Action;
import dev.qanat.ledger.Edits;
import dev.qanat.ledger.PersonalKey;
import dev.qanat.load.RowWrite;
import dev.qanat.load.RowWrite.Stored;
import dev.qanat.load.Staging;
import dev.qanat.load.Target;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.Declared;
import dev.qanat.records.KeptRecord;
import dev.qanat.records.KeptRecords;
import dev.qanat.records.Limits;
import dev.qanat.validate.CheckedChunk;
import dev.qanat.validate.Rejection;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BinaryOperator;
import javax.sql.DataSource;

/**
 * Adds, replaces, changes and removes single rows of resources' tables. Each edit is a run of its own and one transaction: the row, and
 * who wrote it when, are there both or not at all. It waits for a load that lands in the table, and lets none land meanwhile. Blocking;
 * safe for use by several threads.
 */
@ApplicationScoped
public class RowEdits {

    /** Each takes two connections. */
    private static final int AT_ONCE = 4;

    private static final long PATIENCE_SECONDS = 5;
    private static final Duration CLEANING = Duration.ofSeconds(10);
    private static final String BAD_VALUE = "22";

    private final DataSource dataSource;
    private final Edits edits;
    private final PersonalKey personalKey;
    private final Limits limits;
    private final Semaphore places = new Semaphore(AT_ONCE, true);

    RowEdits(DataSource dataSource, Edits edits, PersonalKey personalKey, Limits limits) {
        this.dataSource = dataSource;
        this.edits = edits;
        this.personalKey = personalKey;
        this.limits = limits;
    }

    /**
     * A resource whose rows have ids.
     *
     * @param version of the pipeline
     * @param id the column of the ids
     */
    public record Place(String pipeline, int version, Resource resource, String id) {

        Target target() {
            return new Target(pipeline, resource);
        }
    }

    /** The work of an edit, in its transaction. */
    private interface Work {
        Optional<Stored> in(RowWrite write, Staging staging, Telling telling) throws SQLException;
    }

    /** Tells the ledger of an edit, in its transaction. */
    private interface Telling {
        void tell(Action action, Optional<Stored> before, Optional<Stored> after);
    }

    /**
     * Adds a row.
     *
     * @param body an object of JSON by the columns' names
     * @param by who sends it
     * @throws InvalidRow when it is no row of the table
     * @throws InputFailure {@code key_exists} when the table has its key, {@code database_refused} saying why PostgreSQL does not take it
     * @throws TransientFailure when a load is landing in the table, or the database does not answer
     */
    public EditedRow insert(Place place, String body, String by) {
        widen(place);
        return write(place, Optional.empty(), by, (write, staging, ledger) -> {
            stage(staging, place, RowBody.read(place.resource(), body), Optional.empty(), Optional.empty());
            refuseTaken(write.isTaken(staging, null), place);
            Stored added = write.insert(staging);
            ledger.tell(Action.INSERT, Optional.empty(), Optional.of(added));
            return Optional.of(added);
        }).orElseThrow();
    }

    /**
     * Gives a row other values; columns that are not in the body have none afterwards.
     *
     * @param versions of which the row must have one; empty when any will do
     * @throws InvalidRow when it is no row of the table
     * @throws InputFailure {@code unknown_row}, {@code row_changed} when the row has another version, {@code key_exists}
     * @throws TransientFailure as {@link #insert} does
     */
    public EditedRow replace(Place place, String rowId, String body, Optional<Set<String>> versions, String by) {
        return change(place, rowId, body, versions, by, (sent, stored) -> sent);
    }

    /**
     * Changes some values of a row, as a merge patch says (RFC 7396): null takes a value away.
     *
     * @throws InvalidRow as {@link #replace} does, and so for the others
     */
    public EditedRow patch(Place place, String rowId, String body, Optional<Set<String>> versions, String by) {
        return change(place, rowId, body, versions, by, RowBody::mergedInto);
    }

    private EditedRow change(
            Place place, String rowId, String body, Optional<Set<String>> versions, String by, BinaryOperator<RowBody> change) {
        widen(place);
        return write(place, Optional.of(rowId), by, (write, staging, ledger) -> {
            Stored before = find(write, place, rowId, versions);
            RowBody stored = RowBody.read(place.resource(), before.json());
            stage(staging, place, change.apply(RowBody.read(place.resource(), body), stored), Optional.of(before.id()), Optional.of(stored));
            refuseTaken(write.isTaken(staging, rowId), place);
            Optional<Stored> after = write.update(staging, rowId);
            if (after.isPresent()) {
                ledger.tell(Action.UPDATE, Optional.of(before), after);
            }
            return after.isPresent() ? after : Optional.of(before);
        }).orElseThrow();
    }

    /**
     * Removes a row, with the items of its arrays.
     *
     * @throws InputFailure {@code unknown_row}, {@code row_changed}
     * @throws TransientFailure as {@link #insert} does
     */
    public void delete(Place place, String rowId, Optional<Set<String>> versions, String by) {
        write(place, Optional.of(rowId), by, (write, staging, ledger) -> {
            Stored before = find(write, place, rowId, versions);
            write.delete(rowId);
            ledger.tell(Action.DELETE, Optional.of(before), Optional.empty());
            return Optional.empty();
        });
    }

    /** The edits of a row, newest first: those of runs with numbers below this. */
    public List<Edit> edits(Place place, String rowId, long below, int limit) {
        return edits.list(place.target().silver().toString(), rowId, below, limit);
    }

    /** Gives the table what the pipeline has more than it, as a load does. */
    private void widen(Place place) {
        try {
            RowWrite.prepare(dataSource, place.target(), edits.next());
        } catch (SQLException e) {
            throw Failure.of(e, "widening " + place.target().silver());
        }
    }

    private Optional<EditedRow> write(Place place, Optional<String> rowId, String by, Work work) {
        enter();
        try {
            long run = edits.next();
            Staging staging = new Staging(dataSource, run, place.resource().isCleaned());
            try (Connection connection = dataSource.getConnection()) {
                return write(connection, staging, place, run, by, work).map(row -> new EditedRow(row.id(), row.json(), row.version()));
            } finally {
                staging.drop();
            }
        } catch (SQLException e) {
            if (rowId.isPresent() && e.getSQLState() != null && e.getSQLState().startsWith(BAD_VALUE)) {
                throw unknown(place, rowId.get());
            }
            // A constraint or a trigger that somebody has put on the table, for instance.
            throw Failure.of(e, "writing a row of " + place.target().silver());
        } finally {
            places.release();
        }
    }

    private Optional<Stored> write(Connection connection, Staging staging, Place place, long run, String by, Work work)
            throws SQLException {
        connection.setAutoCommit(false);
        try {
            RowWrite write = new RowWrite(connection, place.target(), place.id(), run);
            Optional<Stored> written = work.in(
                    write, staging, (action, before, after) -> tell(connection, place, run, by, action, before, after));
            connection.commit();
            return written;
        } catch (SQLException | RuntimeException e) {
            connection.rollback();
            throw e;
        } finally {
            connection.setAutoCommit(true);
        }
    }

    private void enter() {
        try {
            if (places.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new TransientFailure(Code.TOO_MANY_QUERIES, "as many rows as may are being written; try again in a moment");
    }

    private static Stored find(RowWrite write, Place place, String rowId, Optional<Set<String>> versions) throws SQLException {
        Stored row = write.find(rowId).orElseThrow(() -> unknown(place, rowId));
        if (versions.isPresent() && !versions.get().contains(row.version())) {
            throw new InputFailure(Code.ROW_CHANGED, "the row was written since it was read; read it again");
        }
        return row;
    }

    private static InputFailure unknown(Place place, String rowId) {
        return new InputFailure(
                Code.UNKNOWN_ROW, place.target().silver() + " has no row whose " + place.id() + " is '" + rowId + "'");
    }

    private static void refuseTaken(boolean taken, Place place) {
        if (taken) {
            String key = place.resource().isKeyed()
                    ? "these values of (" + String.join(", ", place.resource().primaryKey()) + ")"
                    : "these values";
            throw new InputFailure(Code.KEY_EXISTS, place.target().silver() + " has a row with " + key + " already");
        }
    }

    /** Stages the row as a load would stage its record. */
    private void stage(Staging staging, Place place, RowBody row, Optional<String> rowId, Optional<RowBody> stored) throws SQLException {
        Resource resource = place.resource().edited(stored.map(row::sameAs).orElse(Set.of()));
        Target target = new Target(place.pipeline(), resource);
        String record = row.record(target.stored(dataSource), rowId);
        KeptRecords chunks = new KeptRecords(
                List.of(new KeptRecord(null, 1, false, record)).iterator(), Declared.of(resource, personalKey::get), limits, 0);
        CheckedChunk checked = check(target, chunks);
        checked.rejections().stream().findFirst().ifPresent(RowEdits::refuse);
        staging.create();
        staging.copy(checked);
        if (resource.isCleaned()) {
            staging.clean(resource, CLEANING);
            staging.firstRejection().ifPresent(RowEdits::refuse);
        }
        if (staging.rows() == 0) {
            throw new InvalidRow(Optional.empty(), Code.FILTERED, "the pipeline's 'where' leaves this row out");
        }
    }

    private CheckedChunk check(Target target, KeptRecords chunks) throws SQLException {
        try {
            return target.contract(dataSource).check(chunks.next());
        } catch (InputFailure e) {
            // A contract that freezes what is not as declared.
            throw new InvalidRow(Optional.empty(), e.code(), String.valueOf(e.getMessage()));
        }
    }

    private static void refuse(Rejection rejection) {
        throw new InvalidRow(Optional.ofNullable(rejection.column()), rejection.code(), rejection.reason());
    }

    private void tell(
            Connection connection, Place place, long run, String by, Action action, Optional<Stored> before, Optional<Stored> after) {
        Stored named = before.or(() -> after).orElseThrow();
        edits.record(
                connection,
                place.pipeline(),
                place.version(),
                place.resource().name(),
                new Edit(
                        run,
                        place.target().silver().toString(),
                        named.id(),
                        after.map(Stored::id).filter(id -> !id.equals(named.id())),
                        action,
                        by,
                        Instant.now(),
                        before.map(Stored::json),
                        after.map(Stored::json)));
    }
}
