package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.ConfigHistory.Provenance;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/**
 * The pipelines in force, as read from the ledger. What another process put in force is known after the next {@link #refresh}.
 * Safe for use by several threads.
 */
@ApplicationScoped
public class Pipelines {

    private static final Logger LOG = Logger.getLogger(Pipelines.class);

    /** A pipeline and the number of its version. */
    public record Active(Pipeline pipeline, int version) {

        public String name() {
            return pipeline.name();
        }
    }

    private record Key(String pipeline, int version) {}

    private final ConfigHistory history;
    private final PipelineReader reader;
    private final Expressions expressions;
    private final RequiredSecrets secrets;
    private final Map<Key, Pipeline> read = new ConcurrentHashMap<>();
    private volatile Map<String, Exposed> exposed = Map.of();
    private volatile Map<String, Active> active = Map.of();
    private volatile Map<String, String> inactive = Map.of();

    Pipelines(ConfigHistory history, PipelineReader reader, Expressions expressions, RequiredSecrets secrets) {
        this.history = history;
        this.reader = reader;
        this.expressions = expressions;
        this.secrets = secrets;
    }

    public Collection<Active> active() {
        return active.values();
    }

    public Optional<Active> active(String name) {
        return Optional.ofNullable(active.get(name));
    }

    /** A resource and its pipeline. */
    public record Exposed(Active active, Resource resource, Expose expose) {}

    /** Whether a resource of a pipeline in force has this path of its own over HTTP; answers at once. */
    public boolean exposes(String path) {
        return exposed.containsKey(path);
    }

    /** The resource that has a path of its own over HTTP. */
    public Optional<Exposed> exposed(String path) {
        return Optional.ofNullable(exposed.get(path));
    }

    /** The resources that have paths of their own over HTTP, by these. */
    public Collection<Exposed> exposed() {
        return exposed.values();
    }

    /** Pipelines whose version in force cannot run here, with the reason. */
    public Map<String, String> inactive() {
        return inactive;
    }

    /**
     * Checks a YAML as {@link #upload} does, and stores nothing.
     *
     * @param fileName as problems shall name the text
     * @throws InvalidPipeline with every problem
     */
    public Pipeline check(String yaml, String fileName) throws SQLException {
        Pipeline pipeline = checkAlone(yaml, fileName);
        refresh();
        refuseWhatIsClaimed(
                pipeline, fileName, history.inForce().stream().filter(other -> !other.pipeline().equals(pipeline.name())).toList());
        return pipeline;
    }

    /**
     * Checks a YAML and puts it in force.
     *
     * @param fileName as problems shall name the text
     * @param by who sends it, as far as it is known
     * @throws InvalidPipeline with every problem; then nothing is stored
     */
    public ConfigHistory.Put upload(String yaml, String fileName, String by) throws SQLException {
        return put(yaml, fileName, Provenance.upload(by));
    }

    /**
     * Puts a version in force again, as a new one.
     *
     * @param by who asks for it, as far as it is known
     * @throws InvalidPipeline when it is not valid any more: settings may be gone, or another pipeline may have taken its table
     */
    public ConfigHistory.Put rollBack(ConfigHistory.Version to, String by) throws SQLException {
        return put(to.yaml(), to.pipeline() + ".yaml", Provenance.rollback(by, to.number()));
    }

    /**
     * Checks a file and puts it in force. Pipelines that came from it under another name go out of force.
     *
     * @param file below the folder of pipelines
     * @param place which folder of pipelines that is, among those of all processes
     * @throws InvalidPipeline with every problem; then nothing is stored
     */
    public ConfigHistory.Put putFile(String yaml, String file, String place) throws SQLException {
        return put(yaml, file, Provenance.file(file, place));
    }

    private Pipeline checkAlone(String yaml, String fileName) throws SQLException {
        Pipeline pipeline = reader.read(yaml, fileName);
        expressions.check(pipeline, fileName);
        return pipeline;
    }

    private ConfigHistory.Put put(String yaml, String fileName, Provenance from) throws SQLException {
        Pipeline pipeline = checkAlone(yaml, fileName);
        // Of this process one waits for the lock in the database: each would hold a connection.
        synchronized (this) {
            ConfigHistory.Put put =
                    history.put(pipeline.name(), yaml, from, others -> refuseWhatIsClaimed(pipeline, fileName, others));
            refresh();
            return put;
        }
    }

    /**
     * Takes the pipelines out of force that came from files of a folder which are gone, unless an upload has taken their place.
     *
     * @param present the files that are there, by their names below the folder of pipelines
     * @param place which folder of pipelines that is
     * @return the pipelines that were taken out of force
     */
    public synchronized List<String> removeAllBut(Set<String> present, String place) throws SQLException {
        List<String> removed = new ArrayList<>();
        for (ConfigHistory.Version version : history.inForce()) {
            String file = version.file().orElse(null);
            if (file != null && !present.contains(file) && history.remove(version.pipeline(), file, place)) {
                removed.add(version.pipeline());
            }
        }
        refresh();
        return removed;
    }

    /**
     * Two pipelines share neither a table nor a folder nor an export: each would undo what the other does.
     *
     * @param inForce of other pipelines; what cannot run here claims nothing
     */
    private void refuseWhatIsClaimed(Pipeline pipeline, String fileName, List<ConfigHistory.Version> inForce) {
        List<Pipeline> others = new ArrayList<>();
        for (ConfigHistory.Version version : inForce) {
            try {
                others.add(read(version));
            } catch (InvalidPipeline e) {
                LOG.debugf("Pipeline %s, version %d, claims nothing: %s", version.pipeline(), version.number(), e.getMessage());
            }
        }
        List<Problem> claimed = new ArrayList<>(pipeline.tables().stream()
                .flatMap(resource -> others.stream()
                        .filter(other -> other.tables().stream()
                                .anyMatch(theirs -> theirs.table().equals(resource.table())))
                        .map(other -> new Problem(
                                1,
                                1,
                                "resources." + resource.name(),
                                Code.TABLE_CLAIMED,
                                "resource '" + resource.name() + "': table silver." + resource.table()
                                        + " belongs to pipeline '" + other.name() + "'; give it another `table:`")))
                .toList());
        pipeline.sources().stream()
                .flatMap(source -> others.stream()
                        .filter(other -> other.sources().stream()
                                .anyMatch(theirs -> theirs.path().equals(source.path())))
                        .map(other -> new Problem(
                                1,
                                1,
                                "sources." + source.name() + ".path",
                                Code.CONFLICTING_KEYS,
                                "source '" + source.name() + "': the folder " + source.path() + " belongs to pipeline '"
                                        + other.name() + "'; give it another `path:`")))
                .forEach(claimed::add);
        pipeline.combinedCsv().ifPresent(file -> others.stream()
                .filter(other -> other.combinedCsv().filter(file::equalsIgnoreCase).isPresent())
                .map(other -> new Problem(
                        1,
                        1,
                        "combined_csv",
                        Code.CONFLICTING_KEYS,
                        "the file " + file + " belongs to pipeline '" + other.name() + "'; give it another name"))
                .forEach(claimed::add));
        for (Resource resource : pipeline.resources()) {
            resource.serving().expose().ifPresent(expose -> others.stream()
                    .filter(other -> other.exposes(expose.path()))
                    .map(other -> new Problem(
                            1,
                            1,
                            "resources." + resource.name() + ".expose.path",
                            Code.CONFLICTING_KEYS,
                            "resource '" + resource.name() + "': the path '" + expose.path() + "' belongs to pipeline '" + other.name()
                                    + "'; choose another"))
                    .forEach(claimed::add));
        }
        if (!claimed.isEmpty()) {
            throw new InvalidPipeline(Code.INVALID_PIPELINE, fileName, claimed);
        }
    }

    /** Reads from the ledger what is in force now. */
    public synchronized void refresh() {
        Map<String, Exposed> paths = new TreeMap<>();
        Map<String, Active> now = new TreeMap<>();
        Map<String, String> unusable = new TreeMap<>();
        for (ConfigHistory.Version version : history.inForce()) {
            String name = version.pipeline();
            Optional<String> fault;
            try {
                Pipeline pipeline = read(version);
                Active current = new Active(pipeline, version.number());
                // Rows that were loaded can be read, whether more can be loaded here or not.
                for (Resource resource : pipeline.resources()) {
                    resource.serving().expose().ifPresent(expose -> paths.put(expose.path(), new Exposed(current, resource, expose)));
                }
                fault = secrets.lacking(pipeline);
                if (fault.isEmpty()) {
                    now.put(name, current);
                }
            } catch (InvalidPipeline e) {
                fault = Optional.of(e.getMessage());
            }
            if (fault.isPresent()) {
                unusable.put(name, fault.get());
                if (!inactive.containsKey(name)) {
                    LOG.warnf("Pipeline %s, version %d, is not active: %s", name, version.number(), fault.get());
                }
            } else if (inactive.containsKey(name)) {
                LOG.infof("Pipeline %s, version %d, is active", name, version.number());
            }
        }
        exposed = paths;
        active = now;
        inactive = unusable;
    }

    /** A pipeline as it is or was in a version. */
    public Pipeline at(String name, int version) {
        Pipeline known = read.get(new Key(name, version));
        return known != null
                ? known
                : read(history.version(name, version)
                        .orElseThrow(() -> new IllegalStateException("no version " + version + " of " + name)));
    }

    private Pipeline read(ConfigHistory.Version version) {
        return read.computeIfAbsent(
                new Key(version.pipeline(), version.number()),
                key -> reader.read(version.yaml(), version.pipeline() + ".yaml"));
    }
}
