package dev.qanat.route;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The YAML files below a folder, and which of them have changed since they were last taken. A change is told once two looks in a
 * row have seen the same, so that an editor that writes in two steps is not taken at its word halfway. For one thread.
 */
final class WatchedFolder {

    /**
     * A file that is not what was last taken.
     *
     * @param name below the folder, with {@code /} between its parts
     * @param text its content; null when it is gone
     */
    record Change(String name, @Nullable String text) {}

    private final Path folder;
    private final Map<String, String> taken = new HashMap<>();
    private final Set<String> again = new HashSet<>();
    private Map<String, String> seen = Map.of();

    WatchedFolder(Path folder) {
        this.folder = folder;
    }

    Path folder() {
        return folder;
    }

    boolean exists() {
        return Files.isDirectory(folder);
    }

    /** The files as they are now, in the order of their names, to be taken as they are. */
    List<Change> all() throws IOException {
        seen = read();
        return seen.entrySet().stream()
                .map(file -> new Change(file.getKey(), file.getValue()))
                .toList();
    }

    /** What has changed and come to rest, in the order of names. It is told again until it is {@link #take taken}. */
    List<Change> changes() throws IOException {
        Map<String, String> before = seen;
        Map<String, String> now = read();
        seen = now;
        Map<String, Change> changes = new TreeMap<>();
        now.forEach((name, text) -> {
            if ((!text.equals(taken.get(name)) || again.contains(name)) && text.equals(before.get(name))) {
                changes.put(name, new Change(name, text));
            }
        });
        for (String name : taken.keySet()) {
            if (!now.containsKey(name) && !before.containsKey(name)) {
                changes.put(name, new Change(name, null));
            }
        }
        return new ArrayList<>(changes.values());
    }

    /** The files that are there; one that is missing since the last look alone may be on its way back. */
    Set<String> names() {
        Set<String> names = new HashSet<>(seen.keySet());
        names.addAll(taken.keySet());
        return names;
    }

    /** The text that was last taken of a file. */
    @Nullable String taken(String name) {
        return taken.get(name);
    }

    /** Has a file told as changed though it has not, until it is taken. */
    void tellAgain(String name) {
        again.add(name);
    }

    /** From now on, only what differs from this is a change. */
    void take(Change change) {
        again.remove(change.name());
        if (change.text() == null) {
            taken.remove(change.name());
        } else {
            taken.put(change.name(), change.text());
        }
    }

    private Map<String, String> read() throws IOException {
        Map<String, String> files = new TreeMap<>();
        if (!exists()) {
            return files;
        }
        for (Path path : paths()) {
            String name = folder.relativize(path).toString().replace('\\', '/');
            try {
                files.put(name, Files.readString(path));
            } catch (NoSuchFileException e) {
                // Gone between the two: the next look sees it so.
            } catch (MalformedInputException e) {
                // Not UTF-8: what it says cannot be taken for anything, and the loader says so.
                files.put(name, "\uFFFD not UTF-8 text");
            }
        }
        return files;
    }

    /** Symbolic links are followed: that is how containers mount what they are configured with. */
    private List<Path> paths() throws IOException {
        List<Path> paths = new ArrayList<>();
        Files.walkFileTree(folder, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
                return !path.equals(folder) && isHidden(path) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
                if (attributes.isRegularFile() && isYaml(path)) {
                    paths.add(path);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path path, IOException e) throws IOException {
                // Gone since its name was read, or a link to a folder that it lies in.
                if (e instanceof NoSuchFileException || e instanceof FileSystemLoopException) {
                    return FileVisitResult.CONTINUE;
                }
                throw e;
            }
        });
        return paths;
    }

    private static boolean isYaml(Path path) {
        String name = path.getFileName().toString();
        return !isHidden(path) && (name.endsWith(".yaml") || name.endsWith(".yml"));
    }

    /** Names that begin with a dot are an editor's, a version control's or a mount's own. */
    private static boolean isHidden(Path path) {
        return path.getFileName().toString().startsWith(".");
    }
}
