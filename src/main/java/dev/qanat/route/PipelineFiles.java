package dev.qanat.route;

import dev.qanat.pipeline.ConfigHistory;
import dev.qanat.pipeline.InvalidPipeline;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.settings.Home;
import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jboss.logging.Logger;

/**
 * Keeps the pipelines in force as they are in their folder. A file that is not valid is told and leaves the version before it in
 * force; a file that is gone takes its pipeline along, where it was this folder's and no other process's. For one thread; what it
 * found may be asked by any.
 */
@ApplicationScoped
public class PipelineFiles {

    private static final Logger LOG = Logger.getLogger(PipelineFiles.class);

    private final Pipelines pipelines;
    private final WatchedFolder folder;
    private final Home home;

    /** This folder among those of all processes on the database, known once it is loaded. */
    private String place = "";

    private volatile Map<String, String> failures = Map.of();

    PipelineFiles(Pipelines pipelines, Settings settings, Home home) {
        this.pipelines = pipelines;
        this.home = home;
        this.folder = new WatchedFolder(settings.pipelines());
    }

    /** Puts every file in force. */
    void load() throws IOException, SQLException {
        place = home.id() + " " + folder.folder().toAbsolutePath().normalize();
        put(folder.all());
    }

    /**
     * Puts in force what has changed.
     *
     * @return whether anything has
     */
    boolean look() throws IOException, SQLException {
        List<WatchedFolder.Change> changes = folder.changes();
        if (!changes.isEmpty()) {
            put(changes);
        }
        return !changes.isEmpty();
    }

    private void put(List<WatchedFolder.Change> changes) throws SQLException {
        Map<String, String> failed = new TreeMap<>(failures);
        for (WatchedFolder.Change change : changes) {
            failed.remove(change.name());
            if (change.text() != null) {
                try {
                    put(change.name(), change.text());
                } catch (InvalidPipeline e) {
                    failed.put(change.name(), e.getMessage());
                    LOG.errorf("Pipeline file %s is not in force:%n%s", change.name(), e.getMessage());
                }
            }
            folder.take(change);
        }
        failures = failed;
        // Without the folder it is not known what is gone.
        if (folder.exists()) {
            List<String> removed = pipelines.removeAllBut(folder.names(), place);
            if (!removed.isEmpty()) {
                LOG.infof("Pipelines %s are no longer in force: their files are gone", removed);
            }
        }
    }

    private void put(String name, String text) throws SQLException {
        ConfigHistory.Put put = pipelines.putFile(text, name, place);
        if (!put.unchanged()) {
            LOG.infof("Pipeline %s, version %d, from %s", put.version().pipeline(), put.version().number(), name);
        }
    }

    /** Files that are not in force as they are, by their names below the folder, with the reason. */
    public Map<String, String> failures() {
        return failures;
    }
}
