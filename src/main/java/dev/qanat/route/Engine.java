package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.PipelineReader;
import dev.qanat.settings.AllowedEnvironment;
import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.builder.TemplatedRouteBuilder;
import org.apache.camel.spi.CamelEvent;
import org.jboss.logging.Logger;

/** Starts what the routes need in its order: pipelines, route files, a worker for each that the settings ask for, inboxes. */
@ApplicationScoped
public class Engine implements RouteFiles.Instances {

    private static final Logger LOG = Logger.getLogger(Engine.class);

    /** Routes without which nothing is loaded. */
    private static final List<String> ESSENTIAL = List.of("load-file", "land", "landing", "heartbeat", "refresh");

    private final CamelContext camel;
    private final Settings settings;
    private final PipelineFiles pipelineFiles;
    private final RouteFiles routeFiles;
    private final Inboxes inboxes;
    private final Demo demo;
    private volatile boolean working;

    Engine(
            CamelContext camel,
            Settings settings,
            PipelineFiles pipelineFiles,
            RouteFiles routeFiles,
            Inboxes inboxes,
            Demo demo) {
        this.camel = camel;
        this.settings = settings;
        this.pipelineFiles = pipelineFiles;
        this.routeFiles = routeFiles;
        this.inboxes = inboxes;
        this.demo = demo;
    }

    void start(@Observes CamelEvent.CamelContextStartedEvent event) throws Exception {
        if (settings.workers() < 1) {
            throw new InputFailure(Code.INVALID_SETTING, "QANAT_WORKERS is " + settings.workers() + "; it must be at least 1");
        }
        pipelineFiles.load();
        routeFiles.load();
        demo.drop();
        create();
        camel.getExecutorServiceManager()
                .newSingleThreadScheduledExecutor(this, "route-files")
                .scheduleWithFixedDelay(this::look, 1, 1, TimeUnit.SECONDS);
    }

    /** Puts in force what has changed in the folders of routes and pipelines. */
    private void look() {
        try {
            if (pipelineFiles.look()) {
                inboxes.refresh();
            }
            routeFiles.look(this);
            working = missing().isEmpty();
        } catch (Exception e) {
            Failures.tell("route-files", e);
        }
    }

    private List<String> missing() {
        return ESSENTIAL.stream().filter(id -> camel.getRoute(id) == null).toList();
    }

    @Override
    public void create() throws Exception {
        List<String> missing = missing();
        working = missing.isEmpty();
        if (!working) {
            LOG.errorf("Nothing is loaded: the folder of routes lacks %s", missing);
            return;
        }
        // Before the workers: a run of a pipeline that is not known yet would fail.
        inboxes.refresh();
        for (int number = 1; number <= settings.workers(); number++) {
            TemplatedRouteBuilder.builder(camel, "worker")
                    .routeId("worker-" + number)
                    .parameter("number", number)
                    .add();
        }
        inboxes.resume();
    }

    @Override
    public void remove() throws Exception {
        inboxes.suspend();
        for (int number = 1; number <= settings.workers(); number++) {
            routeFiles.remove("worker-" + number);
        }
    }

    /** Whether files are loaded. */
    boolean working() {
        return working;
    }

    @Produces
    @Singleton
    PipelineReader pipelineReader(AllowedEnvironment environment) {
        return new PipelineReader(environment);
    }

    /** The threads that check and stage chunks, two for each worker: one reads and checks while another copies. */
    @Produces
    @ApplicationScoped
    @Named("chunkThreads")
    ExecutorService chunkThreads() {
        return camel.getExecutorServiceManager().newFixedThreadPool(this, "chunks", 2 * settings.workers());
    }
}
