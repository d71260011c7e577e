package dev.qanat.embedded;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/**
 * PostgreSQL's programs, unpacked once per version below the home: a folder for temporary files is anybody's to fill and is
 * swept by the system while the server runs.
 *
 * @param folder holds {@code bin}, {@code lib} and {@code share}
 */
record Programs(Path folder) {

    /** The programs for this machine, unpacked when they are not there yet. */
    static Programs in(Path home) throws IOException {
        URL archive = archive();
        Path all = home.resolve("pg-programs");
        Path folder = all.resolve(version(archive));
        if (!Files.isDirectory(folder)) {
            Path unfinished = all.resolve(folder.getFileName() + ".part");
            delete(unfinished);
            Files.createDirectories(unfinished);
            unpack(archive, unfinished);
            Files.move(unfinished, folder, StandardCopyOption.ATOMIC_MOVE);
        }
        return new Programs(folder);
    }

    Path program(String name) {
        return folder.resolve("bin").resolve(name);
    }

    /** Which build of PostgreSQL this is; another build has another name. */
    String version() {
        return folder.getFileName().toString();
    }

    /** Removes the programs of other versions. Only when no server of theirs runs. */
    void deleteOthers() throws IOException {
        try (Stream<Path> siblings = Files.list(folder.resolveSibling("."))) {
            for (Path sibling : siblings.map(Path::normalize).toList()) {
                if (!sibling.equals(folder)) {
                    delete(sibling);
                }
            }
        }
    }

    static void delete(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private static URL archive() {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        String name = "/postgres-%s-%s.txz"
                .formatted(
                        system.startsWith("mac") ? "darwin" : system,
                        List.of("aarch64", "arm64").contains(machine) ? "arm_64" : "x86_64");
        URL archive = Programs.class.getResource(name);
        if (archive == null) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    "there is no embedded PostgreSQL for " + system + " on " + machine
                            + "; set DATABASE_URL to a PostgreSQL of your own");
        }
        return archive;
    }

    /** The archive's checksum as the jar's index has it, so that nothing needs to be read at a start. */
    private static String version(URL archive) throws IOException {
        URLConnection connection = archive.openConnection();
        connection.setUseCaches(false);
        if (connection instanceof JarURLConnection jar) {
            try (var file = jar.getJarFile()) {
                return Long.toHexString(file.getEntry(jar.getEntryName()).getCrc());
            }
        }
        return Long.toHexString(connection.getContentLengthLong());
    }

    private static void unpack(URL archive, Path into) throws IOException {
        try (InputStream bytes = new BufferedInputStream(archive.openStream());
                TarArchiveInputStream tar = new TarArchiveInputStream(new XZCompressorInputStream(bytes))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                Path path = into.resolve(entry.getName()).normalize();
                if (entry.isDirectory()) {
                    Files.createDirectories(path);
                } else if (entry.isSymbolicLink()) {
                    Files.createDirectories(path.getParent());
                    Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
                } else {
                    Files.createDirectories(path.getParent());
                    Files.copy(tar, path);
                    boolean program = (entry.getMode() & 0100) != 0;
                    Files.setPosixFilePermissions(
                            path, PosixFilePermissions.fromString(program ? "rwxr-xr-x" : "rw-r--r--"));
                }
            }
        }
    }
}
