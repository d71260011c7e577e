package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.Run;
import dev.qanat.load.Landing;
import dev.qanat.load.Rebuild;
import dev.qanat.load.Staging;
import dev.qanat.load.Target;
import dev.qanat.pipeline.MaxErrors;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.Chunk;
import dev.qanat.records.Chunks;
import dev.qanat.validate.Contract;
import dev.qanat.validate.Observation;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A run at work in this process: what the steps of its route share, as the exchange property {@code load}. The steps of a chunk run
 * on several threads; what they write is counted atomically.
 */
@RegisterForReflection
public final class Load {

    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final Attempt attempt;
    private final Run run;
    private final AtomicLong read = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();
    private final AtomicReference<Observation> observed = new AtomicReference<>(Observation.NOTHING);
    private volatile @Nullable Opened opened;
    private volatile @Nullable Fetches fetches;
    private volatile List<Load> parts = List.of();
    private @Nullable Rebuild rebuild;
    private @Nullable Landing landing;
    private @Nullable SchemaChanges schemaChanges;
    private boolean landingTried;
    private String replayedSource = "";
    private boolean alreadyLoaded;
    private boolean landedNow;
    private @Nullable InputFailure missed;
    private volatile @Nullable Failure failure;
    private Fetch.@Nullable Deferral deferral;

    /** Chunks that were read and are not staged yet; guarded by this. */
    private int chunksAtWork;

    /** What gives back the places that chunks hold in the process's room, by their numbers; guarded by this. */
    private final Map<Integer, Runnable> inRoom = new HashMap<>();

    private boolean stopped;

    /** Why a chunk could not be staged. Camel asks for the chunks after it even so, and none is read. */
    private volatile @Nullable Exception chunkFailure;

    /**
     * What there is once the file is open; or, of a run that reads no file, what has neither path nor stream.
     *
     * @param path the file
     * @param fileSize when it was opened
     * @param chunks of the file; a poll has those of each page
     */
    record Opened(
            @Nullable Path path,
            long fileSize,
            @Nullable SourceStream stream,
            Resource resource,
            @Nullable Chunks chunks,
            Contract contract,
            Staging staging,
            Target target,
            ChunkRoom room) {}

    Load(Run run, UUID worker) {
        this(new Attempt(run, worker));
    }

    private Load(Attempt attempt) {
        this.attempt = attempt;
        this.run = attempt.run();
        // What landed in a process that died may have landed in part.
        missed = run.landed()
                ? run.error().map(error -> new InputFailure(Code.of(error.code()), error.message())).orElse(null)
                : null;
    }

    Attempt attempt() {
        return attempt;
    }

    /** A load of one of the resources that a run polls; it stops with the run. */
    Load part(Opened begun) {
        Load part = new Load(attempt);
        part.opened = begun;
        return part;
    }

    void toFetch(Fetches ofResource) {
        fetches = ofResource;
    }

    void divide(List<Load> intoParts) {
        parts = List.copyOf(intoParts);
    }

    /** The loads of the resources that a run polls. */
    public List<Load> getParts() {
        return parts;
    }

    /** The route that fetches the resource. */
    public String getPollRoute() {
        return PollRoutes.idOf(run.pipeline(), getResourceName());
    }

    /** The resource of a run that goes on without it could not be loaded. */
    void fail(Failure why) {
        failure = why;
    }

    @Nullable Failure failure() {
        return failure;
    }

    /** The run goes on later. */
    void defer(Fetch.Deferral why) {
        deferral = why;
    }

    public boolean isDeferred() {
        return deferral != null;
    }

    Fetch.Deferral deferral() {
        return Objects.requireNonNull(deferral);
    }

    public String getLandedPartitions() {
        return getFetches().landedPartitions();
    }

    public String getLandedCursors() {
        return getFetches().landedCursors();
    }

    public String getLandedValidators() {
        return getFetches().landedValidators();
    }

    /** Whether the run leaves the cursors alone. */
    boolean isBackfill() {
        return run.poll().map(Run.Poll::isBackfill).orElse(false);
    }

    /** Whether the run builds models and does nothing else. */
    public boolean isModelsAlone() {
        return run.models().isPresent();
    }

    /** Whether the run fetches resources from APIs. */
    public boolean isPoll() {
        return run.poll().isPresent();
    }

    /** What the load of a polled resource fetches. */
    public Fetches getFetches() {
        Fetches known = fetches;
        if (known == null) {
            throw new IllegalStateException("run " + run.id() + " does not poll");
        }
        return known;
    }

    public Run getRun() {
        return run;
    }

    void begin(Opened opened) {
        this.opened = opened;
    }

    /** @param source of the records that are checked again */
    void beginReplay(String source, Opened opened) {
        this.replayedSource = source;
        this.opened = opened;
    }

    /** Whether rejections are checked again, and no file is read. */
    public boolean isReplay() {
        return run.replays().isPresent();
    }

    /** The run whose rejections are checked again. */
    public long getReplayed() {
        return run.replays().orElseThrow(() -> new IllegalStateException("run " + run.id() + " is no replay"));
    }

    /** Whether tables are built again from bronze, and no file is read. */
    public boolean isFromBronze() {
        return run.fromBronze();
    }

    void rebuilds(Rebuild begun) {
        rebuild = begun;
    }

    /** What a run from bronze builds. */
    public Rebuild getRebuild() {
        Rebuild begun = rebuild;
        if (begun == null) {
            throw new IllegalStateException("run " + run.id() + " builds nothing again");
        }
        return begun;
    }

    /** Lets go of the file and its buffers: Camel's cache of beans keeps some hundred loads. */
    void end() {
        opened = null;
    }

    @Nullable Opened openedOrNull() {
        return opened;
    }

    Opened opened() {
        Opened known = opened;
        if (known == null) {
            throw new IllegalStateException("run " + run.id() + " has no open file");
        }
        return known;
    }

    /** The name of the source, as rejections and bronze rows have it. */
    public String getSourceName() {
        // What is fetched comes from many requests, which stand beside the records.
        return run.file().map(Run.RunFile::name).orElse(replayedSource);
    }

    public String getResourceName() {
        return opened().resource().name();
    }

    public String getTableName() {
        return opened().target().silver().toString();
    }

    /** This process, as the ledger knows it. */
    public UUID getWorker() {
        return attempt.worker();
    }

    /** Whether the file's bytes had landed before, so that there is nothing to load. */
    public boolean isAlreadyLoaded() {
        return alreadyLoaded;
    }

    void markAlreadyLoaded() {
        alreadyLoaded = true;
    }

    /** Whether there is nothing left to do but to put the file away. */
    public boolean isLanded() {
        return run.landed() || alreadyLoaded;
    }

    /** Whether the run has failed already and only its file is left to be put into quarantine. */
    public boolean isFailed() {
        return run.error().isPresent();
    }

    /** Whether the run is to look for files: a tick of a schedule queued it. */
    public boolean isLook() {
        return run.trigger() == Run.Trigger.SCHEDULE && run.file().isEmpty();
    }

    /** The file's chunks; they are read as they are asked for, and reading stops when the lease is lost. */
    public Iterator<Chunk> getChunks() {
        return asLongAsItGoesOn(Objects.requireNonNull(opened().chunks()));
    }

    /** These chunks, read as they are asked for, as long as the load goes on. */
    Iterator<Chunk> asLongAsItGoesOn(Chunks chunks) {
        ChunkRoom room = opened().room();
        return new Iterator<>() {
            private boolean afterLarge;

            /** Why no chunk is read any more {@link #next} tells: Camel asks here with a chunk in hand, and would drop that one. */
            @Override
            public boolean hasNext() {
                return attempt.isToStop() || chunkFailure != null || chunks.hasNext();
            }

            @Override
            public Chunk next() {
                attempt.checkLease();
                checkCancelled();
                chunkBegins();
                try {
                    Chunk chunk = afterLarge ? alone() : chunks.next();
                    if (!afterLarge && !room.take(chunk, Load.this::isGivenUp)) {
                        throw notReadFurther();
                    }
                    afterLarge = chunk.large();
                    return holding(chunk, room);
                } catch (RuntimeException | Error e) {
                    chunkEnds();
                    throw e;
                }
            }

            /** Where a record was long the next one may be, too: it is read when nothing else is at work. */
            private Chunk alone() {
                if (!room.takeAll(Load.this::isGivenUp)) {
                    throw notReadFurther();
                }
                try {
                    Chunk chunk = chunks.next();
                    room.giveBackAllBut(chunk);
                    return chunk;
                } catch (RuntimeException | Error e) {
                    room.giveBackAll();
                    throw e;
                }
            }
        };
    }

    private synchronized void chunkBegins() {
        if (stopped || chunkFailure != null) {
            throw notReadFurther();
        }
        chunksAtWork++;
    }

    /** The failure of a chunk, where there is one: whichever of its followers Camel hears of first, it is that of the run. */
    private RuntimeException notReadFurther() {
        Exception failed = chunkFailure;
        if (failed != null) {
            return failed instanceof RuntimeException known ? known : new IllegalStateException("a chunk could not be staged", failed);
        }
        return new TransientFailure(Code.INTERRUPTED, "run " + run.id() + " is not read any further");
    }

    private synchronized boolean isGivenUp() {
        return stopped || attempt.isToStop() || chunkFailure != null;
    }

    /** @param failure why it could not be staged, if so */
    synchronized void chunkEnds(Chunk chunk, @Nullable Exception failure) {
        if (chunkFailure == null) {
            chunkFailure = failure;
        }
        giveBack(chunk.number());
        chunkEnds();
    }

    private synchronized Chunk holding(Chunk chunk, ChunkRoom room) {
        inRoom.put(chunk.number(), () -> room.giveBack(chunk));
        return chunk;
    }

    private void giveBack(int number) {
        Runnable back = inRoom.remove(number);
        if (back != null) {
            back.run();
        }
    }

    /** The load is over: chunks that no step has seen do not keep their room. */
    synchronized void leaveRoom() {
        List.copyOf(inRoom.keySet()).forEach(this::giveBack);
    }

    private synchronized void chunkEnds() {
        chunksAtWork--;
        notifyAll();
    }

    /** No further chunk is read from now on, and those at work are given some seconds to end. */
    synchronized void stop() throws InterruptedException {
        stopped = true;
        long until = System.nanoTime() + PATIENCE_NANOS;
        for (long left = PATIENCE_NANOS; chunksAtWork > 0 && left > 0; left = until - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }

    public Landing getLanding() {
        Landing begun = landing;
        if (begun == null) {
            throw new IllegalStateException("the landing of run " + run.id() + " has not begun");
        }
        return begun;
    }

    /** Adds what the records of a staged chunk have shown of their fields. */
    void observed(Observation ofChunk) {
        observed.accumulateAndGet(ofChunk, Observation::and);
    }

    /** The fields of the records that land. */
    Observation observation() {
        Fetches known = fetches;
        return known == null ? observed.get() : known.observation();
    }

    /** Whether a field that the records do not have is missing from the source, and not only from a part of it. */
    boolean readsWhole() {
        return !readsAside() && (fetches == null || getFetches().areWhole());
    }

    /** Whether the run reads what others have left or passed: too little to begin to know a source by. */
    boolean readsAside() {
        return isReplay() || isBackfill();
    }

    /** Whether the rest of the resource is read later, by the same run. */
    boolean goesOn() {
        return fetches != null && getFetches().getPartitions().stream().anyMatch(Fetch::isDeferred);
    }

    void compared(SchemaChanges changes) {
        schemaChanges = changes;
    }

    /** How the fields of the records that land differ from those known before. */
    public SchemaChanges getSchemaChanges() {
        SchemaChanges known = schemaChanges;
        if (known == null) {
            throw new IllegalStateException("the routes leave out the step 'compare' of 'landing'");
        }
        return known;
    }

    /** Whether no attempt at the landing has been made yet; asked once for each. */
    boolean firstLanding() {
        boolean first = !landingTried;
        landingTried = true;
        return first;
    }

    void beginLanding(Landing begun) {
        this.landing = begun;
    }

    /** The landing is committed. */
    void markLanded() {
        landedNow = true;
    }

    boolean landedNow() {
        return landedNow;
    }

    /** Rows landed, and something else that belongs to the run could not be done; the first of these is told. */
    void landedInPart(InputFailure why) {
        if (missed == null) {
            missed = why;
        }
    }

    @Nullable InputFailure missed() {
        return missed;
    }

    /** The load stops wherever it looks next whether it is cancelled. */
    void cancel(String reason) {
        attempt.cancel(reason);
    }

    boolean isCancelled() {
        return attempt.isCancelled();
    }

    /** @throws InputFailure when the run is to stop */
    void checkCancelled() {
        attempt.checkCancelled();
    }

    /** Why a chunk could not be staged, if one could not. */
    @Nullable Exception chunkFailure() {
        return chunkFailure;
    }

    /** Counts a checked chunk. */
    void checked(int readNow, int rejectedNow) {
        read.addAndGet(readNow);
        rejected.addAndGet(rejectedNow);
    }

    /** Counts rows that the check accepted and the cleaning rejected. */
    void cleaned(long rejectedNow) {
        rejected.addAndGet(rejectedNow);
    }

    /** Once a chunk and its rejections are staged: fails when a count of errors is more than the resource bears. */
    void checkCountOfErrors() {
        maxErrors()
                .filter(most -> !most.percent() && most.exceeded(getRejected(), getRead()))
                .ifPresent(most -> tooManyErrors(most.toString()));
    }

    /** Fails when the run as a whole is not fit to land. */
    void checkErrors() {
        if (getRead() > 0 && getRejected() == getRead()) {
            throw new InputFailure(
                    Code.ALL_REJECTED,
                    "every one of the " + getRead() + " records was rejected; GET /runs/" + run.id() + "/rejections says why");
        }
        maxErrors()
                .filter(most -> most.exceeded(getRejected(), getRead()))
                .ifPresent(most -> tooManyErrors(most.toString()));
    }

    /** A replay's records have been counted where they were rejected first. */
    private Optional<MaxErrors> maxErrors() {
        return isReplay() ? Optional.empty() : opened().resource().maxErrors();
    }

    private void tooManyErrors(String most) {
        throw new InputFailure(
                Code.MAX_ERRORS_EXCEEDED,
                getRejected() + " of " + getRead() + " records were rejected, max_errors is " + most + "; GET /runs/" + run.id()
                        + "/rejections says why");
    }

    /** Takes back what was counted of records that are not to land. */
    void discarded(long readBefore, long rejectedBefore) {
        read.addAndGet(-readBefore);
        rejected.addAndGet(-rejectedBefore);
    }

    public long getRead() {
        return parts.stream().mapToLong(Load::getRead).sum() + read.get();
    }

    public long getRejected() {
        return parts.stream().mapToLong(Load::getRejected).sum() + rejected.get();
    }

    /** Bytes of the source read so far. */
    public long getBytesRead() {
        if (isPoll()) {
            Fetches known = fetches;
            return parts.stream().mapToLong(Load::getBytesRead).sum() + (known == null ? 0 : known.bytesRead());
        }
        Opened known = opened;
        return known == null || known.stream() == null ? 0 : known.stream().count();
    }

    /** The hash of the file's bytes, known once all are read; empty where there is no file. */
    public String getSha256() {
        Opened known = opened;
        return known == null || known.stream() == null ? "" : known.stream().sha256();
    }
}
