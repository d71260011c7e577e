package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** SIGTERM: what can end in time does, the rest is undone, and the process is gone within the time that it is given. */
class ShutdownIT {

    private static final Duration TIMEOUT = Duration.ofSeconds(8);

    /** For the JVM and PostgreSQL to go, on a machine that others use. */
    private static final Duration AND_A_LITTLE = Duration.ofSeconds(6);

    private static Qanat qanat;

    @BeforeAll
    static void start() throws Exception {
        qanat = Qanat.fresh("shutdown").with("QANAT_SHUTDOWN_TIMEOUT", TIMEOUT.toString()).start();
    }

    @BeforeEach
    void startAgain() throws Exception {
        if (!qanat.process().isAlive()) {
            qanat.start();
        }
    }

    @AfterAll
    static void stop() {
        qanat.close();
    }

    private static boolean waits() {
        return qanat.is("EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'qanat run %' AND wait_event = 'advisory')");
    }

    private static boolean isAnswered(String path) {
        try {
            HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + qanat.port() + path)).build();
            return HttpClient.newHttpClient().send(request, BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Duration ended(long begun) throws InterruptedException {
        assertThat(qanat.process().waitFor(60, TimeUnit.SECONDS)).as("the process ends").isTrue();
        return Duration.ofNanos(System.nanoTime() - begun);
    }

    @Test
    void a_landing_that_waits_for_too_long_is_undone_and_done_again_by_the_next_process() throws Exception {
        Feed feed = Feed.of(qanat, "columns: { id: integer, amount: integer }\nprimary_key: id");
        feed.load("id,amount\n1,5\n");
        long begun;
        Duration took;
        HttpResponse<InputStream> events;
        try (Connection holder = qanat.lockTable(feed.name())) {
            feed.drop("id,amount\n1,6\n2,7\n");
            qanat.await("the landing waits", ShutdownIT::waits);
            long run = qanat.runs(feed.name()).get(0).getLong("id");
            events = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + qanat.port() + "/runs/" + run + "/events")).build(),
                            BodyHandlers.ofInputStream());
            begun = System.nanoTime();
            qanat.process().destroy();
            // Nobody gets in any more, though the landing still waits.
            qanat.await("it takes no request", () -> !isAnswered("/q/health/ready") && !isAnswered("/runs"));
            assertThat(qanat.process().isAlive()).isTrue();
            took = ended(begun);
        }

        assertThat(took).isLessThan(TIMEOUT.plus(AND_A_LITTLE));
        assertThat(qanat.process().exitValue()).isIn(0, 143);
        assertThat(new String(events.body().readAllBytes(), StandardCharsets.UTF_8)).startsWith("event: run\n");
        assertThat(qanat.home().resolve("pg/postmaster.pid")).doesNotExist();
        assertThat(Feeds.list(qanat.inbox(feed.name()))).containsExactly("002.csv");
        assertThat(qanat.logText()).contains("are not done in time; they are undone").doesNotContain("ERROR", "\tat ");

        qanat.start();
        qanat.await("all has landed", () -> qanat.runs(feed.name()).size() == 3 && qanat.runs(feed.name()).get(0).getString("status").equals("succeeded"));
        List<JsonPath> runs = qanat.runs(feed.name());
        assertThat(runs).extracting(run -> run.getString("status")).containsExactly("succeeded", "interrupted", "succeeded");
        // The process itself gave it back: nobody had to wait for its lease.
        assertThat(runs.get(1).getString("error.message")).isEqualTo("its process was stopped before it landed");
        assertThat(Feed.outcome(runs.get(0))).isEqualTo("2 read, 1 inserted, 1 updated");
        assertThat(qanat.query("SELECT id, amount FROM " + feed.table() + " ORDER BY id").toString()).isEqualTo("[{id=1, amount=6}, {id=2, amount=7}]");
        assertThat(qanat.value("SELECT count(*) FROM " + feed.bronze())).isEqualTo("3");
        assertThat(Feeds.list(qanat.archive(feed.name()))).containsExactlyInAnyOrder("001.csv", "002.csv");
        qanat.await("nothing is left of it", () -> qanat.is("NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'qanat_staging')"));
    }

    @Test
    void a_landing_that_can_end_in_time_lands_and_its_file_is_put_away() throws Exception {
        Feed feed = Feed.of(qanat, "columns: { id: integer }\nprimary_key: id");
        feed.load("id\n1\n");
        long begun;
        try (Connection holder = qanat.lockTable(feed.name())) {
            feed.drop("id\n2\n").drop("id\n3\n");
            qanat.await("the landing waits", ShutdownIT::waits);
            begun = System.nanoTime();
            qanat.process().destroy();
            qanat.await("it takes no request", () -> !isAnswered("/q/health/ready"));
        }
        assertThat(ended(begun)).isLessThan(TIMEOUT.plus(AND_A_LITTLE));
        assertThat(Feeds.list(qanat.archive(feed.name()))).containsExactlyInAnyOrder("001.csv", "002.csv");
        assertThat(Feeds.list(qanat.inbox(feed.name()))).containsExactly("003.csv");

        qanat.start();
        assertThat(feed.outcomes()).containsExactly("1 read, 1 inserted", "1 read, 1 inserted", "1 read, 1 inserted");
    }

    @Test
    void a_request_that_waits_is_answered_and_holds_up_nothing() throws Exception {
        Feed feed = Feed.of(qanat, "columns: { id: integer }\nprimary_key: id\n");
        feed.load("id\n1\n");
        try (Connection holder = qanat.lockTable(feed.name())) {
            feed.drop("id\n2\n");
            qanat.await("the landing waits", ShutdownIT::waits);
            CompletableFuture<HttpResponse<String>> answer = HttpClient.newHttpClient()
                    .sendAsync(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + qanat.port() + "/trigger-job?wait=PT60S"))
                                    .header("Content-Type", "application/json")
                                    .POST(HttpRequest.BodyPublishers.ofString("{\"pipeline\": \"" + feed.name() + "\", \"from_bronze\": true}"))
                                    .build(),
                            BodyHandlers.ofString());
            qanat.await("the request waits", () -> qanat.runs(feed.name()).size() == 3);
            long begun = System.nanoTime();
            qanat.process().destroy();
            assertThat(answer.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS).statusCode()).isEqualTo(202);
            assertThat(ended(begun)).isLessThan(TIMEOUT.plus(AND_A_LITTLE));
        }
        qanat.start();
        qanat.await("all has landed", () -> qanat.awaitRuns(feed.name(), 4).stream()
                .allMatch(run -> List.of("succeeded", "interrupted").contains(run.getString("status"))));
        assertThat(qanat.value("SELECT count(*) FROM " + feed.table())).isEqualTo("2");
    }
}
