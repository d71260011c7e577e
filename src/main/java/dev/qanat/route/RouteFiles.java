package dev.qanat.route;

import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
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
    private static final long STOP_SECONDS = 2;
    private static final long QUIET_NANOS = 300_000_000L;
    private static final Pattern CONFIGURED_BY_PATTERN = Pattern.compile("routeConfigurationId:[^\n#]*\\*");

    private final CamelContext camel;
    private final WatchedFolder folder;
    private final Map<String, Loaded> loaded = new HashMap<>();
    private final Map<String, String> made = new ConcurrentHashMap<>();
    private final Set<String> retried = new HashSet<>();
    private volatile Map<String, String> failures = Map.of();
    private volatile Set<String> pending = Set.of();
    private volatile boolean pausing;
    private volatile boolean ready;

    /**
     * A file whose routes are there.
     *
     * @param text as it was loaded
     * @param routes the ids of its routes
     * @param templates the ids of its templates
     * @param configurations the ids of its configurations
     */
    private record Loaded(String text, Set<String> routes, Set<String> templates, Set<String> configurations) {}

    /**
     * What a text says, read without making any of it.
     *
     * @param routes the ids that it gives to routes, with their lines where Camel tells them, else 0
     * @param frame the ids of its templates and configurations
     * @param forAll whether it has a configuration without an id, which counts for every route that names none
     */
    private record Said(Map<String, Integer> routes, Set<String> frame, boolean forAll) {
        private static final Said NOTHING = new Said(Map.of(), Set.of(), false);
    }

    /**
     * Changes that are put in force together.
     *
     * @param files those that change, and those whose routes are made anew since they hang on what changes
     * @param instances whether routes that the engine makes from templates are among what is made anew
     */
    private record Edit(List<WatchedFolder.Change> changes, Set<String> files, boolean instances) {
        String names() {
            return changes.stream().map(WatchedFolder.Change::name).collect(Collectors.joining(", "));
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
        Map<String, String> texts = new TreeMap<>();
        for (WatchedFolder.Change file : folder.all()) {
            folder.take(file);
            if (file.text() != null) {
                texts.put(file.name(), file.text());
            }
        }
        addAll(texts).forEach(this::fail);
        ready = true;
    }

    /** Routes that the engine makes from templates of the files: removed before their templates change, made anew after. */
    interface Instances {

        /** The templates that they are made from. */
        Set<String> TEMPLATES = Set.of("worker", "file-inbox");

        void remove() throws Exception;

        void create() throws Exception;
    }

    /**
     * Looks for changes and puts them in force, unless routes that they concern are at work: then they stay {@link #pending}, and
     * the next look tries again. Reads every file of the folder.
     */
    void look(Instances instances) throws IOException {
        List<Edit> edits = edits(folder.changes());
        Set<String> before = pending;
        Set<String> waiting = new TreeSet<>();
        boolean pause = false;
        boolean inForce = false;
        boolean engines = false;
        try {
            for (Edit edit : edits) {
                if (edit.instances() && !pausing) {
                    pausing = true;     // from now on the workers take no new run
                }
                pending = union(pending, edit.files());
                if (!isQuiet(edit) || !stop(routesOf(edit))) {
                    waiting.addAll(edit.files());
                    pause |= edit.instances() || routesOf(edit).stream().anyMatch(this::isDirect);
                    if (!before.containsAll(edit.files())) {
                        LOG.infof("Changed: %s; waiting for exchanges of its routes to end", edit.names());
                    }
                } else if (apply(edit, instances)) {
                    inForce = true;
                    engines |= edit.instances();
                }
            }
        } finally {
            pending = waiting;
            pausing = pause;
        }
        if (inForce) {
            tryFaultyAgain(engines);
        }
    }

    private static Set<String> union(Set<String> some, Set<String> others) {
        Set<String> all = new TreeSet<>(some);
        all.addAll(others);
        return all;
    }

    /** What is put in force together: changes that concern the same file, and those between which a route's id moves. */
    private List<Edit> edits(List<WatchedFolder.Change> changes) {
        Set<String> changed = changes.stream().map(WatchedFolder.Change::name).collect(Collectors.toSet());
        List<WatchedFolder.Change> sound = new ArrayList<>();
        Map<String, String> owners = new HashMap<>();
        for (WatchedFolder.Change change : changes) {
            Loaded before = loaded.get(change.name());
            if (change.text() != null && before != null && before.text().equals(change.text()) && !retried.contains(change.name())) {
                folder.take(change);
                forgive(change.name());
                LOG.infof("Route file %s is again as it was loaded", change.name());
                continue;
            }
            try {
                Said said = change.text() == null ? Said.NOTHING : said(change.name(), change.text());
                String owner = owner(said, change.name());
                if (owner != null && !changed.contains(owner)) {
                    throw new IllegalArgumentException(taken(said, change.name()));
                }
                if (owner != null) {
                    owners.put(change.name(), owner);
                }
                sound.add(change);
            } catch (Exception e) {
                folder.take(change);
                fail(change.name(), reason(e));
            }
        }
        // First what goes, then what others refer to.
        sound.sort(Comparator.comparingInt(change -> change.text() == null ? -1 : rank(change.text())));
        List<Edit> edits = new ArrayList<>();
        for (WatchedFolder.Change change : sound) {
            Edit one = edit(List.of(change));
            List<WatchedFolder.Change> group = new ArrayList<>();
            for (Edit other : List.copyOf(edits)) {
                if (!Collections.disjoint(one.files(), other.files())
                        || owners.containsKey(change.name()) && other.files().contains(owners.get(change.name()))
                        || other.changes().stream().anyMatch(its -> change.name().equals(owners.get(its.name())))) {
                    group.addAll(other.changes());
                    edits.remove(other);
                }
            }
            group.add(change);
            edits.add(edit(group));
        }
        return edits;
    }

    private Edit edit(List<WatchedFolder.Change> changes) {
        Set<String> files = new TreeSet<>();
        Set<String> frame = new HashSet<>();
        boolean all = false;
        for (WatchedFolder.Change change : changes) {
            Said before = saidBefore(change.name());
            Said after = change.text() == null ? Said.NOTHING : saidOrNothing(change.name(), change.text());
            files.add(change.name());
            frame.addAll(before.frame());
            frame.addAll(after.frame());
            all |= before.forAll() || after.forAll();
        }
        // Templates name configurations, and routes name templates: what hangs on a file may hang on it by way of another.
        for (boolean more = true; more; ) {
            more = false;
            for (Map.Entry<String, Loaded> file : loaded.entrySet()) {
                if (!files.contains(file.getKey()) && (all || hangsOn(file.getValue().text(), frame))) {
                    files.add(file.getKey());
                    frame.addAll(file.getValue().templates());
                    frame.addAll(file.getValue().configurations());
                    more = true;
                }
            }
        }
        return new Edit(changes, files, Instances.TEMPLATES.stream().anyMatch(frame::contains));
    }

    /** Whether a text names one of these; a name in a comment counts, at the price of routes made anew without need. */
    private static boolean hangsOn(String text, Set<String> frame) {
        return !frame.isEmpty() && (frame.stream().anyMatch(text::contains) || CONFIGURED_BY_PATTERN.matcher(text).find());
    }

    /**
     * Puts an edit in force, or everything back as it was. All its routes have been stopped.
     *
     * @return whether a change is in force
     */
    private boolean apply(Edit edit, Instances instances) {
        Map<String, String> before = new TreeMap<>();
        edit.files().stream().filter(loaded::containsKey).forEach(name -> before.put(name, loaded.get(name).text()));
        Map<String, String> after = new TreeMap<>(before);
        for (WatchedFolder.Change change : edit.changes()) {
            if (change.text() == null) {
                after.remove(change.name());
            } else {
                after.put(change.name(), change.text());
            }
        }
        Map<String, String> wrong = makeAnew(edit, after, instances);
        if (wrong.isEmpty()) {
            for (WatchedFolder.Change change : edit.changes()) {
                folder.take(change);
                forgive(change.name());
                LOG.infof(
                        change.text() == null ? "Route file %s is gone, and its routes with it" : "Route file %s is loaded%s",
                        change.name(), before.containsKey(change.name()) ? " anew" : "");
            }
            return true;
        }
        Map<String, String> wrongToo = makeAnew(edit, before, instances);
        wrongToo.forEach((name, reason) -> LOG.errorf("Route file %s could not be put back: %s", name, reason));
        if (edit.changes().size() > 1) {
            // One of them is at fault; the others are to be in force.
            boolean any = false;
            for (WatchedFolder.Change change : edit.changes()) {
                Edit one = edit(List.of(change));
                if (isQuiet(one) && stop(routesOf(one))) {
                    any |= apply(one, instances);
                }
            }
            return any;
        }
        WatchedFolder.Change change = edit.changes().get(0);
        folder.take(change);
        String reason = wrong.containsKey(change.name())
                ? wrong.get(change.name())
                : wrong.entrySet().stream()
                        .map(other -> other.getKey() + " fails with it: " + other.getValue())
                        .collect(Collectors.joining("; "));
        fail(change.name(), reason);
        return false;
    }

    /** Makes an edit's routes of these texts. */
    private Map<String, String> makeAnew(Edit edit, Map<String, String> texts, Instances instances) {
        Map<String, String> wrong = new TreeMap<>();
        try {
            if (edit.instances()) {
                instances.remove();
            }
            edit.files().forEach(this::unload);
            wrong.putAll(addAll(texts));
            if (edit.instances()) {
                instances.create();
            }
        } catch (Exception e) {
            wrong.putIfAbsent("a template's route", reason(e));
        }
        return wrong;
    }

    /** Makes the routes of files, in the order in which they refer to each other. */
    private Map<String, String> addAll(Map<String, String> texts) {
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

    /** A file may have failed for want of what another one brings, or for what another one took. */
    private void tryFaultyAgain(boolean engines) {
        for (String name : failures.keySet()) {
            String text = folder.taken(name);
            // Not the engine's for no more than a route of a user's.
            if (text != null && (engines || !edit(List.of(new WatchedFolder.Change(name, text))).instances())) {
                retried.add(name);
                folder.tellAgain(name);
            }
        }
    }

    /** Reads a text as routes without making any of them. */
    private Said said(String name, String text) throws Exception {
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

    private Said saidOrNothing(String name, String text) {
        try {
            return said(name, text);
        } catch (Exception e) {
            return Said.NOTHING;
        }
    }

    private Said saidBefore(String name) {
        Loaded before = loaded.get(name);
        return before == null ? Said.NOTHING : saidOrNothing(name, before.text());
    }

    /** The other file that has a route of the same id: Camel would let the new one take its place without a word. */
    private @Nullable String owner(Said said, String name) {
        return loaded.entrySet().stream()
                .filter(file -> !file.getKey().equals(name) && file.getValue().routes().stream().anyMatch(said.routes()::containsKey))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(null);
    }

    private @Nullable String taken(Said said, String name) {
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

    private static int line(RouteDefinition route) {
        return Math.max(route.getLineNumber(), 0);
    }

    private static String at(int line) {
        return line == 0 ? "" : "line " + line + ": ";
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
            loaded.put(name, since(before, text));
            return null;
        } catch (Exception e) {
            String reason = at(lineOfRoute(e)) + reason(e);
            // Some of its routes may have started before one did not.
            loaded.put(name, since(before, text));
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

    private void unload(String name) {
        Loaded gone = loaded.remove(name);
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

    /**
     * Stops routes at rest, first those by which work comes in. An exchange that came in meanwhile is waited for a little; if it
     * does not end, all go on.
     */
    private boolean stop(Set<String> ids) {
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

    private static Resource resource(String name, String text) {
        return ResourceHelper.fromString(SCHEME + name, text);
    }

    /** Whether none of an edit's routes is at work, now or in a moment: ticks and requests that come and go leave gaps. */
    private boolean isQuiet(Edit edit) {
        Set<String> routes = routesOf(edit);
        long until = System.nanoTime() + QUIET_NANOS;
        while (routes.stream().anyMatch(id -> camel.getInflightRepository().size(id) > 0)) {
            if (System.nanoTime() > until) {
                return false;
            }
            LockSupport.parkNanos(5_000_000L);
        }
        return true;
    }

    private boolean isDirect(String id) {
        Route route = camel.getRoute(id);
        return route != null && route.getEndpoint() instanceof DirectEndpoint;
    }

    private Set<String> routeIds() {
        Set<String> ids = new HashSet<>();
        camel.getRoutes().forEach(route -> ids.add(route.getRouteId()));
        return ids;
    }

    /** The routes that are there and are to be made anew. */
    private Set<String> routesOf(Edit edit) {
        Set<String> ids = new HashSet<>(edit.instances() ? made.keySet() : Set.of());
        edit.files().stream().filter(loaded::containsKey).forEach(name -> ids.addAll(loaded.get(name).routes()));
        ids.retainAll(routeIds());
        return ids;
    }

    /** Camel wants what others refer to first: configurations before templates before routes. */
    private static int rank(String text) {
        return text.contains("routeConfiguration:") ? 0 : text.contains("routeTemplate:") ? 1 : 2;
    }

    private void fail(String name, String wrong) {
        String reason = wrong + (loaded.containsKey(name) ? " (its last good version is running)" : "");
        Map<String, String> now = new TreeMap<>(failures);
        String before = now.put(name, reason);
        failures = now;
        if (retried.remove(name) && reason.equals(before)) {
            return;
        }
        LOG.errorf("Route file %s was not loaded: %s", name, reason);
    }

    private void forgive(String name) {
        retried.remove(name);
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

    /** Whether no new run is to be begun, since routes that it would pass are about to be replaced. */
    boolean pausing() {
        return pausing;
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
