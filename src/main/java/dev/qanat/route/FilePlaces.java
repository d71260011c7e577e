package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.settings.Home;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Where files lie and where they go: from an inbox to the archive or to quarantine. Nothing outside the home is read, nothing is
 * overwritten. The runs of a pipeline follow one another, so no two threads put away files of one pipeline at once.
 */
@ApplicationScoped
class FilePlaces {

    private final Home home;

    FilePlaces(Home home) {
        this.home = home;
    }

    /** A path as the ledger keeps it, below the home. */
    String inLedger(Path file) {
        return home.folder().relativize(file.toAbsolutePath().normalize()).toString();
    }

    Path folder(String path) {
        return home.folder().resolve(path);
    }

    /**
     * A file of the ledger, to be read: the file itself, where its path is a link within the home.
     *
     * @throws InputFailure when it is gone, is no file, or leads out of the home
     */
    Path readable(String path) throws IOException {
        Path file = home.folder().resolve(path);
        Path real;
        try {
            real = file.toRealPath();
        } catch (NoSuchFileException e) {
            throw new InputFailure(Code.FILE_MISSING, path + " is gone; drop it again", e);
        } catch (FileSystemException e) {
            throw new InputFailure(Code.FILE_UNREADABLE, path + " cannot be read: " + e.getReason(), e);
        }
        if (!real.startsWith(home.folder().toRealPath())) {
            throw new InputFailure(
                    Code.OUTSIDE_HOME, path + " is a link that leads out of the home; copy the file itself into the inbox");
        }
        if (!Files.isRegularFile(real)) {
            throw new InputFailure(Code.FILE_MISSING, path + " is not a regular file");
        }
        return real;
    }

    void archive(String pipeline, Path file, long run) throws IOException {
        move(file, home.archive().resolve(pipeline), run);
    }

    /** Puts a file into quarantine, with a note beside it that says why. */
    void quarantine(String pipeline, Path file, long run, String why) throws IOException {
        Path moved = move(file, home.quarantine().resolve(pipeline), run);
        Path note = free(moved.resolveSibling(shortened(moved.getFileName().toString(), ".error.txt") + ".error.txt"), run);
        Files.writeString(note, why, StandardCharsets.UTF_8);
    }

    private static Path move(Path file, Path folder, long run) throws IOException {
        Files.createDirectories(folder);
        Path to = free(folder.resolve(file.getFileName()), run);
        try {
            return Files.move(file, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            // Another file system: a copy that a crash cuts short must not pass for the file.
            Path aside = folder.resolve("." + run + ".part");
            Files.copy(
                    file,
                    aside,
                    StandardCopyOption.REPLACE_EXISTING,
                    StandardCopyOption.COPY_ATTRIBUTES,
                    LinkOption.NOFOLLOW_LINKS);
            Files.move(aside, to, StandardCopyOption.ATOMIC_MOVE);
            Files.delete(file);
            return to;
        }
    }

    /** The path itself, or one that names the run where it is taken: {@code sales.csv}, {@code sales.run-7.csv}. */
    private static Path free(Path wanted, long run) {
        if (!Files.exists(wanted, LinkOption.NOFOLLOW_LINKS)) {
            return wanted;
        }
        String name = wanted.getFileName().toString();
        int dot = name.indexOf('.', 1);
        String end = dot < 0 ? "" : name.substring(dot);
        String mark = ".run-" + run;
        Path other = wanted.resolveSibling(
                shortened(dot < 0 ? name : name.substring(0, dot), mark + end) + mark + end);
        return other.equals(wanted) || Files.exists(other, LinkOption.NOFOLLOW_LINKS)
                ? wanted.resolveSibling(shortened(name, mark + "-again") + mark + "-again")
                : other;
    }

    /** A name cut so that it and what is added to it are at most 255 bytes, which is what file systems take. */
    private static String shortened(String name, String added) {
        int most = 255 - added.getBytes(StandardCharsets.UTF_8).length;
        String cut = name;
        while (cut.getBytes(StandardCharsets.UTF_8).length > most) {
            cut = cut.substring(0, cut.offsetByCodePoints(cut.length(), -1));
        }
        return cut;
    }
}
