package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.response.Response;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Requests that wait for runs, many at once. A test holds a table, so that their run goes on running. */
class WaitingIT {

    private static final Duration SOON = Duration.ofSeconds(20);

    private static Qanat qanat;

    private final String pipeline = Qanat.newName("waiting");

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.shared();
    }

    @Test
    void however_many_wait_others_are_answered_and_who_is_gone_waits_no_longer() throws Exception {
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources: [ { name: rows, source: drops, table: %1$s, columns: { id: integer }, primary_key: id } ]
                """.formatted(pipeline));
        List<Socket> clients = new ArrayList<>();
        try (Connection holder = qanat.lockTable(pipeline)) {
            qanat.drop(pipeline, "a.csv", "id\n1\n");
            qanat.await("its run is running", () -> qanat.runs(pipeline).stream()
                    .anyMatch(run -> run.getString("status").equals("running")));
            for (int i = 0; i < 260; i++) {
                clients.add(waitingClient());
            }

            qanat.await("those beyond the fiftieth are answered", SOON, () -> answered(clients) == 210);
            long begun = System.nanoTime();
            Response ready = qanat.request().get("/q/health/ready");
            Response answer = qanat.request().queryParam("wait", "PT10M").body(body()).post("/trigger-job");

            assertThat(ready.statusCode()).isEqualTo(200);
            assertThat(answer.statusCode()).isEqualTo(202);
            assertThat(answer.jsonPath().getString("runs[0].status")).isEqualTo("running");
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(SOON);
            assertThat(answered(clients)).isEqualTo(210);

            for (Socket client : clients) {
                client.close();
            }
            qanat.await("there is a place to wait again", SOON, this::waits);
        } finally {
            for (Socket client : clients) {
                client.close();
            }
        }
        qanat.awaitRuns(pipeline, 1);
    }

    private String body() {
        return "{\"pipeline\": \"" + pipeline + "\"}";
    }

    private Socket waitingClient() throws IOException {
        Socket client = new Socket("127.0.0.1", qanat.port());
        String body = body();
        client.getOutputStream().write(("POST /trigger-job?wait=PT10M HTTP/1.1\r\nHost: localhost:" + qanat.port() + "\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body).getBytes(StandardCharsets.UTF_8));
        return client;
    }

    private static long answered(List<Socket> clients) {
        return clients.stream().filter(client -> {
            try {
                return client.getInputStream().available() > 0;
            } catch (IOException e) {
                return false;
            }
        }).count();
    }

    /** Whether a request waits for as long as it says. */
    private boolean waits() {
        long begun = System.nanoTime();
        assertThat(qanat.request().queryParam("wait", "PT2S").body(body()).post("/trigger-job").statusCode()).isEqualTo(202);
        return System.nanoTime() - begun > 1_900_000_000L;
    }
}
