package dev.qanat.serve;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.pipeline.Resource;
import dev.qanat.serve.Query.Counting;
import dev.qanat.serve.Template.Statement;
import io.agroal.api.AgroalDataSource;
import io.quarkus.agroal.DataSource;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jooq.DSLContext;
import org.jooq.SQLDialect;
import org.jooq.exception.DataAccessException;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;

/**
 * Answers requests for rows of exposed tables. It has connections of its own, which cannot write and limit what a statement may take; as
 * many statements are at work at once. Blocking; safe for use by several threads.
 */
@ApplicationScoped
public class Queries {

    static final String DATA_SOURCE = "queries";

    private static final Logger LOG = Logger.getLogger(Queries.class);
    private static final String TIMED_OUT = "57014";
    private static final String BAD_VALUE = "22";
    private static final String BROKEN = "08";
    private static final long PATIENCE_SECONDS = 5;

    /** Characters that all rows of an answer may have when they are taken in one go. */
    private static final int SMALL = 1 << 20;

    private final AgroalDataSource dataSource;
    private final Catalogue catalogue;
    private final Freshness freshness;
    private final QueryLimits limits;
    private final Templates templates = new Templates();
    private final Cache<Template, Integer> widest = Caffeine.newBuilder().weakKeys().build();
    private final Semaphore places;
    private final Semaphore downloads;

    Queries(@DataSource(DATA_SOURCE) AgroalDataSource dataSource, Catalogue catalogue, Freshness freshness, QueryLimits limits) {
        // jOOQ knows the types that this class has set up, and several threads may be the first to ask for one.
        SQLDataType.OTHER.getTypeName();
        this.dataSource = dataSource;
        this.catalogue = catalogue;
        this.freshness = freshness;
        this.limits = limits;
        this.places = new Semaphore(limits.atOnce(), true);
        this.downloads = new Semaphore(Math.max(1, limits.atOnce() / 2));
    }

    /** Whether there is a table of this name, a schema and a name with a dot between, for whom the request is for. */
    public boolean has(String table, boolean personal) {
        return catalogue.table(table, personal).isPresent();
    }

    /**
     * The version of the rows that an answer would have now, see {@link Rows#version}.
     *
     * @throws InputFailure as {@link #rows}
     * @throws TransientFailure as {@link #rows}
     */
    public Optional<String> version(DataRequest request) {
        ServedTable table = table(request);
        if (!QueryReader.read(table, request, limits, templates).isSteady()) {
            return Optional.empty();
        }
        enter();
        try (Connection connection = dataSource.getConnection()) {
            return freshness.now(connection, table);
        } catch (SQLException e) {
            throw failure(e, request.table());
        } finally {
            places.release();
        }
    }

    /**
     * Begins an answer; whoever gets it closes it.
     *
     * @param cancelling is told how the statement at work is ended from another thread
     * @throws InputFailure {@code unknown_table} where there is no such table for whoever asks; {@code invalid_request} saying what of the
     *     request is not right; {@code query_timed_out} when the database took too long; {@code query_failed} when it fails on what a
     *     view is made of
     * @throws TransientFailure when it may do in a moment
     */
    public Rows rows(DataRequest request, Cancelling cancelling) {
        ServedTable table = table(request);
        Query query = QueryReader.read(table, request, limits, templates);
        Place place = enter(request.format() != Format.JSON);
        boolean begun = false;
        try {
            Rows rows = begin(query, request, cancelling, place);
            begun = true;
            return rows;
        } finally {
            if (!begun) {
                place.leave();
            }
        }
    }

    /**
     * Has what other processes have put in force known here, where it is older than half a second.
     *
     * @return whether the table of a resource is there for whom the request is for
     */
    public boolean isThere(Resource resource, boolean personal) {
        return catalogue.any(nameOf(resource), personal).isPresent();
    }

    /** Which columns a resource's table has for whom the request is for: a text that is another one when these are. */
    public String shape(Resource resource, boolean personal) {
        return catalogue.any(nameOf(resource), personal).map(Freshness::shape).orElse("");
    }

    /** Has a table that was made in this process a moment ago known at once. */
    public void forget() {
        catalogue.forget();
    }

    /**
     * The page of a resource whose table is not there yet.
     *
     * @throws InputFailure when the request asks for what no page has
     */
    public String emptyPage(DataRequest request) {
        ExposedPage page = ExposedPage.read(request.expose().orElseThrow(), request.parameters(), limits);
        int size = page.size().map(asked -> Math.min(asked, limits.largestPage())).orElse(limits.defaultPage());
        return "{\"items\":[],\"next\":null" + (page.page() > 0 ? ",\"total\":0,\"page\":" + page.page() + ",\"page_size\":" + size : "") + "}";
    }

    /** The name of a resource's table, as a request has it. */
    public static String nameOf(Resource resource) {
        return Catalogue.SILVER + "." + resource.table();
    }

    /**
     * The row of a resource's table that has an id.
     *
     * @param column whose values the ids are
     * @param id as it came
     * @return empty where there is none, or no such table for whom the request is for
     * @throws dev.qanat.failure.Failure as {@link #rows} does
     */
    public Optional<ServedRow> row(Resource resource, String column, String id, boolean personal) {
        Optional<ServedTable> table = catalogue.any(nameOf(resource), personal);
        Optional<ServedColumn> key = table.flatMap(known -> known.column(column));
        if (table.isEmpty() || key.isEmpty()) {
            return Optional.empty();
        }
        Place place = enter(false);
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement(RowQuery.of(table.get(), key.get()))) {
            statement.setString(1, id);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(new ServedRow(row.getString(1), row.getString(2))) : Optional.empty();
            }
        } catch (SQLException e) {
            if (isOutdated(e)) {
                catalogue.forget();
            } else if (e.getSQLState() == null || !e.getSQLState().startsWith(BAD_VALUE)) {
                throw failure(e, nameOf(resource));
            }
            return Optional.empty();
        } finally {
            place.leave();
        }
    }

    private ServedTable table(DataRequest request) {
        return (request.expose().isPresent()
                        ? catalogue.any(request.table(), request.personal())
                        : catalogue.table(request.table(), request.personal()))
                .orElseThrow(() -> new InputFailure(Code.UNKNOWN_TABLE, "there is no table '" + request.table() + "'"));
    }

    /** Takes a place; of these, answers that last as long as their reader takes have half. */
    private Place enter(boolean download) {
        if (download && !downloads.tryAcquire()) {
            throw new TransientFailure(
                    Code.TOO_MANY_DOWNLOADS, "as many downloads as may are being sent already; try again in a moment");
        }
        try {
            enter();
        } catch (TransientFailure e) {
            downloads.release(download ? 1 : 0);
            throw e;
        }
        return new Place(places, downloads, download);
    }

    private void enter() {
        try {
            if (places.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throw new TransientFailure(Code.TOO_MANY_QUERIES, "as many queries as may are at work; try again in a moment");
    }

    private Rows begin(Query query, DataRequest request, Cancelling cancelling, Place place) {
        if (cancelling.isGone()) {
            throw new TransientFailure(Code.INTERRUPTED, "nobody waits for the answer any more");
        }
        try {
            return begin(query, cancelling, place);
        } catch (SQLException e) {
            if (!isOutdated(e)) {
                throw failure(e, request.table());
            }
            catalogue.forget();
        }
        try {
            return begin(QueryReader.read(table(request), request, limits, templates), cancelling, place);
        } catch (SQLException e) {
            throw failure(e, request.table());
        }
    }

    private Rows begin(Query query, Cancelling cancelling, Place place) throws SQLException {
        if (isSmall(query)) {
            try {
                return begin(query, true, cancelling, place);
            } catch (SQLException e) {
                if (!isTooLarge(e)) {
                    throw e;
                }
                widest.invalidate(query.template());
            }
        }
        return begin(query, false, cancelling, place);
    }

    /** Whether the rows are few, and rows of this kind were narrow until now. */
    private boolean isSmall(Query query) {
        Integer width = widest.getIfPresent(query.template());
        return width != null && query.page().filter(rows -> (rows + 1L) * width <= SMALL).isPresent() && !query.ties()
                && query.counting().isEmpty();
    }

    /** @param atOnce whether all rows are taken in one go: without a transaction that is a single round trip */
    private Rows begin(Query query, boolean atOnce, Cancelling cancelling, Place place) throws SQLException {
        Connection connection = dataSource.getConnection();
        try {
            connection.setAutoCommit(atOnce);
            Optional<String> version = query.isSteady() ? freshness.recent(connection, query.table()) : Optional.empty();
            Optional<Long> total = query.counting().isPresent()
                    ? Optional.of(total(connection, query, cancelling))
                    : Optional.empty();
            PreparedStatement statement = prepared(connection, query.template().rows(), query);
            cancelling.by(statement::cancel);
            return new Rows(query, connection, statement.executeQuery(), version, total, width -> noted(query, width), place);
        } catch (SQLException | RuntimeException e) {
            Optional<InputFailure> faulty = Optional.empty();
            try {
                faulty = faultyValue(connection, e, query);
                Rows.release(connection);
            } catch (SQLException broken) {
                // The first failure is the one to tell.
                e.addSuppressed(broken);
            }
            if (faulty.isPresent()) {
                throw faulty.get();
            }
            throw e;
        }
    }

    private void noted(Query query, int width) {
        Integer known = widest.getIfPresent(query.template());
        if (known == null || known < width) {
            widest.put(query.template(), width);
        }
    }

    private static PreparedStatement prepared(Connection connection, Statement sql, Query query) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql.sql());
        List<Object> values = sql.bound(query.places());
        for (int i = 0; i < values.size(); i++) {
            statement.setObject(i + 1, values.get(i));
        }
        return statement;
    }

    private static long total(Connection connection, Query query, Cancelling cancelling) throws SQLException {
        if (query.counting().orElseThrow() == Counting.ESTIMATED) {
            Statement all = query.template().all();
            DSLContext dsl = DSL.using(connection, SQLDialect.POSTGRES);
            return Math.round(dsl.explain(dsl.resultQuery(all.sql(), all.bound(query.places()).toArray())).rows());
        }
        try (PreparedStatement count = prepared(connection, query.template().count(), query)) {
            cancelling.by(count::cancel);
            try (ResultSet row = count.executeQuery()) {
                row.next();
                return row.getLong(1);
            }
        }
    }

    /** Which value of the request is none of its column's type, where the database has refused one. */
    private static Optional<InputFailure> faultyValue(Connection connection, Exception thrown, Query query) throws SQLException {
        // A name of a relation that is not there is of class 42, and so is much else that is not the request's fault.
        if (!(thrown instanceof SQLException refused)
                || refused.getSQLState() == null
                || !refused.getSQLState().startsWith(BAD_VALUE) && !refused.getSQLState().startsWith("42")) {
            return Optional.empty();
        }
        if (!connection.getAutoCommit()) {
            connection.rollback();
        }
        for (BoundValue value : query.values()) {
            try {
                DSL.using(connection, SQLDialect.POSTGRES).fetch(DSL.select(value.field()));
            } catch (DataAccessException e) {
                return Optional.of(DialectText.problem(
                        value.parameter(),
                        "'" + value.text() + "' is no value of '" + value.column().name() + "', which is of type "
                                + value.column().typeName()));
            }
        }
        return refused.getSQLState().equals("22025")
                ? Optional.of(new InputFailure(
                        Code.INVALID_REQUEST, "a pattern of like or ilike ends with a backslash, which must stand before a character"))
                : Optional.empty();
    }

    /** The driver gives up a connection on which more came than it may take into memory. */
    private static boolean isTooLarge(SQLException e) {
        return e.getSQLState() != null && e.getSQLState().startsWith(BROKEN);
    }

    /** Whether it was the buffer, and not the connection's end. */
    private static boolean isOfBuffer(Throwable thrown) {
        return String.valueOf(thrown.getMessage()).contains("maxResultBuffer") || thrown.getCause() != null && isOfBuffer(thrown.getCause());
    }

    /** What it means that rows could not be read to their end. */
    public RuntimeException failed(SQLException e, DataRequest request) {
        return failure(e, request.table());
    }

    /** Whether a table or a column is not there any more as it was a moment ago. */
    private static boolean isOutdated(SQLException e) {
        String state = e.getSQLState();
        return state != null && (state.startsWith("42") || state.equals("0A000"));
    }

    private RuntimeException failure(SQLException e, String table) {
        if (TIMED_OUT.equals(e.getSQLState())) {
            return new InputFailure(
                    Code.QUERY_TIMED_OUT,
                    "the database took longer than " + limits.timeout()
                            + "; ask for less, or sort and filter by columns that have an index");
        }
        if (isTooLarge(e) && isOfBuffer(e)) {
            return new InputFailure(
                    Code.INVALID_REQUEST, "rows of " + table + " are larger than 16 MiB; leave columns out with 'select', or ask for fewer rows");
        }
        if (Failure.of(e, "reading " + table) instanceof TransientFailure failure) {
            return failure;
        }
        LOG.warnf("A request for %s could not be answered: %s", table, e.getMessage());
        return new InputFailure(
                Code.QUERY_FAILED, "PostgreSQL fails on what " + table + " is made of; the server's log says how");
    }
}
