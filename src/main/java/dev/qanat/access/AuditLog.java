package dev.qanat.access;

import com.github.benmanes.caffeine.cache.Ticker;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.sql.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Who did what, in the ledger's table {@code audit}. Entries are written by {@link #write}, a moment after the answer, so that
 * nobody waits for them; while the database is away up to 10,000 are kept, and what is lost beyond that is told in the log. Of refused
 * requests the newest 10,000 rows stay. Safe for use by several threads.
 */
@ApplicationScoped
public class AuditLog {
    private static final Logger LOG = Logger.getLogger(AuditLog.class);
    private static final int WAITING = 10_000;
    private static final int BATCH = 500;
    private static final int REFUSED_KEPT = 10_000;
    private static final String REFUSED = "(status IN (401, 403, 429) OR requests > 1)";
    private static final Duration SUMMED_UP_EVERY = Duration.ofSeconds(15);

    private final JdbcClient db;
    private final JdbcTemplate batches;
    private final RefusedSample sample = new RefusedSample(Ticker.systemTicker());
    private final BlockingQueue<AuditEntry> waiting = new ArrayBlockingQueue<>(WAITING);
    private final AtomicInteger lost = new AtomicInteger();
    private List<AuditEntry> unwritten = List.of();
    private Instant summed = Instant.now();

    AuditLog(DataSource dataSource) {
        this.db = JdbcClient.create(dataSource);
        this.batches = new JdbcTemplate(dataSource);
    }

    /** Takes an entry to be written; never waits. */
    public void add(AuditEntry entry) {
        if (entry.isRefused() && !sample.lists(entry.address())) {
            return;
        }
        if (!waiting.offer(entry)) {
            lost.incrementAndGet();
        }
    }

    /**
     * Writes what waits.
     *
     * @throws DataAccessException when the database does not take it; it is tried again by the next call
     */
    synchronized void write() {
        do {
            if (unwritten.isEmpty()) {
                List<AuditEntry> next = new ArrayList<>();
                waiting.drainTo(next, BATCH);
                unwritten = next;
            }
            if (!unwritten.isEmpty()) {
                insert(unwritten);
                unwritten = List.of();
            }
        } while (!waiting.isEmpty());
        int gone = lost.getAndSet(0);
        if (gone > 0) {
            LOG.errorf("%d entries of the audit are lost: the database did not take them in time", gone);
        }
        if (Instant.now().isAfter(summed.plus(SUMMED_UP_EVERY))) {
            sumUp();
            summed = Instant.now();
        }
    }

    private void insert(List<AuditEntry> entries) {
        batches.batchUpdate(
                """
                        INSERT INTO qanat.audit (at, who, key_id, role, remote_address, method, path, status, what)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                entries.stream().map(AuditLog::values).toList());
    }

    private static @Nullable Object[] values(AuditEntry entry) {
        Caller caller = entry.caller();
        return new @Nullable Object[] {
            Timestamp.from(entry.at()),
            caller == null ? null : caller.name(),
            caller == null ? null : caller.keyId(),
            caller == null ? null : caller.role().id(),
            entry.address(),
            entry.method(),
            entry.path(),
            entry.status(),
            entry.what()
        };
    }

    /** One row for the refused requests that were not listed, and no more of them than are kept. */
    private void sumUp() {
        int counted = sample.takeCounted();
        if (counted > 0) {
            db.sql("INSERT INTO qanat.audit (what, requests) VALUES ('refused, and not listed one by one', :counted)")
                    .param("counted", counted)
                    .update();
        }
        db.sql("DELETE FROM qanat.audit WHERE " + REFUSED + " AND id <= (SELECT id FROM qanat.audit WHERE " + REFUSED
                        + " ORDER BY id DESC OFFSET :kept LIMIT 1)")
                .param("kept", REFUSED_KEPT)
                .update();
    }

    /** Before the connections are closed. */
    void stop(@Observes @Priority(1) ShutdownEvent event) {
        try {
            write();
        } catch (DataAccessException e) {
            LOG.errorf("The last entries of the audit could not be written: %s", e.getMessage());
        }
    }

    /**
     * The audit, newest first.
     *
     * @param below only rows with a lower id than this
     */
    public List<AuditRecord> list(Optional<Long> below, int limit) {
        return db.sql("""
                        SELECT id, at, who, key_id, role, remote_address, method, path, status, what, requests
                        FROM qanat.audit WHERE id < :below ORDER BY id DESC LIMIT :limit""")
                .params(Map.of("below", below.orElse(Long.MAX_VALUE), "limit", limit))
                .query((row, number) -> new AuditRecord(
                        row.getLong("id"),
                        row.getTimestamp("at").toInstant(),
                        row.getString("who"),
                        row.getObject("key_id", Long.class),
                        row.getString("role"),
                        row.getString("remote_address"),
                        row.getString("method"),
                        row.getString("path"),
                        row.getObject("status", Integer.class),
                        row.getString("what"),
                        row.getInt("requests")))
                .list();
    }
}
