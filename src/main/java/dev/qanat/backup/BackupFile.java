package dev.qanat.backup;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A backup as a file: a zip archive with the rows of each table ({@code rows/1} and so on, in the text format of PostgreSQL's COPY),
 * {@code manifest.json}, and the manifest's SHA-256. It tells whether it is whole; it does not tell who wrote it. For one thread.
 */
final class BackupFile implements RowSource, AutoCloseable {
    private static final String MANIFEST = "manifest.json";
    private static final String SEAL = "manifest.sha256";
    private static final int BUFFER = 1 << 16;

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
            .disable(JsonParser.Feature.AUTO_CLOSE_SOURCE)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private final Path file;
    private final ZipFile archive;
    private final Manifest manifest;

    private BackupFile(Path file, ZipFile archive, Manifest manifest) {
        this.file = file;
        this.archive = archive;
        this.manifest = manifest;
    }

    /** What is known of a backup when all rows are in it. */
    interface ManifestWriter {
        Manifest of(List<Copied> tables);
    }

    /**
     * Writes a backup beside the file, readable by its owner alone, and renames it when it is whole and on the disk. What stood in
     * the file before stays until then; after a failure nothing else does.
     *
     * @throws InputFailure {@code backup_failed} while another process, or this one, writes the same backup
     */
    static Manifest write(Path file, List<Step> steps, RowSource source, ManifestWriter manifest) throws IOException, SQLException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try (FileChannel channel = begun(part)) {
            boolean whole = false;
            try {
                Manifest written = write(channel, steps, source, manifest);
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                whole = true;
                return written;
            } finally {
                if (!whole) {
                    Files.deleteIfExists(part);
                }
            }
        }
    }

    private static Manifest write(FileChannel channel, List<Step> steps, RowSource source, ManifestWriter manifest)
            throws IOException, SQLException {
        OutputStream bytes = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER);
        ZipOutputStream zip = new ZipOutputStream(bytes);
        List<Copied> tables = new ArrayList<>();
        for (Step step : steps) {
            if (step instanceof Step.Rows rows) {
                zip.putNextEntry(new ZipEntry(entry(tables.size())));
                tables.add(source.copy(rows, zip));
                zip.closeEntry();
            }
        }
        Manifest written = manifest.of(tables);
        zip.putNextEntry(new ZipEntry(MANIFEST));
        Hashed hashed = new Hashed(zip);
        JSON.writeValue(hashed, written);
        zip.closeEntry();
        zip.putNextEntry(new ZipEntry(SEAL));
        zip.write(hashed.copied(MANIFEST, 0).sha256().getBytes(StandardCharsets.US_ASCII));
        zip.closeEntry();
        zip.finish();
        bytes.flush();
        channel.force(true);
        return written;
    }

    /** An empty file under a lock: whoever has it alone may rename or delete the file. What a dead process left is overwritten. */
    private static FileChannel begun(Path part) throws IOException {
        Set<PosixFilePermission> owners = PosixFilePermissions.fromString("rw-------");
        try {
            Files.createFile(part, PosixFilePermissions.asFileAttribute(owners));
        } catch (FileAlreadyExistsException e) {
            Files.setPosixFilePermissions(part, owners);
        }
        @Nullable Object before = key(part);
        FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
        try {
            // Between the two looks the one that wrote it may have renamed it: this would be a finished backup.
            if (channel.tryLock() == null || before == null || !before.equals(key(part))) {
                throw beingWritten(part, null);
            }
            channel.truncate(0);
            return channel;
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw beingWritten(part, e);
        } catch (IOException | InputFailure e) {
            channel.close();
            throw e;
        }
    }

    private static @Nullable Object key(Path part) throws IOException {
        try {
            return Files.readAttributes(part, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).fileKey();
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private static InputFailure beingWritten(Path part, @Nullable Throwable cause) {
        return new InputFailure(
                Code.BACKUP_FAILED, part + " is being written by another backup; wait until it has ended, or name another file", cause);
    }

    /**
     * Opens a backup and reads all of it once.
     *
     * @throws InputFailure {@code backup_damaged} when it is not, byte for byte, as it was written
     */
    static BackupFile open(Path file) throws IOException {
        ZipFile archive = null;
        try {
            archive = new ZipFile(file.toFile());
            BackupFile backup = new BackupFile(file, archive, manifest(file, archive));
            backup.check();
            return backup;
        } catch (NoSuchFileException e) {
            throw new InputFailure(Code.BACKUP_DAMAGED, "there is no file " + file, e);
        } catch (ZipException e) {
            throw damaged(file, String.valueOf(e.getMessage()));
        } catch (IOException | InputFailure e) {
            if (archive != null) {
                archive.close();
            }
            throw e;
        }
    }

    Manifest manifest() {
        return manifest;
    }

    @Override
    public Copied copy(Step.Rows rows, OutputStream to) throws IOException {
        for (int i = 0; i < manifest.tables().size(); i++) {
            Copied table = manifest.tables().get(i);
            if (table.table().equals(rows.table())) {
                Hashed hashed = new Hashed(to);
                try (InputStream bytes = entry(file, archive, entry(i))) {
                    bytes.transferTo(hashed);
                }
                return hashed.copied(rows.table(), table.rows());
            }
        }
        throw damaged(file, "it has no rows of " + rows.table());
    }

    @Override
    public void close() throws IOException {
        archive.close();
    }

    private void check() throws IOException {
        for (Copied table : manifest.tables()) {
            Copied found;
            try {
                found = copy(new Step.Rows(table.table(), ""), OutputStream.nullOutputStream());
            } catch (ZipException e) {
                throw damaged(file, "the rows of " + table.table() + " cannot be read: " + e.getMessage());
            }
            if (!found.equals(table)) {
                throw damaged(file, "the rows of " + table.table() + " are not those that were written");
            }
        }
        for (Step step : manifest.steps()) {
            if (step instanceof Step.Rows rows
                    && manifest.tables().stream().noneMatch(table -> table.table().equals(rows.table()))) {
                throw damaged(file, "it has no rows of " + rows.table());
            }
        }
    }

    private static Manifest manifest(Path file, ZipFile archive) throws IOException {
        Hashed hashed = new Hashed(OutputStream.nullOutputStream());
        try (InputStream bytes = entry(file, archive, MANIFEST);
                InputStream seal = entry(file, archive, SEAL)) {
            byte[] json = bytes.readAllBytes();
            hashed.write(json);
            if (!hashed.copied(MANIFEST, 0).sha256().equals(new String(seal.readAllBytes(), StandardCharsets.US_ASCII))) {
                throw damaged(file, MANIFEST + " is not the one that was written");
            }
            int format = JSON.readTree(json).path("format").asInt();
            if (format != Manifest.FORMAT) {
                throw new InputFailure(
                        Code.BACKUP_TOO_NEW,
                        file + " has the form " + format + ", this Qanat reads " + Manifest.FORMAT + "; restore it with the Qanat that wrote it");
            }
            return JSON.readValue(json, Manifest.class);
        }
    }

    private static InputStream entry(Path file, ZipFile archive, String name) throws IOException {
        ZipEntry entry = archive.getEntry(name);
        if (entry == null) {
            throw damaged(file, "it has no " + name);
        }
        return archive.getInputStream(entry);
    }

    private static String entry(int index) {
        return "rows/" + (index + 1);
    }

    private static InputFailure damaged(Path file, String why) {
        return new InputFailure(Code.BACKUP_DAMAGED, file + " is no whole backup: " + why + "; nothing was restored");
    }
}
