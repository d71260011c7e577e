package dev.qanat.route;

import dev.qanat.ledger.Files;
import dev.qanat.pipeline.FilesSource;
import dev.qanat.pipeline.FilesSource.OnSuccess;
import dev.qanat.pipeline.Pipeline;
import dev.qanat.pipeline.Pipelines;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jboss.logging.Logger;

/**
 * Keeps a route of the template {@code file-inbox} for every folder of every active pipeline. Folders whose files are kept are
 * looked at once a job was triggered for their pipeline.
 */
@ApplicationScoped
@Named("inboxes")
public class Inboxes {

    private static final Logger LOG = Logger.getLogger(Inboxes.class);
    private static final String TEMPLATE = "file-inbox";
    private static final long INBOX_MILLIS = 250;

    private final LoadedRoutes routes;
    private final Pipelines pipelines;
    private final Files files;
    private final FilePlaces places;
    private final Map<String, Folder> watched = new HashMap<>();

    /** Until the template is there. */
    private boolean suspended = true;

    private record Folder(String pipeline, String source, String path, long everyMillis) {}

    Inboxes(LoadedRoutes routes, Pipelines pipelines, Files files, FilePlaces places) {
        this.routes = routes;
        this.pipelines = pipelines;
        this.files = files;
        this.places = places;
    }

    /** Learns which pipelines are in force and makes, remakes and removes routes accordingly. */
    public synchronized void refresh() throws Exception {
        pipelines.refresh();
        if (suspended) {
            return;
        }
        Map<String, Folder> wanted = new HashMap<>();
        pipelines.active().forEach(active -> wanted.putAll(folders(active.pipeline())));
        Set<String> gone = new HashSet<>(watched.keySet());
        gone.removeIf(id -> watched.get(id).equals(wanted.get(id)));
        for (String id : gone) {
            remove(id);
        }
        for (Map.Entry<String, Folder> folder : wanted.entrySet()) {
            if (!watched.containsKey(folder.getKey())) {
                watch(folder.getKey(), folder.getValue());
            }
        }
    }

    /** The folders to be watched for a pipeline, by the ids of their routes. */
    private Map<String, Folder> folders(Pipeline pipeline) {
        Map<String, Folder> folders = new TreeMap<>();
        for (FilesSource source : pipeline.sources()) {
            boolean inbox = source.onSuccess() == OnSuccess.ARCHIVE;
            if (inbox || files.watched(pipeline.name())) {
                long every = inbox ? INBOX_MILLIS : source.watch().toMillis();
                folders.put(
                        "inbox-" + pipeline.name() + "-" + source.name(),
                        new Folder(pipeline.name(), source.name(), source.path(), every));
            }
        }
        return folders;
    }

    /** What becomes of the route that watches a folder. */
    record Change(String route, String effect, String folder, Duration every) {}

    /** What {@link #refresh} would do if this pipeline were in force, for its own folders. */
    List<Change> plan(Pipeline pipeline) {
        Map<String, Folder> wanted = folders(pipeline);
        Map<String, Folder> now =
                pipelines.active(pipeline.name()).map(active -> folders(active.pipeline())).orElse(Map.of());
        List<Change> changes = new ArrayList<>();
        wanted.forEach((id, folder) -> {
            String same = folder.equals(now.get(id)) ? "unchanged" : "changed";
            changes.add(change(id, now.containsKey(id) ? same : "created", folder));
        });
        now.forEach((id, folder) -> {
            if (!wanted.containsKey(id)) {
                changes.add(change(id, "removed", folder));
            }
        });
        return changes;
    }

    private static Change change(String id, String effect, Folder folder) {
        return new Change(id, effect, folder.path(), Duration.ofMillis(folder.everyMillis()));
    }

    /** Removes every route until {@link #resume}: their template is about to change. */
    synchronized void suspend() throws Exception {
        suspended = true;
        for (String id : Set.copyOf(watched.keySet())) {
            remove(id);
        }
    }

    synchronized void resume() throws Exception {
        suspended = false;
        refresh();
    }

    private void remove(String id) throws Exception {
        routes.remove(id);
        watched.remove(id);
    }

    private void watch(String id, Folder folder) throws Exception {
        if (!java.nio.file.Files.isDirectory(places.folder(folder.path()))) {
            java.nio.file.Files.createDirectories(places.folder(folder.path()));
        }
        routes.make(
                TEMPLATE,
                id,
                Map.of(
                        "pipeline", folder.pipeline(),
                        "source", folder.source(),
                        "folder", places.folder(folder.path()).toString(),
                        "every", folder.everyMillis()));
        watched.put(id, folder);
        LOG.debugf("Watching %s every %d ms", folder.path(), folder.everyMillis());
    }
}
