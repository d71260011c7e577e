package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.ledger.Run;
import dev.qanat.settings.Home;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Where files lie and where they go: from an inbox to the archive or to quarantine. Nothing outside the home is read, nothing is
 * overwritten: where several runs of a pipeline run at once they put their files away one after the other.
 */
@ApplicationScoped
class FilePlaces {

    private final Home home;

    /** By folder: who has a look at the names that are free puts a file under one before the next looks. */
    private final Map<Path, Object> moves = new ConcurrentHashMap<>();

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
            throw SourceStream.unreadable(path, e);
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

    /** Whether a file looks as it did when its run was queued; one that is gone does not. */
    static boolean isUnchanged(Run.RunFile file, Path path) throws IOException {
        try {
            return RunClaims.sameLook(file, Files.readAttributes(path, BasicFileAttributes.class));
        } catch (NoSuchFileException e) {
            return false;
        }
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

    interface Content {
        void writeTo(OutputStream out) throws IOException, SQLException;
    }

    boolean exists(String path) {
        return Files.exists(folder(path));
    }

    /**
     * Writes a file below the exports: aside, onto the disk, then renamed over the one before.
     *
     * @throws InputFailure when it would lead out of the home
     */
    void export(String path, long run, Content content) throws IOException, SQLException {
        Path file = folder(path);
        Path parent = file.getParent();
        if (!Files.isDirectory(parent)) {
            Files.createDirectories(parent);
        }
        if (!parent.toRealPath().startsWith(home.folder().toRealPath())) {
            throw new InputFailure(Code.OUTSIDE_HOME, path + " is behind a link that leads out of the home; take the link away");
        }
        String begin = "." + file.getFileName() + ".";
        try (DirectoryStream<Path> left = Files.newDirectoryStream(
                parent, one -> one.getFileName().toString().startsWith(begin) && one.toString().endsWith(".part"))) {
            // A process that died while it wrote.
            for (Path one : left) {
                Files.delete(one);
            }
        }
        Path aside = parent.resolve(begin + run + ".part");
        try {
            try (FileChannel channel =
                            FileChannel.open(aside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                    OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
                content.writeTo(out);
                out.flush();
                channel.force(true);
            }
            Files.move(aside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(aside);
        }
        try (FileChannel folder = FileChannel.open(parent)) {
            folder.force(true);
        }
    }

    private Path move(Path file, Path folder, long run) throws IOException {
        synchronized (moves.computeIfAbsent(folder, any -> new Object())) {
            return moveAlone(file, folder, run);
        }
    }

    private static Path moveAlone(Path file, Path folder, long run) throws IOException {
        if (!Files.isDirectory(folder)) {
            // Not where it is a link to one: createDirectories refuses that before JDK 20.
            Files.createDirectories(folder);
        }
        Path wanted = folder.resolve(file.getFileName());
        if (copied(file, wanted)) {
            Files.delete(file);
            return wanted;
        }
        Path to = free(wanted, run);
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
            if (Files.isRegularFile(aside, LinkOption.NOFOLLOW_LINKS)) {
                try (FileChannel copy = FileChannel.open(aside, StandardOpenOption.WRITE)) {
                    copy.force(true);
                }
            }
            Files.move(aside, to, StandardCopyOption.ATOMIC_MOVE);
            Files.delete(file);
            return to;
        }
    }

    /** Whether a process that died had copied the file to another file system and not come to delete it. */
    private static boolean copied(Path file, Path copy) throws IOException {
        return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                && Files.isRegularFile(copy, LinkOption.NOFOLLOW_LINKS)
                && !Files.getFileStore(file).equals(Files.getFileStore(copy))
                && modified(copy).equals(modified(file))
                && Files.mismatch(file, copy) < 0;
    }

    /** To the microsecond, which is all that a copy keeps. */
    private static Instant modified(Path file) throws IOException {
        return Files.getLastModifiedTime(file).toInstant().truncatedTo(ChronoUnit.MICROS);
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
