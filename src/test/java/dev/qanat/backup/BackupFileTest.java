package dev.qanat.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A backup's file gives back what was written, or says that it is not that any more. */
class BackupFileTest {
    private static final Step.Rows FIRST = new Step.Rows("silver.first", "id, name");
    private static final Step.Rows SECOND = new Step.Rows("silver.\"Second\"", "id");
    private static final List<Step> STEPS =
            List.of(new Step.Statement("CREATE TABLE …"), FIRST, SECOND, new Step.Grant("reader", "GRANT SELECT …"));

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void write() throws Exception {
        file = folder.resolve("backup.zip");
        BackupFile.write(file, STEPS, BackupFileTest::rows, BackupFileTest::manifest);
    }

    private static Copied rows(Step.Rows rows, OutputStream to) throws IOException {
        Hashed hashed = new Hashed(to);
        byte[] lines = new byte[50_000];
        new Random(rows.table().hashCode()).nextBytes(lines);
        hashed.write(lines);
        return hashed.copied(rows.table(), 7);
    }

    private static Manifest manifest(List<Copied> tables) {
        return new Manifest(Manifest.FORMAT, "2026-11-22T00:00:00Z", "18.1", "16", "an id", List.of("silver"), List.of(), tables, STEPS);
    }

    @Test
    void what_was_written_is_read_and_nobody_else_may_read_it() throws IOException {
        try (BackupFile backup = BackupFile.open(file)) {
            assertThat(backup.manifest().steps()).isEqualTo(STEPS);
            ByteArrayOutputStream read = new ByteArrayOutputStream();
            ByteArrayOutputStream written = new ByteArrayOutputStream();
            assertThat(backup.copy(SECOND, read)).isEqualTo(rows(SECOND, written));
            assertThat(read.toByteArray()).isEqualTo(written.toByteArray());
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file))).isEqualTo("rw-------");
    }

    @Test
    void a_failure_leaves_the_file_before_and_nothing_else() throws IOException {
        byte[] before = Files.readAllBytes(file);
        RowSource broken = (rows, to) -> {
            to.write(1);
            throw new IOException("the connection broke");
        };
        assertThatThrownBy(() -> BackupFile.write(file, STEPS, broken, BackupFileTest::manifest)).hasMessage("the connection broke");
        assertThat(file).hasBinaryContent(before);
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void a_second_backup_of_that_name_is_refused_and_the_first_is_whole() throws Exception {
        RowSource slow = (rows, to) -> {
            assertThatThrownBy(() -> BackupFile.write(file, STEPS, BackupFileTest::rows, BackupFileTest::manifest))
                    .hasMessageContaining("is being written by another backup");
            return rows(rows, to);
        };
        BackupFile.write(file, STEPS, slow, BackupFileTest::manifest);
        BackupFile.open(file).close();
        try (var files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void what_a_backup_that_was_killed_has_left_is_overwritten() throws Exception {
        Path part = Files.write(folder.resolve("backup.zip.part"), new byte[500_000]);
        Files.setPosixFilePermissions(part, PosixFilePermissions.fromString("rw-r--r--"));
        BackupFile.write(file, STEPS, BackupFileTest::rows, BackupFileTest::manifest);
        what_was_written_is_read_and_nobody_else_may_read_it();
        assertThat(part).doesNotExist();
    }

    @Test
    void a_file_is_refused_wherever_it_is_cut_off() throws IOException {
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length += 997) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertDamaged();
        }
    }

    @Test
    void a_file_is_refused_whichever_byte_of_its_contents_was_changed() throws IOException {
        byte[] whole = Files.readAllBytes(file);
        // The last part is the archive's own list of what is in it.
        for (int at = 100; at < 100_000; at += 997) {
            byte[] changed = whole.clone();
            changed[at] ^= 1;
            Files.write(file, changed);
            assertDamaged();
        }
    }

    @Test
    void a_file_is_refused_when_something_was_put_in_taken_out_or_altered() throws IOException {
        Map<String, byte[]> entries = entries();
        for (String name : List.copyOf(entries.keySet())) {
            byte[] bytes = entries.remove(name);
            rewrite(entries);
            assertDamaged();
            entries.put(name, "something else".getBytes(StandardCharsets.UTF_8));
            rewrite(entries);
            assertDamaged();
            entries.put(name, bytes);
        }
        entries.computeIfPresent("manifest.json", (name, json) ->
                new String(json, StandardCharsets.UTF_8).replace("CREATE TABLE", "DROP TABLE").getBytes(StandardCharsets.UTF_8));
        rewrite(entries);
        assertDamaged();
    }

    @Test
    void what_is_no_backup_is_none() {
        file = folder.resolve("none.zip");
        assertDamaged();
    }

    private void assertDamaged() {
        assertThatThrownBy(() -> BackupFile.open(file).close()).isInstanceOfSatisfying(Failure.class, failure -> assertThat(failure.code())
                .isEqualTo(Code.BACKUP_DAMAGED));
    }

    private Map<String, byte[]> entries() throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipFile archive = new ZipFile(file.toFile())) {
            for (ZipEntry entry : archive.stream().toList()) {
                entries.put(entry.getName(), archive.getInputStream(entry).readAllBytes());
            }
        }
        return entries;
    }

    private void rewrite(Map<String, byte[]> entries) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
    }
}
