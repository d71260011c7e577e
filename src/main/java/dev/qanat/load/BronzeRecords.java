package dev.qanat.load;

import dev.qanat.failure.Code;
import dev.qanat.failure.TransientFailure;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Function;
import javax.sql.DataSource;

/**
 * The records that bronze holds of a resource, landing after landing and each in the order of its source; without those that the cursor or
 * a step of the route left out. Their order is noted once, in a table of the run that holds no records. Some are in memory at a time: of
 * about a million characters, or a single one.
 */
final class BronzeRecords {

    private static final int PAGE = 1_000;
    private static final int PAGE_BYTES = 1 << 20;

    private final DataSource dataSource;
    private final TableName bronze;
    private final TableName order;
    private final TableName parts;
    private boolean empty;

    /**
     * A landing.
     *
     * @param run of which the records came
     * @param first the number of its first record
     * @param last the number of its last record
     */
    record Part(long run, long first, long last) {}

    BronzeRecords(DataSource dataSource, TableName bronze, Staging staging) {
        this.dataSource = dataSource;
        this.bronze = bronze;
        this.order = staging.table("order");
        this.parts = staging.table("parts");
    }

    /** @param since only what this run and replays of it have landed */
    void begin(Optional<Long> since) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            empty = Target.columnsOf(connection, bronze).isEmpty();
            if (!empty) {
                statement.execute("CREATE UNLOGGED TABLE " + order.sql() + " AS SELECT row_number() OVER (ORDER BY _loaded_at, _run_id,"
                        + " _ordinal) AS n, ctid AS place, _run_id, _loaded_at, octet_length(record::text) AS bytes FROM " + bronze.sql()
                        + " WHERE NOT _left_out"
                        + since.map(run -> " AND _run_id IN (SELECT id FROM qanat.run WHERE id = " + run + " OR replays = " + run + ")")
                                .orElse(""));
                statement.execute("ALTER TABLE " + order.sql() + " ADD PRIMARY KEY (n)");
                statement.execute("CREATE UNLOGGED TABLE " + parts.sql() + " AS SELECT min(n) AS first, max(n) AS last, _run_id FROM "
                        + order.sql() + " GROUP BY _loaded_at, _run_id");
                statement.execute("ALTER TABLE " + parts.sql() + " ADD PRIMARY KEY (first)");
            }
        }
    }

    /** The landing after the record with this number. */
    Optional<Part> after(long record) throws SQLException {
        if (empty) {
            return Optional.empty();
        }
        try (Connection connection = dataSource.getConnection();
                PreparedStatement select = connection.prepareStatement(
                        "SELECT _run_id, first, last FROM " + parts.sql() + " WHERE first > ? ORDER BY first LIMIT 1")) {
            select.setLong(1, record);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? Optional.of(new Part(row.getLong(1), row.getLong(2), row.getLong(3))) : Optional.empty();
            }
        }
    }

    /** The records of a landing, which are read as they are asked for. */
    Iterator<Rebuild.Kept> of(Part part) {
        return new Iterator<>() {
            private final Deque<Rebuild.Kept> page = new ArrayDeque<>();
            private long read = part.first() - 1;

            @Override
            public boolean hasNext() {
                return !page.isEmpty() || read < part.last();
            }

            @Override
            public Rebuild.Kept next() {
                if (!hasNext()) {
                    throw new NoSuchElementException("all records have been read");
                }
                if (page.isEmpty()) {
                    read = fill(page, part, read + 1);
                }
                return page.remove();
            }
        };
    }

    /** Gives the number of the last record of the page. */
    private long fill(Deque<Rebuild.Kept> page, Part part, long from) {
        try (Connection connection = dataSource.getConnection()) {
            long to = end(connection, part, from);
            try (PreparedStatement select = connection.prepareStatement("SELECT _source, _position, _from_text, record::text FROM "
                    + bronze.sql() + " WHERE ctid = ANY (ARRAY(SELECT place FROM " + order.sql()
                    + " WHERE n BETWEEN ? AND ?)) AND _run_id = ? AND NOT _left_out ORDER BY _ordinal")) {
                select.setLong(1, from);
                select.setLong(2, to);
                select.setLong(3, part.run());
                try (ResultSet row = select.executeQuery()) {
                    while (row.next()) {
                        page.add(new Rebuild.Kept(row.getString(1), row.getLong(2), row.getBoolean(3), row.getString(4)));
                    }
                }
            }
            if (page.size() != to - from + 1) {
                throw lost();
            }
            return to;
        } catch (SQLException e) {
            throw new IllegalStateException("the records of " + bronze + " could not be read", e);
        }
    }

    private long end(Connection connection, Part part, long from) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT n, bytes FROM " + order.sql() + " WHERE n BETWEEN ? AND ? ORDER BY n LIMIT " + PAGE)) {
            select.setLong(1, from);
            select.setLong(2, part.last());
            try (ResultSet row = select.executeQuery()) {
                long bytes = 0;
                long end = from - 1;
                while (row.next() && (end < from || bytes + row.getLong(2) <= PAGE_BYTES)) {
                    end = row.getLong(1);
                    bytes += row.getLong(2);
                }
                if (end < from) {
                    throw lost();
                }
                return end;
            }
        }
    }

    /** The order was lost in a crash of the database, or the records have been moved: the run is done again. */
    private TransientFailure lost() {
        return new TransientFailure(Code.STAGING_LOST, "the records of " + bronze + " are not where they were when the run began");
    }
}
