package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.PersonalKey;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.Runs;
import dev.qanat.load.Landing;
import dev.qanat.load.Staging;
import dev.qanat.load.Target;
import dev.qanat.pipeline.Pipeline;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.Chunks;
import dev.qanat.records.Declared;
import dev.qanat.records.Readers;
import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.apache.camel.ExchangeProperty;
import org.jboss.logging.Logger;

/**
 * The steps of {@code load-file} around its chunks: open the file, make the tables ready. Safe for use by several threads, each with a
 * load of its own.
 */
@ApplicationScoped
@Named("load")
public class FileLoading {

    private static final Logger LOG = Logger.getLogger(FileLoading.class);

    private final DataSource dataSource;
    private final Runs runs;
    private final dev.qanat.ledger.Files files;
    private final FilePlaces places;
    private final Settings settings;
    private final LoadLimits limits;
    private final ActivePipelines active;
    private final ReplayLoading replays;
    private final PersonalKey personalKey;

    FileLoading(
            DataSource dataSource,
            Runs runs,
            dev.qanat.ledger.Files files,
            FilePlaces places,
            ReplayLoading replays,
            ActivePipelines active,
            LoadLimits limits,
            PersonalKey personalKey,
            Settings settings) {
        this.dataSource = dataSource;
        this.runs = runs;
        this.files = files;
        this.places = places;
        this.replays = replays;
        this.personalKey = personalKey;
        this.settings = settings;
        this.active = active;
        this.limits = limits;
    }

    /** Finds the resource that takes the file, opens it, and makes the staging tables; or finds that its bytes are known. */
    public void open(@ExchangeProperty("load") Load load) throws IOException, SQLException {
        Run run = load.getRun();
        Pipelines.Active inForce = active.of(run);
        if (load.isReplay()) {
            replays.open(load, inForce, limits);
            return;
        }
        Run.RunFile file = file(run);
        Path path = places.readable(file.path());
        Pipeline pipeline = inForce.pipeline();
        Optional<Resource> taker = pipeline.resourceFor(file.source(), file.name());
        runs.began(run.id(), inForce.version(), taker.map(Resource::name).orElse(null));
        Resource resource = taker.orElseThrow(() -> new InputFailure(
                Code.NO_RESOURCE,
                "no resource of pipeline " + pipeline.name() + " takes files named '" + file.name() + "'; mend a glob: "
                        + globs(pipeline, file.source())));
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        if (!run.fullRefresh() && files.anyOfSize(pipeline.name(), resource.name(), attributes.size())) {
            String sha256 = SourceStream.sha256(path, load::checkCancelled);
            Optional<Long> known = files.landedIn(pipeline.name(), resource.name(), sha256);
            if (known.isPresent()) {
                if (!runs.alreadyLoaded(run.id(), sha256, known.get())) {
                    throw leaseLost(run);
                }
                load.markAlreadyLoaded();
                return;
            }
        }
        SourceStream stream = SourceStream.open(path, load::checkCancelled);
        try {
            Chunks chunks = Readers.open(stream, resource.files(), Declared.of(resource, personalKey::get), limits.limits());
            Staging staging = new Staging(dataSource, run.id(), resource.keepBronze() || resource.isCleaned());
            staging.create();
            Target target = new Target(pipeline.name(), resource);
            load.begin(new Load.Opened(
                    path,
                    attributes.size(),
                    stream,
                    resource,
                    chunks,
                    target.contract(dataSource),
                    staging,
                    target,
                    limits.room()));
            try (LogContext context = LogContext.of(load)) {
                LOG.infof("Loading %s (%s, %,d bytes) into silver.%s", LogContext.line(file.name()), chunks.description(),
                        attributes.size(), resource.table());
            }
        } catch (IOException | SQLException | RuntimeException e) {
            stream.close();
            throw e;
        }
    }

    private static TransientFailure leaseLost(Run run) {
        return new TransientFailure(
                Code.LEASE_LOST, "run " + run.id() + " is not this process's any more: it landed, or was taken over");
    }

    private static String globs(Pipeline pipeline, String source) {
        Set<String> globs = new LinkedHashSet<>();
        pipeline.resources().stream()
                .filter(resource -> resource.source().equals(source))
                .forEach(resource -> globs.add(resource.name() + " takes " + resource.files().glob().orElse("any")));
        return globs.isEmpty() ? "no resource reads source " + source : String.join(", ", globs);
    }

    /**
     * After the last chunk: computes columns and leaves rows out, in SQL, where the resource says so. It is not tried again by
     * itself: what it did before it failed is not known, so the run is done again.
     */
    public void clean(@ExchangeProperty("load") Load load) throws SQLException {
        Load.Opened opened = load.opened();
        if (opened.resource().isCleaned()) {
            load.cleaned(opened.staging().clean(opened.resource(), settings.landingTimeout()));
        }
    }

    /** After the last chunk: the run must be fit to land and the file unchanged; then the tables are made ready. */
    public void prepare(@ExchangeProperty("load") Load load) throws IOException, SQLException {
        Load.Opened opened = load.opened();
        if (opened.resource().isCleaned() && !opened.staging().cleaned()) {
            // Rows would land without what the pipeline promises of them.
            throw new IllegalStateException("the routes leave out the step 'clean' of 'load', which where: and expr: need");
        }
        if (opened.stream() != null) {
            opened.stream().drain();
        }
        load.checkErrors();
        if (opened.path() != null && !FilePlaces.isUnchanged(file(load.getRun()), opened.path())) {
            throw new TransientFailure(
                    Code.FILE_CHANGED, load.getSourceName() + " changed while it was read; it is loaded again");
        }
    }

    /** Begins an attempt at the landing: tables are widened in a short transaction of their own. */
    public void begin(@ExchangeProperty("load") Load load) throws SQLException {
        Load.Opened opened = load.opened();
        load.checkCancelled();
        if (!runs.landingBegins(load.getRun().id())) {
            throw leaseLost(load.getRun());
        }
        boolean first = load.firstLanding();
        load.beginLanding(load.isFromBronze()
                ? load.getRebuild().land(settings.landingTimeout(), first)
                : Landing.begin(
                        dataSource, opened.staging(), opened.target(), load.getRun().id(), settings.landingTimeout(), first));
    }

    private static Run.RunFile file(Run run) {
        return run.file().orElseThrow(() -> new IllegalStateException("run " + run.id() + " has no file"));
    }
}
