package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.PipelineReader;
import dev.qanat.pipeline.RequiredSecrets;
import dev.qanat.settings.AllowedEnvironment;
import dev.qanat.settings.Secrets;
import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.spi.CamelEvent;
import org.jboss.logging.Logger;

/** Starts what the routes need in its order: pipelines, route files, a worker for each that the settings ask for, inboxes. */
@ApplicationScoped
public class Engine implements RouteFiles.Instances {

    private static final Logger LOG = Logger.getLogger(Engine.class);

    /** Routes without which nothing is loaded. */
    private static final List<String> ESSENTIAL = List.of("load-file", "from-bronze", "poll-run", "land", "landing", "heartbeat", "refresh");

    /** Runs that poll and are worked on at a time. They mostly wait, and none is to wait for another pipeline's. */
    private static final int POLLERS = 16;

    private final CamelContext camel;
    private final Settings settings;
    private final PipelineFiles pipelineFiles;
    private final RouteFiles routeFiles;
    private final LoadedRoutes routes;
    private final Inboxes inboxes;
    private final PollRoutes polls;
    private final Activation activation;
    private final Demo demo;
    private volatile boolean created;
    private volatile boolean working;

    Engine(
            CamelContext camel,
            Settings settings,
            PipelineFiles pipelineFiles,
            RouteFiles routeFiles,
            LoadedRoutes routes,
            Inboxes inboxes,
            PollRoutes polls,
            Activation activation,
            Demo demo) {
        this.camel = camel;
        this.settings = settings;
        this.pipelineFiles = pipelineFiles;
        this.routeFiles = routeFiles;
        this.routes = routes;
        this.inboxes = inboxes;
        this.polls = polls;
        this.activation = activation;
        this.demo = demo;
    }

    void start(@Observes CamelEvent.CamelContextStartedEvent event) throws Exception {
        if (settings.workers() < 1) {
            throw new InputFailure(Code.INVALID_SETTING, "QANAT_WORKERS is " + settings.workers() + "; it must be at least 1");
        }
        pipelineFiles.load();
        routeFiles.load();
        demo.drop();
        try {
            create();
        } catch (Exception e) {
            LOG.errorf(e, "Nothing is loaded until the templates' files are mended");
        }
        working = isWhole();
        if (!working) {
            LOG.errorf("Nothing is loaded: the folder of routes lacks %s", missing());
        }
        camel.getExecutorServiceManager()
                .newSingleThreadScheduledExecutor(this, "route-files")
                .scheduleWithFixedDelay(this::look, 1, 1, TimeUnit.SECONDS);
    }

    /** Puts in force what has changed in the folders of routes and pipelines. */
    private void look() {
        try {
            if (pipelineFiles.look()) {
                activation.refresh();
            }
        } catch (Exception e) {
            Failures.tell("pipeline-files", e);     // the database is away; routes need none
        }
        try {
            routeFiles.look(this);
        } catch (Exception e) {
            Failures.tell("route-files", e);
        }
        boolean before = working;
        working = isWhole();
        if (before && !working) {
            LOG.errorf("Nothing is loaded any more: the folder of routes lacks %s", missing());
        } else if (working && !before) {
            LOG.info("Files are loaded again");
        }
    }

    private List<String> missing() {
        return Stream.concat(
                        ESSENTIAL.stream().filter(id -> camel.getRoute(id) == null),
                        TEMPLATES.stream().filter(id -> !routes.hasTemplate(id)).sorted())
                .toList();
    }

    @Override
    public void create() throws Exception {
        if (!TEMPLATES.stream().allMatch(routes::hasTemplate)) {
            return;
        }
        // Before the workers: a run of a pipeline that is not known yet would fail.
        inboxes.refresh();
        for (int number = 1; number <= settings.workers(); number++) {
            routes.make("worker", "worker-" + number, Map.of("number", number));
        }
        for (int number = 1; number <= POLLERS; number++) {
            routes.make("poller", "poller-" + number, Map.of("number", number));
        }
        created = true;
        inboxes.resume();
        polls.resume();
    }

    @Override
    public void remove() throws Exception {
        created = false;
        inboxes.suspend();
        polls.suspend();
        for (int number = 1; number <= settings.workers(); number++) {
            routes.remove("worker-" + number);
        }
        for (int number = 1; number <= POLLERS; number++) {
            routes.remove("poller-" + number);
        }
    }

    /** Whether every route is there that a load passes, at this moment. */
    boolean isWhole() {
        return created && missing().isEmpty();
    }

    /** Whether files are loaded, as of the last look: routes that are just being replaced do not count as missing. */
    boolean working() {
        return working;
    }

    @Produces
    @Singleton
    PipelineReader pipelineReader(AllowedEnvironment environment) {
        return new PipelineReader(environment);
    }

    @Produces
    @Singleton
    RequiredSecrets requiredSecrets(Secrets secrets) {
        return new RequiredSecrets(secrets::find);
    }

    /** The threads that check and stage chunks: one more than workers, so that a lone load reads and checks while it copies. */
    @Produces
    @ApplicationScoped
    @Named("chunkThreads")
    ExecutorService chunkThreads() {
        return camel.getExecutorServiceManager().newFixedThreadPool(this, "chunks", 1 + settings.workers());
    }
}
