package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.Run;
import dev.qanat.load.Landing;
import dev.qanat.load.Staging;
import dev.qanat.load.Target;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.Chunk;
import dev.qanat.records.Chunks;
import dev.qanat.validate.Contract;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A run at work in this process: what the steps of its route share, as the exchange property {@code load}. The steps of a chunk run
 * on several threads; what they write is counted atomically.
 */
@RegisterForReflection
public final class Load {

    private final Run run;
    private final AtomicLong read = new AtomicLong();
    private final AtomicLong rejected = new AtomicLong();
    private volatile boolean leaseLost;
    private volatile @Nullable Opened opened;
    private @Nullable Landing landing;
    private boolean alreadyLoaded;
    private boolean landedNow;

    /**
     * What there is once the file is open.
     *
     * @param path the file
     * @param fileSize when it was opened
     */
    record Opened(
            Path path,
            long fileSize,
            SourceStream stream,
            Resource resource,
            Chunks chunks,
            Contract contract,
            Staging staging,
            Target target) {}

    Load(Run run) {
        this.run = run;
    }

    public Run getRun() {
        return run;
    }

    void open(Opened opened) {
        this.opened = opened;
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
        return run.file().map(Run.RunFile::name).orElse("");
    }

    public String getResourceName() {
        return opened().resource().name();
    }

    /** Whether the file's bytes had landed before, so that there is nothing to load. */
    public boolean isAlreadyLoaded() {
        return alreadyLoaded;
    }

    void alreadyLoaded() {
        alreadyLoaded = true;
    }

    /** Whether there is nothing left to do but to put the file away. */
    public boolean isLanded() {
        return run.landed() || alreadyLoaded;
    }

    /** The file's chunks; they are read as they are asked for, and reading stops when the lease is lost. */
    public Iterator<Chunk> getChunks() {
        Chunks chunks = opened().chunks();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                if (leaseLost) {
                    throw new TransientFailure(
                            Code.LEASE_LOST, "run " + run.id() + " was taken over: its heartbeat did not reach the database");
                }
                return chunks.hasNext();
            }

            @Override
            public Chunk next() {
                return chunks.next();
            }
        };
    }

    public Landing getLanding() {
        Landing begun = landing;
        if (begun == null) {
            throw new IllegalStateException("the landing of run " + run.id() + " has not begun");
        }
        return begun;
    }

    void landing(Landing begun) {
        this.landing = begun;
    }

    /** The landing is committed. */
    void landed() {
        landedNow = true;
    }

    boolean landedNow() {
        return landedNow;
    }

    void loseLease() {
        leaseLost = true;
    }

    /** Counts a checked chunk, and fails when a count of errors is more than the resource bears. */
    void checked(int readNow, int rejectedNow) {
        read.addAndGet(readNow);
        long rejectedSoFar = rejected.addAndGet(rejectedNow);
        opened().resource()
                .maxErrors()
                .filter(most -> !most.percent() && most.exceeded(rejectedSoFar, read.get()))
                .ifPresent(most -> tooManyErrors(most.toString()));
    }

    /** Fails when the run as a whole is not fit to land. */
    void checkErrors() {
        if (read() > 0 && rejected() == read()) {
            throw new InputFailure(
                    Code.ALL_REJECTED,
                    "every one of the " + read() + " records was rejected; GET /runs/" + run.id() + "/rejections says why");
        }
        opened().resource()
                .maxErrors()
                .filter(most -> most.exceeded(rejected(), read()))
                .ifPresent(most -> tooManyErrors(most.toString()));
    }

    private void tooManyErrors(String most) {
        throw new InputFailure(
                Code.MAX_ERRORS_EXCEEDED,
                rejected() + " of " + read() + " records were rejected, max_errors is " + most + "; GET /runs/" + run.id()
                        + "/rejections says why");
    }

    public long read() {
        return read.get();
    }

    public long rejected() {
        return rejected.get();
    }

    /** Bytes of the file read so far. */
    public long bytes() {
        Opened known = opened;
        return known == null ? 0 : known.stream().count();
    }

    public long getBytesRead() {
        return bytes();
    }

    public long getRead() {
        return read();
    }

    public long getRejected() {
        return rejected();
    }

    /** The hash of the file's bytes; known once all are read. */
    public @Nullable String getSha256() {
        Opened known = opened;
        return known == null ? null : known.stream().sha256();
    }
}
