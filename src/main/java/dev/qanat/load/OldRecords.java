package dev.qanat.load;

import dev.qanat.pipeline.Resource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;

/**
 * The records of a resource in bronze that landed before a moment. They are deleted block by block, each stretch in a short transaction of
 * its own that waits for nobody; landings and readers are not held up. For one thread.
 */
public final class OldRecords {

    /** 16 MiB of a table: some ten thousand records a transaction. */
    private static final int BLOCKS_AT_ONCE = 2_048;

    /** How long a statement may take: one that counts, and one that deletes a stretch. */
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private static final Duration STRETCH = Duration.ofSeconds(60);

    private final DataSource dataSource;
    private final TableName bronze;

    public OldRecords(DataSource dataSource, String pipeline, Resource resource) {
        this.dataSource = dataSource;
        this.bronze = new Target(pipeline, resource).bronze();
    }

    /** The lock that is held while silver is built again from a table of bronze, and while records of it are deleted. */
    static String lock(TableName bronze) {
        return "hashtextextended('" + bronze.sql().replace("'", "''") + "', 0)";
    }

    public TableName table() {
        return bronze;
    }

    public long count(Instant before) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                begin(connection, PATIENCE);
                if (blocks(connection).isEmpty()) {
                    return 0;
                }
                try (PreparedStatement select =
                        connection.prepareStatement("SELECT count(*) FROM " + bronze.sql() + " WHERE _loaded_at < ?")) {
                    select.setTimestamp(1, Timestamp.from(before));
                    try (ResultSet row = select.executeQuery()) {
                        row.next();
                        return row.getLong(1);
                    }
                }
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }

    /**
     * Deletes them. Where silver is being built again from the table the rest stays for the next time.
     *
     * @param stopping whether to end after the transaction at hand
     * @return how many
     */
    public long delete(Instant before, BooleanSupplier stopping) throws SQLException {
        long deleted = 0;
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                begin(connection, STRETCH);
                long blocks = blocks(connection).orElse(0);
                for (long from = 0; from < blocks && !stopping.getAsBoolean() && isFree(connection); from += BLOCKS_AT_ONCE) {
                    deleted += delete(connection, before, from);
                    connection.commit();
                    begin(connection, STRETCH);
                }
            } finally {
                connection.rollback();
                connection.setAutoCommit(true);
            }
            if (deleted > 0) {
                try (Statement statement = connection.createStatement()) {
                    // What lands next takes their place; otherwise the table would grow by a fifth before PostgreSQL does this by itself.
                    statement.execute("VACUUM (SKIP_LOCKED, TRUNCATE false) " + bronze.sql());
                }
            }
        }
        return deleted;
    }

    /** Nobody is waited for longer than two seconds: whoever waits behind would wait as long. */
    private static void begin(Connection connection, Duration patience) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = " + patience.toMillis());
        }
    }

    private boolean isFree(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT pg_try_advisory_xact_lock(" + lock(bronze) + ")")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    private long delete(Connection connection, Instant before, long from) throws SQLException {
        try (PreparedStatement delete = connection.prepareStatement("DELETE FROM " + bronze.sql()
                + " WHERE ctid >= CAST(? AS tid) AND ctid < CAST(? AS tid) AND _loaded_at < ?")) {
            delete.setString(1, "(" + from + ",0)");
            delete.setString(2, "(" + (from + BLOCKS_AT_ONCE) + ",0)");
            delete.setTimestamp(3, Timestamp.from(before));
            return delete.executeUpdate();
        }
    }

    /** How long the table is; empty when it is not there. */
    private OptionalLong blocks(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT pg_relation_size(to_regclass(?)) / current_setting('block_size')::bigint")) {
            select.setString(1, bronze.sql());
            try (ResultSet row = select.executeQuery()) {
                row.next();
                long blocks = row.getLong(1);
                return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(blocks);
            }
        }
    }
}
