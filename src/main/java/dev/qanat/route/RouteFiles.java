package dev.qanat.route;

import dev.qanat.route.LoadedRoutes.Loaded;
import dev.qanat.route.LoadedRoutes.Said;
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
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.camel.Route;
import org.jboss.logging.Logger;

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
    private static final Pattern CONFIGURED_BY_PATTERN = Pattern.compile("routeConfigurationId:[^\n#]*\\*");
    private final LoadedRoutes routes;
    private final WatchedFolder folder;
    private final Set<String> retried = new HashSet<>();
    private volatile Map<String, String> failures = Map.of();
    private volatile Set<String> pending = Set.of();
    private volatile boolean pausing;
    private volatile boolean ready;

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

    RouteFiles(LoadedRoutes routes, Settings settings) {
        this.routes = routes;
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
        routes.addAll(texts).forEach(this::fail);
        ready = true;
    }

    /** Routes that the engine makes from templates of the files: removed before their templates change, made anew after. */
    interface Instances {

        /** The templates that they are made from. */
        Set<String> TEMPLATES = Set.of("worker", "poller", "file-inbox", "poll");

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
                if (!comesToRest(edit)) {
                    waiting.addAll(edit.files());
                    pause |= edit.instances() || routesOf(edit).stream().anyMatch(routes::isDirect);
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
            String before = routes.text(change.name());
            if (change.text() != null && before != null && before.equals(change.text()) && !retried.contains(change.name())) {
                folder.take(change);
                forgive(change.name());
                LOG.infof("Route file %s is again as it was loaded", change.name());
                continue;
            }
            try {
                Said said = change.text() == null ? Said.NOTHING : routes.said(change.name(), change.text());
                String owner = routes.owner(said, change.name());
                if (owner != null && !changed.contains(owner)) {
                    throw new IllegalArgumentException(routes.taken(said, change.name()));
                }
                if (owner != null) {
                    owners.put(change.name(), owner);
                }
                sound.add(change);
            } catch (Exception e) {
                folder.take(change);
                fail(change.name(), LoadedRoutes.reason(e));
            }
        }
        // First what goes, then what others refer to.
        sound.sort(Comparator.comparingInt(change -> change.text() == null ? -1 : LoadedRoutes.rank(change.text())));
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
            Said before = routes.saidBefore(change.name());
            Said after = change.text() == null ? Said.NOTHING : routes.saidOrNothing(change.name(), change.text());
            files.add(change.name());
            frame.addAll(before.frame());
            frame.addAll(after.frame());
            all |= before.forAll() || after.forAll();
        }
        // Templates name configurations, and routes name templates: what hangs on a file may hang on it by way of another.
        for (boolean more = true; more; ) {
            more = false;
            for (Map.Entry<String, Loaded> file : routes.files().entrySet()) {
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
        for (String name : edit.files()) {
            String text = routes.text(name);
            if (text != null) {
                before.put(name, text);
            }
        }
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
                if (comesToRest(one)) {
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
            edit.files().forEach(routes::unload);
            wrong.putAll(routes.addAll(texts));
            if (edit.instances()) {
                instances.create();
            }
        } catch (Exception e) {
            wrong.putIfAbsent("a template's route", LoadedRoutes.reason(e));
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

    private void fail(String name, String wrong) {
        String reason = wrong + (routes.files().containsKey(name) ? " (its last good version is running)" : "");
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

    private Set<String> routesOf(Edit edit) {
        return routes.of(edit.files(), edit.instances());
    }

    /** Stops an edit's routes, unless they are at work. */
    private boolean comesToRest(Edit edit) {
        Set<String> ids = routesOf(edit);
        return routes.areQuiet(ids) && routes.stop(ids);
    }
}
