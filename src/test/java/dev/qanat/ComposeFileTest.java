package dev.qanat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.settings.Settings;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What can be said of the container files without an engine: that the names in them are names that exist. */
class ComposeFileTest {
    private static final Path COMPOSE = Path.of("docker-compose.yml");
    private static final Path DOCKERFILE = Path.of("src/main/docker/Dockerfile.jvm");
    private static final Pattern VARIABLE = Pattern.compile("(?<!\\$)\\$\\{(\\w+)(?<rest>[^}]*)}");

    /** Made when the containers start: the home, which is no part of a checkout. */
    private static final Set<String> MADE = Set.of("./data");

    /** Folders of the project that a checkout has once they hold a file. */
    private static final Set<String> CONFIGURATION = Set.of("./routes", "./pipelines", "./transform");

    @Test
    void every_variable_is_explained_in_the_example() throws IOException {
        assertThat(exampleNames())
                .isEqualTo(variables().map(found -> found.group(1)).collect(Collectors.toCollection(TreeSet::new)));
    }

    @Test
    void secrets_have_no_default() throws IOException {
        assertThat(variables().filter(found -> Set.of("QANAT_API_KEY", "POSTGRES_PASSWORD").contains(found.group(1))))
                .isNotEmpty()
                .allSatisfy(found -> assertThat(found.group(2)).startsWith(":?"));
    }

    @Test
    void images_have_a_tag_that_does_not_move() throws IOException {
        List<String> images = Stream.concat(
                        services().values().stream().map(service -> (String) map(service).get("image")),
                        Files.readAllLines(DOCKERFILE).stream()
                                .filter(line -> line.startsWith("FROM "))
                                .map(line -> line.split(" ")[1]))
                .toList();
        assertThat(images).hasSize(3).allMatch(image -> image.matches("[\\w./-]+:\\d+\\.\\d+[\\w.-]*"));
    }

    @Test
    void ports_are_published_on_loopback_only() throws IOException {
        assertThat(services().values().stream().flatMap(service -> list(service, "ports")))
                .hasSize(2)
                .allMatch(port -> port.startsWith("127.0.0.1:"));
    }

    @Test
    void mounted_folders_are_the_projects_or_a_volume() throws IOException {
        Set<String> volumes = map(compose().get("volumes")).keySet();
        assertThat(services().values().stream()
                        .flatMap(service -> list(service, "volumes"))
                        .map(mount -> mount.split(":")[0]))
                .isNotEmpty()
                .allMatch(source -> volumes.contains(source) || MADE.contains(source) || CONFIGURATION.contains(source));
    }

    @Test
    void what_is_mounted_read_only_is_the_configuration() throws IOException {
        assertThat(list(services().get("qanat"), "volumes").filter(mount -> mount.endsWith(":ro")))
                .allMatch(mount -> CONFIGURATION.contains(mount.split(":")[0]));
    }

    @Test
    void the_application_knows_every_setting_it_is_given() throws IOException {
        Set<String> known = Stream.of(Settings.class.getMethods())
                .map(Method::getName)
                .map(name -> "QANAT_" + name.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT))
                .collect(Collectors.toSet());
        known.addAll(Set.of("LOG_LEVEL", "ALPHA_VANTAGE_API_KEY"));
        Set<String> given =
                new TreeSet<>(map(map(services().get("qanat")).get("environment")).keySet());
        Pattern.compile("(?m)^(?:ENV| {3}) (\\w+)=")
                .matcher(Files.readString(DOCKERFILE))
                .results()
                .forEach(found -> given.add(found.group(1)));
        assertThat(given)
                .contains("QANAT_API_KEY", "QUARKUS_HTTP_HOST")
                .allMatch(name -> known.contains(name)
                        || name.startsWith("QUARKUS_DATASOURCE_")
                        || name.equals("QUARKUS_HTTP_HOST"));
    }

    @Test
    void the_image_copies_what_the_build_makes_and_the_builder_may_see() throws IOException {
        List<String> copied = Files.readAllLines(DOCKERFILE).stream()
                .filter(line -> line.startsWith("COPY "))
                .map(line -> line.split(" ")[2])
                .toList();
        assertThat(copied)
                .containsExactlyInAnyOrder(
                        "target/quarkus-app/lib/",
                        "target/quarkus-app/*.jar",
                        "target/quarkus-app/app/",
                        "target/quarkus-app/quarkus/");
        assertThat(Files.readAllLines(Path.of(".dockerignore"))).contains("*", "!target/quarkus-app");
    }

    @Test
    void the_container_is_not_root_and_has_bounded_memory() throws IOException {
        assertThat(Files.readString(DOCKERFILE))
                .containsPattern("(?m)^USER [1-9]\\d*$")
                .contains("\"-Xmx256m\"")
                .contains("HEALTHCHECK");
    }

    private static Stream<MatchResult> variables() throws IOException {
        // Comments name none that count.
        String content = Files.readString(COMPOSE).replaceAll("(?m)^\\s*#.*$", "");
        return VARIABLE.matcher(content).results();
    }

    private static Set<String> exampleNames() throws IOException {
        return Files.readAllLines(Path.of(".env.example")).stream()
                .filter(line -> line.matches("\\w+=.*"))
                .map(line -> line.substring(0, line.indexOf('=')))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Map<String, Object> services() throws IOException {
        return map(compose().get("services"));
    }

    private static Map<String, Object> compose() throws IOException {
        return map(new Load(LoadSettings.builder().build()).loadFromString(Files.readString(COMPOSE)));
    }

    private static Stream<String> list(Object service, String key) {
        return ((List<?>) map(service).getOrDefault(key, List.of())).stream().map(String::valueOf);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }
}
