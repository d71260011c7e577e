package dev.qanat.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.FileRules;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;

/** Zip archives: whole ones are read file by file, others fail, and never does a part pass for the whole. */
class UnzipTest {

    private static byte[] zip(Map<String, String> files, int method) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, String> file : files.entrySet()) {
                ZipEntry entry = new ZipEntry(file.getKey());
                entry.setTime(0);
                byte[] content = file.getValue().getBytes(StandardCharsets.UTF_8);
                if (method == ZipEntry.STORED) {
                    CRC32 crc = new CRC32();
                    crc.update(content);
                    entry.setMethod(method);
                    entry.setSize(content.length);
                    entry.setCrc(crc.getValue());
                }
                zip.putNextEntry(entry);
                zip.write(content);
            }
        }
        return bytes.toByteArray();
    }

    private static Map<String, String> three() {
        Map<String, String> files = new LinkedHashMap<>();
        files.put("folder/", "");
        files.put("folder/a.csv", "id,name\n1,a\n2,b\n");
        files.put("__MACOSX/folder/._a.csv", "\0\0\0\0");
        files.put("folder/.DS_Store", "\0");
        files.put("b.json", "[{\"id\":3}]");
        files.put("c.csv", "name;id\n\nc;4\n");
        return files;
    }

    private static List<String> read(byte[] bytes) throws IOException {
        return read(bytes, Limits.DEFAULT);
    }

    /** Every record as entry:line=its values by name. */
    private static List<String> read(byte[] bytes, Limits limits) throws IOException {
        ByteArrayInputStream in = new ByteArrayInputStream(bytes);
        Chunks chunks = Readers.open(in, FileRules.DEFAULT, Declared.NOTHING, limits);
        List<String> read = new ArrayList<>();
        int number = 0;
        while (chunks.hasNext()) {
            Chunk chunk = chunks.next();
            assertThat(chunk.number()).isEqualTo(number++);
            chunk.records().forEach(record -> read.add(chunk.entry() + ":" + record.line() + "=" + chunk.json(record)));
        }
        assertThat(in.available()).as("bytes left").isZero();
        return read;
    }

    private static final List<String> EXPECTED = List.of(
            "folder/a.csv:2={\"id\":\"1\",\"name\":\"a\"}",
            "folder/a.csv:3={\"id\":\"2\",\"name\":\"b\"}",
            "b.json:1={\"id\":3}",
            "c.csv:3={\"name\":\"c\",\"id\":\"4\"}");

    @Test
    void each_file_of_an_archive_has_its_own_format_header_and_lines() throws IOException {
        assertThat(read(zip(three(), ZipEntry.DEFLATED))).isEqualTo(EXPECTED);
        assertThat(read(zip(three(), ZipEntry.STORED))).as("not compressed").isEqualTo(EXPECTED);
        assertThat(Readers.open(
                                new ByteArrayInputStream(zip(three(), ZipEntry.DEFLATED)), FileRules.DEFAULT, Declared.NOTHING)
                        .description())
                .isEqualTo("csv, utf-8, delimiter ',', zip");
    }

    @Test
    void only_the_first_chunk_of_a_text_file_shows_a_header() throws IOException {
        Chunks chunks =
                Readers.open(new ByteArrayInputStream(zip(three(), ZipEntry.DEFLATED)), FileRules.DEFAULT, Declared.NOTHING);
        List<Boolean> headers = new ArrayList<>();
        chunks.forEachRemaining(chunk -> headers.add(chunk.header()));
        assertThat(headers).containsExactly(true, false, true);
    }

    @Test
    void an_archive_that_is_cut_off_anywhere_fails() throws IOException {
        for (int method : List.of(ZipEntry.DEFLATED, ZipEntry.STORED)) {
            byte[] whole = zip(three(), method);
            for (int length = 4; length < whole.length; length++) {
                byte[] part = Arrays.copyOf(whole, length);
                assertThatThrownBy(() -> read(part))
                        .as("cut after %d of %d bytes", length, whole.length)
                        .isInstanceOfSatisfying(InputFailure.class, e -> assertThat(e.code()).isEqualTo(Code.CORRUPT_ZIP));
            }
        }
    }

    @Test
    void a_damaged_byte_fails_the_archive_or_changes_no_record() throws IOException {
        for (int method : List.of(ZipEntry.DEFLATED, ZipEntry.STORED)) {
            byte[] whole = zip(three(), method);
            for (int at = 4; at < whole.length; at++) {
                byte[] damaged = whole.clone();
                damaged[at] ^= (byte) (1 << at % 8);
                List<String> read;
                try {
                    read = read(damaged);
                } catch (InputFailure e) {
                    continue;
                }
                assertThat(read).as("byte %d", at).isEqualTo(EXPECTED);
            }
        }
    }

    @Test
    void a_fault_names_its_file() throws IOException {
        Map<String, String> files = new LinkedHashMap<>();
        files.put("good.csv", "id\n1\n");
        files.put("bad.csv", "id,name\n1,\"never closed\n");
        assertThatThrownBy(() -> read(zip(files, ZipEntry.DEFLATED)))
                .isInstanceOfSatisfying(InputFailure.class, e -> assertThat(e.code()).isEqualTo(Code.MALFORMED_CSV))
                .hasMessageContaining("'bad.csv' in the archive: line 2");
    }

    @Test
    void an_archive_of_folders_and_hidden_files_is_empty_and_one_within_another_is_not_unpacked() throws IOException {
        assertThatThrownBy(() -> read(zip(Map.of(".hidden", "x"), ZipEntry.DEFLATED)))
                .isInstanceOfSatisfying(InputFailure.class, e -> assertThat(e.code()).isEqualTo(Code.EMPTY_FILE));
        String inner = new String(zip(Map.of("a", "x"), ZipEntry.STORED), StandardCharsets.ISO_8859_1);
        assertThatThrownBy(() -> read(zip(Map.of("inner.zip", inner), ZipEntry.DEFLATED)))
                .isInstanceOfSatisfying(InputFailure.class, e -> assertThat(e.code()).isEqualTo(Code.BINARY_FILE))
                .hasMessageContaining("'inner.zip' in the archive", "only once");
    }

    @Test
    void an_encrypted_file_says_so() throws IOException {
        byte[] bytes = zip(Map.of("a.csv", "id\n1\n"), ZipEntry.STORED);
        bytes[6] |= 1;
        assertThatThrownBy(() -> read(bytes))
                .isInstanceOfSatisfying(InputFailure.class, e -> assertThat(e.code()).isEqualTo(Code.CORRUPT_ZIP))
                .hasMessageContaining("'a.csv' is encrypted");
    }

    @Test
    void what_unpacks_to_too_much_is_refused() throws IOException {
        Map<String, String> files = Map.of("a.csv", "id\n1\n".repeat(400), "b.csv", "id\n1\n".repeat(400));
        Limits small = new Limits(1000, 1000, 10, 3000, 10);
        assertThatThrownBy(() -> read(zip(files, ZipEntry.DEFLATED), small))
                .isInstanceOfSatisfying(InputFailure.class, e -> assertThat(e.code()).isEqualTo(Code.TOO_LARGE))
                .hasMessageContaining("3,000 bytes", "QANAT_MAX_UNPACKED_SIZE");
    }

    @Test
    void a_bomb_is_refused_by_what_it_makes_of_its_bytes() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] line = ("1," + "x".repeat(9_997) + "\n").getBytes(StandardCharsets.US_ASCII);
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            for (int i = 0; i < 12_000; i++) {
                gzip.write(line);
            }
        }
        assertThatThrownBy(() -> read(bytes.toByteArray()))
                .isInstanceOfSatisfying(InputFailure.class, e -> assertThat(e.code()).isEqualTo(Code.TOO_LARGE))
                .hasMessageContaining("200 times", "QANAT_MAX_UNPACKED_RATIO");
    }
}
