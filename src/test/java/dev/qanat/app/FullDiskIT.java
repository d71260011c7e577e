package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A disk that is full: nothing is lost, and once there is room the work is done. The home is a small tmpfs, which takes root. */
class FullDiskIT {

    private static final int ROWS = 300_000;
    private static final long FREE = 60L << 20;

    @Test
    void a_run_that_finds_no_room_is_done_again_when_there_is_some() throws Exception {
        Qanat qanat = Qanat.fresh("full");
        assumeTrue(Qanat.tryToRun("mount", "-t", "tmpfs", "-o", "size=1500m", "tmpfs", qanat.home().toString()), "no tmpfs here");
        try {
            qanat.start();
            qanat.pipeline("""
                    pipeline: full
                    sources: { drops: { type: files } }
                    resources: [ { name: full } ]
                    """);
            assertThat(qanat.load("full", "small.csv", "id,name\nfirst,a\n").getString("status")).isEqualTo("succeeded");
            StringBuilder text = new StringBuilder("id,name\n");
            for (int i = 0; i < ROWS; i++) {
                text.append(i).append(",some text that takes room and some text that takes room\n");
            }
            Path ballast = qanat.home().resolve("ballast");
            try (OutputStream out = Files.newOutputStream(ballast)) {
                byte[] block = new byte[1 << 20];
                while (Files.getFileStore(ballast).getUsableSpace() > FREE) {
                    out.write(block);
                }
            }

            qanat.drop("full", "large.csv", text.toString());
            qanat.await("a run found no room", () -> qanat.runs("full").stream()
                    .anyMatch(run -> "interrupted".equals(run.getString("status"))));
            JsonPath interrupted = qanat.runs("full").stream()
                    .filter(run -> "interrupted".equals(run.getString("status")))
                    .findFirst()
                    .orElseThrow();
            assertThat(interrupted.getString("error.message")).contains("No space left on device");
            assertThat(qanat.inbox("full").resolve("large.csv")).exists();
            assertThat(qanat.value("SELECT count(*) FROM silver.full")).isEqualTo("1");
            assertThat(qanat.request().get("/api/v1/health").statusCode()).isEqualTo(200);

            Files.delete(ballast);
            qanat.await("it is loaded", Duration.ofSeconds(120), () -> succeeded(qanat) == 2);
            assertThat(qanat.value("SELECT count(*) FROM silver.full")).isEqualTo(Integer.toString(ROWS + 1));
            assertThat(qanat.value("SELECT count(*) FROM bronze.full__full")).isEqualTo(Integer.toString(ROWS + 1));
            assertThat(qanat.archive("full").resolve("large.csv")).exists();
            assertThat(qanat.logText()).doesNotContain("internal_error");
        } finally {
            try (qanat) {
                Files.copy(qanat.log(), Path.of("target", "full-disk.log"), StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Qanat.tryToRun("umount", "-l", qanat.home().toString());
            }
        }
    }

    private static long succeeded(Qanat qanat) {
        // A database that had no room for its log has stopped, and starts again.
        if (qanat.request().get("/runs?pipeline=full").statusCode() != 200) {
            return 0;
        }
        List<JsonPath> runs = qanat.runs("full");
        return runs.stream().filter(run -> "succeeded".equals(run.getString("status"))).count();
    }
}
