package dev.qanat.route;

import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.Route;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.builder.RouteBuilder;
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
 * The YAML files below the folder of routes, loaded one at a time, so that a broken one costs no other, and kept as they are in the
 * folder: a changed file's routes are replaced once none of them is at work. A file that cannot be loaded leaves its last good
 * version running. Camel's own reloading is not used: see {@code docs/decisions/}.
 *
 * <p>{@link #load} and {@link #look} are for one thread; what they found may be asked by any.
 */
@ApplicationScoped
public class RouteFiles {

    private static final Logger LOG = Logger.getLogger(RouteFiles.class);
    private static final String SCHEME = "file:";
    private static final long STOP_SECONDS = 10;

    private final CamelContext camel;
    private final WatchedFolder folder;
    private final Map<String, Loaded> loaded = new HashMap<>();
    private volatile Map<String, String> failures = Map.of();
    private volatile Set<String> pending = Set.of();
    private volatile boolean ready;

    /**
     * A file whose routes are there.
     *
     * @param text as it was loaded
     * @param routes the ids of its routes
     * @param templates the ids of its templates
     * @param configurations the ids of its configurations
     */
    private record Loaded(String text, Set<String> routes, Set<String> templates, Set<String> configurations) {

        /** Whether other files' routes hang on it. */
        boolean isFrame() {
            return frame(text);
        }
    }

    RouteFiles(CamelContext camel, Settings settings) {
        this.camel = camel;
        this.folder = new WatchedFolder(settings.routes());
    }

    /** Loads every file. What fails is logged, remembered and left out. */
    void load() throws IOException {
        if (!folder.exists()) {
            LOG.warnf(
                    "There is no folder %s: no routes are loaded; set QANAT_ROUTES",
                    folder.folder().toAbsolutePath());
        }
        List<WatchedFolder.Change> files = new ArrayList<>(folder.all());
        files.sort(Comparator.comparingInt((WatchedFolder.Change file) -> rank(file.text())));
        for (WatchedFolder.Change file : files) {
            folder.take(file);
            replace(file.name(), file.text());
        }
        ready = true;
    }

    /** What is to be stopped before, and made anew after, templates or configurations change. */
    interface Instances {

        void remove() throws Exception;

        void create() throws Exception;
    }

    /**
     * Looks for changes and puts them in force, unless routes that they concern are at work: then they stay {@link #pending}.
     *
     * @param instances routes made from templates by the engine itself
     */
    void look(Instances instances) throws Exception {
        List<WatchedFolder.Change> changes = folder.changes();
        if (changes.isEmpty()) {
            pending = Set.of();
            return;
        }
        Set<String> names = new TreeSet<>();
        changes.forEach(change -> names.add(change.name()));
        boolean all = changes.stream().anyMatch(this::touchesFrame);
        Collection<String> concerned = all ? routeIds() : routesOf(names);
        if (!names.equals(pending)) {
            // The workers take no new run from now on; the next look finds what was at work ended.
            pending = names;
            if (atWork(concerned)) {
                LOG.infof("Changed: %s; waiting for exchanges of its routes to end", String.join(", ", names));
                return;
            }
        }
        if (atWork(concerned)) {
            return;
        }
        try {
            if (all) {
                replaceAll(changes, instances);
            } else {
                // First what is gone: a renamed file brings the same routes again.
                changes.sort(Comparator.comparing(change -> change.text() != null));
                for (WatchedFolder.Change change : changes) {
                    folder.take(change);
                    replace(change.name(), change.text());
                }
            }
        } finally {
            pending = Set.of();
        }
    }

    private boolean touchesFrame(WatchedFolder.Change change) {
        Loaded before = loaded.get(change.name());
        return before != null && before.isFrame() || change.text() != null && frame(change.text());
    }

    /** Templates and configurations are part of what was made with them: everything is made anew. */
    private void replaceAll(List<WatchedFolder.Change> changes, Instances instances) throws Exception {
        Map<String, String> before = new LinkedHashMap<>();
        loaded.forEach((name, file) -> before.put(name, file.text()));
        Map<String, String> wanted = new HashMap<>(before);
        Map<String, String> faulty = new TreeMap<>();
        for (WatchedFolder.Change change : changes) {
            folder.take(change);
            String wrong = change.text() == null ? null : wrongWith(change.name(), change.text());
            if (wrong != null) {
                faulty.put(change.name(), wrong);
            } else if (change.text() == null) {
                wanted.remove(change.name());
                forgive(change.name());
            } else {
                wanted.put(change.name(), change.text());
            }
        }
        if (!wanted.equals(before)) {
            makeAnew(before, wanted, instances);
        }
        faulty.forEach(this::fail);
    }

    private void makeAnew(Map<String, String> before, Map<String, String> wanted, Instances instances) throws Exception {
        instances.remove();
        for (String name : before.keySet()) {
            unload(name);
        }
        List<String> order = new ArrayList<>(new TreeSet<>(wanted.keySet()));
        order.sort(Comparator.comparingInt(name -> rank(wanted.get(name))));
        for (String name : order) {
            addOrRestore(name, wanted.get(name), before.get(name));
        }
        instances.create();
        LOG.infof("Routes loaded anew, as %s changed", String.join(", ", pending));
    }

    /** Puts a file's text in force in place of what was loaded from it. */
    private void replace(String name, @Nullable String text) {
        Loaded before = loaded.get(name);
        if (text == null) {
            forgive(name);
            unload(name);
            LOG.infof("Route file %s is gone, and its routes with it", name);
            return;
        }
        String wrong = wrongWith(name, text);
        if (wrong != null) {
            fail(name, wrong);
            return;
        }
        unload(name);
        addOrRestore(name, text, before == null ? null : before.text());
        if (ready && !failures.containsKey(name)) {
            LOG.infof("Route file %s is loaded%s", name, before == null ? "" : " anew");
        }
    }

    /** Reads a text as routes without making any of them. */
    private @Nullable String wrongWith(String name, String text) {
        try {
            for (RoutesBuilder routes : PluginHelper.getRoutesLoader(camel).findRoutesBuilders(resource(name, text))) {
                if (routes instanceof RouteBuilder builder) {
                    builder.setCamelContext(camel);
                    builder.configure();
                    for (RouteDefinition route : builder.getRouteCollection().getRoutes()) {
                        String other = ownerOf(route.getId(), name);
                        if (other != null) {
                            return "the route id '" + route.getId() + "' is taken by " + other + "; give the route another id";
                        }
                    }
                }
            }
            return null;
        } catch (Exception e) {
            return reason(e);
        }
    }

    /** The other file that has a route of this id: Camel would let the new one take its place without a word. */
    private @Nullable String ownerOf(@Nullable String routeId, String name) {
        return loaded.entrySet().stream()
                .filter(file -> !file.getKey().equals(name) && file.getValue().routes().contains(routeId))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(null);
    }

    /**
     * Makes the routes of a text, all or none.
     *
     * @return what was wrong; null when they are there
     */
    private @Nullable String add(String name, String text) {
        Loaded before = everything("");
        try {
            PluginHelper.getRoutesLoader(camel).loadRoutes(resource(name, text));
            loaded.put(name, since(before, text));
            return null;
        } catch (Exception e) {
            // Some of its routes may have started before one did not.
            loaded.put(name, since(before, text));
            unload(name);
            return reason(e);
        }
    }

    /** Makes the routes of a text, or else those of its last good version. */
    private void addOrRestore(String name, String text, @Nullable String lastGood) {
        String wrong = add(name, text);
        if (wrong == null) {
            forgive(name);
            return;
        }
        if (lastGood != null) {
            String wrongToo = add(name, lastGood);
            wrong += wrongToo == null ? " (its last good version is running)" : " (nor could its last version be: " + wrongToo + ")";
        }
        fail(name, wrong);
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

    private void unload(String name) {
        Loaded gone = loaded.remove(name);
        if (gone == null) {
            return;
        }
        Model model = model();
        try {
            for (String id : gone.routes()) {
                remove(id);
                RouteDefinition route = model.getRouteDefinition(id);
                if (route != null) {
                    model.removeRouteDefinition(route);
                }
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

    /** Stops and removes a route, its trigger included. */
    void remove(String id) throws Exception {
        Route route = camel.getRoute(id);
        if (route == null) {
            return;
        }
        Endpoint from = route.getEndpoint();
        camel.getRouteController().stopRoute(id, STOP_SECONDS, TimeUnit.SECONDS);
        camel.removeRoute(id);
        if (from instanceof QuartzEndpoint quartz) {
            // In a clustered store a trigger outlives its route.
            quartz.getComponent().getScheduler().unscheduleJob(quartz.getTriggerKey());
        }
    }

    private static Resource resource(String name, String text) {
        return ResourceHelper.fromString(SCHEME + name, text);
    }

    private boolean atWork(Collection<String> routes) {
        return routes.stream().anyMatch(id -> camel.getInflightRepository().size(id) > 0);
    }

    private Set<String> routeIds() {
        Set<String> ids = new HashSet<>();
        camel.getRoutes().forEach(route -> ids.add(route.getRouteId()));
        return ids;
    }

    private Set<String> routesOf(Set<String> names) {
        Set<String> ids = new HashSet<>();
        for (String name : names) {
            Loaded file = loaded.get(name);
            if (file != null) {
                ids.addAll(file.routes());
            }
        }
        return ids;
    }

    /** Camel wants what others refer to first: configurations before templates before routes. */
    private static int rank(@Nullable String text) {
        if (text == null) {
            return 0;
        }
        return text.contains("routeConfiguration:") ? 0 : text.contains("routeTemplate:") ? 1 : 2;
    }

    private static boolean frame(String text) {
        return rank(text) < 2;
    }

    private void fail(String name, String reason) {
        Map<String, String> now = new TreeMap<>(failures);
        now.put(name, reason);
        failures = now;
        LOG.errorf("Route file %s was not loaded: %s", name, reason);
    }

    private void forgive(String name) {
        if (failures.containsKey(name)) {
            Map<String, String> now = new TreeMap<>(failures);
            now.remove(name);
            failures = now;
        }
    }

    private static String reason(Exception e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String said = e.getMessage() == null ? e.toString() : e.getMessage();
        return root == e || root.getMessage() == null || said.contains(root.getMessage())
                ? said
                : said + ": " + root.getMessage();
    }

    /** Files that could not be loaded, by their names below the folder, with the reason. */
    public Map<String, String> failures() {
        return failures;
    }

    /** Files that have changed and wait for exchanges of their routes to end. */
    public Set<String> pending() {
        return pending;
    }

    /** Whether loading has been tried for every file. */
    public boolean loaded() {
        return ready;
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
