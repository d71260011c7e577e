package dev.qanat.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Runs the cases of {@code spec/csv} and {@code spec/json}. A case gives its input as {@code input} (text, in UTF-8 or in
 * {@code charset}) or {@code hex}, packed when {@code gzip} is true; {@code rules} and {@code declared}; and what is expected:
 * {@code fields}, {@code records} (their values), and where the case is about them {@code lines}, {@code json}, {@code strings},
 * {@code faults} (by the record's index: code and a part of the reason), {@code itemFields}, {@code items} (of each record, their
 * values by array) and {@code description}; or a {@code failure}'s code and
 * parts of its message.
 */
class ReadersSpecTest {

    private static final Set<String> KEYS = Set.of(
            "id", "why", "input", "charset", "hex", "gzip", "rules", "declared", "fields", "records", "lines", "json", "strings",
            "faults", "description", "failure", "itemFields", "items");

    private static final Set<String> IDS = new TreeSet<>();

    @TestFactory
    Stream<DynamicTest> csv() throws IOException {
        return cases("spec/csv");
    }

    @TestFactory
    Stream<DynamicTest> json() throws IOException {
        return cases("spec/json");
    }

    private static Stream<DynamicTest> cases(String folder) throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        try (Stream<Path> files = Files.list(Path.of("src/test/resources", folder))) {
            for (Path file : files.sorted().toList()) {
                try (InputStream yaml = Files.newInputStream(file)) {
                    for (Object each : (List<?>) new Load(LoadSettings.builder().setLabel(file.toString()).build())
                            .loadFromInputStream(yaml)) {
                        Map<?, ?> spec = (Map<?, ?>) each;
                        String name = file.getFileName() + " " + spec.get("id") + ": " + spec.get("why");
                        tests.add(DynamicTest.dynamicTest(name, () -> check(spec)));
                    }
                }
            }
        }
        assertThat(tests).as("cases in " + folder).isNotEmpty();
        return tests.stream();
    }

    private static void check(Map<?, ?> spec) throws IOException {
        assertThat(KEYS).as("keys a case may have").containsAll(strings(spec.keySet()));
        assertThat(IDS.add((String) spec.get("id"))).as("id is new").isTrue();

        ByteArrayInputStream bytes = new ByteArrayInputStream(input(spec));
        Map<?, ?> failure = (Map<?, ?>) spec.get("failure");
        if (failure == null) {
            checkRecords(spec, bytes);
            assertThat(bytes.available()).as("bytes left").isZero();
        } else {
            InputFailure thrown = catchThrowableOfType(InputFailure.class, () -> {
                Chunks chunks = Readers.open(bytes, rules(spec), declared(spec));
                chunks.forEachRemaining(chunk -> {});
            });
            assertThat(thrown).as("a failure").isNotNull();
            assertThat(thrown.code().id()).isEqualTo(failure.get("code"));
            assertThat(thrown.getMessage()).doesNotContain("Source:", "\uFDD0");
            for (Object part : (List<?>) failure.get("message")) {
                assertThat(thrown.getMessage()).contains((String) part);
            }
        }
    }

    private static void checkRecords(Map<?, ?> spec, InputStream bytes) throws IOException {
        Chunks chunks = Readers.open(bytes, rules(spec), declared(spec));
        assertThat(chunks.hasNext()).isTrue();
        Chunk chunk = chunks.next();
        assertThat(chunks.hasNext()).isFalse();
        assertThatThrownBy(chunks::next).isInstanceOf(NoSuchElementException.class);

        List<RawRecord> records = chunk.records();
        assertThat(chunk.number()).isZero();
        assertThat(chunk.fields()).as("fields").isEqualTo(spec.get("fields"));
        assertThat(records.stream().map(r -> Arrays.asList(r.values())).toList())
                .as("records")
                .isEqualTo(spec.get("records"));
        Map<?, ?> faults = spec.containsKey("faults") ? (Map<?, ?>) spec.get("faults") : Map.of();
        for (int i = 0; i < records.size(); i++) {
            Fault fault = records.get(i).fault();
            List<?> expected = (List<?>) faults.get(i);
            if (expected == null) {
                assertThat(fault).as("fault of record " + i).isNull();
            } else {
                assertThat(fault).as("fault of record " + i).isNotNull();
                assertThat(fault.code().id()).isEqualTo(expected.get(0));
                assertThat(fault.reason()).contains((String) expected.get(1)).doesNotContain("Source:", "\uFDD0");
            }
        }
        assertThat(records.size()).as("records to have faults").isGreaterThanOrEqualTo(faults.size());
        same(spec, "lines", () -> records.stream().map(r -> (int) r.line()).toList());
        same(spec, "json", () -> records.stream().map(chunk::json).toList());
        same(spec, "strings", () -> records.stream().map(r -> r.strings().stream().boxed().toList()).toList());
        same(spec, "description", chunks::description);
        same(spec, "itemFields", chunk::itemFields);
        same(spec, "items", () -> records.stream().map(ReadersSpecTest::items).toList());
    }

    private static Map<String, List<List<String>>> items(RawRecord record) {
        Map<String, List<List<String>>> items = new HashMap<>();
        record.items().forEach((array, all) -> {
            assertThat(all).allSatisfy(item -> assertThat(item.line()).isEqualTo(record.line()));
            items.put(array, all.stream().map(item -> Arrays.asList(item.values())).toList());
        });
        return items;
    }

    private static void same(Map<?, ?> spec, String key, Supplier<Object> found) {
        if (spec.containsKey(key)) {
            assertThat(found.get()).as(key).isEqualTo(spec.get(key));
        }
    }

    private static byte[] input(Map<?, ?> spec) throws IOException {
        byte[] bytes = spec.containsKey("hex")
                ? HexFormat.of().parseHex(((String) spec.get("hex")).replaceAll("\\s", ""))
                : ((String) spec.get("input")).getBytes(charset(spec.get("charset")).orElse(StandardCharsets.UTF_8));
        if (!Boolean.TRUE.equals(spec.get("gzip"))) {
            return bytes;
        }
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(bytes);
        }
        return packed.toByteArray();
    }

    private static FileRules rules(Map<?, ?> spec) {
        Map<?, ?> rules = spec.containsKey("rules") ? (Map<?, ?>) spec.get("rules") : Map.of();
        return new FileRules(
                Optional.empty(),
                Optional.ofNullable((String) rules.get("format"))
                        .map(format -> FileRules.Format.valueOf(format.toUpperCase(Locale.ROOT))),
                Optional.ofNullable((String) rules.get("delimiter")),
                charset(rules.get("encoding")),
                Optional.ofNullable((Boolean) rules.get("header")),
                rules.containsKey("skip_lines") ? (Integer) rules.get("skip_lines") : 0,
                FileRules.DEFAULT_NULL_IF);
    }

    private static Declared declared(Map<?, ?> spec) {
        Map<?, ?> declared = spec.containsKey("declared") ? (Map<?, ?>) spec.get("declared") : Map.of();
        List<String> fields = strings(declared.get("fields"));
        List<String> names = declared.containsKey("names") ? strings(declared.get("names")) : fields;
        Map<String, Declared> arrays = new HashMap<>();
        if (declared.containsKey("arrays")) {
            ((Map<?, ?>) declared.get("arrays"))
                    .forEach((array, whole) -> arrays.put(
                            (String) array, new Declared(List.of(), Set.of(), Set.copyOf(strings(whole)))));
        }
        return new Declared(
                fields, Set.copyOf(names), Set.copyOf(strings(declared.get("whole"))), Map.of(), arrays, PersonalFields.NONE);
    }

    private static Optional<Charset> charset(Object name) {
        return Optional.ofNullable((String) name).map(Charset::forName);
    }

    private static List<String> strings(Object list) {
        return list == null
                ? Collections.emptyList()
                : ((Collection<?>) list).stream().map(String.class::cast).toList();
    }
}
