package dev.qanat;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The workflows name what there is, and run nothing of others but at a commit. */
class WorkflowsTest {

    private static final Path FOLDER = Path.of(".github/workflows");
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
    private static final Pattern USES = Pattern.compile("(?m)^ *(?:- )?uses: (.*)$");
    private static final Pattern SCRIPT = Pattern.compile("(?<![\\w./])(?:\\./)?((?:\\.ci|bin|bench|src/main/docker)/[\\w.]+|mvnw)");
    private static final Pattern IMAGE = Pattern.compile("(?m)(?:^ +image: |builder-image=)(\\S+)");

    static Stream<Path> workflows() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.sorted().toList().stream();
        }
    }

    @Test
    void a_push_is_tested_a_tag_becomes_images_and_a_native_image_is_tried() throws IOException {
        assertThat(workflows().map(file -> file.getFileName().toString())).containsExactly("build.yml", "images.yml", "native.yml");
        assertThat(read("build.yml").path("on").has("push")).isTrue();
        assertThat(read("build.yml").path("on").has("pull_request")).isTrue();
        assertThat(read("build.yml").path("jobs").path("verify").path("steps").findValuesAsText("run")).contains(".ci/run");
        assertThat(read("images.yml").path("on").path("push").path("tags").get(0).asText()).isEqualTo("v*");
        assertThat(read("native.yml").toString()).contains("-Dit.test=SmokeIT", "-Dqanat.url=", "--profile test");
    }

    @ParameterizedTest
    @MethodSource("workflows")
    void actions_are_pinned_to_a_commit_that_is_told_in_words(Path file) throws IOException {
        List<String> uses = USES.matcher(Files.readString(file)).results().map(found -> found.group(1)).toList();
        assertThat(uses).isNotEmpty().allMatch(action -> action.matches("[\\w-]+/[\\w-]+@[0-9a-f]{40} # v\\d+\\.\\d+\\.\\d+"));
    }

    @Test
    void an_action_has_one_commit_wherever_it_is_used() throws IOException {
        Set<String> uses = new TreeSet<>();
        for (Path file : workflows().toList()) {
            USES.matcher(Files.readString(file)).results().map(found -> found.group(1)).forEach(uses::add);
        }
        assertThat(uses.stream().map(action -> action.split("@")[0])).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("workflows")
    void a_workflow_may_read_and_a_job_says_what_more_it_may(Path file) throws IOException {
        JsonNode workflow = YAML.readTree(file.toFile());
        assertThat(workflow.path("permissions")).hasToString("{\"contents\":\"read\"}");
        for (JsonNode job : workflow.path("jobs")) {
            assertThat(job.has("timeout-minutes")).isTrue();
            assertThat(job.path("runs-on").asText()).doesNotContain("latest");
            for (JsonNode step : job.path("steps")) {
                if (step.path("uses").asText().startsWith("actions/checkout@")) {
                    assertThat(step.path("with").path("persist-credentials").asBoolean(true)).isFalse();
                }
            }
        }
    }

    @Test
    void only_the_job_that_pushes_images_may_write() throws IOException {
        Set<String> writing = new TreeSet<>();
        for (Path file : workflows().toList()) {
            YAML.readTree(file.toFile()).path("jobs").properties().forEach(job -> {
                if (job.getValue().path("permissions").toString().contains("write")) {
                    writing.add(file.getFileName() + " " + job.getKey());
                }
            });
        }
        assertThat(writing).containsExactly("images.yml image");
    }

    @ParameterizedTest
    @MethodSource("workflows")
    void scripts_and_files_that_are_called_are_there(Path file) throws IOException {
        assertThat(SCRIPT.matcher(Files.readString(file)).results().map(found -> Path.of(found.group(1))))
                .allSatisfy(script -> {
                    if (!script.endsWith("Dockerfile.")) {
                        assertThat(script).exists();
                    }
                });
    }

    @Test
    void images_are_those_of_the_containers() throws IOException {
        String containers = Files.readString(Path.of("docker-compose.yml")) + Files.readString(Path.of("src/main/docker/Dockerfile.native"));
        Set<String> images = IMAGE.matcher(Files.readString(FOLDER.resolve("native.yml"))).results()
                .map(found -> found.group(1))
                .collect(Collectors.toSet());
        assertThat(images).hasSize(2).allMatch(containers::contains);
    }

    @Test
    void renovate_looks_after_every_kind_of_file_that_names_a_version() throws IOException {
        JsonNode renovate = new ObjectMapper().readTree(Path.of("renovate.json").toFile());
        List<String> managers = YAML.convertValue(renovate.path("enabledManagers"), YAML.getTypeFactory().constructCollectionType(List.class, String.class));
        assertThat(managers).containsExactlyInAnyOrder("maven", "dockerfile", "docker-compose", "github-actions");
        assertThat(renovate.path("extends").toString()).contains("docker:pinDigests", "helpers:pinGitHubActionDigests");
        Set<String> named = renovate.findValues("matchPackageNames").stream()
                .flatMap(names -> Stream.of(names.toString().replaceAll("[\\[\\]\"]", "").split(",")))
                .map(name -> name.replaceAll("[:*]*\\*\\*$", ""))
                .collect(Collectors.toSet());
        String all = Files.readString(Path.of("pom.xml")) + Files.readString(Path.of("docker-compose.yml"))
                + Files.readString(Path.of("src/main/docker/Dockerfile.jvm"));
        assertThat(named).isNotEmpty().allMatch(name -> all.contains(name.replaceFirst(":.*", "")), "are used");
    }

    private static JsonNode read(String name) throws IOException {
        return YAML.readTree(FOLDER.resolve(name).toFile());
    }
}
