package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.Cancellations;
import dev.qanat.ledger.Files.Look;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.RunQueue;
import dev.qanat.ledger.Runs;
import dev.qanat.load.Staging;
import dev.qanat.load.TableLanding;
import dev.qanat.pipeline.FilesSource;
import dev.qanat.pipeline.Pipelines;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import org.apache.camel.ExchangeProperty;
import org.jboss.logging.Logger;

/**
 * The steps with which a run ends, of whatever kind it is: it has landed, it is done again, or it has failed, and its file is put away.
 * Safe for use by several threads, each with a load of its own.
 */
@ApplicationScoped
@Named("ending")
public class RunEnding {

    private static final Logger LOG = Logger.getLogger(RunEnding.class);
    private static final int REDO_SECONDS = 2;

    /** Of what does not land. */
    static final int KEPT_REJECTIONS = 1_000;

    private final Pipelines pipelines;
    private final Runs runs;
    private final RunQueue queue;
    private final RunClaims claims;
    private final Cancellations cancellations;
    private final dev.qanat.ledger.Files files;
    private final FilePlaces places;

    RunEnding(
            Pipelines pipelines,
            Runs runs,
            RunQueue queue,
            RunClaims claims,
            Cancellations cancellations,
            dev.qanat.ledger.Files files,
            FilePlaces places) {
        this.pipelines = pipelines;
        this.runs = runs;
        this.queue = queue;
        this.claims = claims;
        this.cancellations = cancellations;
        this.files = files;
        this.places = places;
    }

    /** After the landing: puts the file away and ends the run. */
    public void finish(@ExchangeProperty("load") Load load) throws IOException {
        Run run = load.getRun();
        if (run.file().isPresent()) {
            putAway(run, run.file().get());
        }
        end(load);
    }

    private void putAway(Run run, Run.RunFile file) throws IOException {
        Path path = places.folder(file.path());
        // A pipeline that went meanwhile says in its last version what becomes of its files.
        boolean kept = pipelines
                .active(run.pipeline())
                .map(Pipelines.Active::pipeline)
                .orElseGet(() -> pipelines.at(run.pipeline(), run.configVersion()))
                .findSource(file.source())
                .filter(source -> source.onSuccess() == FilesSource.OnSuccess.KEEP)
                .isPresent();
        if (kept) {
            files.keep(run.pipeline(), file.path(), new Look(file.size(), file.modified()));
        } else if (Files.exists(path) && FilePlaces.isUnchanged(file(run), path)) {
            places.archive(run.pipeline(), path, run.id());
        }
    }

    private void end(Load load) {
        Run run = load.getRun();
        Failure missed = load.missed();
        if (missed == null) {
            runs.succeeded(run.id());
        } else {
            runs.partial(run.id(), missed.code(), missed.getMessage());
        }
        try (LogContext context = LogContext.of(load)) {
            if (missed != null) {
                LOG.errorf("Landed in part (%s): %s", missed.code().id(), LogContext.line(missed.getMessage()));
            }
            if (load.isAlreadyLoaded()) {
                LOG.infof("%s is known already: nothing to load", LogContext.line(load.getSourceName()));
            } else if (load.isPoll()) {
                LOG.infof("Loaded: %,d read, %,d rejected", load.getRead(), load.getRejected());
            } else if (!run.landed()) {
                TableLanding landed = load.getLanding().getTable();
                LOG.infof(
                        "Loaded: %,d read, %,d inserted, %,d updated, %,d unchanged, %,d duplicate, %,d filtered, %,d rejected",
                        load.getRead(), landed.getInserted(), landed.getUpdated(), landed.getUnchanged(), landed.getDuplicate(),
                        load.getLanding().getFiltered(), load.getRejected());
            } else {
                LOG.infof("Ended run %d, which had landed in a process that died", run.id());
            }
        }
    }

    /** A run that does not land: it is done again where time may heal the failure, otherwise it ends and its file is quarantined. */
    public void fail(@ExchangeProperty("load") Load load, @ExchangeProperty("CamelExceptionCaught") Throwable thrown) {
        Failure failure = Failures.of(thrown, load.getRun());
        String message = LogContext.line(failure.getMessage());
        try (LogContext context = LogContext.of(load)) {
            load.stop();                // chunks before the one that failed may still be on their way to staging
            if (load.isLanded() || load.landedNow()) {
                LOG.errorf(thrown, "Landed, but could not be finished; that is tried again: %s", message);
            } else if (load.isFailed()) {
                LOG.errorf(
                        "Failed, but its file could not be put into quarantine; that is tried again: %s",
                        LogContext.line(thrown.toString()));
            } else if (isCancelled(load)) {
                failed(load, new InputFailure(Code.CANCELLED, load.attempt().cancelReason()));
            } else if (load.attempt().isStopped()) {
                boolean redone = queue.redoLater(load.getRun().id(), Attempt.STOPPED, 0);
                LOG.warnf(redone ? "Interrupted, to be done again by the next process" : "Left to who has it now");
            } else if (failure instanceof TransientFailure && failure.code() != Code.DATABASE_CONFLICT) {
                boolean redone = queue.redoLater(load.getRun().id(), failure.getMessage(), REDO_SECONDS);
                LOG.warnf("%s (%s): %s", redone ? "Interrupted, to be done again" : "Left to who has it now",
                        failure.code().id(), message);
            } else if (replaced(load)) {
                // What failed is not what lies there now, and that has not been read.
                queue.redoLater(load.getRun().id(), load.getSourceName() + " changed while it was read", REDO_SECONDS);
                LOG.warnf("The file changed while it was read; it is loaded again (what was read failed: %s)", message);
            } else {
                failed(load, failure);
            }
        } catch (Exception e) {
            // The database or the quarantine is away. The lease ends by itself, and then the run, or the rest of it, is done again.
            LOG.warnf("Run %d could not be ended; that is tried again: %s", load.getRun().id(), LogContext.line(e.toString()));
        }
    }

    /** Also where the landing has seen the mark before the look for it has. */
    private boolean isCancelled(Load load) {
        long run = load.getRun().id();
        cancellations.requested(Set.of(run)).values().forEach(load::cancel);
        return load.isCancelled();
    }

    private void failed(Load load, Failure failure) throws SQLException, IOException {
        Run run = load.getRun();
        Load.Opened opened = load.openedOrNull();
        boolean ours = runs.fails(
                run.id(),
                failure.code(),
                failure.getMessage(),
                load.getRead(),
                load.getRejected(),
                load.getBytesRead(),
                opened == null ? Optional.empty() : Optional.of(opened.staging().keepRejections(KEPT_REJECTIONS)),
                opened == null ? "" : opened.resource().name(),
                load.getSourceName());
        if (!ours) {
            // Who took the run over has dropped its staging tables, for instance.
            LOG.warnf("Left to who has it now (%s): %s", failure.code().id(), failure.getMessage());
            return;
        }
        if (load.isCancelled()) {
            LOG.infof("Cancelled: %s", LogContext.line(failure.getMessage()));
            if (opened != null) {
                drop(run, opened.staging());        // who sees the run cancelled shall find nothing of it
            }
        } else {
            LOG.errorf("Failed (%s): %s", failure.code().id(), LogContext.line(failure.getMessage()));
        }
        quarantine(run, new Run.RunError(failure.code().id(), failure.getMessage()));
    }

    /** Puts the file of a run away that failed in a process which could not do so. */
    public void quarantine(@ExchangeProperty("load") Load load) throws IOException {
        Run run = load.getRun();
        quarantine(run, run.error().orElseThrow());
    }

    /** Whether another file lies where the load's own lay, or the same one written further. */
    private boolean replaced(Load load) throws IOException {
        if (load.getRun().file().isEmpty()) {
            return false;
        }
        Path path = places.folder(file(load.getRun()).path());
        return Files.isRegularFile(path) && !FilePlaces.isUnchanged(file(load.getRun()), path);
    }

    private void quarantine(Run run, Run.RunError error) throws IOException {
        putIntoQuarantine(run, error);
        runs.failed(run.id());
    }

    /** Puts the file of a run that does not land into quarantine, unless another one lies in its place. */
    void putIntoQuarantine(Run run, Run.RunError error) throws IOException {
        if (run.file().isEmpty()) {
            return;
        }
        Path path = places.folder(file(run).path());
        boolean another = Files.isRegularFile(path) && !FilePlaces.isUnchanged(file(run), path);
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !another) {
            places.quarantine(run.pipeline(), path, run.id(), note(run, error));
        }
    }

    private static String note(Run run, Run.RunError error) {
        return """
                %s was not loaded.

                code:     %s
                reason:   %s
                pipeline: %s
                run:      %d (GET /runs/%d, GET /runs/%d/rejections)

                %s
                """
                .formatted(
                        file(run).name(),
                        error.code(),
                        error.message(),
                        run.pipeline(),
                        run.id(),
                        run.id(),
                        run.id(),
                        error.code().equals(Code.CANCELLED.id())
                                ? "The run was cancelled. To have the file loaded, drop it into the inbox again."
                                : "Mend the file or the pipeline and drop the file into the inbox again.");
    }

    /** Frees what the load holds, however it ended. */
    public void close(@ExchangeProperty("load") Load load) {
        claims.ended(load);
        load.leaveRoom();
        load.getParts().forEach(this::close);
        Load.Opened opened = load.openedOrNull();
        if (opened == null) {
            return;
        }
        load.end();
        try {
            if (opened.stream() != null) {
                opened.stream().close();
            }
        } catch (IOException e) {
            LOG.warnf("Could not close %s: %s", LogContext.line(load.getSourceName()), LogContext.line(e.getMessage()));
        }
        drop(load.getRun(), opened.staging());
    }

    private static void drop(Run run, Staging staging) {
        try {
            staging.drop();
        } catch (SQLException e) {
            LOG.debugf(e, "Staging tables of run %d are left to be dropped later", run.id());
        }
    }

    private static Run.RunFile file(Run run) {
        return run.file().orElseThrow(() -> new IllegalStateException("run " + run.id() + " has no file"));
    }
}
