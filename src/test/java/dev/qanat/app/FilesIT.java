package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.parallel.ExecutionMode.CONCURRENT;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;

/** Files in folders: which are looked at, when, in what order, what is read of them, and where they go. */
class FilesIT {

    private static Qanat qanat;

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.shared();
    }

    private static String newPipeline(String begin) {
        return newPipeline(begin, "", "");
    }

    private static String newPipeline(String begin, String ofSource, String ofResource) {
        String name = Qanat.newName(begin);
        declare(name, ofSource, ofResource);
        return name;
    }

    private static void declare(String name, String ofSource, String ofResource) {
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files%2$s } }
                resources: [ { name: %1$s, source: drops%3$s } ]
                """.formatted(name, ofSource, ofResource));
    }

    private static JsonPath trigger(String pipeline, boolean fullRefresh) {
        return qanat.request()
                .contentType("application/json")
                .body("{\"pipeline\": \"%s\", \"full_refresh\": %s}".formatted(pipeline, fullRefresh))
                .queryParam("wait", "PT30S")
                .post("/trigger-job")
                .jsonPath();
    }

    private static JsonPath newest(String pipeline) {
        return qanat.runs(pipeline).get(0);
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static Path write(Path folder, String name, String text, Instant modified) throws IOException {
        Files.createDirectories(folder);
        Path file = Files.writeString(folder.resolve(name), text);
        return Files.setLastModifiedTime(file, FileTime.from(modified));
    }

    @TestFactory
    @Execution(CONCURRENT)
    Stream<DynamicTest> a_file_is_read_whatever_its_form() throws IOException {
        return FileCases.dropped(qanat, "formats.yaml");
    }

    @Test
    @Execution(CONCURRENT)
    void the_same_bytes_under_another_name_are_known_and_loaded_again_only_when_asked_to() throws Exception {
        String name = newPipeline("known");
        JsonPath first = qanat.load(name, "first.csv", "id,name\n1,a\n");

        JsonPath again = qanat.load(name, "again.csv", "id,name\n1,a\n");

        assertThat(again.getString("status")).isEqualTo("succeeded");
        for (String count : List.of("read", "inserted", "updated", "unchanged", "duplicate", "filtered", "rejected")) {
            assertThat(again.getInt(count)).as(count).isZero();
        }
        assertThat(again.getString("files[0].name")).isEqualTo("again.csv");
        assertThat(again.getString("files[0].status")).isEqualTo("already_loaded");
        assertThat(again.getLong("files[0].run")).isEqualTo(first.getLong("id"));
        assertThat(again.getString("files[0].sha256")).isEqualTo(first.getString("files[0].sha256")).hasSize(64);
        assertThat(names(qanat.archive(name))).containsExactly("again.csv", "first.csv");

        qanat.drop(name, "refresh.csv", "id,name\n1,a\n");
        trigger(name, true);
        JsonPath refreshed = qanat.awaitRuns(name, 3).get(0);
        assertThat(refreshed.getString("files[0].status")).as(refreshed.prettify()).isEqualTo("loaded");
        assertThat(refreshed.getInt("read")).isEqualTo(1);
        assertThat(refreshed.getInt("duplicate")).isEqualTo(1);
    }

    @Test
    @Execution(CONCURRENT)
    void files_that_are_hidden_or_still_written_and_folders_are_not_looked_at() throws Exception {
        String name = newPipeline("ignored");
        List<String> ignored = List.of(".hidden.csv", "a.csv.part", "b.TMP", "c\n.tmp", "d.Part");
        for (String file : ignored) {
            write(qanat.inbox(name), file, "id\n1\n", Instant.now());
        }
        write(qanat.inbox(name).resolve("folder"), "in_folder.csv", "id\n1\n", Instant.now());
        Files.createDirectories(qanat.inbox(name).resolve("folder.csv"));

        qanat.load(name, "seen.csv", "id\n1\n");
        JsonPath job = trigger(name, false);

        assertThat(job.getList("runs")).hasSize(1);
        assertThat(newest(name).getList("files")).isEmpty();
        assertThat(qanat.runs(name)).hasSize(2);
        assertThat(names(qanat.inbox(name))).containsAll(ignored).contains("folder", "folder.csv").hasSize(7);
        assertThat(qanat.inbox(name).resolve("folder/in_folder.csv")).exists();
    }

    @Test
    @Execution(CONCURRENT)
    void files_are_loaded_oldest_first_then_by_name_and_a_bad_one_holds_up_none() throws Exception {
        String name = Qanat.newName("ordered");
        Instant now = Instant.now().minusSeconds(3600);
        write(qanat.inbox(name), "a.csv", "id\n3\n", now);
        write(qanat.inbox(name), "z_oldest.csv", "id\n1\n", now.minusSeconds(20));
        write(qanat.inbox(name), "bad.csv", "", now.minusSeconds(10));
        write(qanat.inbox(name), "b.csv", "id\n4\n", now);
        write(qanat.inbox(name), "B.csv", "id\n5\n", now);
        write(qanat.inbox(name), "future.csv", "id\n6\n", Instant.now().plus(Duration.ofDays(400)));

        declare(name, "", "");
        List<JsonPath> runs = qanat.awaitRuns(name, 6);

        assertThat(runs.stream()
                        .sorted(Comparator.comparing(run -> Instant.parse(run.getString("started_at"))))
                        .map(run -> run.getString("files[0].name")))
                .containsExactly("z_oldest.csv", "bad.csv", "B.csv", "a.csv", "b.csv", "future.csv");
        assertThat(names(qanat.quarantine(name))).containsExactly("bad.csv", "bad.csv.error.txt");
        assertThat(names(qanat.archive(name))).containsExactly("B.csv", "a.csv", "b.csv", "future.csv", "z_oldest.csv");
        assertThat(names(qanat.inbox(name))).isEmpty();
    }

    @Test
    @Execution(CONCURRENT)
    void a_file_that_is_written_for_seconds_is_loaded_once_and_whole() throws Exception {
        String name = newPipeline("slow");
        Files.createDirectories(qanat.inbox(name));
        Path file = Files.writeString(qanat.inbox(name).resolve("slow.csv"), "id,name\n");
        for (int i = 0; i < 8; i++) {
            Thread.sleep(450);
            Files.writeString(file, i + ",a\n", StandardOpenOption.APPEND);
        }

        JsonPath run = qanat.awaitRun(name);

        assertThat(run.getString("status")).isEqualTo("succeeded");
        assertThat(run.getInt("inserted")).isEqualTo(8);
        assertThat(run.getLong("bytes")).isEqualTo(Files.size(qanat.archive(name).resolve("slow.csv")));
    }

    @Test
    @Execution(CONCURRENT)
    void nothing_in_the_archive_or_in_quarantine_is_overwritten() throws Exception {
        String name = newPipeline("clash");
        String longest = "ä".repeat(125) + "x.csv";
        for (String file : List.of("same.csv", longest)) {
            for (int i = 0; i < 3; i++) {
                JsonPath good = qanat.load(name, file, "id\n" + file.length() + i + "\n");
                assertThat(good.getString("status")).as(good.prettify()).isEqualTo("succeeded");
            }
        }
        for (String file : List.of("same.csv", longest)) {
            for (int i = 0; i < 2; i++) {
                JsonPath bad = qanat.load(name, file, "\n".repeat(i));
                assertThat(bad.getString("error.code")).as(bad.prettify()).isEqualTo("empty_file");
            }
        }

        assertThat(names(qanat.archive(name))).hasSize(6).contains("same.csv", longest);
        assertThat(names(qanat.archive(name))).filteredOn(file -> file.matches("same\\.run-\\d+\\.csv")).hasSize(2);
        List<String> quarantined = names(qanat.quarantine(name));
        assertThat(quarantined).hasSize(8).contains("same.csv", "same.csv.error.txt", longest);
        assertThat(quarantined).filteredOn(file -> file.endsWith(".error.txt")).hasSize(4);
    }

    @Test
    @Execution(CONCURRENT)
    void the_note_beside_a_quarantined_file_says_what_was_wrong() throws Exception {
        String name = newPipeline("note", "", ", columns: { id: { type: integer, required: true } }");

        JsonPath run = qanat.load(name, "all_bad.csv", "id\nx\n");

        assertThat(qanat.quarantine(name).resolve("all_bad.csv.error.txt"))
                .content()
                .contains("all_bad.csv", "all_rejected", run.getString("error.message"), name, "/runs/" + run.getString("id"));
        assertThat(qanat.quarantine(name).resolve("all_bad.csv")).content().isEqualTo("id\nx\n");
        assertThat(qanat.rejections(run.getLong("id"))).hasSize(1);
    }

    @Test
    @Execution(CONCURRENT)
    void the_first_resource_that_matches_takes_a_file_and_one_that_none_takes_fails() throws Exception {
        String name = Qanat.newName("globs");
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources:
                  - { name: %1$s_a, files: { glob: "a*.{csv,txt}" } }
                  - { name: %1$s_any, files: { glob: "*.csv" } }
                """.formatted(name));
        for (String file : List.of("a1.csv", "b1.csv", "a2.txt", "b2.txt")) {
            qanat.drop(name, file, "id\n" + file.charAt(1) + "\n");
        }

        List<JsonPath> runs = qanat.awaitRuns(name, 4);

        assertThat(runs)
                .extracting(run -> run.getString("files[0].name") + " " + run.getString("resources[0].resource") + " "
                        + run.getString("error.code"))
                .containsExactlyInAnyOrder(
                        "a1.csv " + name + "_a null", "a2.txt " + name + "_a null", "b1.csv " + name + "_any null",
                        "b2.txt null no_resource");
        assertThat(names(qanat.quarantine(name))).containsExactly("b2.txt", "b2.txt.error.txt");
        assertThat(qanat.quarantine(name).resolve("b2.txt.error.txt")).content().contains("a*.{csv,txt}", "*.csv");
    }

    @Test
    @Execution(CONCURRENT)
    void a_folder_of_kept_files_is_looked_at_once_a_job_was_triggered() throws Exception {
        String name = newPipeline("kept", ", on_success: keep, watch: PT1S", "");
        Path file = qanat.drop(name, "kept.csv", "id,name\n1,a\n");
        Thread.sleep(2500);
        assertThat(qanat.runs(name)).as("before the first job").isEmpty();

        assertThat(trigger(name, false).getList("runs.status")).containsExactly("succeeded");
        assertThat(newest(name).getInt("inserted")).isEqualTo(1);

        Files.writeString(file, "2,b\n", StandardOpenOption.APPEND);
        JsonPath grown = qanat.awaitRuns(name, 2).get(0);
        assertThat(grown.getString("trigger")).isEqualTo("file");
        assertThat(grown.getInt("read")).isEqualTo(2);
        assertThat(grown.getInt("inserted")).as("only what is new").isEqualTo(1);
        assertThat(grown.getInt("duplicate")).isEqualTo(1);

        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(60)));
        assertThat(qanat.awaitRuns(name, 3).get(0).getString("files[0].status")).isEqualTo("already_loaded");

        Thread.sleep(2500);
        assertThat(trigger(name, false).getList("runs.status")).containsExactly("succeeded");
        assertThat(newest(name).getList("files")).as("nothing changed").isEmpty();
        assertThat(qanat.runs(name)).hasSize(4);
        trigger(name, true);
        assertThat(qanat.awaitRuns(name, 5).get(0).getString("files[0].status")).isEqualTo("loaded");
        assertThat(qanat.value("SELECT count(*) FROM silver." + name)).isEqualTo("2");
        assertThat(file).exists();
    }

    @Test
    @Execution(CONCURRENT)
    void a_kept_file_that_fails_goes_to_quarantine_and_its_successor_loads() throws Exception {
        String name = newPipeline("kept_bad", ", on_success: keep, watch: PT1S", "");
        qanat.drop(name, "data.csv", "");
        trigger(name, false);
        assertThat(newest(name).getString("error.code")).isEqualTo("empty_file");
        assertThat(names(qanat.quarantine(name))).containsExactly("data.csv", "data.csv.error.txt");

        JsonPath next = qanat.load(name, "data.csv", "id\n1\n");

        assertThat(next.getString("status")).isEqualTo("succeeded");
        assertThat(names(qanat.inbox(name))).containsExactly("data.csv");
    }

    @Test
    @Execution(CONCURRENT)
    void a_rejected_record_is_kept_up_to_64_kib() throws Exception {
        String name = newPipeline("long");
        String wide = "ü".repeat(60_000);

        JsonPath run = qanat.load(name, "long.csv", "id,name\n1,a\n" + wide + "," + wide + ",3\n");

        assertThat(run.getInt("rejected")).isEqualTo(1);
        long bytes = Long.parseLong(qanat.value(
                "SELECT octet_length(record) FROM qanat.rejection WHERE run_id = " + run.getLong("id")));
        assertThat(bytes).isBetween(65_000L, 65_536L);
    }

    @Test
    @Execution(CONCURRENT)
    void bytes_that_turn_out_invalid_beyond_the_first_mib_reject_their_record_only() throws Exception {
        String name = newPipeline("late");
        StringBuilder text = new StringBuilder("id,name\n");
        int rows = 0;
        while (text.length() < (1 << 20) + 100_000) {
            text.append(rows++).append(",ordinary text of a row\n");
        }
        byte[] valid = text.append(rows).append(",x").toString().getBytes(StandardCharsets.UTF_8);
        byte[] bytes = Arrays.copyOf(valid, valid.length + 2);
        bytes[valid.length] = (byte) 0xE9;
        bytes[valid.length + 1] = '\n';

        JsonPath run = qanat.load(name, "late.csv", bytes);

        assertThat(run.getInt("inserted")).isEqualTo(rows);
        assertThat(qanat.rejections(run.getLong("id"))).singleElement().satisfies(rejection -> assertThat(rejection)
                .containsEntry("code", "invalid_encoding")
                .containsEntry("position", rows(text)));
    }

    private static int rows(CharSequence text) {
        return (int) text.chars().filter(c -> c == '\n').count() + 1;
    }

    @Test
    void a_file_that_changes_while_it_is_queued_is_loaded_whatever_the_last_digits_of_its_time() throws Exception {
        Qanat qanat = Qanat.shared();
        String name = Qanat.newName("digits");
        qanat.pipeline("pipeline: " + name + "\nsources: { drops: { type: files } }\nresources: [ { name: " + name + " } ]\n");
        Path file = qanat.drop(name, "a.csv", "id\n1\n");
        qanat.await("the file is queued", () -> !qanat.runs(name).isEmpty());
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().truncatedTo(java.time.temporal.ChronoUnit.MICROS).plusNanos(700)));
        // Two of them where the change came after the file had been read.
        qanat.await("it is loaded", () -> qanat.runs(name).stream().allMatch(run -> run.getString("status").equals("succeeded")));
    }
}
