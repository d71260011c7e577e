package dev.qanat.retention;

import dev.qanat.ledger.OldRuns;
import dev.qanat.ledger.RetentionPass.Deleted;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Files below the archive or the quarantine, a folder for each pipeline, that were put there before a moment. When that was, the ledger
 * tells by a file's size and time of modification: a file may be dropped that is years old. One that no run tells of stays, and so do
 * those of a pipeline's folder that is a link to another place. For one thread.
 */
final class OldFiles {

    /** Of a file in quarantine, beside it. */
    private static final String NOTE = ".error.txt";

    private final String what;
    private final Path folder;
    private final OldRuns runs;

    /** @param what the folder is called in the account of a pass */
    OldFiles(String what, Path folder, OldRuns runs) {
        this.what = what;
        this.folder = folder;
        this.runs = runs;
    }

    Deleted count(Instant before) throws IOException {
        return walk(before, () -> false, file -> {});
    }

    /** @param stopping whether to end after the file at hand */
    Deleted delete(Instant before, BooleanSupplier stopping) throws IOException {
        return walk(before, stopping, file -> {
            Files.deleteIfExists(file);
            Files.deleteIfExists(file.resolveSibling(file.getFileName() + NOTE));
        });
    }

    private interface Step {
        void with(Path file) throws IOException;
    }

    private Deleted walk(Instant before, BooleanSupplier stopping, Step step) throws IOException {
        long count = 0;
        long bytes = 0;
        long unknown = 0;
        if (!Files.isDirectory(folder)) {
            return new Deleted(what, 0, Optional.of(0L), Optional.of(0L));
        }
        try (DirectoryStream<Path> pipelines = Files.newDirectoryStream(
                folder, pipeline -> Files.isDirectory(pipeline, LinkOption.NOFOLLOW_LINKS))) {
            for (Path pipeline : pipelines) {
                try (DirectoryStream<Path> files = Files.newDirectoryStream(pipeline)) {
                    for (Path file : files) {
                        if (stopping.getAsBoolean()) {
                            break;
                        }
                        Optional<BasicFileAttributes> look = look(file);
                        if (look.isEmpty()) {
                            continue;
                        }
                        Optional<Instant> since = runs.putAway(
                                pipeline.getFileName().toString(), look.get().size(), look.get().lastModifiedTime().toInstant());
                        if (since.isEmpty()) {
                            unknown++;
                        } else if (since.get().isBefore(before)) {
                            step.with(file);
                            count++;
                            bytes += look.get().size();
                        }
                    }
                }
            }
        }
        return new Deleted(what, count, Optional.of(bytes), Optional.of(unknown));
    }

    /** Of a file that was put there; not of a note, of one that is just being copied, or of one that somebody has taken away. */
    private static Optional<BasicFileAttributes> look(Path file) throws IOException {
        String name = file.getFileName().toString();
        if (name.startsWith(".") || name.endsWith(NOTE) && Files.exists(file.resolveSibling(name.substring(0, name.length() - NOTE.length())))) {
            return Optional.empty();
        }
        try {
            BasicFileAttributes look = Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return look.isRegularFile() ? Optional.of(look) : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }
}
