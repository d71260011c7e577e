package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.Files.Look;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.RunQueue;
import dev.qanat.ledger.Runs;
import dev.qanat.load.Landing;
import dev.qanat.load.Staging;
import dev.qanat.load.Target;
import dev.qanat.pipeline.FilesSource;
import dev.qanat.pipeline.Pipeline;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.Chunks;
import dev.qanat.records.Declared;
import dev.qanat.records.Limits;
import dev.qanat.records.Readers;
import dev.qanat.settings.Settings;
import dev.qanat.validate.Contract;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.apache.camel.ExchangeProperty;
import org.jboss.logging.Logger;

/**
 * The steps of {@code load-file} around its chunks: open the file, make the tables ready, put the file away, or end in failure.
 * Safe for use by several threads, each with a load of its own.
 */
@ApplicationScoped
@Named("load")
public class FileLoading {

    private static final Logger LOG = Logger.getLogger(FileLoading.class);
    private static final int KEPT_REJECTIONS = 1_000;
    private static final int REDO_SECONDS = 2;

    private final DataSource dataSource;
    private final Pipelines pipelines;
    private final Runs runs;
    private final RunQueue queue;
    private final RunClaims claims;
    private final dev.qanat.ledger.Files files;
    private final FilePlaces places;
    private final Settings settings;
    private final Limits limits;
    private final ChunkRoom room;

    FileLoading(
            DataSource dataSource,
            Pipelines pipelines,
            Runs runs,
            RunQueue queue,
            RunClaims claims,
            dev.qanat.ledger.Files files,
            FilePlaces places,
            Settings settings) {
        this.dataSource = dataSource;
        this.pipelines = pipelines;
        this.runs = runs;
        this.queue = queue;
        this.claims = claims;
        this.files = files;
        this.places = places;
        this.settings = settings;
        this.room = new ChunkRoom(2 * settings.workers());
        this.limits = new Limits(
                settings.maxFieldCharacters(),
                settings.maxRecordCharacters(),
                settings.maxFields(),
                settings.maxUnpackedSize().asLongValue(),
                settings.maxUnpackedRatio());
    }

    /** Finds the resource that takes the file, opens it, and makes the staging tables; or finds that its bytes are known. */
    public void open(@ExchangeProperty("load") Load load) throws IOException, SQLException {
        Run run = load.getRun();
        Run.RunFile file = file(run);
        Pipelines.Active active = pipelines
                .active(run.pipeline())
                .orElseThrow(() -> new InputFailure(Code.UNKNOWN_PIPELINE, "pipeline " + run.pipeline() + " is not active"));
        Path path = places.readable(file.path());
        Pipeline pipeline = active.pipeline();
        Optional<Resource> taker = pipeline.resourceFor(file.source(), file.name());
        runs.began(run.id(), active.version(), taker.map(Resource::name).orElse(null));
        Resource resource = taker.orElseThrow(() -> new InputFailure(
                Code.NO_RESOURCE,
                "no resource of pipeline " + pipeline.name() + " takes files named '" + file.name() + "'; mend a glob: "
                        + globs(pipeline, file.source())));
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        if (!run.fullRefresh() && files.anyOfSize(pipeline.name(), resource.name(), attributes.size())) {
            String sha256 = SourceStream.sha256(path);
            Optional<Long> known = files.landedIn(pipeline.name(), resource.name(), sha256);
            if (known.isPresent()) {
                runs.alreadyLoaded(run.id(), sha256, known.get());
                load.markAlreadyLoaded();
                return;
            }
        }
        SourceStream stream = SourceStream.open(path);
        try {
            Chunks chunks = Readers.open(stream, resource.files(), declared(resource), limits);
            Staging staging = new Staging(dataSource, run.id(), resource.keepBronze());
            load.begin(new Load.Opened(
                    path,
                    attributes.size(),
                    stream,
                    resource,
                    chunks,
                    Contract.of(resource),
                    staging,
                    new Target(pipeline.name(), resource),
                    room));
            staging.create();
            try (LogContext context = LogContext.of(load)) {
                LOG.infof("Loading %s (%s, %,d bytes) into silver.%s", file.name(), chunks.description(),
                        attributes.size(), resource.table());
            }
        } catch (IOException | SQLException | RuntimeException e) {
            stream.close();
            throw e;
        }
    }

    private static String globs(Pipeline pipeline, String source) {
        Set<String> globs = new LinkedHashSet<>();
        pipeline.resources().stream()
                .filter(resource -> resource.source().equals(source))
                .forEach(resource -> globs.add(resource.name() + " takes " + resource.files().glob().orElse("any")));
        return globs.isEmpty() ? "no resource reads source " + source : String.join(", ", globs);
    }

    /** What the reader may know of the contract. */
    private static Declared declared(Resource resource) {
        Set<String> names = new HashSet<>();
        Set<String> whole = new HashSet<>();
        resource.columns().forEach(column -> {
            names.add(column.name());
            names.add(column.from());
            if (column.type().isJson()) {
                whole.add(column.from());
            }
        });
        return new Declared(resource.columns().stream().map(column -> column.from()).toList(), names, whole);
    }

    /** After the last chunk: the run must be fit to land and the file unchanged; then the tables are made ready. */
    public void prepare(@ExchangeProperty("load") Load load) throws IOException, SQLException {
        Load.Opened opened = load.opened();
        opened.stream().drain();
        load.checkErrors();
        if (!unchanged(load, opened.path())) {
            throw new TransientFailure(
                    Code.FILE_CHANGED, load.getSourceName() + " changed while it was read; it is loaded again");
        }
    }

    private static boolean unchanged(Load load, Path path) throws IOException {
        Run.RunFile file = file(load.getRun());
        try {
            BasicFileAttributes now = Files.readAttributes(path, BasicFileAttributes.class);
            return RunClaims.sameLook(file, now);
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Begins an attempt at the landing: tables are made and widened in a short transaction of their own. */
    public void begin(@ExchangeProperty("load") Load load) throws SQLException {
        Load.Opened opened = load.opened();
        runs.landingBegins(load.getRun().id());
        boolean keyed = opened.target()
                .prepare(dataSource, opened.contract().declared(), opened.staging().columns());
        load.beginLanding(new Landing(opened.staging(), opened.target(), load.getRun().id(), keyed, settings.landingTimeout()));
    }

    /** After the landing: puts the file away and ends the run. */
    public void finish(@ExchangeProperty("load") Load load) throws IOException {
        Run run = load.getRun();
        Run.RunFile file = file(run);
        Path path = places.folder(file.path());
        boolean kept = pipelines
                .active(run.pipeline())
                .flatMap(active -> active.pipeline().findSource(file.source()))
                .filter(source -> source.onSuccess() == FilesSource.OnSuccess.KEEP)
                .isPresent();
        if (kept) {
            files.keep(run.pipeline(), file.path(), new Look(file.size(), file.modified()));
        } else if (Files.exists(path) && unchanged(load, path)) {
            places.archive(run.pipeline(), path, run.id());
        }
        runs.succeeded(run.id());
        try (LogContext context = LogContext.of(load)) {
            if (load.isAlreadyLoaded()) {
                LOG.infof("%s is known already: nothing to load", file.name());
            } else if (!run.landed()) {
                Landing landing = load.getLanding();
                LOG.infof(
                        "Loaded: %,d read, %,d inserted, %,d updated, %,d unchanged, %,d duplicate, %,d filtered, %,d rejected",
                        load.getRead(), landing.getInserted(), landing.getUpdated(), landing.getUnchanged(), landing.getDuplicate(),
                        landing.getFiltered(), load.getRejected());
            } else {
                LOG.infof("Put %s away after run %d had landed in a process that died", file.name(), run.id());
            }
        }
    }

    /** A run that does not land: it is done again where time may heal the failure, otherwise it ends and its file is quarantined. */
    public void fail(@ExchangeProperty("load") Load load, @ExchangeProperty("CamelExceptionCaught") Throwable thrown) {
        Failure failure = Failures.of(thrown, load.getRun());
        try (LogContext context = LogContext.of(load)) {
            load.stop();                // chunks before the one that failed may still be on their way to staging
            if (load.isLanded() || load.landedNow()) {
                LOG.errorf(thrown, "Landed, but could not be finished; that is tried again: %s", failure.getMessage());
            } else if (failure instanceof TransientFailure && failure.code() != Code.DATABASE_CONFLICT) {
                LOG.warnf("Interrupted, to be done again (%s): %s", failure.code().id(), failure.getMessage());
                queue.redoLater(load.getRun().id(), failure.getMessage(), REDO_SECONDS);
            } else {
                failed(load, failure);
            }
        } catch (Exception e) {
            // The database is away. The lease ends by itself, and then the run is done again.
            LOG.warnf("The end of run %d could not be recorded; it is done again later: %s", load.getRun().id(), e.getMessage());
        }
    }

    private void failed(Load load, Failure failure) throws SQLException, IOException {
        Run run = load.getRun();
        Load.Opened opened = load.openedOrNull();
        boolean ours = runs.failed(
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
            return;
        }
        LOG.errorf("Failed (%s): %s", failure.code().id(), failure.getMessage());
        Path path = places.folder(file(run).path());
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            try {
                places.quarantine(run.pipeline(), path, run.id(), note(run, failure));
            } catch (IOException e) {
                leave(run, path, e);
            }
        }
    }

    /** A file that cannot be put away must not be queued again at the next look, and at every one after that. */
    private void leave(Run run, Path path, IOException e) throws IOException {
        if (Files.exists(path)) {
            files.keep(run.pipeline(), file(run).path(), Inbox.look(path));
            LOG.errorf("%s cannot be moved to quarantine: %s; it stays, and is not loaded again until it changes", file(run).path(), e);
        } else {
            LOG.errorf("The note on %s cannot be written: %s", file(run).path(), e);
        }
    }

    private static String note(Run run, Failure failure) {
        return """
                %s was not loaded.

                code:     %s
                reason:   %s
                pipeline: %s
                run:      %d (GET /runs/%d, GET /runs/%d/rejections)

                Mend the file or the pipeline and drop the file into the inbox again.
                """
                .formatted(
                        file(run).name(),
                        failure.code().id(),
                        failure.getMessage(),
                        run.pipeline(),
                        run.id(),
                        run.id(),
                        run.id());
    }

    /** Frees what the load holds, however it ended. */
    public void close(@ExchangeProperty("load") Load load) {
        claims.ended(load);
        load.leaveRoom();
        Load.Opened opened = load.openedOrNull();
        if (opened == null) {
            return;
        }
        try {
            opened.stream().close();
        } catch (IOException e) {
            LOG.warnf("Could not close %s: %s", opened.path(), e.getMessage());
        }
        try {
            opened.staging().drop();
        } catch (SQLException e) {
            LOG.debugf(e, "Staging tables of run %d are left to be dropped later", load.getRun().id());
        }
    }

    private static Run.RunFile file(Run run) {
        return run.file().orElseThrow(() -> new IllegalStateException("run " + run.id() + " has no file"));
    }
}
