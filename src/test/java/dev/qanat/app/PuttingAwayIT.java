package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.restassured.path.json.JsonPath;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What becomes of files when the folders they go to are not to be had, and when the application is stopped in the midst of one. */
class PuttingAwayIT {

    @Test
    void a_run_ends_when_its_file_is_in_quarantine_and_fails_once_until_then() throws Exception {
        try (Qanat qanat = Qanat.fresh("away").start()) {
            pipeline(qanat, "bad");
            Path blocker = block(qanat.quarantine("bad"));
            qanat.drop("bad", "a.csv", "id,amount\n1,x\n2,y\n");
            qanat.await("the failure is known", () -> "all_rejected".equals(only(qanat, "bad").getString("error.code")));
            qanat.kill();
            qanat.start();
            // Longer than a lease: the file lies in its inbox all the time.
            Thread.sleep(10_000);
            assertThat(only(qanat, "bad").getString("status")).isEqualTo("running");
            Files.delete(blocker);
            JsonPath run = qanat.awaitRun("bad");
            assertThat(run.getString("status")).isEqualTo("failed");
            assertThat(run.getString("error.code")).isEqualTo("all_rejected");
            assertThat(qanat.rejections(run.getLong("id"))).hasSize(2);
            assertThat(Feeds.list(qanat.quarantine("bad"))).containsExactly("a.csv", "a.csv.error.txt");
            assertThat(Files.readString(qanat.quarantine("bad").resolve("a.csv.error.txt"))).contains("code:     all_rejected");
            assertThat(Feeds.list(qanat.inbox("bad"))).isEmpty();
        }
    }

    @Test
    void a_run_whose_file_cannot_be_archived_has_landed_and_is_finished_later() throws Exception {
        try (Qanat qanat = Qanat.fresh("away").start()) {
            pipeline(qanat, "good");
            Path blocker = block(qanat.archive("good"));
            qanat.drop("good", "a.csv", "id,amount\n1,1\n2,2\n");
            qanat.await("the run has landed", () -> only(qanat, "good").getString("landed_at") != null);
            qanat.kill();
            qanat.start();
            Thread.sleep(3_000);
            assertThat(only(qanat, "good").getString("status")).isEqualTo("running");
            Files.delete(blocker);
            assertThat(qanat.awaitRun("good").getString("status")).isEqualTo("succeeded");
            assertThat(qanat.value("SELECT count(*) FROM silver.good")).isEqualTo("2");
            assertThat(Feeds.list(qanat.archive("good"))).containsExactly("a.csv");
        }
    }

    @Test
    void a_load_that_is_longer_than_a_stop_is_done_again() throws Exception {
        int rows = 2_000_000;
        StringBuilder text = new StringBuilder("id,amount\n");
        for (int id = 0; id < rows; id++) {
            text.append(id).append(",1.5\n");
        }
        try (Qanat qanat = Qanat.fresh("stop").start()) {
            pipeline(qanat, "long");
            qanat.drop("long", "a.csv", text.toString());
            qanat.await("the file is being read", () -> !qanat.runs("long").isEmpty() && only(qanat, "long").getInt("read") > 0);
            qanat.stop();
            qanat.start();
            qanat.await("the run has been done again", Duration.ofMinutes(3), () -> qanat.runs("long").stream()
                    .anyMatch(run -> run.getString("status").equals("succeeded")));
            List<JsonPath> runs = qanat.awaitRuns("long", 1);
            assertThat(runs).extracting(run -> run.getString("status")).isSubsetOf("succeeded", "interrupted");
            assertThat(qanat.value("SELECT count(*) FROM silver.long")).isEqualTo(Integer.toString(rows));
            assertThat(Feeds.list(qanat.quarantine("long"))).isEmpty();
            assertThat(Feeds.list(qanat.archive("long"))).containsExactly("a.csv");
        }
    }

    @Test
    void a_file_is_archived_once_on_another_file_system_even_where_a_crash_left_its_copy() throws Exception {
        Path memory = Path.of("/dev/shm");
        assumeTrue(Files.isWritable(memory), "no other file system here");
        Path other = Files.createTempDirectory(memory, "qanat");
        try (Qanat qanat = Qanat.fresh("away").start()) {
            assumeFalse(Files.getFileStore(other).equals(Files.getFileStore(qanat.home())), "no other file system here");
            pipeline(qanat, "far");
            Files.createDirectories(qanat.archive("far").getParent());
            Files.createSymbolicLink(qanat.archive("far"), other);
            Path first = Files.writeString(qanat.home().resolve("first"), "id,amount\n1,1\n");
            Files.copy(first, other.resolve("a.csv"), StandardCopyOption.COPY_ATTRIBUTES);
            Files.move(first, qanat.inbox("far").resolve("a.csv"));
            assertThat(qanat.awaitRun("far").getString("status")).isEqualTo("succeeded");
            assertThat(Feeds.list(other)).containsExactly("a.csv");
            // The same name again, with other bytes.
            assertThat(qanat.load("far", "a.csv", "id,amount\n2,2\n").getString("status")).isEqualTo("succeeded");
            assertThat(Feeds.list(other)).hasSize(2).contains("a.csv");
            assertThat(Feeds.list(qanat.inbox("far"))).isEmpty();
        } finally {
            for (String name : Feeds.list(other)) {
                Files.delete(other.resolve(name));
            }
            Files.delete(other);
        }
    }

    /** A file where a folder should be: nobody, not even root, makes a folder there. */
    private static Path block(Path folder) throws Exception {
        Files.createDirectories(folder.getParent());
        return Files.createFile(folder);
    }

    private static JsonPath only(Qanat qanat, String pipeline) {
        qanat.await("there is a run", () -> !qanat.runs(pipeline).isEmpty());
        List<JsonPath> runs = qanat.runs(pipeline);
        assertThat(runs).hasSize(1);
        return runs.get(0);
    }

    private static void pipeline(Qanat qanat, String name) {
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources:
                  - name: rows
                    source: drops
                    table: %1$s
                    columns: { id: { type: integer }, amount: { type: "numeric(12,2)" } }
                    primary_key: [id]
                """.formatted(name));
    }
}
