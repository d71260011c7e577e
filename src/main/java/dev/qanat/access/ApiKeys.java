package dev.qanat.access;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * The API keys: those of the environment, and those in the ledger's table {@code api_key}, of which every process has the ones in
 * force in memory. What this process makes and revokes counts in it at once, what others do within a second; while the database is
 * away those go on that were in force. Safe for use by several threads, event loops among them.
 */
@ApplicationScoped
public class ApiKeys {
    private static final Logger LOG = Logger.getLogger(ApiKeys.class);
    private static final String COLUMNS = "id, name, role, prefix, created_at, created_by, last_used_at, revoked_at";
    private static final byte[] NO_HASH = new byte[32];

    private final DataSource dataSource;
    private final JdbcClient db;
    private final KeyTerms terms;
    private final AuditLog audit;
    private final Map<Long, Instant> used = new ConcurrentHashMap<>();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(work -> {
        Thread thread = new Thread(work, "access");
        thread.setDaemon(true);
        return thread;
    });
    private volatile @Nullable InForce inForce;
    private boolean away;

    /**
     * @param environment hash of the admin's key of the environment, or null
     * @param viewer hash of the viewer's
     * @param held the keys of the database by their prefix
     */
    private record InForce(byte[] secret, byte @Nullable [] environment, byte @Nullable [] viewer, Map<String, Held> held) {}

    private record Held(ApiKey key, byte[] hash) {}

    /**
     * A key that was just made.
     *
     * @param text the key itself, which nobody can be told again
     */
    public record Made(ApiKey key, String text) {}

    /** What came of revoking a key. */
    public enum Revoked {
        DONE,
        UNKNOWN,
        LAST_ADMIN
    }

    ApiKeys(DataSource dataSource, KeyTerms terms, AuditLog audit) {
        this.dataSource = dataSource;
        this.db = JdbcClient.create(dataSource);
        this.terms = terms;
        this.audit = audit;
    }

    void start(@Observes @Priority(1) StartupEvent event) throws SQLException {
        refresh();
        if (terms.required() && !areThere()) {
            Optional<Made> first = makeFirst();
            first.ifPresent(made -> LOG.warnf(
                    "The first API key, with the role admin, is %s: keep it, it is not shown again", made.text()));
        }
        LOG.info(areNeeded() ? "Requests need an API key" : "There is no API key: only this machine is served");
        clock.scheduleWithFixedDelay(this::tick, 1, 1, TimeUnit.SECONDS);
    }

    void stop(@Observes @Priority(1) ShutdownEvent event) {
        clock.shutdownNow();
    }

    private void tick() {
        try {
            refresh();
            noteUse();
            audit.write();
            away = false;
        } catch (RuntimeException e) {
            if (!away) {
                LOG.warnf("Keys and audit wait for the database: %s", e.getMessage());
            }
            away = true;
        }
    }

    /** Whether it is known yet which keys there are; nobody is to be let in before. */
    public boolean areKnown() {
        return inForce != null;
    }

    /** Whether a key is needed: one is in force, or the settings ask for one. */
    public boolean areNeeded() {
        return terms.required() || areThere();
    }

    private boolean areThere() {
        InForce now = inForce;
        return now != null && (now.environment != null || !now.held.isEmpty());
    }

    /** Whose key this is; empty when it is in force for nobody. In a time that says nothing of where it differs from another. */
    public Optional<Caller> caller(String key) {
        InForce now = inForce;
        if (now == null) {
            return Optional.empty();
        }
        byte[] hash = KeyText.hash(now.secret, key);
        boolean environment = isEqual(hash, now.environment);
        boolean viewer = isEqual(hash, now.viewer);
        String prefix = KeyText.prefix(key);
        Held held = prefix == null ? null : now.held.get(prefix);
        boolean found = isEqual(hash, held == null ? null : held.hash);
        if (environment) {
            return Optional.of(Caller.ENVIRONMENT);
        }
        if (viewer) {
            return Optional.of(Caller.ENVIRONMENT_VIEWER);
        }
        if (!found || held == null) {
            return Optional.empty();
        }
        used.put(held.key.id(), Instant.now());
        return Optional.of(held.key.caller());
    }

    /** Takes as long where there is nothing to compare with. */
    private static boolean isEqual(byte[] hash, byte @Nullable [] known) {
        return MessageDigest.isEqual(hash, known == null ? NO_HASH : known) && known != null;
    }

    /** Brings what is in memory in line with the database; what was committed before counts afterwards. */
    private synchronized void refresh() {
        byte[] secret = inForce == null ? secret() : inForce.secret;
        Map<String, Held> held = new HashMap<>();
        db.sql("SELECT " + COLUMNS + ", hash FROM qanat.api_key WHERE revoked_at IS NULL").query(row -> {
            ApiKey key = key(row, 0);
            held.put(key.prefix(), new Held(key, row.getBytes("hash")));
        });
        inForce = new InForce(secret, hash(secret, terms.environmentKey()), hash(secret, terms.viewerKey()), Map.copyOf(held));
    }

    private static byte @Nullable [] hash(byte[] secret, Optional<String> key) {
        return key.map(text -> KeyText.hash(secret, text)).orElse(null);
    }

    private byte[] secret() {
        if (terms.secret().isPresent()) {
            return terms.secret().get().getBytes(StandardCharsets.UTF_8);
        }
        db.sql("INSERT INTO qanat.key_secret (secret) VALUES (:secret) ON CONFLICT DO NOTHING")
                .param("secret", KeyText.randomBytes(32))
                .update();
        return db.sql("SELECT secret FROM qanat.key_secret").query(byte[].class).single();
    }

    private void noteUse() {
        for (Long id : Set.copyOf(used.keySet())) {
            Instant at = used.remove(id);
            if (at != null) {
                db.sql("""
                                UPDATE qanat.api_key SET last_used_at = :at
                                WHERE id = :id AND (last_used_at IS NULL OR last_used_at < CAST(:at AS timestamptz) - interval '10 s')""")
                        .param("at", Timestamp.from(at))
                        .param("id", id)
                        .update();
            }
        }
    }

    /**
     * Makes a key.
     *
     * @return empty when there is no admin yet, and it would not be one: nobody could make another
     */
    public Optional<Made> make(String name, Role role, String by) throws SQLException {
        if (Caller.isReserved(name) || role == Role.PUBLIC) {
            throw new IllegalArgumentException(name + ", " + role);
        }
        return locked(keys -> role == Role.ADMIN || terms.environmentKey().isPresent() || admins(keys) > 0
                ? Optional.of(insert(keys, name, role, by))
                : Optional.empty());
    }

    private Optional<Made> makeFirst() throws SQLException {
        // Another process may have made it meanwhile, and told of it.
        return locked(keys -> count(keys, "") == 0
                ? Optional.of(insert(keys, "first", Role.ADMIN, Caller.SERVER.name()))
                : Optional.empty());
    }

    private Made insert(JdbcClient keys, String name, Role role, String by) {
        String text = KeyText.random();
        InForce now = inForce;
        if (now == null) {
            throw new IllegalStateException("not started");
        }
        ApiKey key = keys.sql("INSERT INTO qanat.api_key (name, role, prefix, hash, created_by)"
                        + " VALUES (:name, :role, :prefix, :hash, :by) RETURNING " + COLUMNS)
                .param("name", name)
                .param("role", role.id())
                .param("prefix", KeyText.prefix(text))
                .param("hash", KeyText.hash(now.secret, text))
                .param("by", by)
                .query(ApiKeys::key)
                .single();
        return new Made(key, text);
    }

    /** Takes a key out of force; one that is revoked already stays so. The last admin's stays where others are in force. */
    public Revoked revoke(long id, String by) throws SQLException {
        return locked(keys -> {
            Optional<ApiKey> key = keys.sql("SELECT " + COLUMNS + " FROM qanat.api_key WHERE id = :id")
                    .param("id", id)
                    .query(ApiKeys::key)
                    .optional();
            if (key.isEmpty()) {
                return Revoked.UNKNOWN;
            }
            boolean last = key.get().role() == Role.ADMIN && key.get().revokedAt().isEmpty() && admins(keys) == 1;
            if (last && terms.environmentKey().isEmpty() && (terms.required() || count(keys, "") > 1)) {
                return Revoked.LAST_ADMIN;
            }
            keys.sql("UPDATE qanat.api_key SET revoked_at = now(), revoked_by = :by WHERE id = :id AND revoked_at IS NULL")
                    .param("id", id)
                    .param("by", by)
                    .update();
            return Revoked.DONE;
        });
    }

    private static long admins(JdbcClient keys) {
        return count(keys, " AND role = 'admin'");
    }

    private static long count(JdbcClient keys, String condition) {
        return keys.sql("SELECT count(*) FROM qanat.api_key WHERE revoked_at IS NULL" + condition)
                .query(Long.class)
                .single();
    }

    private interface Change<T> {
        T make(JdbcClient keys);
    }

    /** Makes a change that hangs on which keys there are; nobody else makes one meanwhile, and it counts here at once. */
    private <T> T locked(Change<T> change) throws SQLException {
        T outcome;
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                JdbcClient keys = JdbcClient.create(new SingleConnectionDataSource(connection, true));
                keys.sql("LOCK TABLE qanat.api_key IN SHARE ROW EXCLUSIVE MODE").update();
                outcome = change.make(keys);
                connection.commit();
            } catch (RuntimeException | SQLException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        }
        refresh();
        return outcome;
    }

    /**
     * All keys, newest first, the revoked ones as well.
     *
     * @param below only those with a lower id than this
     */
    public List<ApiKey> list(Optional<Long> below, int limit) {
        return db.sql("SELECT " + COLUMNS + " FROM qanat.api_key WHERE id < :below ORDER BY id DESC LIMIT :limit")
                .param("below", below.orElse(Long.MAX_VALUE))
                .param("limit", limit)
                .query(ApiKeys::key)
                .list();
    }

    private static ApiKey key(ResultSet row, int number) throws SQLException {
        return new ApiKey(
                row.getLong("id"),
                row.getString("name"),
                Role.of(row.getString("role")).orElseThrow(),
                row.getString("prefix"),
                row.getTimestamp("created_at").toInstant(),
                row.getString("created_by"),
                Optional.ofNullable(row.getTimestamp("last_used_at")).map(Timestamp::toInstant),
                Optional.ofNullable(row.getTimestamp("revoked_at")).map(Timestamp::toInstant));
    }
}
