package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A pipeline whose secret comes and goes, beside others. */
class SecretsIT {

    private static Path secrets;
    private static Qanat qanat;

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.fresh("secrets");
        secrets = Files.createDirectories(qanat.home().resolve("secrets"));
        qanat.with("QANAT_SECRETS_DIR", secrets.toString()).with("QANAT_ALLOWED_ENV", "SHOP_*").start();
    }

    @AfterAll
    static void stop() {
        qanat.close();
    }

    private static String pipeline(String name, String secret) {
        return """
                pipeline: %1$s
                sources:
                  drops: { type: files }
                  api: { type: rest_api, base_url: "http://127.0.0.1:9", auth: { type: bearer, token: "${secret:%2$s}" } }
                resources:
                  - { name: %1$s, source: drops }
                  - { name: %1$s_polled, source: api, endpoint: { path: /sales } }
                """.formatted(name, secret);
    }

    private static JsonPath config(String name) {
        return qanat.request().get("/configs/" + name).jsonPath();
    }

    private static Response trigger(String name) {
        return qanat.request().contentType("application/json").body(Map.of("pipeline", name)).post("/trigger-job");
    }

    private static JsonPath planned(String yaml) {
        Response answer = qanat.request()
                .contentType("application/yaml")
                .body(yaml.getBytes(StandardCharsets.UTF_8))
                .post("/configs/plan");
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(200);
        return answer.jsonPath();
    }

    @Test
    void a_pipeline_is_inactive_without_its_secret_and_active_with_it() throws IOException {
        String name = Qanat.newName("lacking");
        String yaml = pipeline(name, "SHOP_COMING");
        assertThat(qanat.upload(yaml).statusCode()).isEqualTo(201);

        assertThat(config(name).getString("status")).isEqualTo("inactive");
        assertThat(config(name).getString("reason")).startsWith("${secret:SHOP_COMING} is not there");
        Response refused = trigger(name);
        assertThat(refused.statusCode()).isEqualTo(404);
        assertThat(refused.jsonPath().getString("code")).isEqualTo("unknown_pipeline");
        assertThat(refused.jsonPath().getString("detail")).contains("is not active", "SHOP_COMING");
        assertThat(qanat.request().get("/api/v1/health").jsonPath().getList("inactive_pipelines")).contains(name);

        Files.writeString(secrets.resolve("SHOP_COMING"), "hunter2-of-this-test\n");
        qanat.await("the pipeline is active", () -> config(name).getString("status").equals("active"));
        assertThat(config(name).getString("reason")).isNull();
        assertThat(qanat.load(name, "a.csv", "id\n1\n").getString("status")).isEqualTo("succeeded");

        Files.delete(secrets.resolve("SHOP_COMING"));
        qanat.await("the pipeline is inactive", () -> config(name).getString("status").equals("inactive"));
        assertThat(qanat.logText()).contains(name).doesNotContain("hunter2-of-this-test");
    }

    @Test
    void others_go_on_and_get_nothing_that_it_claims() throws IOException {
        String name = Qanat.newName("claiming");
        qanat.pipeline(pipeline(name, "SHOP_MISSING"));
        String other = Qanat.newName("beside");
        String resources = "pipeline: %s\nsources: { drops: { type: files } }\nresources: [ { name: a, table: %s } ]\n";

        Response taken = qanat.upload(resources.formatted(other, name));
        assertThat(taken.statusCode()).isEqualTo(422);
        assertThat(taken.jsonPath().getList("errors.code")).containsExactly("table_claimed");
        qanat.pipeline(resources.formatted(other, other));
        assertThat(qanat.load(other, "a.csv", "id\n1\n").getString("status")).isEqualTo("succeeded");
    }

    @Test
    void a_secret_that_the_operator_does_not_allow_is_not_there() throws IOException {
        String name = Qanat.newName("disallowed");
        Files.writeString(secrets.resolve("OTHER_KEY"), "x");
        qanat.pipeline(pipeline(name, "OTHER_KEY"));
        assertThat(config(name).getString("reason")).startsWith("${secret:OTHER_KEY} is not there, or not in QANAT_ALLOWED_ENV");
    }

    @Test
    void one_that_is_of_no_use_is_told() throws IOException {
        String name = Qanat.newName("useless");
        Files.writeString(secrets.resolve("SHOP_LINES"), "a\nb\n");
        qanat.pipeline(pipeline(name, "SHOP_LINES"));
        assertThat(config(name).getString("reason"))
                .isEqualTo("the secret SHOP_LINES has a line break or another control character in it");
    }

    @Test
    void a_plan_tells_what_would_poll() throws IOException {
        String name = Qanat.newName("polled");
        Files.writeString(secrets.resolve("SHOP_PLAN"), "x");
        String yaml = pipeline(name, "SHOP_PLAN");
        String poll = "poll-%s-%s_polled".formatted(name, name);

        assertThat(effects(planned(yaml))).contains(poll + " created", "inbox-" + name + "-drops created");
        qanat.pipeline(yaml);
        assertThat(effects(planned(yaml))).contains(poll + " unchanged");
        assertThat(effects(planned(yaml.lines().filter(line -> !line.contains("_polled")).reduce("", (a, b) -> a + b + "\n"))))
                .contains(poll + " removed");
    }

    private static List<String> effects(JsonPath plan) {
        return plan.getList("routes.collect { it.id + ' ' + it.effect }");
    }
}
