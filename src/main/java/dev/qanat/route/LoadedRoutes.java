package dev.qanat.route;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.FailedToCreateRouteException;
import org.apache.camel.FailedToStartRouteException;
import org.apache.camel.Route;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.builder.RouteConfigurationBuilder;
import org.apache.camel.builder.TemplatedRouteBuilder;
import org.apache.camel.component.direct.DirectEndpoint;
import org.apache.camel.component.quartz.QuartzEndpoint;
import org.apache.camel.model.Model;
import org.apache.camel.model.RouteConfigurationDefinition;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.RouteTemplateDefinition;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The routes that the application has by files' texts, and those that the engine made from their templates: made whole or not at
 * all, stopped, removed. Which text, and when, is for {@link RouteFiles} to say, on one thread; the engine's own are made and removed
 * by any.
 */
@ApplicationScoped
class LoadedRoutes {

    private static final Logger LOG = Logger.getLogger(LoadedRoutes.class);
    private static final String SCHEME = "file:";
    private static final long STOP_SECONDS = 2;
    private static final long QUIET_NANOS = 300_000_000L;

    private final CamelContext camel;
    private final Map<String, Loaded> files = new HashMap<>();
    private final Map<String, String> made = new ConcurrentHashMap<>();

    /**
     * A file whose routes are there.
     *
     * @param text as it was loaded
     * @param routes the ids of its routes
     * @param templates the ids of its templates
     * @param configurations the ids of its configurations
     */
    record Loaded(String text, Set<String> routes, Set<String> templates, Set<String> configurations) {}

    /**
     * What a text says, read without making any of it.
     *
     * @param routes the ids that it gives to routes, with their lines where Camel tells them, else 0
     * @param frame the ids of its templates and configurations
     * @param forAll whether it has a configuration without an id, which counts for every route that names none
     */
    record Said(Map<String, Integer> routes, Set<String> frame, boolean forAll) {
        static final Said NOTHING = new Said(Map.of(), Set.of(), false);
    }

    LoadedRoutes(CamelContext camel) {
        this.camel = camel;
    }

    /** The files that are loaded, by name. */
    Map<String, Loaded> files() {
        return Collections.unmodifiableMap(files);
    }

    /** A file's text as it was loaded; null when it is not. */
    @Nullable String text(String name) {
        Loaded file = files.get(name);
        return file == null ? null : file.text();
    }

    /** Makes the routes of files, in the order in which they refer to each other. */
    Map<String, String> addAll(Map<String, String> texts) {
        Map<String, String> wrong = new TreeMap<>();
        List<String> order = new ArrayList<>(texts.keySet());
        order.sort(Comparator.comparingInt(name -> rank(texts.get(name))));
        for (String name : order) {
            String reason = add(name, texts.get(name));
            if (reason != null) {
                wrong.put(name, reason);
            }
        }
        return wrong;
    }

    /**
     * Makes the routes of a text, all or none.
     *
     * @return what was wrong; null when they are there
     */
    private @Nullable String add(String name, String text) {
        Loaded before = everything("");
        try {
            String taken = taken(said(name, text), name);
            if (taken != null) {
                return taken;
            }
            PluginHelper.getRoutesLoader(camel).loadRoutes(resource(name, text));
            files.put(name, since(before, text));
            return null;
        } catch (Exception e) {
            String reason = at(lineOfRoute(e)) + reason(e);
            // Some of its routes may have started before one did not.
            files.put(name, since(before, text));
            unload(name);
            return reason;
        }
    }

    /** The line of the route that could not be made; 0 when Camel does not know. */
    private int lineOfRoute(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            String id = cause instanceof FailedToCreateRouteException created
                    ? created.getRouteId()
                    : cause instanceof FailedToStartRouteException started ? started.getRouteId() : null;
            RouteDefinition route = id == null ? null : model().getRouteDefinition(id);
            if (route != null) {
                return line(route);
            }
        }
        return 0;
    }

    void unload(String name) {
        Loaded gone = files.remove(name);
        if (gone == null) {
            return;
        }
        Model model = model();
        try {
            for (String id : gone.routes()) {
                remove(id);
            }
            for (String id : gone.templates()) {
                RouteTemplateDefinition template = model.getRouteTemplateDefinition(id);
                if (template != null) {
                    model.removeRouteTemplateDefinition(template);
                }
            }
            for (String id : gone.configurations()) {
                RouteConfigurationDefinition configuration = model.getRouteConfigurationDefinition(id);
                if (configuration != null) {
                    model.removeRouteConfiguration(configuration);
                }
            }
        } catch (Exception e) {
            LOG.errorf(e, "Route file %s could not be unloaded as a whole", name);
        }
    }

    /** Reads a text as routes without making any of them. */
    Said said(String name, String text) throws Exception {
        Map<String, Integer> routes = new HashMap<>();
        Set<String> frame = new HashSet<>();
        boolean forAll = false;
        for (RoutesBuilder found : PluginHelper.getRoutesLoader(camel).findRoutesBuilders(resource(name, text))) {
            if (!(found instanceof RouteBuilder builder)) {
                continue;
            }
            builder.setCamelContext(camel);
            builder.configure();
            builder.getRouteCollection().getRoutes().forEach(route -> routes.put(route.getId(), line(route)));
            builder.getTemplatedRouteCollection().getTemplatedRoutes().forEach(route -> routes.put(route.getRouteId(), 0));
            builder.getRouteTemplateCollection().getRouteTemplates().forEach(template -> frame.add(template.getId()));
            if (builder instanceof RouteConfigurationBuilder configurations) {
                configurations.configuration();
                for (RouteConfigurationDefinition one :
                        configurations.getRouteConfigurationCollection().getRouteConfigurations()) {
                    forAll |= one.getId() == null;
                    frame.add(one.getId());
                }
            }
        }
        routes.remove(null);
        frame.remove(null);
        return new Said(routes, frame, forAll);
    }

    Said saidOrNothing(String name, String text) {
        try {
            return said(name, text);
        } catch (Exception e) {
            return Said.NOTHING;
        }
    }

    Said saidBefore(String name) {
        Loaded before = files.get(name);
        return before == null ? Said.NOTHING : saidOrNothing(name, before.text());
    }

    /** The other file that has a route of the same id: Camel would let the new one take its place without a word. */
    @Nullable String owner(Said said, String name) {
        return files.entrySet().stream()
                .filter(file -> !file.getKey().equals(name) && file.getValue().routes().stream().anyMatch(said.routes()::containsKey))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(null);
    }

    @Nullable String taken(Said said, String name) {
        for (Map.Entry<String, Integer> route : new TreeMap<>(said.routes()).entrySet()) {
            String owner = made.containsKey(route.getKey())
                    ? "the engine"
                    : owner(new Said(Map.of(route.getKey(), 0), Set.of(), false), name);
            if (owner != null) {
                return at(route.getValue()) + "the route id '" + route.getKey() + "' is taken by " + owner
                        + "; give the route another id";
            }
        }
        return null;
    }

    /** Makes a route from a template, for the engine: it belongs to no file. */
    void make(String template, String id, Map<String, Object> parameters) throws Exception {
        made.put(id, template);
        try {
            TemplatedRouteBuilder.builder(camel, template).routeId(id).parameters(parameters).add();
        } catch (Exception e) {
            remove(id);
            throw e;
        }
    }

    boolean hasTemplate(String id) {
        return model().getRouteTemplateDefinition(id) != null;
    }

    /** Stops and removes a route, its trigger included. */
    void remove(String id) throws Exception {
        Route route = camel.getRoute(id);
        if (route != null) {
            Endpoint from = route.getEndpoint();
            camel.getRouteController().stopRoute(id, STOP_SECONDS, TimeUnit.SECONDS);
            camel.removeRoute(id);
            if (from instanceof QuartzEndpoint quartz) {
                // In a clustered store a trigger outlives its route.
                quartz.getComponent().getScheduler().unscheduleJob(quartz.getTriggerKey());
            }
        }
        RouteDefinition definition = model().getRouteDefinition(id);
        if (definition != null) {
            model().removeRouteDefinition(definition);
        }
        made.remove(id);
    }

    /**
     * Stops routes at rest, first those by which work comes in. An exchange that came in meanwhile is waited for a little; if it
     * does not end, all go on.
     */
    boolean stop(Set<String> ids) {
        List<String> order = new ArrayList<>(ids);
        order.sort(Comparator.comparing(this::isDirect));
        List<String> stopped = new ArrayList<>();
        try {
            for (String id : order) {
                if (camel.getRouteController().getRouteStatus(id).isStarted()) {
                    if (!camel.getRouteController().stopRoute(id, STOP_SECONDS, TimeUnit.SECONDS, true)) {
                        startAgain(stopped);
                        return false;
                    }
                    stopped.add(id);
                }
            }
            return true;
        } catch (Exception e) {
            LOG.warnf(e, "Routes could not be stopped; they go on");
            startAgain(stopped);
            return false;
        }
    }

    private void startAgain(List<String> ids) {
        Collections.reverse(ids);
        for (String id : ids) {
            try {
                camel.getRouteController().startRoute(id);
            } catch (Exception e) {
                LOG.errorf(e, "Route %s could not be started again", id);
            }
        }
    }

    /** Whether none of these routes is at work, now or in a moment: ticks and requests that come and go leave gaps. */
    boolean areQuiet(Set<String> ids) {
        long until = System.nanoTime() + QUIET_NANOS;
        while (ids.stream().anyMatch(id -> camel.getInflightRepository().size(id) > 0)) {
            if (System.nanoTime() > until) {
                return false;
            }
            LockSupport.parkNanos(5_000_000L);
        }
        return true;
    }

    boolean isDirect(String id) {
        Route route = camel.getRoute(id);
        return route != null && route.getEndpoint() instanceof DirectEndpoint;
    }

    /**
     * The routes of files that are there.
     *
     * @param instances whether those that the engine makes are meant as well
     */
    Set<String> of(Set<String> names, boolean instances) {
        Set<String> ids = new HashSet<>(instances ? made.keySet() : Set.of());
        names.stream().filter(files::containsKey).forEach(name -> ids.addAll(files.get(name).routes()));
        ids.retainAll(routeIds());
        return ids;
    }

    private Set<String> routeIds() {
        Set<String> ids = new HashSet<>();
        camel.getRoutes().forEach(route -> ids.add(route.getRouteId()));
        return ids;
    }

    /** What Camel has now. */
    private Loaded everything(String text) {
        Set<String> templates = new HashSet<>();
        model().getRouteTemplateDefinitions().forEach(template -> templates.add(template.getId()));
        Set<String> configurations = new HashSet<>();
        model().getRouteConfigurationDefinitions().forEach(configuration -> configurations.add(configuration.getId()));
        Set<String> routes = routeIds();
        // A definition whose route could not be made stays behind as well.
        model().getRouteDefinitions().forEach(route -> routes.add(route.getId()));
        // Those that the engine makes come and go on other threads.
        routes.removeAll(made.keySet());
        return new Loaded(text, routes, templates, configurations);
    }

    private Loaded since(Loaded before, String text) {
        Loaded now = everything(text);
        now.routes().removeAll(before.routes());
        now.templates().removeAll(before.templates());
        now.configurations().removeAll(before.configurations());
        return now;
    }

    private Model model() {
        return camel.getCamelContextExtension().getContextPlugin(Model.class);
    }

    private static int line(RouteDefinition route) {
        return Math.max(route.getLineNumber(), 0);
    }

    private static String at(int line) {
        return line == 0 ? "" : "line " + line + ": ";
    }

    private static Resource resource(String name, String text) {
        return ResourceHelper.fromString(SCHEME + name, text);
    }

    /** Camel wants what others refer to first: configurations before templates before routes. */
    static int rank(String text) {
        return text.contains("routeConfiguration:") ? 0 : text.contains("routeTemplate:") ? 1 : 2;
    }

    static String reason(Exception e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String said = e.getMessage() == null ? e.toString() : e.getMessage();
        return root == e || root.getMessage() == null || said.contains(root.getMessage())
                ? said
                : said + ": " + root.getMessage();
    }

    /** The file of a route, also of one made from a template, by its name below the folder; null for one that Java made. */
    static @Nullable String fileOf(Route route) {
        String location = route.getSourceLocation();
        if (location == null && route.getSourceResource() != null) {
            location = route.getSourceResource().getLocation();
        }
        return location == null ? null : location.replaceFirst("^" + SCHEME, "").replaceFirst(":\\d+$", "");
    }
}
