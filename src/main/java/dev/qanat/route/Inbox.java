package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.Files;
import dev.qanat.ledger.Files.Look;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.RunQueue;
import dev.qanat.pipeline.FilesSource;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import io.quarkus.narayana.jta.QuarkusTransaction;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.File;
import java.io.IOException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.camel.Body;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.component.file.GenericFile;
import org.apache.camel.component.file.GenericFileFilter;
import org.jboss.logging.Logger;
import org.springframework.dao.DataAccessException;

/**
 * Watched folders: which of their files are new to the ledger, and the step that queues one. Safe for use by several threads.
 */
@ApplicationScoped
@Named("inbox")
public class Inbox implements GenericFileFilter<File> {

    private static final Logger LOG = Logger.getLogger(Inbox.class);
    private static final long SNAPSHOT_NANOS = 500_000_000L;

    private final Pipelines pipelines;
    private final RunQueue queue;
    private final Files files;
    private final FilePlaces places;
    private final Map<Path, Known> known = new ConcurrentHashMap<>();

    /**
     * What the ledger knows of a folder's files, asked once a look and not once a file.
     *
     * @param active paths of files that wait or are worked on
     * @param kept how kept files looked when they were last read
     */
    private record Known(long asked, Set<String> active, Map<String, Look> kept) {}

    Inbox(Pipelines pipelines, RunQueue queue, Files files, FilePlaces places) {
        this.pipelines = pipelines;
        this.queue = queue;
        this.files = files;
        this.places = places;
    }

    /** Whether a file is to be queued: it neither waits nor is worked on, and is not a kept one that has not changed. */
    @Override
    public boolean accept(GenericFile<File> candidate) {
        if (candidate.isDirectory()) {
            return false;
        }
        Path file = candidate.getFile().toPath().toAbsolutePath().normalize();
        Path folder = file.getParent();
        Optional<Pipelines.Active> owner = pipelines.active().stream()
                .filter(active -> active.pipeline().sources().stream()
                        .anyMatch(source -> places.folder(source.path()).equals(folder)))
                .findFirst();
        try {
            return owner.isPresent() && isNew(owner.get().name(), file, knownOf(folder, owner.get().name()));
        } catch (DataAccessException e) {
            // Not now: the next look asks again.
            Failures.tell("inbox of " + owner.get().name(), e);
            return false;
        }
    }

    private Known knownOf(Path folder, String pipeline) {
        return known.compute(folder, (key, before) -> {
            long now = System.nanoTime();
            return before != null && now - before.asked() < SNAPSHOT_NANOS
                    ? before
                    : new Known(now, queue.activeFiles(pipeline), files.kept(pipeline));
        });
    }

    private boolean isNew(String pipeline, Path file, Known known) {
        String path = places.inLedger(file);
        if (known.active().contains(path)) {
            return false;
        }
        Look before = known.kept().get(path);
        if (before == null) {
            return true;
        }
        try {
            return !before.equals(look(file));
        } catch (IOException e) {
            LOG.debugf("%s of pipeline %s is gone: %s", path, pipeline, e.getMessage());
            return false;
        }
    }

    private static Look look(Path file) throws IOException {
        BasicFileAttributes now = java.nio.file.Files.readAttributes(file, BasicFileAttributes.class);
        return new Look(now.size(), now.lastModifiedTime().toInstant().truncatedTo(ChronoUnit.MICROS));
    }

    /** Queues a run of a file that arrived. */
    public void queue(
            @Body File file, @ExchangeProperty("pipeline") String pipeline, @ExchangeProperty("source") String source)
            throws IOException {
        Optional<Pipelines.Active> active = pipelines.active(pipeline);
        if (active.isPresent()) {
            queue(active.get(), source, file.toPath(), Run.Trigger.FILE, false);
        }
    }

    private Optional<Long> queue(
            Pipelines.Active active, String source, Path file, Run.Trigger trigger, boolean fullRefresh) throws IOException {
        try {
            Look look = look(file);
            return QuarkusTransaction.joiningExisting().call(() -> {
                Optional<Long> run = queue.enqueueFile(
                        active.name(),
                        active.version(),
                        trigger,
                        fullRefresh,
                        source,
                        places.inLedger(file),
                        look.size(),
                        look.modified());
                // Its run may have put it away and ended since it was looked at. Where it is still there now, no run is about to do so.
                if (run.isPresent() && java.nio.file.Files.notExists(file, LinkOption.NOFOLLOW_LINKS) && queue.withdraw(run.get())) {
                    LOG.debugf("%s is gone", file);
                    return Optional.empty();
                }
                return run;
            });
        } catch (NoSuchFileException e) {
            LOG.debugf("%s is gone", file);
            return Optional.empty();
        }
    }

    /**
     * Queues a run for every file that lies in the pipeline's folders now, oldest first, and has kept folders watched from now on; and a
     * run that polls its APIs.
     *
     * @param resources only these, and files that one of them takes; all when empty
     * @param from of a backfill: where it starts
     * @param to of a backfill: where it ends
     * @return the runs, or one that found nothing
     */
    public List<Long> queueAll(
            Pipelines.Active active, Set<String> resources, boolean fullRefresh, Optional<String> from, Optional<String> to)
            throws IOException {
        files.watch(active.name());
        List<Long> runs = new ArrayList<>();
        List<String> polled = polled(active, resources);
        if (!polled.isEmpty()) {
            runs.add(queue.enqueuePoll(
                    active.name(), active.version(), Run.Trigger.API, fullRefresh, new Run.Poll(polled, from, to)));
        }
        for (Candidate file : candidates(active, resources, fullRefresh)) {
            queue(active, file.source(), file.path(), Run.Trigger.API, fullRefresh).ifPresent(runs::add);
        }
        if (runs.isEmpty()) {
            runs.add(queue.recordNothingFound(active.name(), active.version(), Run.Trigger.API, fullRefresh));
        }
        return runs;
    }

    private static List<String> polled(Pipelines.Active active, Set<String> resources) {
        return active.pipeline().polled().stream()
                .map(Resource::name)
                .filter(name -> resources.isEmpty() || resources.contains(name))
                .toList();
    }

    /**
     * What the run of a tick does: it becomes the run that polls the pipeline's APIs, or that of the first file that lies in its folders,
     * and queues runs of the other files; with nothing to do it ends. Done again after a crash, it does what is left.
     */
    public void look(@ExchangeProperty("load") Load load) throws IOException {
        Run run = load.getRun();
        Pipelines.Active active = pipelines.active(run.pipeline())
                .orElseThrow(() -> new TransientFailure(Code.UNKNOWN_PIPELINE, "pipeline " + run.pipeline() + " is not active"));
        List<String> polled = polled(active, Set.of());
        Candidate first = null;
        for (Candidate file : candidates(active, Set.of(), false)) {
            if (first == null && polled.isEmpty()) {
                first = file;
            } else {
                queue(active, file.source(), file.path(), Run.Trigger.SCHEDULE, false);
            }
        }
        if (!polled.isEmpty()) {
            if (!queue.takePoll(run.id(), polled)) {
                queue.coalesce(run.id());
            }
            return;
        }
        boolean taken = first != null
                && queue.takeFile(
                        run.id(), first.source(), places.inLedger(first.path()), first.look().size(), first.look().modified());
        if (!taken && !queue.foundNothing(run.id())) {
            throw new TransientFailure(Code.LEASE_LOST, "run " + run.id() + " was taken over, or is to be cancelled");
        }
    }

    /** A file that is to be queued. */
    private record Candidate(String source, Path path, Look look) {}

    private List<Candidate> candidates(Pipelines.Active active, Set<String> resources, boolean fullRefresh) throws IOException {
        List<Candidate> candidates = new ArrayList<>();
        for (FilesSource source : active.pipeline().sources()) {
            candidates.addAll(candidates(active, source, resources, fullRefresh));
        }
        return candidates;
    }

    private List<Candidate> candidates(Pipelines.Active active, FilesSource source, Set<String> resources, boolean fullRefresh)
            throws IOException {
        Path folder = places.folder(source.path());
        if (!java.nio.file.Files.isDirectory(folder)) {
            return List.of();
        }
        Map<String, Look> kept = fullRefresh ? Map.of() : files.kept(active.name());
        List<Candidate> candidates = new ArrayList<>();
        try (Stream<Path> list = java.nio.file.Files.list(folder)) {
            for (Path file : (Iterable<Path>) list.filter(java.nio.file.Files::isRegularFile)::iterator) {
                String name = file.getFileName().toString();
                boolean wanted = resources.isEmpty()
                        || active.pipeline()
                                .resourceFor(source.name(), name)
                                .filter(resource -> resources.contains(resource.name()))
                                .isPresent();
                if (!ignored(name) && wanted) {
                    Look look = look(file);
                    if (!look.equals(kept.get(places.inLedger(file)))) {
                        candidates.add(new Candidate(source.name(), file, look));
                    }
                }
            }
        }
        return candidates.stream()
                .sorted(Comparator.<Candidate, java.time.Instant>comparing(file -> file.look().modified())
                        .thenComparing(file -> file.path().getFileName().toString()))
                .toList();
    }

    /** Names that are not looked at: hidden files and those that are still being written. */
    private static boolean ignored(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return name.startsWith(".") || lower.endsWith(".part") || lower.endsWith(".tmp");
    }
}
