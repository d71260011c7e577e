package dev.qanat.route;

import dev.qanat.ledger.Run;
import dev.qanat.ledger.RunQueue;
import dev.qanat.ledger.Runs;
import dev.qanat.load.Orphans;
import dev.qanat.pipeline.Pipelines;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.SQLException;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.apache.camel.Exchange;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The steps of the workers' routes: claim a run, keep its lease, redo the runs of dead processes. Safe for use by several threads.
 */
@ApplicationScoped
@Named("runs")
public class RunClaims {

    private static final Logger LOG = Logger.getLogger(RunClaims.class);
    private static final long PROGRESS_NANOS = 5_000_000_000L;

    private final RunQueue queue;
    private final Runs runs;
    private final FilePlaces places;
    private final Orphans orphans;
    private final RouteFiles routeFiles;
    private final Engine engine;
    private final Pipelines pipelines;
    private final Map<Long, Watched> working = new ConcurrentHashMap<>();
    private final Lock claimingPoll = new ReentrantLock();
    private volatile boolean stopping;

    /** A load at work and when a line about it was last logged. */
    private static final class Watched {
        private final Load load;
        private final String route;
        private final long begun = System.nanoTime();
        private volatile long told = begun;

        Watched(Load load, String route) {
            this.load = load;
            this.route = route;
        }
    }

    RunClaims(RunQueue queue, Runs runs, FilePlaces places, Orphans orphans, RouteFiles routeFiles, Engine engine,
            Pipelines pipelines) {
        this.queue = queue;
        this.runs = runs;
        this.places = places;
        this.orphans = orphans;
        this.routeFiles = routeFiles;
        this.engine = engine;
        this.pipelines = pipelines;
    }

    /**
     * The next run to work on; null when there is none now. A run whose file is still being written goes back into the queue.
     *
     * @param exchange the worker's: who asks for another run is done with the one before, however that ended
     */
    public @Nullable Load claim(Exchange exchange) {
        return claim(exchange, false);
    }

    /** As {@link #claim(Exchange)}, of the runs that poll; by one poller at a time, which are many and shall leave others connections. */
    public @Nullable Load claimPoll(Exchange exchange) {
        if (!claimingPoll.tryLock()) {
            return null;
        }
        try {
            return claim(exchange, true);
        } finally {
            claimingPoll.unlock();
        }
    }

    private @Nullable Load claim(Exchange exchange, boolean polls) {
        String route = exchange.getFromRouteId();
        working.values().removeIf(watched -> watched.route.equals(route));
        if (stopping || routeFiles.pausing() || !engine.isWhole()) {
            return null;
        }
        Map<String, Integer> limits = pipelines.active().stream()
                .collect(Collectors.toMap(Pipelines.Active::name, active -> active.pipeline().concurrency().limit()));
        limits.put(Run.NO_PIPELINE, 1);
        Optional<Long> claimed = (polls ? Optional.<Long>empty() : queue.claimDecided()).or(() -> queue.claim(limits, polls));
        if (claimed.isEmpty()) {
            return null;
        }
        Run run = runs.find(claimed.get()).orElseThrow();
        if (!run.landed() && run.error().isEmpty() && run.file().isPresent() && stillWritten(run, run.file().get())) {
            return null;
        }
        Load load = new Load(run, queue.worker());
        working.put(run.id(), new Watched(load, route));
        return load;
    }

    /** No run is begun any more; those that wait for an API or build models put the rest off. */
    void stopClaiming() {
        stopping = true;
        working().values().forEach(load -> load.attempt().giveWay());
    }

    private boolean stillWritten(Run run, Run.RunFile file) {
        try {
            Path path = places.folder(file.path());
            BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
            boolean still = sameLook(file, now);
            if (!still) {
                queue.waitForFile(run.id(), now.size(), now.lastModifiedTime().toInstant());
            }
            return !still;
        } catch (IOException e) {
            // It is gone or cannot be read: the run itself says so.
            return false;
        }
    }

    /** Whether a file looks as it did when its run was queued. PostgreSQL keeps microseconds, file systems nanoseconds. */
    static boolean sameLook(Run.RunFile file, BasicFileAttributes now) {
        return now.size() == file.size()
                && now.lastModifiedTime()
                        .toInstant()
                        .truncatedTo(ChronoUnit.MICROS)
                        .equals(file.modified().truncatedTo(ChronoUnit.MICROS));
    }

    /** The loads at work in this process, by their runs. */
    Map<Long, Load> working() {
        return working.entrySet().stream()
                .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, entry -> entry.getValue().load));
    }

    /** A run that a tick queued may be at work again already, with its file. */
    void ended(Load load) {
        working.computeIfPresent(load.getRun().id(), (run, watched) -> watched.load == load ? null : watched);
    }

    /** Renews the leases, tells the ledger and the log how far the loads have come, and stops those that were taken over. */
    public void heartbeat() {
        if (working.isEmpty()) {
            return;
        }
        Set<Long> before = Set.copyOf(working.keySet());
        Set<Long> ours = queue.heartbeat(before);
        for (long id : before) {
            Watched watched = working.get(id);
            if (watched == null) {
                continue;
            }
            Load load = watched.load;
            if (!ours.contains(id)) {
                load.attempt().loseLease();
                continue;
            }
            queue.progress(id, load.getRead(), load.getRejected(), load.getBytesRead());
            long now = System.nanoTime();
            if (now - watched.told >= PROGRESS_NANOS) {
                watched.told = now;
                tell(load, (now - watched.begun) / 1e9);
            }
        }
    }

    private static void tell(Load load, double seconds) {
        Load.Opened opened = load.openedOrNull();
        if (opened == null) {
            return;
        }
        try (LogContext context = LogContext.of(load)) {
            long share = opened.fileSize() == 0 ? 100 : 100 * load.getBytesRead() / opened.fileSize();
            LOG.infof(
                    "Loading: %,d records, %,.0f a second, %,d rejected, %d %% of the bytes read",
                    load.getRead(), load.getRead() / seconds, load.getRejected(), share);
        }
    }

    /** Queues the runs of dead processes again and drops the staging tables that nobody works on. */
    public void redoInterrupted() throws SQLException {
        List<Long> interrupted = queue.redoInterrupted();
        if (!interrupted.isEmpty()) {
            LOG.warnf("Runs %s were interrupted before they landed; they are done again", interrupted);
        }
        // First the tables, then who is running: a run that begins in between is not in the first list.
        Set<Long> orphaned = new TreeSet<>(orphans.runs());
        if (!orphaned.isEmpty()) {
            orphaned.removeAll(queue.running());
            orphans.drop(orphaned);
        }
    }
}
