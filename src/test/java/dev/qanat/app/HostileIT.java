package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.restassured.path.json.JsonPath;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Input made to break a server: each ends in its documented outcome, in bounded memory, and the server goes on. */
class HostileIT {

    /** Resident, with a heap of 256 MiB: the heap, and what a JVM with this many classes and threads takes beside it. */
    private static final long RESIDENT_KIB = 620 * 1024;

    /** Of 4 mega characters each. */
    private static final int LARGE_RECORDS = 8;

    private static Qanat qanat;

    @BeforeAll
    static void start() throws IOException {
        // Less than the default, to have it tested without much of it.
        qanat = Qanat.fresh("hostile").with("QANAT_MAX_UNPACKED_SIZE", "64M").start();
    }

    @AfterAll
    static void memory_stayed_bounded_and_the_server_goes_on() throws Exception {
        try {
            JsonPath last = qanat.load(newPipeline("last"), "last.csv", "id\n1\n");
            assertThat(last.getString("status")).isEqualTo("succeeded");
            assertThat(qanat.logText()).doesNotContain("OutOfMemoryError", "StackOverflowError", "internal_error");
            Path status = Path.of("/proc", Long.toString(qanat.process().pid()), "status");
            if (Files.exists(status)) {
                String peak = Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith("VmHWM"))
                        .findFirst()
                        .orElseThrow();
                System.out.println("HostileIT: " + peak);
                assertThat(Long.parseLong(peak.replaceAll("\\D", ""))).isLessThan(RESIDENT_KIB);
            }
        } finally {
            qanat.close();
        }
    }

    private static String newPipeline(String begin) {
        return newPipeline(begin, "");
    }

    private static String newPipeline(String begin, String ofResource) {
        String name = Qanat.newName(begin);
        newPipelineNamed(name, ofResource);
        return name;
    }

    private static void newPipelineNamed(String name, String ofResource) {
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources: [ { name: %1$s%2$s } ]
                """.formatted(name, ofResource));
    }

    private interface Writing {
        void to(OutputStream out) throws IOException;
    }

    private static void drop(String pipeline, String name, Writing writing) throws IOException {
        Files.createDirectories(qanat.inbox(pipeline));
        Path aside = qanat.inbox(pipeline).resolve(".aside");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(aside), 1 << 20)) {
            writing.to(out);
        }
        Files.move(aside, qanat.inbox(pipeline).resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }

    private static void repeat(OutputStream out, String text, long times) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (long i = 0; i < times; i++) {
            out.write(bytes);
        }
    }

    private static byte[] zip(Map<String, String> files) throws IOException {
        var bytes = new java.io.ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, String> file : files.entrySet()) {
                zip.putNextEntry(new ZipEntry(file.getKey()));
                zip.write(file.getValue().getBytes(StandardCharsets.UTF_8));
            }
        }
        return bytes.toByteArray();
    }

    private static void assertFailed(String pipeline, String code) {
        JsonPath run = qanat.awaitRun(pipeline);
        assertThat(run.getString("error.code")).as(run.prettify()).isEqualTo(code);
        assertThat(run.getString("status")).isEqualTo("failed");
        assertThat(run.getInt("inserted")).isZero();
        assertThat(qanat.quarantine(pipeline)).isDirectoryContaining("glob:**.error.txt");
    }

    @Test
    void the_files_of_an_archive_load_together() throws Exception {
        String name = newPipeline("zip", ", columns: { id: { type: integer, required: true } }");
        Map<String, String> files = new LinkedHashMap<>();
        files.put("a.csv", "id,name\n1,a\nx,b\n2,b\n");
        files.put("deep/b.json", "[{\"id\":3,\"city\":\"Ulm\"}]");
        files.put("c.csv", "Name;id\nc;4\nd;\n");

        JsonPath run = qanat.load(name, "many.zip", zip(files));

        assertThat(run.getString("status")).as(run.prettify()).isEqualTo("succeeded");
        assertThat(run.getString("read") + "/" + run.getString("inserted") + "/" + run.getString("rejected")).isEqualTo("6/4/2");
        assertThat(qanat.query("SELECT id, name, city FROM silver." + name + " ORDER BY id"))
                .extracting(row -> String.join("|", row.values().stream().map(String::valueOf).toList()))
                .containsExactly("1|a|null", "2|b|null", "3|null|Ulm", "4|c|null");
        assertThat(qanat.query("SELECT _source, _position FROM bronze." + name + "__" + name + " ORDER BY record->>'id'"))
                .extracting(row -> row.get("_source") + ":" + row.get("_position"))
                .containsExactly("many.zip!/a.csv:2", "many.zip!/a.csv:4", "many.zip!/deep/b.json:1", "many.zip!/c.csv:2");
        assertThat(qanat.rejections(run.getLong("id")))
                .extracting(rejection -> rejection.get("source") + ":" + rejection.get("position") + " " + rejection.get("code"))
                .containsExactly("many.zip!/a.csv:3 type_mismatch", "many.zip!/c.csv:3 required");
    }

    @Test
    void an_archive_with_a_bad_file_lands_nothing_and_keeps_its_rejections() throws Exception {
        String name = newPipeline("zip_bad", ", columns: { id: { type: integer, required: true }, name: text }");
        Map<String, String> files = new LinkedHashMap<>();
        files.put("a.csv", "id,name\n1,a\nx,b\n");
        files.put("b.csv", "name\nc\n");

        JsonPath run = qanat.load(name, "bad.zip", zip(files));

        assertThat(run.getString("error.code")).as(run.prettify()).isEqualTo("missing_column");
        assertThat(qanat.value("SELECT to_regclass('silver." + name + "')")).isNull();
        assertThat(qanat.rejections(run.getLong("id"))).extracting(each -> each.get("source")).isSubsetOf("bad.zip!/a.csv");
    }

    @Test
    void bombs_long_lines_and_depth_end_in_their_outcomes() throws Exception {
        String filler = "x".repeat(10_000);
        Map<String, String> expected = new LinkedHashMap<>();
        String gzip = newPipeline("gzip_bomb");
        drop(gzip, "bomb.csv.gz", out -> {
            try (GZIPOutputStream packed = new GZIPOutputStream(out)) {
                repeat(packed, "1," + filler + "\n", 7_000);
            }
        });
        expected.put(gzip, "too_large");
        String zip = newPipeline("zip_bomb");
        drop(zip, "bomb.zip", out -> {
            try (ZipOutputStream packed = new ZipOutputStream(out)) {
                for (int i = 0; i < 7; i++) {
                    packed.putNextEntry(new ZipEntry(i + ".csv"));
                    repeat(packed, "1," + filler + "\n", 1_000);
                }
            }
        });
        expected.put(zip, "too_large");
        String line = newPipeline("line");
        drop(line, "line.csv", out -> {
            repeat(out, "id,name\n1,", 1);
            repeat(out, filler, 10_000);
        });
        expected.put(line, "malformed_csv");
        String ndjson = newPipeline("line_json");
        drop(ndjson, "line.ndjson", out -> {
            repeat(out, "{\"id\":1}\n{\"id\":\"", 1);
            repeat(out, filler, 10_000);
        });
        expected.put(ndjson, "malformed_json");
        String field = newPipeline("field");
        drop(field, "field.csv", out -> {
            repeat(out, "id,name\n1,\"", 1);
            repeat(out, "ü" + filler, 5_000);
            repeat(out, "\"\n2,b\n", 1);
        });
        expected.put(field, "malformed_csv");
        String columns = newPipeline("columns");
        drop(columns, "columns.csv", out -> {
            for (int i = 0; i < 10_000; i++) {
                repeat(out, (i == 0 ? "c" : ",c") + i, 1);
            }
            repeat(out, "\n" + "1,".repeat(9_999) + "1\n", 3);
        });
        expected.put(columns, "too_many_columns");
        String deep = newPipeline("deep");
        drop(deep, "deep.json", out -> {
            repeat(out, "[{\"id\":", 1);
            repeat(out, "[", 100_000);
            repeat(out, "]", 100_000);
            repeat(out, "}]", 1);
        });
        expected.put(deep, "malformed_json");
        String digits = newPipeline("digits");
        drop(digits, "digits.json", out -> {
            repeat(out, "[{\"id\":", 1);
            repeat(out, "7", 1_000_000);
            repeat(out, "}]", 1);
        });
        expected.put(digits, "malformed_json");

        expected.forEach(HostileIT::assertFailed);
        for (String bomb : List.of(gzip, zip)) {
            assertThat(qanat.runs(bomb).get(0).getString("error.message")).contains("67,108,864 bytes; raise QANAT_MAX_UNPACKED_SIZE");
        }
    }

    @Test
    void a_limit_that_is_none_is_refused_at_the_start() throws Exception {
        try (Qanat unlimited = Qanat.fresh("unlimited").with("QANAT_MAX_FIELDS", "0").launch()) {
            assertThat(unlimited.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(unlimited.process().exitValue()).isEqualTo(1);
            assertThat(unlimited.logText()).contains("invalid_setting: QANAT_MAX_FIELDS is 0, expected a number from 1");
        }
    }

    @Test
    void a_record_that_is_too_deep_or_has_too_long_a_number_costs_only_itself_in_ndjson() throws Exception {
        String name = newPipeline("ndjson");

        JsonPath run = qanat.load(
                name,
                "some.ndjson",
                "{\"id\":1}\n{\"id\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}\n{\"id\":" + "7".repeat(1_000_000)
                        + "}\n{\"id\":2}\n");

        assertThat(run.getString("read") + "/" + run.getString("inserted")).as(run.prettify()).isEqualTo("4/2");
        assertThat(qanat.rejections(run.getLong("id"))).extracting(each -> each.get("code")).containsOnly("malformed_record");
    }

    @Test
    void of_many_columns_the_declared_ones_load_where_the_others_are_discarded() throws Exception {
        String name = newPipeline("wide", ", schema: { c1: integer }, schema_contract: { columns: discard_value }");
        StringBuilder text = new StringBuilder("c0");
        for (int i = 1; i < 10_000; i++) {
            text.append(",c").append(i);
        }
        text.append('\n');
        for (int i = 0; i < 300; i++) {
            text.append("0,").append(i).append(",z".repeat(9_998)).append('\n');
        }

        JsonPath run = qanat.load(name, "wide.csv", text.toString());

        assertThat(run.getString("inserted")).as(run.prettify()).isEqualTo("300");
    }

    @Test
    void large_records_are_loaded_two_pipelines_at_once() throws Exception {
        List<String> pipelines = new ArrayList<>();
        for (int p = 0; p < 2; p++) {
            String csv = newPipeline("large_csv");
            String letters = p == 0 ? "x" : "ü€";
            int length = 2_000_000 / letters.length();
            drop(csv, "large.csv", out -> {
                out.write("id,name,other\n".getBytes(StandardCharsets.UTF_8));
                for (int i = 0; i < LARGE_RECORDS; i++) {
                    repeat(out, i + ",", 1);
                    repeat(out, letters, length);
                    repeat(out, ",", 1);
                    repeat(out, letters, length);
                    repeat(out, "\n", 1);
                }
            });
            String json = newPipeline("large_json");
            drop(json, "large.json", out -> {
                for (int i = 0; i < LARGE_RECORDS; i++) {
                    repeat(out, "{\"id\":" + i + ",\"name\":\"", 1);
                    repeat(out, letters, 2 * length);
                    repeat(out, "\"}\n", 1);
                }
            });
            pipelines.addAll(List.of(csv, json));
        }

        for (String pipeline : pipelines) {
            JsonPath run = qanat.awaitRun(pipeline);
            assertThat(run.getString("inserted")).as(run.prettify()).isEqualTo(Integer.toString(LARGE_RECORDS));
        }
    }

    @Test
    void a_chunk_that_fails_ends_its_run_whatever_follows_it() throws Exception {
        String name = newPipeline("chunk", ", columns: { id: integer }, max_errors: 0");
        drop(name, "chunks.csv", out -> {
            repeat(out, "id\nx\n", 1);
            repeat(out, "7\n", 400_000);
        });

        assertFailed(name, "max_errors_exceeded");
    }

    @Test
    void a_file_that_grows_for_ever_is_not_loaded_until_it_rests_and_holds_up_no_other() throws Exception {
        String name = newPipeline("grows");
        String other = newPipeline("grows_not");
        Files.createDirectories(qanat.inbox(name));
        Path growing = qanat.inbox(name).resolve("a_growing.csv");
        Files.writeString(growing, "id\n");
        boolean[] stop = {false};
        Thread writer = new Thread(() -> {
            for (int i = 0; !stop[0]; i++) {
                try {
                    Files.writeString(growing, i + "\n", StandardOpenOption.APPEND);
                    Thread.sleep(100);
                } catch (IOException | InterruptedException e) {
                    return;
                }
            }
        });
        writer.start();
        try {
            qanat.await("it is queued", () -> qanat.runs(name).size() == 1);
            assertThat(qanat.load(other, "other.csv", "id\n1\n").getString("status")).isEqualTo("succeeded");
            for (String later : List.of("b.csv", "c.csv")) {
                qanat.drop(name, later, "id\n" + later + "\n");
            }
            qanat.await("files of the same pipeline pass it", () -> qanat.runs(name).stream()
                            .filter(run -> run.getString("status").equals("succeeded"))
                            .count()
                    == 2);
            assertThat(qanat.runs(name)).filteredOn(run -> run.getString("files[0].name").equals("a_growing.csv"))
                    .extracting(run -> run.getString("status"))
                    .containsExactly("queued");
        } finally {
            stop[0] = true;
            writer.join();
        }
        assertThat(qanat.awaitRuns(name, 3)).extracting(run -> run.getString("status")).containsOnly("succeeded");
    }

    @Test
    void a_file_that_vanishes_or_becomes_a_link_fails_and_the_next_one_loads() throws Exception {
        String gone = newPipeline("gone");
        String link = newPipeline("link");
        String loop = newPipeline("loop");
        Path outside = Files.writeString(Files.createTempFile("outside", ".csv"), "id\nsecret\n");
        qanat.drop(gone, "gone.csv", "id\n1\n");
        qanat.drop(link, "link.csv", "id\n1\n");
        qanat.drop(loop, "loop.csv", "id\n1\n");
        qanat.await("all are queued", () -> Stream.of(gone, link, loop).allMatch(name -> qanat.runs(name).size() == 1));
        Files.delete(qanat.inbox(gone).resolve("gone.csv"));
        plant(qanat.inbox(link).resolve("link.csv"), outside);
        plant(qanat.inbox(loop).resolve("loop.csv"), Path.of("loop.csv"));

        assertThat(qanat.awaitRun(gone).getString("error.code")).isEqualTo("file_missing");
        assertThat(qanat.awaitRun(link).getString("error.code")).isEqualTo("outside_home");
        JsonPath looped = qanat.awaitRun(loop);
        assertThat(looped.getString("error.code")).isEqualTo("file_unreadable");
        assertThat(looped.getString("error.message"))
                .isEqualTo("inbox/" + loop + "/loop.csv cannot be read: Too many levels of symbolic links or unable to access attributes"
                        + " of symbolic link; mend that and drop it again");
        assertThat(outside).hasContent("id\nsecret\n");
        for (String pipeline : List.of(gone, link, loop)) {
            assertThat(qanat.load(pipeline, "next.csv", "id\n2\n").getString("inserted")).isEqualTo("1");
            assertThat(qanat.query("SELECT id FROM silver." + pipeline)).extracting(row -> row.get("id")).containsExactly("2");
        }
        Files.delete(outside);
    }

    private static void plant(Path file, Path target) throws IOException {
        Path aside = Files.createSymbolicLink(file.resolveSibling(".planted"), target);
        Files.move(aside, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    @Test
    void strange_names_are_names_and_folders_are_no_files() throws Exception {
        String name = newPipeline("names");
        Files.createDirectories(qanat.inbox(name).resolve("x.csv"));
        List<String> names = List.of(
                "n".repeat(251) + ".csv", "ä".repeat(125) + "z.csv", "line\nbreak\r.csv", "it's \"quoted\"; DROP TABLE x;--.csv",
                "${camel} {{x}} %s ?a=b&c.csv", "-rf *.csv", "tab\tand space .csv");
        for (int i = 0; i < names.size(); i++) {
            qanat.drop(name, names.get(i), "id\n" + i + "\n");
        }

        List<JsonPath> runs = qanat.awaitRuns(name, names.size());

        assertThat(runs).extracting(run -> run.getString("status")).containsOnly("succeeded");
        assertThat(runs).extracting(run -> run.getString("files[0].name")).containsExactlyInAnyOrderElementsOf(names);
        assertThat(qanat.query("SELECT _source FROM bronze." + name + "__" + name))
                .extracting(row -> row.get("_source"))
                .containsExactlyInAnyOrderElementsOf(names);
        for (String each : names) {
            assertThat(qanat.archive(name).resolve(each)).exists();
        }
        assertThat(qanat.inbox(name).resolve("x.csv")).isDirectory();
        assertThat(qanat.logText()).contains("Loading line\\nbreak\\r.csv (csv").doesNotContain("line\nbreak");
    }

    @Test
    void many_small_files_are_all_loaded_in_order() throws Exception {
        int count = Integer.getInteger("qanat.files", 150);
        String name = Qanat.newName("many");
        // All are there before anybody looks: a look at a folder that is being filled may miss some that are older than what it finds.
        Path folder = Files.createDirectories(qanat.inbox(name));
        Instant modified = Instant.now().minusSeconds(3600);
        for (int i = 0; i < count; i++) {
            Path file = Files.writeString(folder.resolve("f" + i + ".csv"), "id,last\n1," + i + "\n" + (i + 2) + ",0\n");
            Files.setLastModifiedTime(file, FileTime.from(modified.plusMillis(i)));
        }
        newPipelineNamed(name, ", primary_key: [id], schema: { id: integer, last: integer }");
        long begun = System.nanoTime();

        qanat.await("all are loaded", Duration.ofMinutes(30), () -> succeeded(name) == count);

        double seconds = (System.nanoTime() - begun) / 1e9;
        System.out.printf("HostileIT: %,d files of one pipeline in %.1f s, %.0f a second%n", count, seconds, count / seconds);
        assertThat(qanat.value("SELECT last FROM silver." + name + " WHERE id = 1")).isEqualTo(Integer.toString(count - 1));
        assertThat(qanat.value("SELECT count(*) FROM silver." + name)).isEqualTo(Integer.toString(count + 1));
        assertThat(qanat.query("SELECT file FROM qanat.run WHERE pipeline = '" + name + "' ORDER BY landed_at"))
                .extracting(row -> Path.of(row.get("file")).getFileName().toString())
                .isEqualTo(IntStream.range(0, count).mapToObj(i -> "f" + i + ".csv").toList());
    }

    private static int succeeded(String pipeline) {
        try {
            return Integer.parseInt(qanat.value(
                    "SELECT count(*) FROM qanat.run WHERE status = 'succeeded' AND pipeline = '" + pipeline + "'"));
        } catch (java.sql.SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void a_file_that_must_not_be_read_says_so() throws Exception {
        try (Qanat bound = Qanat.fresh("bound")) {
            Files.createDirectories(bound.inbox("secret"));
            Path secret = Files.writeString(bound.inbox("secret").resolve("secret.csv"), "id\n1\n");
            Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("---------"));
            if (Files.isReadable(secret)) {
                // Permissions bind root as well, once it has given up to read and write whatever it likes.
                String[] setpriv = {"setpriv", "--bounding-set", "-dac_override,-dac_read_search"};
                assumeTrue(Qanat.tryToRun(setpriv[0], setpriv[1], setpriv[2], "true"), "permissions do not bind this user");
                bound.by(setpriv);
            }
            bound.start().pipeline("""
                    pipeline: secret
                    sources: { drops: { type: files } }
                    resources: [ { name: secret } ]
                    """);

            JsonPath run = bound.awaitRun("secret");

            assertThat(run.getString("status")).isEqualTo("failed");
            assertThat(run.getString("error.code")).as(run.prettify()).isEqualTo("file_unreadable");
            assertThat(bound.quarantine("secret")).isDirectoryContaining("glob:**.error.txt");
        }
    }

    @Test
    void folders_that_cannot_be_written_hold_up_their_own_pipelines_until_they_can() throws Exception {
        String bad = newPipeline("unquarantined");
        String good = newPipeline("unarchived");
        Path quarantine = Files.createDirectories(qanat.quarantine(bad));
        Path archive = Files.createDirectories(qanat.archive(good));
        try {
            assumeTrue(readOnly(quarantine) && readOnly(archive), "nothing is read-only for this user");
            qanat.drop(bad, "first.csv", "");
            qanat.drop(good, "first.csv", "id\n1\n");
            qanat.await("one has failed", () -> "empty_file".equals(oldest(bad).getString("error.code")));
            qanat.await("one has landed", () -> oldest(good).getString("landed_at") != null);
            for (String name : List.of(bad, good)) {
                qanat.drop(name, "second.csv", "id\n2\n");
            }
            assertThat(qanat.load(newPipeline("elsewhere"), "other.csv", "id\n1\n").getString("status")).isEqualTo("succeeded");
            for (String name : List.of(bad, good)) {
                assertThat(qanat.runs(name)).extracting(run -> run.getString("status")).containsExactly("queued", "running");
                assertThat(qanat.inbox(name).resolve("first.csv")).exists();
            }
        } finally {
            writable(quarantine);
            writable(archive);
        }
        assertThat(qanat.awaitRuns(bad, 2)).extracting(run -> run.getString("status")).containsExactly("succeeded", "failed");
        assertThat(Feeds.list(quarantine)).containsExactly("first.csv", "first.csv.error.txt");
        assertThat(qanat.awaitRuns(good, 2)).extracting(run -> run.getString("status")).containsOnly("succeeded");
        assertThat(Feeds.list(archive)).containsExactly("first.csv", "second.csv");
        assertThat(qanat.value("SELECT count(*) FROM silver." + good)).isEqualTo("2");
    }

    private static JsonPath oldest(String pipeline) {
        List<JsonPath> runs = qanat.runs(pipeline);
        return runs.isEmpty() ? new JsonPath("{}") : runs.get(runs.size() - 1);
    }

    /** Whether that could be done: root is bound by nothing but a file's attributes. */
    private static boolean readOnly(Path folder) throws IOException, InterruptedException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("r-xr-xr-x"));
        return !Files.isWritable(folder) || Qanat.tryToRun("chattr", "+i", folder.toString());
    }

    private static void writable(Path folder) throws IOException, InterruptedException {
        Qanat.tryToRun("chattr", "-i", folder.toString());
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
