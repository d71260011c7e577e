package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.response.Response;
import java.io.IOException;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** How many runs of a pipeline run at once, and what becomes of one too many. A test holds a table, so that its runs go on running. */
class ConcurrencyIT {

    private static final String FILE = "id,name\n1,a\n";

    private static Qanat qanat;

    private final String pipeline = Qanat.newName("concurrency");

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.shared();
    }

    @Test
    void one_run_at_a_time_is_what_a_pipeline_has_that_says_nothing() throws Exception {
        pipeline("");
        try (Connection holder = qanat.lockTable(pipeline)) {
            drop("a.csv", FILE);
            drop("b.csv", "id,name\n2,b\n");
            awaitStatuses("queued", "running");
            Thread.sleep(1_500);
            awaitStatuses("queued", "running");
        }
        awaitStatuses("succeeded", "succeeded");
    }

    @Test
    void as_many_run_at_once_as_the_limit_says() throws Exception {
        pipeline("concurrency: { limit: 2 }");
        try (Connection holder = qanat.lockTable(pipeline)) {
            drop("a.csv", FILE);
            drop("b.csv", "id,name\n2,b\n");
            awaitStatuses("running", "running");
            assertThat(qanat.value("SELECT string_agg(slot::text, ',' ORDER BY id) FROM qanat.run WHERE pipeline = '" + pipeline + "'"))
                    .isEqualTo("1,2");
        }
        awaitStatuses("succeeded", "succeeded");
        assertThat(qanat.value("SELECT string_agg(name, ',' ORDER BY id) FROM silver." + pipeline)).isEqualTo("a,b");
    }

    @Test
    void a_request_is_refused_while_a_run_is_running_and_a_file_waits() throws Exception {
        pipeline("concurrency: { behavior: refuse }");
        try (Connection holder = qanat.lockTable(pipeline)) {
            drop("a.csv", FILE);
            awaitStatuses("running");

            Response answer = trigger("{\"pipeline\": \"" + pipeline + "\"}");
            assertThat(answer.statusCode()).isEqualTo(409);
            assertThat(answer.jsonPath().getString("code")).isEqualTo("already_running");

            Response all = trigger("");
            assertThat(all.statusCode()).isEqualTo(202);
            assertThat(all.jsonPath().getList("refused", String.class)).contains(pipeline);
            assertThat(all.jsonPath().getList("runs.pipeline")).doesNotContain(pipeline);

            drop("b.csv", "id,name\n2,b\n");
            awaitStatuses("queued", "running");
        }
        awaitStatuses("succeeded", "succeeded");
        assertThat(trigger("{\"pipeline\": \"" + pipeline + "\"}").statusCode()).isEqualTo(202);
    }

    @Test
    void an_older_run_is_cancelled_for_a_newer_one() throws Exception {
        pipeline("concurrency: { limit: 1, behavior: cancel }");
        try (Connection holder = qanat.lockTable(pipeline)) {
            drop("a.csv", FILE);
            awaitStatuses("running");
            drop("b.csv", "id,name\n2,b\n");
            awaitStatuses("running", "cancelled");
        }
        awaitStatuses("succeeded", "cancelled");
        assertThat(qanat.value("SELECT name FROM silver." + pipeline)).isEqualTo("b");
        assertThat(qanat.runs(pipeline).get(1).getString("error.message")).contains(qanat.runs(pipeline).get(0).getString("id"));
        assertThat(Feeds.list(qanat.quarantine(pipeline))).containsExactly("a.csv", "a.csv.error.txt");
    }

    private void pipeline(String more) {
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources: [ { name: rows, source: drops, table: %1$s, columns: { id: integer, name: text }, primary_key: id } ]
                %2$s
                """.formatted(pipeline, more));
    }

    private void drop(String name, String text) throws IOException {
        int before = qanat.runs(pipeline).size();
        qanat.drop(pipeline, name, text);
        qanat.await("a run is queued", () -> qanat.runs(pipeline).size() > before);
    }

    private static Response trigger(String body) {
        return qanat.request().contentType("application/json").body(body).post("/trigger-job");
    }

    /** Of the newest run first. */
    private void awaitStatuses(String... statuses) {
        qanat.await(
                "the runs are " + List.of(statuses),
                () -> qanat.runs(pipeline).stream().map(run -> run.getString("status")).toList().equals(List.of(statuses)));
    }
}
