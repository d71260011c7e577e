package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * dbt projects that are run, a folder each below {@code src/test/resources/dbt-runs}. Its {@code steps.yaml} is a list of steps:
 * {@code sql} (statements), {@code write} (files of the project, a null takes one away), {@code build} (what is triggered, with {@code
 * full_refresh}, and what is expected: {@code status}, {@code error}, {@code models}, {@code tests}, {@code message}) and {@code query} with {@code rows}.
 */
class ModelsIT {

    private static final Path CASES = Path.of("src/test/resources/dbt-runs");
    private static Qanat qanat;
    private static Path project;

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.fresh("models");
        project = qanat.home().resolve("project");
        qanat.with("QANAT_TRANSFORM", project.toString()).start();
    }

    @AfterAll
    static void stop() {
        qanat.close();
    }

    static Stream<String> cases() throws IOException {
        try (Stream<Path> folders = Files.list(CASES)) {
            return folders.map(folder -> folder.getFileName().toString()).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void a_project_is_run(String name) throws Exception {
        delete(project);
        copy(CASES.resolve(name).resolve("project"), project);
        String steps = Files.readString(CASES.resolve(name).resolve("steps.yaml"));
        int number = 0;
        for (Object step : (List<?>) new Load(LoadSettings.builder().build()).loadFromString(steps)) {
            step("%s, step %d".formatted(name, ++number), (Map<?, ?>) step);
        }
    }

    private static void step(String where, Map<?, ?> step) throws Exception {
        if (step.get("sql") instanceof List<?> statements) {
            for (Object sql : statements) {
                qanat.execute((String) sql);
            }
        }
        if (step.get("write") instanceof Map<?, ?> files) {
            for (Map.Entry<?, ?> file : files.entrySet()) {
                write((String) file.getKey(), (String) file.getValue());
            }
        }
        if (step.containsKey("build")) {
            build(where, step);
        }
        if (step.containsKey("query")) {
            List<List<String>> rows = qanat.query((String) step.get("query")).stream()
                    .map(row -> row.values().stream().map(String::valueOf).toList())
                    .toList();
            assertThat(rows).as("%s: %s", where, step.get("query")).isEqualTo(texts((List<?>) step.get("rows")));
        }
    }

    private static List<List<String>> texts(List<?> rows) {
        return rows.stream().map(row -> ((List<?>) row).stream().map(String::valueOf).toList()).toList();
    }

    private static void build(String where, Map<?, ?> step) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("models", step.get("build"));
        if (step.containsKey("full_refresh")) {
            body.put("full_refresh", step.get("full_refresh"));
        }
        Response answer = qanat.request().contentType("application/json").body(body).queryParam("wait", "PT60S").post("/trigger-job");
        if (step.containsKey("refused")) {
            assertThat(answer.statusCode()).as(where).isEqualTo(422);
            assertThat(answer.jsonPath().getString("code")).as(where).isEqualTo(step.get("refused"));
            assertThat(answer.jsonPath().getString("detail")).as(where).contains((String) step.get("message"));
            return;
        }
        assertThat(answer.statusCode()).as(where + ": " + answer.asString()).isEqualTo(202);
        JsonPath run = qanat.run(answer.jsonPath().getLong("runs[0].id"));
        assertThat(run.getString("status")).as(where + ": " + run.prettify()).isEqualTo(step.get("status"));
        assertThat(run.getString("error.code")).as(where + ": " + run.prettify()).isEqualTo(step.get("error"));
        if (step.containsKey("message")) {
            assertThat(run.getString("error.message")).as(where).contains((String) step.get("message"));
        }
        if (step.get("models") instanceof Map<?, ?> models) {
            assertThat(statuses(run, "models")).as(where + ": " + run.prettify()).isEqualTo(new TreeMap<>(models));
        }
        if (step.get("tests") instanceof Map<?, ?> tests) {
            Map<String, String> all = statuses(run, "models.tests.flatten()");
            all.putAll(statuses(run, "tests"));
            assertThat(all).as(where + ": " + run.prettify()).isEqualTo(new TreeMap<>(tests));
        }
    }

    private static Map<String, String> statuses(JsonPath run, String path) {
        Map<String, String> statuses = new TreeMap<>();
        List<Map<String, Object>> items = run.getList(path);
        items.forEach(item -> statuses.put((String) item.get("name"), (String) item.get("status")));
        return statuses;
    }

    private static void write(String file, String text) throws IOException {
        Path path = project.resolve(file);
        if (text == null) {
            Files.delete(path);
            return;
        }
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : (Iterable<Path>) all::iterator) {
                Path target = to.resolve(from.relativize(path).toString());
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else {
                    Files.copy(path, target);
                }
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(path -> {
                try {
                    Files.delete(path);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
