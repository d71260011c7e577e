package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** Runs as server-sent events. */
class RunEventsIT {

    @Test
    void a_run_is_told_of_at_every_change_until_it_ends() throws Exception {
        Qanat qanat = Qanat.shared();
        String name = Qanat.newName("listened");
        qanat.pipeline("pipeline: " + name + "\nsources: { drops: { type: files } }\nresources:\n  - name: " + name
                + "\n    source: drops\n    schema: { id: integer }\n    primary_key: id\n");
        List<String> lines = new CopyOnWriteArrayList<>();
        Thread listener;
        try (Connection holder = qanat.lockTable(name)) {
            qanat.drop(name, "a.csv", "id\n1\nx\n");
            qanat.await("the run has read", () -> !qanat.runs(name).isEmpty() && qanat.runs(name).get(0).getLong("read") == 2);
            long run = qanat.runs(name).get(0).getLong("id");
            listener = new Thread(() -> listen(qanat.port(), run, lines));
            listener.start();
            qanat.await("it is told of", () -> !lines.isEmpty());
            assertThat(lines.get(0)).isEqualTo("event: run");
            assertThat(lines).noneMatch(line -> line.contains("ended"));
        }
        listener.join(30_000);
        assertThat(listener.isAlive()).as("the stream ends with the run").isFalse();
        assertThat(lines).contains("event: ended", "id: ended");
        String last = lines.stream().filter(line -> line.startsWith("data: ")).reduce((one, next) -> next).orElseThrow();
        assertThat(last.substring(6)).isEqualTo(qanat.request().get("/runs/" + qanat.runs(name).get(0).getLong("id")).asString());
        assertThat(last).contains("\"status\":\"succeeded\"", "\"inserted\":1", "\"rejected\":1");
    }

    @Test
    void who_has_seen_the_end_is_told_that_there_is_nothing_more_and_of_no_run_that_there_is_none() throws Exception {
        Qanat qanat = Qanat.shared();
        String name = Qanat.newName("heard");
        qanat.pipeline("pipeline: " + name + "\nsources: { drops: { type: files } }\nresources: [ { name: " + name + " } ]\n");
        long run = qanat.load(name, "a.csv", "id\n1\n").getLong("id");

        assertThat(qanat.request().header("Last-Event-ID", "ended").get("/runs/" + run + "/events").statusCode()).isEqualTo(204);
        assertThat(qanat.request().header("Last-Event-ID", "ended").get("/runs/999999999/events").statusCode()).isEqualTo(404);
    }

    private static void listen(int port, long run, List<String> lines) {
        try {
            HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/runs/" + run + "/events")).build(),
                            HttpResponse.BodyHandlers.ofLines())
                    .body()
                    .forEach(lines::add);
        } catch (Exception e) {
            lines.add(e.toString());
        }
    }
}
