package dev.qanat.pipeline;

import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
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
        UPLOAD,
        ROLLBACK;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * Who or what brings a version.
     *
     * @param file below the folder of pipelines, for what comes from a file
     * @param place which folder of pipelines that is, among those of all processes
     * @param by who sent it, as far as it is known; null for a file
     * @param restores the version that a rollback puts in force again
     */
    public record Provenance(
            Origin origin, @Nullable String file, @Nullable String place, @Nullable String by, @Nullable Integer restores) {

        static Provenance file(String name, @Nullable String place) {
            return new Provenance(Origin.FILE, name, place, null, null);
        }

        static Provenance upload(String by) {
            return new Provenance(Origin.UPLOAD, null, null, by, null);
        }

        static Provenance rollback(String by, int to) {
            return new Provenance(Origin.ROLLBACK, null, null, by, to);
        }
    }

    /**
     * A version.
     *
     * @param yaml as it was given
     * @param sha256 of the YAML in UTF-8, as hexadecimal digits
     * @param file below the folder of pipelines, for a version that came from a file
     * @param place which folder of pipelines that is
     * @param by who sent it, as far as it is known; empty for one that came from a file
     * @param restores the version whose YAML this is, for a rollback
     * @param removed whether this version took the pipeline out of force; its YAML is the one before
     */
    public record Version(
            String pipeline,
            int number,
            String yaml,
            String sha256,
            Origin origin,
            Optional<String> file,
            Optional<String> place,
            Optional<String> by,
            Optional<Integer> restores,
            boolean removed,
            Instant createdAt) {

        /** The YAML that this version put in force; null when it took the pipeline out of force. */
        public @Nullable String inForce() {
            return removed ? null : yaml;
        }
    }

    /**
     * What became of a YAML that was put.
     *
     * @param version the version in force now
     * @param previous the version before it; empty when nothing changed or when this is the first
     * @param unchanged whether the YAML was in force already, or is a file that has not changed since it was last read
     */
    public record Put(Version version, Optional<Version> previous, boolean unchanged) {}

    private static final String COLUMNS =
            "pipeline, version, yaml, sha256, origin, file, place, created_by, restores, removed, created_at";

    private static final String IN_FORCE = "SELECT " + COLUMNS + " FROM (SELECT DISTINCT ON (pipeline) " + COLUMNS
            + " FROM qanat.config_history ORDER BY pipeline, version DESC) AS latest WHERE NOT removed ORDER BY pipeline";

    private final DataSource dataSource;
    private final JdbcClient db;

    ConfigHistory(DataSource dataSource) {
        this.dataSource = dataSource;
        this.db = JdbcClient.create(dataSource);
    }

    /**
     * Makes a YAML the version in force, unless it is so already. A file that is what it was when it was last read does not take
     * the place of a later upload or rollback. Other pipelines that came from the same file go out of force with it.
     *
     * @param check is shown what is in force of other pipelines and stays so; no process changes it meanwhile. What it throws undoes all
     */
    public Put put(String pipeline, String yaml, Provenance from, Consumer<List<Version>> check) throws SQLException {
        return inTransaction(connection -> {
            lock(connection);
            List<Version> stay = new ArrayList<>();
            List<Version> go = new ArrayList<>();
            for (Version version : inForce(connection)) {
                if (!version.pipeline().equals(pipeline)) {
                    boolean sameFile = from.file() != null && isFrom(version, from.file(), from.place());
                    (sameFile ? go : stay).add(version);
                }
            }
            check.accept(stay);
            for (Version version : go) {
                remove(connection, version);
            }
            return put(connection, pipeline, yaml, from);
        });
    }

    /**
     * Takes a pipeline out of force whose file is gone, unless an upload has taken the file's place, or another file.
     *
     * @param place the folder of pipelines that the file was in
     * @return whether it was taken out of force
     */
    public boolean remove(String pipeline, String file, String place) throws SQLException {
        return inTransaction(connection -> {
            lock(connection);
            Version latest = latest(connection, pipeline);
            if (latest == null || latest.removed() || !isFrom(latest, file, place)) {
                return false;
            }
            remove(connection, latest);
            return true;
        });
    }

    private static void remove(Connection connection, Version latest) throws SQLException {
        Provenance file = Provenance.file(latest.file().orElseThrow(), latest.place().orElse(null));
        insert(connection, latest.pipeline(), latest.number() + 1, latest.yaml(), file, true);
    }

    private static boolean isFrom(Version version, String file, @Nullable String place) {
        return version.file().equals(Optional.of(file)) && version.place().equals(Optional.ofNullable(place));
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

    /** One lock for all pipelines and processes: what one claims hangs on what the others do. */
    private static void lock(Connection connection) throws SQLException {
        try (PreparedStatement lock =
                connection.prepareStatement("SELECT pg_advisory_xact_lock(hashtextextended('config_history', 0))")) {
            lock.execute();
        }
    }

    private static Put put(Connection connection, String pipeline, String yaml, Provenance from) throws SQLException {
        String sha256 = sha256(yaml);
        Version latest = latest(connection, pipeline);
        if (latest != null && !latest.removed()) {
            boolean inForce = latest.sha256().equals(sha256);
            if (from.file() != null && inForce) {
                read(connection, latest, from, sha256);
            }
            if (inForce || from.file() != null && sha256.equals(lastRead(connection, pipeline))) {
                return new Put(latest, Optional.empty(), true);
            }
        }
        Version version = insert(connection, pipeline, latest == null ? 1 : latest.number() + 1, yaml, from, false);
        return new Put(version, Optional.ofNullable(latest), false);
    }

    /** Notes that a file holds what is in force. When it changes later, it is a version again, also when it goes back. */
    private static void read(Connection connection, Version version, Provenance from, String sha256) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement("""
                UPDATE qanat.config_history
                SET file_sha256 = ?, file = CASE origin WHEN 'file' THEN ? END, place = CASE origin WHEN 'file' THEN ? END
                WHERE pipeline = ? AND version = ?
                  AND (file_sha256 IS DISTINCT FROM ? OR origin = 'file' AND (file, place) IS DISTINCT FROM (?, ?))""")) {
            update.setString(1, sha256);
            update.setString(2, from.file());
            update.setString(3, from.place());
            update.setString(4, version.pipeline());
            update.setInt(5, version.number());
            update.setString(6, sha256);
            update.setString(7, from.file());
            update.setString(8, from.place());
            update.executeUpdate();
        }
    }

    /** The hash of the pipeline's file as it was when it was last read; null when there never was one. */
    private static @Nullable String lastRead(Connection connection, String pipeline) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT file_sha256 FROM qanat.config_history
                WHERE pipeline = ? AND file_sha256 IS NOT NULL ORDER BY version DESC LIMIT 1""")) {
            select.setString(1, pipeline);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? row.getString(1) : null;
            }
        }
    }

    private static Version insert(
            Connection connection, String pipeline, int number, String yaml, Provenance from, boolean removed)
            throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("INSERT INTO qanat.config_history "
                + "(pipeline, version, yaml, sha256, origin, file, place, created_by, restores, removed, file_sha256) "
                + "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING " + COLUMNS)) {
            String sha256 = sha256(yaml);
            insert.setString(1, pipeline);
            insert.setInt(2, number);
            insert.setString(3, yaml);
            insert.setString(4, sha256);
            insert.setString(5, from.origin().id());
            insert.setString(6, from.file());
            insert.setString(7, from.place());
            insert.setString(8, from.by());
            insert.setObject(9, from.restores(), Types.INTEGER);
            insert.setBoolean(10, removed);
            insert.setString(11, from.file() == null ? null : sha256);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                return version(row, 0);
            }
        }
    }

    private static @Nullable Version latest(Connection connection, String pipeline) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT " + COLUMNS + " FROM qanat.config_history WHERE pipeline = ? ORDER BY version DESC LIMIT 1")) {
            select.setString(1, pipeline);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? version(row, 0) : null;
            }
        }
    }

    /** The versions in force, by the names of their pipelines. */
    public List<Version> inForce() {
        return db.sql(IN_FORCE).query(ConfigHistory::version).list();
    }

    private static List<Version> inForce(Connection connection) throws SQLException {
        List<Version> versions = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement(IN_FORCE);
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                versions.add(version(row, 0));
            }
        }
        return versions;
    }

    /**
     * The latest version of every pipeline, also of those that are out of force, by their names.
     *
     * @param after the name behind which the list begins; empty for its beginning
     */
    public List<Version> latest(String after, int limit) {
        return db.sql("SELECT DISTINCT ON (pipeline) " + COLUMNS
                        + " FROM qanat.config_history WHERE pipeline > :after ORDER BY pipeline, version DESC LIMIT :limit")
                .param("after", after)
                .param("limit", limit)
                .query(ConfigHistory::version)
                .list();
    }

    /** The versions of a pipeline below a number, newest first. */
    public List<Version> versions(String pipeline, int below, int limit) {
        return db.sql("SELECT " + COLUMNS + " FROM qanat.config_history WHERE pipeline = :pipeline AND version < :below"
                        + " ORDER BY version DESC LIMIT :limit")
                .param("pipeline", pipeline)
                .param("below", below)
                .param("limit", limit)
                .query(ConfigHistory::version)
                .list();
    }

    /** The latest version of a pipeline, which is in force unless it was removed. */
    public Optional<Version> latest(String pipeline) {
        return versions(pipeline, Integer.MAX_VALUE, 1).stream().findFirst();
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
                Optional.ofNullable(row.getString("place")),
                Optional.ofNullable(row.getString("created_by")),
                Optional.ofNullable(row.getObject("restores", Integer.class)),
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
