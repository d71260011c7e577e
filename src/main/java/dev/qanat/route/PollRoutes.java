package dev.qanat.route;

import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import org.apache.camel.CamelContext;
import org.apache.camel.builder.ThreadPoolProfileBuilder;
import org.apache.camel.spi.ThreadPoolProfile;
import org.jboss.logging.Logger;

/** Makes a route of the template {@code poll} for each resource that is polled. Safe for use by several threads. */
@ApplicationScoped
@Named("pollRoutes")
public class PollRoutes {

    private static final Logger LOG = Logger.getLogger(PollRoutes.class);
    private static final String TEMPLATE = "poll";

    /** Partitions of a resource that are fetched side by side. */
    private static final int SIDE_BY_SIDE = 8;

    private static final long IDLE_SECONDS = 30;

    private final CamelContext camel;
    private final LoadedRoutes routes;
    private final Pipelines pipelines;
    private final Map<String, Terms> made = new HashMap<>();

    /** Until the template is there. */
    private boolean suspended = true;

    /** What a route is made of. */
    private record Terms(String pipeline, String resource) {}

    PollRoutes(CamelContext camel, LoadedRoutes routes, Pipelines pipelines) {
        this.camel = camel;
        this.routes = routes;
        this.pipelines = pipelines;
    }

    static String idOf(String pipeline, String resource) {
        return "poll-" + pipeline + "-" + resource;
    }

    /** Makes, remakes and removes routes as the pipelines in force say; one that is at work is removed when asked again after that. */
    public synchronized void refresh() throws Exception {
        if (suspended) {
            return;
        }
        Map<String, Terms> wanted = new HashMap<>();
        for (Pipelines.Active active : pipelines.active()) {
            for (Resource resource : active.pipeline().polled()) {
                wanted.put(idOf(active.name(), resource.name()), new Terms(active.name(), resource.name()));
            }
        }
        Set<String> gone = new HashSet<>(made.keySet());
        gone.removeIf(id -> made.get(id).equals(wanted.get(id)) || camel.getInflightRepository().size(id) > 0);
        for (String id : gone) {
            remove(id);
        }
        for (Map.Entry<String, Terms> terms : wanted.entrySet()) {
            if (!made.containsKey(terms.getKey())) {
                make(terms.getKey(), terms.getValue());
            }
        }
    }

    private void make(String id, Terms terms) throws Exception {
        // A pool makes threads beyond its size only when its queue is full: as many as may be, which go when they are idle.
        ThreadPoolProfile profile = new ThreadPoolProfileBuilder(id)
                .poolSize(SIDE_BY_SIDE)
                .maxPoolSize(SIDE_BY_SIDE)
                .maxQueueSize(-1)
                .keepAliveTime(IDLE_SECONDS)
                .allowCoreThreadTimeOut(true)
                .build();
        ExecutorService threads = camel.getExecutorServiceManager().newThreadPool(this, id, profile);
        camel.getRegistry().bind(threadsOf(id), ExecutorService.class, threads);
        routes.make(
                TEMPLATE,
                id,
                Map.of("pipeline", terms.pipeline(), "resource", terms.resource(), "threads", threadsOf(id)));
        made.put(id, terms);
        LOG.debugf("Made route %s", id);
    }

    private void remove(String id) throws Exception {
        routes.remove(id);
        ExecutorService threads = camel.getRegistry().lookupByNameAndType(threadsOf(id), ExecutorService.class);
        camel.getRegistry().unbind(threadsOf(id));
        if (threads != null) {
            camel.getExecutorServiceManager().shutdown(threads);
        }
        made.remove(id);
    }

    private static String threadsOf(String id) {
        return id + "-threads";
    }

    /** Removes every route until {@link #resume}: their template is about to change. */
    synchronized void suspend() throws Exception {
        suspended = true;
        for (String id : Set.copyOf(made.keySet())) {
            remove(id);
        }
    }

    synchronized void resume() throws Exception {
        suspended = false;
        refresh();
    }
}
