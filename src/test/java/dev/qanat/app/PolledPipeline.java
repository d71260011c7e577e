package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.sql.SQLException;
import java.util.List;

/** A pipeline of a test's own in an application, with one resource, {@code rows}, which a stub of an API has, and the table of its name. */
final class PolledPipeline {

    private final Qanat qanat;
    private final ApiStub api;
    private final String name = Qanat.newName("poll");

    PolledPipeline(Qanat qanat, ApiStub api) {
        this.qanat = qanat;
        this.api = api;
    }

    String name() {
        return name;
    }

    String table() {
        return "silver." + name;
    }

    /**
     * @param source what its source says beside its type and address, as YAML
     * @param resource what its resource says beside name and table, as YAML
     */
    String yaml(String source, String resource) {
        return "pipeline: " + name + "\nsources:\n  api:\n    type: rest_api\n    base_url: " + api.url() + "\n"
                + source.indent(0)
                + "resources:\n  - name: rows\n    source: api\n    table: " + name + "\n" + resource;
    }

    void declare(String source, String resource) {
        qanat.pipeline(yaml(source, resource));
    }

    /** @param more of the request's body, as members of JSON */
    Response trigger(String more) {
        Response answer = qanat.request()
                .contentType("application/json")
                .body("{\"pipeline\": \"" + name + "\"" + (more.isEmpty() ? "" : ", " + more) + "}")
                .post("/trigger-job");
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(202);
        return answer;
    }

    JsonPath poll() {
        return poll("");
    }

    /** The run of a trigger, once it has ended or is deferred. */
    JsonPath poll(String more) {
        long id = trigger(more).jsonPath().getLong("runs[0].id");
        qanat.await("run " + id + " has ended", () -> !List.of("queued", "running").contains(run(id).getString("status")));
        return run(id);
    }

    JsonPath run(long id) {
        return qanat.request().get("/runs/" + id).jsonPath();
    }

    /** An expression over the table, as text. */
    String value(String expression) throws SQLException {
        return qanat.value("SELECT " + expression + " FROM " + table());
    }

    /** Where the next poll starts of the resource without partitions; none before it has one. */
    List<String> cursors() throws SQLException {
        return qanat.query("SELECT value FROM qanat.cursor WHERE pipeline = '" + name + "' ORDER BY partition").stream()
                .map(row -> row.get("value"))
                .toList();
    }
}
