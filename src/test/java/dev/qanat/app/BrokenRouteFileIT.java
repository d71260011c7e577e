package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two of the user's route files are broken, one in its YAML and one in what it says. */
class BrokenRouteFileIT {

    @TempDir
    static Path routes;

    private static Qanat qanat;

    @BeforeAll
    static void start() throws IOException {
        Path ours = Path.of("routes");
        try (Stream<Path> files = Files.walk(ours)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                Path copy = routes.resolve(ours.relativize(file));
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
        // An unclosed bracket on the fifth line, in a file that comes first by its name.
        Files.writeString(routes.resolve("a-broken.yaml"), """
                - route:
                    id: broken
                    from:
                      uri: timer:[broken
                      parameters: { period: [1000 }
                      steps:
                        - log: never
                """);
        Files.writeString(routes.resolve("unknown-step.yaml"), """
                - route:
                    id: unknown-step
                    from:
                      uri: timer:unknown-step
                      steps:
                        - fly: there
                """);
        Files.writeString(routes.resolve("with-password.yaml"), """
                - route:
                    id: with-password
                    from:
                      uri: timer:with-password
                      steps:
                        - to: "unknown:there?password=s3cret&user=ann"
                """);
        Files.writeString(routes.resolve("z-sound.yaml"), """
                - route:
                    id: sound
                    from:
                      uri: platform-http:/sound
                      steps:
                        - setBody: { constant: heard }
                """);
        qanat = Qanat.fresh("broken-route").with("QANAT_ROUTES", routes.toString()).start();
    }

    @AfterAll
    static void stop() {
        if (qanat != null) {
            qanat.close();
        }
    }

    @Test
    void files_load_all_the_same() throws IOException {
        String name = Qanat.newName("broken_route");
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources: [ { name: %1$s } ]
                """.formatted(name));
        JsonPath run = qanat.load(name, "a.csv", "id,name\n1,Ann\n");
        assertThat(run.getString("status")).isEqualTo("succeeded");
        assertThat(run.getLong("inserted")).isEqualTo(1);
    }

    @Test
    void a_sound_route_beside_them_works() {
        assertThat(qanat.request().get("/sound").asString()).isEqualTo("heard");
    }

    @Test
    void the_list_of_routes_names_them_with_the_line() {
        List<Map<String, Object>> items = qanat.request().queryParam("limit", 1000).get("/routes").jsonPath().getList("items");
        assertThat(items)
                .filteredOn(item -> "failed".equals(item.get("status")))
                .extracting(item -> item.get("file"))
                .containsExactlyInAnyOrder("a-broken.yaml", "unknown-step.yaml", "with-password.yaml");
        assertThat(items)
                .filteredOn(item -> "a-broken.yaml".equals(item.get("file")))
                .singleElement()
                .satisfies(item -> assertThat(String.valueOf(item.get("last_error"))).contains("line 5"));
        assertThat(items)
                .filteredOn(item -> "unknown-step.yaml".equals(item.get("file")))
                .singleElement()
                .satisfies(item -> assertThat(String.valueOf(item.get("last_error"))).contains("line 6", "fly"));
        assertThat(items).extracting(item -> item.get("id")).contains("load-file", "sound").doesNotContain("broken", "unknown-step");
        assertThat(items).extracting(item -> item.get("id")).as("without its URL the example is left out").doesNotContain("example-products");
    }

    @Test
    void health_stays_up_and_names_them() {
        for (String path : List.of("/q/health", "/q/health/ready")) {
            JsonPath health = qanat.request().get(path).then().statusCode(200).extract().jsonPath();
            assertThat(health.getString("status")).isEqualTo("UP");
            assertThat(health.getMap("checks.find { it.name == 'routes' }.data"))
                    .containsOnlyKeys("a-broken.yaml", "unknown-step.yaml", "with-password.yaml");
            assertThat(health.prettify()).doesNotContain("s3cret", "fly", "line 5");
        }
        assertThat(qanat.request().get("/api/v1/health").jsonPath().getList("failed_route_files"))
                .containsExactly("a-broken.yaml", "unknown-step.yaml", "with-password.yaml");
    }

    @Test
    void the_error_of_a_file_is_told_without_the_passwords_in_it() {
        String routes = qanat.request().queryParam("limit", 1000).get("/routes").asString();
        assertThat(routes).contains("unknown:", "password=xxxxxx").doesNotContain("s3cret");
    }
}
