package dev.qanat.pipeline;

import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Every version of every pipeline, in the ledger's table {@code config_history}. Versions count from 1 without gaps, also when
 * several processes write at once; the highest is in force. Safe for use by several threads.
 */
@ApplicationScoped
public class ConfigHistory {

    /** Where a version came from. */
    public enum Origin {
        FILE,
        UPLOAD;

        String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A version.
     *
     * @param yaml as it was given
     * @param sha256 of the YAML in UTF-8, as hexadecimal digits
     * @param file below the folder of pipelines, for a version that came from a file
     * @param removed whether this version took the pipeline out of force; its YAML is the one before
     */
    public record Version(
            String pipeline,
            int number,
            String yaml,
            String sha256,
            Origin origin,
            Optional<String> file,
            boolean removed,
            Instant createdAt) {}

    /**
     * What became of a YAML that was put.
     *
     * @param version the version in force now
     * @param previous the version before it; empty when nothing changed or when this is the first
     * @param unchanged whether the YAML was in force already, or is a file that has not changed since it was last read
     */
    public record Put(Version version, Optional<Version> previous, boolean unchanged) {}

    private static final String COLUMNS = "pipeline, version, yaml, sha256, origin, file, removed, created_at";

    private final DataSource dataSource;
    private final JdbcClient db;

    ConfigHistory(DataSource dataSource) {
        this.dataSource = dataSource;
        this.db = JdbcClient.create(dataSource);
    }

    /**
     * Makes a YAML the version in force, unless it is so already. A file that is what it was when it was last read does not take
     * the place of a later upload.
     *
     * @param file below the folder of pipelines; null for an upload
     */
    public Put put(String pipeline, String yaml, @Nullable String file) throws SQLException {
        return inTransaction(connection -> {
            lock(connection, pipeline);
            return put(connection, pipeline, yaml, file);
        });
    }

    /**
     * Takes a pipeline out of force whose file is gone, unless an upload has taken the file's place, or another file.
     *
     * @return whether it was taken out of force
     */
    public boolean remove(String pipeline, String file) throws SQLException {
        return inTransaction(connection -> {
            lock(connection, pipeline);
            Version latest = version(connection, pipeline, null);
            if (latest == null || latest.removed() || !latest.file().equals(Optional.of(file))) {
                return false;
            }
            insert(connection, pipeline, latest.number() + 1, latest.yaml(), file, true);
            return true;
        });
    }

    private interface Work<T> {
        T in(Connection connection) throws SQLException;
    }

    private <T> T inTransaction(Work<T> work) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                T done = work.in(connection);
                connection.commit();
                return done;
            } catch (SQLException | RuntimeException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
    }

    private static void lock(Connection connection, String pipeline) throws SQLException {
        try (PreparedStatement lock =
                connection.prepareStatement("SELECT pg_advisory_xact_lock(hashtextextended('config ' || ?, 0))")) {
            lock.setString(1, pipeline);
            lock.execute();
        }
    }

    private static Put put(Connection connection, String pipeline, String yaml, @Nullable String file) throws SQLException {
        String sha256 = sha256(yaml);
        Version latest = version(connection, pipeline, null);
        if (latest != null && !latest.removed()) {
            Version latestFile = file == null ? null : version(connection, pipeline, Origin.FILE);
            if (latest.sha256().equals(sha256) || latestFile != null && latestFile.sha256().equals(sha256)) {
                if (file != null && latest.origin() == Origin.FILE) {
                    renamed(connection, latest, file);
                }
                return new Put(latest, Optional.empty(), true);
            }
        }
        Version version = insert(connection, pipeline, latest == null ? 1 : latest.number() + 1, yaml, file, false);
        return new Put(version, Optional.ofNullable(latest), false);
    }

    private static void renamed(Connection connection, Version version, String file) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(
                "UPDATE qanat.config_history SET file = ? WHERE pipeline = ? AND version = ? AND file <> ?")) {
            update.setString(1, file);
            update.setString(2, version.pipeline());
            update.setInt(3, version.number());
            update.setString(4, file);
            update.executeUpdate();
        }
    }

    private static Version insert(
            Connection connection, String pipeline, int number, String yaml, @Nullable String file, boolean removed)
            throws SQLException {
        Origin origin = file == null ? Origin.UPLOAD : Origin.FILE;
        String sha256 = sha256(yaml);
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO qanat.config_history "
                + "(pipeline, version, yaml, sha256, origin, file, removed) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING created_at")) {
            insert.setString(1, pipeline);
            insert.setInt(2, number);
            insert.setString(3, yaml);
            insert.setString(4, sha256);
            insert.setString(5, origin.id());
            insert.setString(6, file);
            insert.setBoolean(7, removed);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                return new Version(
                        pipeline,
                        number,
                        yaml,
                        sha256,
                        origin,
                        Optional.ofNullable(file),
                        removed,
                        row.getTimestamp(1).toInstant());
            }
        }
    }

    private static @Nullable Version version(Connection connection, String pipeline, @Nullable Origin origin)
            throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT " + COLUMNS + " FROM qanat.config_history "
                + "WHERE pipeline = ? AND (?::text IS NULL OR origin = ?) ORDER BY version DESC LIMIT 1")) {
            select.setString(1, pipeline);
            select.setString(2, origin == null ? null : origin.id());
            select.setString(3, origin == null ? null : origin.id());
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? version(row, 0) : null;
            }
        }
    }

    /** The versions in force, by the names of their pipelines. */
    public List<Version> inForce() {
        return db
                .sql("SELECT DISTINCT ON (pipeline) " + COLUMNS
                        + " FROM qanat.config_history ORDER BY pipeline, version DESC")
                .query(ConfigHistory::version)
                .list()
                .stream()
                .filter(version -> !version.removed())
                .toList();
    }

    public Optional<Version> version(String pipeline, int number) {
        return db.sql("SELECT " + COLUMNS + " FROM qanat.config_history WHERE pipeline = :pipeline AND version = :number")
                .param("pipeline", pipeline)
                .param("number", number)
                .query(ConfigHistory::version)
                .optional();
    }

    private static Version version(ResultSet row, int number) throws SQLException {
        return new Version(
                row.getString("pipeline"),
                row.getInt("version"),
                row.getString("yaml"),
                row.getString("sha256"),
                Origin.valueOf(row.getString("origin").toUpperCase(Locale.ROOT)),
                Optional.ofNullable(row.getString("file")),
                row.getBoolean("removed"),
                row.getTimestamp("created_at").toInstant());
    }

    private static String sha256(String yaml) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(yaml.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
