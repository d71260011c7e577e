package dev.qanat.records;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.Mutations;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.FileRules;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.Tuple.Tuple4;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Whatever the bytes, reading ends: with records that hold together, or with an {@link InputFailure}. Made of the cases in
 * {@code spec/}; what it finds becomes one of them. {@code bench/fuzz} runs it for minutes.
 */
class ReadersFuzzTest {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Limits LIMITS = new Limits(5_000, 20_000, 200, 1 << 20, 100);

    enum Wrapper {
        PLAIN,
        GZIP,
        ZIP,
        DAMAGED_GZIP,
        DAMAGED_ZIP
    }

    @Provide
    Arbitrary<Tuple4<byte[], Wrapper, FileRules, Declared>> files() throws IOException {
        List<byte[]> tokens = Stream.of(
                        "\"", "\"\"", ",", ";", "\t", "\n", "\r", "\r\n", "{", "}", "[", "]", ":", "\\u0000", "\\ud800", "\0",
                        "\uFEFF", "\uFFFF", "null", "1e999999999", "PK\3\4", "{\"a\":", "a,b\n", " ", "\n\n", "\"\n\"")
                .map(token -> token.getBytes(StandardCharsets.UTF_8))
                .toList();
        Arbitrary<FileRules> rules = Combinators.combine(
                        Arbitraries.of(FileRules.Format.class).optional(0.3),
                        Arbitraries.of(",", ";", "\t", "||").optional(0.2),
                        Arbitraries.of("UTF-8", "UTF-16LE", "UTF-16", "windows-1252", "UTF-32", "Shift_JIS", "ISO-8859-1")
                                .map(Charset::forName)
                                .optional(0.2),
                        Arbitraries.of(true, false).optional(0.3),
                        Arbitraries.frequency(Tuple.of(8, 0), Tuple.of(1, 1), Tuple.of(1, 5)))
                .as((format, delimiter, encoding, header, skip) -> new FileRules(
                        Optional.empty(), format, delimiter, encoding, header, skip, FileRules.DEFAULT_NULL_IF));
        Declared some = new Declared(List.of("id", "a", "name"), Set.of("id", "a", "name"), Set.of("a"));
        Declared arrays = new Declared(
                List.of(),
                Set.of(),
                Set.of(),
                Map.of(),
                Map.of("tags", some, "products", Declared.NOTHING, "a__tags", some),
                PersonalFields.NONE);
        return Combinators.combine(
                        Mutations.of(cases(), tokens),
                        Arbitraries.of(Wrapper.class),
                        rules,
                        Arbitraries.of(Declared.NOTHING, some, arrays))
                .as((bytes, wrapper, rule, declared) -> Tuple.of(packed(bytes, wrapper), wrapper, rule, declared));
    }

    private static List<byte[]> cases() throws IOException {
        List<byte[]> cases = new ArrayList<>();
        for (String folder : List.of("csv", "json")) {
            try (Stream<Path> files = Files.list(Path.of("src/test/resources/spec", folder))) {
                for (Path file : files.sorted().toList()) {
                    try (InputStream yaml = Files.newInputStream(file)) {
                        for (Object each : (List<?>) new Load(LoadSettings.builder().build()).loadFromInputStream(yaml)) {
                            Map<?, ?> spec = (Map<?, ?>) each;
                            Object charset = spec.get("charset");
                            cases.add(spec.containsKey("hex")
                                    ? HexFormat.of().parseHex(((String) spec.get("hex")).replaceAll("\\s", ""))
                                    : ((String) spec.get("input")).getBytes(Charset.forName(charset == null ? "UTF-8" : (String) charset)));
                        }
                    }
                }
            }
        }
        return cases;
    }

    private static byte[] packed(byte[] bytes, Wrapper wrapper) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try {
            switch (wrapper) {
                case PLAIN -> packed.writeBytes(bytes);
                case GZIP, DAMAGED_GZIP -> {
                    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
                        gzip.write(bytes);
                    }
                }
                case ZIP, DAMAGED_ZIP -> {
                    try (ZipOutputStream zip = new ZipOutputStream(packed)) {
                        int half = bytes.length / 2;
                        zip.putNextEntry(new ZipEntry("a"));
                        zip.write(bytes, 0, half);
                        zip.putNextEntry(new ZipEntry("b"));
                        zip.write(bytes, half, bytes.length - half);
                    }
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        byte[] all = packed.toByteArray();
        if (wrapper == Wrapper.DAMAGED_GZIP || wrapper == Wrapper.DAMAGED_ZIP) {
            int at = bytes.length == 0 ? 0 : (bytes[0] & 0xFF) * 31 + bytes.length;
            all[4 + at % (all.length - 4)] ^= (byte) (1 << at % 8);
        }
        return all;
    }

    // A fixed seed: the suite says the same every time.
    @Property(tries = 4_000, seed = "20261121", edgeCases = EdgeCasesMode.NONE)
    void reading_ends_in_records_or_a_failure(@ForAll("files") Tuple4<byte[], Wrapper, FileRules, Declared> file)
            throws IOException {
        survives(file);
    }

    static void survives(Tuple4<byte[], Wrapper, FileRules, Declared> file) throws IOException {
        ByteArrayInputStream in = new ByteArrayInputStream(file.get1());
        long begun = System.nanoTime();
        try {
            Chunks chunks = Readers.open(in, file.get3(), file.get4(), LIMITS);
            int number = 0;
            while (chunks.hasNext()) {
                Chunk chunk = chunks.next();
                assertThat(chunk.number()).isEqualTo(number++);
                assertThat(chunk.fields()).doesNotHaveDuplicates().hasSizeLessThanOrEqualTo(LIMITS.fields());
                check(chunk);
            }
            assertThat(in.available()).as("bytes left").isZero();
        } catch (InputFailure e) {
            assertShown(e.getMessage());
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(PATIENCE);
    }

    /** A message can be stored, and shows no signs of ours. */
    private static void assertShown(String message) {
        assertThat(message).isNotBlank().doesNotContain("\uFDD0", "fdd0", "Source:", "\0");
        assertThat(StandardCharsets.UTF_8.newEncoder().canEncode(message)).as(message).isTrue();
    }

    private static void check(Chunk chunk) {
        long line = 0;
        for (RawRecord record : chunk.records()) {
            assertThat(record.line()).isGreaterThanOrEqualTo(Math.max(1, line));
            line = record.line();
            String json = chunk.json(record);
            assertThat(json).doesNotContain("\uFDD0");
            if (record.fault() == null) {
                assertThat(record.values().length).isLessThanOrEqualTo(chunk.fields().size());
                assertThat(String.join("", Stream.of(record.values()).map(String::valueOf).toList())).doesNotContain("\0", "\uFDD0");
            } else {
                assertShown(record.fault().reason());
            }
        }
    }
}
