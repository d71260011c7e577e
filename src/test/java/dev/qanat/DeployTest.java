package dev.qanat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.qanat.settings.Settings;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.yaml.snakeyaml.Yaml;

/** What can be said of the containers' files without an engine: that what they name is there, and that they agree with one another. */
class DeployTest {
    private static final Path COMPOSE = Path.of("docker-compose.yml");
    private static final Path EXAMPLE = Path.of(".env.example");
    private static final Path DOCKER = Path.of("src/main/docker");
    private static final Pattern VARIABLE = Pattern.compile("(?<!\\$)\\$\\{(\\w+)(?::(\\W)([^}]*))?}");
    private static final Pattern CREDENTIAL = Pattern.compile("\\w*(?:PASSWORD|_KEY)");

    /** Made by whoever starts the containers: the home, which is no part of a checkout. */
    private static final String HOME = "./data";

    /** What an operator has of his own, or not at all. */
    private static final Set<String> OPTIONAL_CREDENTIALS = Set.of("ALPHA_VANTAGE_API_KEY");

    static Set<String> services() throws IOException {
        return map(compose().get("services")).keySet();
    }

    static Stream<Path> dockerfiles() throws IOException {
        try (Stream<Path> files = Files.list(DOCKER)) {
            return files.filter(file -> file.getFileName().toString().startsWith("Dockerfile.")).sorted().toList().stream();
        }
    }

    @Test
    void every_variable_is_explained_in_the_example_and_none_besides() throws IOException {
        assertThat(example().keySet()).isEqualTo(variables().map(found -> found.group(1)).collect(Collectors.toCollection(TreeSet::new)));
    }

    @Test
    void defaults_are_those_of_the_example_and_credentials_have_none() throws IOException {
        Map<String, String> example = example();
        assertThat(variables()).isNotEmpty().allSatisfy(found -> {
            String name = found.group(1);
            if (CREDENTIAL.matcher(name).matches() && !OPTIONAL_CREDENTIALS.contains(name)) {
                assertThat(found.group()).startsWith("${" + name + ":?set " + name + " in .env");
                assertThat(example).containsEntry(name, "");
            } else {
                assertThat(found.group()).isEqualTo("${" + name + ":-" + example.get(name) + "}");
            }
        });
    }

    @Test
    void no_credential_stands_in_the_file() throws IOException {
        for (String service : services()) {
            environment(service).forEach((name, value) -> {
                if (name.matches(".*(PASSWORD|KEY|SECRET|TOKEN).*")) {
                    assertThat(value).as("%s %s", service, name).matches("\\$\\{\\w+:[?-].*}");
                }
            });
        }
    }

    @Test
    void images_have_a_tag_that_does_not_move() throws IOException {
        List<String> images = new ArrayList<>();
        for (String service : services()) {
            images.add((String) service(service).get("image"));
        }
        for (Path file : dockerfiles().toList()) {
            Set<String> stages = stages(file);
            instructions(file, "FROM").map(from -> from.split(" ")[0]).filter(image -> !stages.contains(image)).forEach(images::add);
        }
        assertThat(images)
                .hasSizeGreaterThan(services().size())
                .allMatch(image -> image.matches("[\\w./-]+:(?:v?\\d+\\.\\d+|jdk-\\d+\\.\\d+\\.\\d+|2\\.0)[\\w.{}$:-]*"), "have a version");
    }

    @ParameterizedTest
    @MethodSource("services")
    void a_service_cannot_do_more_than_it_must(String name) throws IOException {
        Map<String, Object> service = service(name);
        assertThat(service)
                .containsEntry("read_only", true)
                .containsEntry("cap_drop", List.of("ALL"))
                .containsEntry("security_opt", List.of("no-new-privileges:true"))
                .containsKeys("mem_limit", "pids_limit", "user", "logging", "tmpfs", "networks")
                .doesNotContainKeys("privileged", "cap_add", "network_mode", "pid", "ipc", "devices");
        assertThat(resolved((String) service.get("user"))).matches("[1-9]\\d*:\\d+");
    }

    @Test
    void what_others_can_reach_listens_on_loopback_where_the_application_listens() throws IOException {
        Map<String, List<String>> ports = new LinkedHashMap<>();
        for (String service : services()) {
            if (service(service).containsKey("ports")) {
                ports.put(service, list(service, "ports").map(DeployTest::resolved).toList());
            }
        }
        String http = settingsPage("QUARKUS_HTTP_PORT");
        assertThat(ports)
                .isEqualTo(Map.of(
                        "qanat", List.of("127.0.0.1:" + http + ":" + http), "grafana", List.of("127.0.0.1:3000:3000")));
        assertThat(environment("test")).containsEntry("QANAT_URL", "http://qanat:" + http);
        assertThat(Files.readString(DOCKER.resolve("ready"))).contains("${1:-" + http + "}");
    }

    @Test
    void the_database_and_prometheus_reach_nothing_outside() throws IOException {
        Map<String, Object> networks = map(compose().get("networks"));
        assertThat(map(networks.get("inside"))).containsEntry("internal", true);
        for (String service : List.of("postgres", "prometheus", "test")) {
            assertThat(list(service, "networks")).containsExactly("inside");
        }
    }

    @Test
    void who_needs_another_waits_until_it_is_healthy() throws IOException {
        for (String service : services()) {
            Map<String, Object> needed = map(service(service).getOrDefault("depends_on", Map.of()));
            needed.forEach((other, how) -> assertThat(map(how)).containsEntry("condition", "service_healthy"));
            for (String other : needed.keySet()) {
                boolean inImage = service(other).containsKey("build");
                assertThat(inImage || service(other).containsKey("healthcheck")).as("%s tells its health", other).isTrue();
            }
        }
        assertThat(map(service("grafana").get("depends_on"))).containsOnlyKeys("postgres", "prometheus");
        assertThat(map(service("prometheus").get("depends_on"))).containsOnlyKeys("qanat");
        assertThat(map(service("qanat").get("depends_on"))).containsOnlyKeys("postgres");
    }

    @Test
    void what_is_mounted_is_there() throws IOException {
        Set<String> volumes = map(compose().get("volumes")).keySet();
        for (String service : services()) {
            for (Object mount : (List<?>) service(service).getOrDefault("volumes", List.of())) {
                if (mount instanceof String named) {
                    assertThat(volumes).contains(named.split(":")[0]);
                    continue;
                }
                Map<String, Object> bind = map(mount);
                String source = (String) bind.get("source");
                if (source.equals(HOME)) {
                    assertThat(map(bind.get("bind"))).as("the engine does not make it, as root").containsEntry("create_host_path", false);
                } else {
                    assertThat(bind).as(source).containsEntry("read_only", true);
                    assertThat(Path.of(source)).isDirectory();
                    assertThat(Path.of(source)).isNotEmptyDirectory();
                }
            }
        }
    }

    @Test
    void folders_are_where_the_application_looks_for_them() throws IOException {
        Map<String, String> mounts = binds("qanat");
        for (Path file : List.of(DOCKER.resolve("Dockerfile.jvm"), DOCKER.resolve("Dockerfile.native"))) {
            String workingFolder = instructions(file, "WORKDIR").reduce((first, last) -> last).orElseThrow();
            for (String folder : List.of("routes", "pipelines", "transform")) {
                assertThat(mounts).containsEntry("./" + folder, workingFolder + "/" + settingsPage("QANAT_" + folder.toUpperCase(Locale.ROOT)));
            }
            assertThat(mounts).containsEntry(HOME, imageEnvironment(file).get("QANAT_HOME"));
            assertThat(instructions(file, "VOLUME")).containsExactly(mounts.get(HOME));
        }
        assertThat(binds("test")).containsEntry(HOME, environment("test").get("QANAT_HOME"));
    }

    @Test
    void the_application_knows_every_setting_it_is_given() throws IOException {
        Set<String> known = Stream.of(Settings.class.getMethods())
                .map(Method::getName)
                .map(name -> "QANAT_" + name.replaceAll("([A-Z])", "_$1").toUpperCase(Locale.ROOT))
                .collect(Collectors.toSet());
        Matcher rows = Pattern.compile("(?m)^\\| `([A-Z_]+)` \\|").matcher(Files.readString(Path.of("docs/reference/settings.md")));
        Set<String> documented = rows.results().map(row -> row.group(1)).collect(Collectors.toSet());
        assertThat(environment("qanat").keySet()).isNotEmpty().allMatch(documented::contains, "are documented");
        for (Path file : dockerfiles().toList()) {
            assertThat(imageEnvironment(file).keySet()).allMatch(name -> documented.contains(name) || name.equals("LC_ALL"), "are documented");
        }
        assertThat(environment("qanat").keySet().stream().filter(name -> name.startsWith("QANAT_"))).isNotEmpty().allMatch(known::contains);
    }

    @Test
    void each_kind_of_image_has_its_file() throws IOException {
        assertThat(resolved((String) map(service("qanat").get("build")).get("dockerfile"))).isEqualTo("src/main/docker/Dockerfile.jvm");
        String explained = Files.readString(EXAMPLE);
        assertThat(explained).contains("# jvm or native: which Dockerfile");
        assertThat(dockerfiles().map(file -> file.getFileName().toString())).containsExactly("Dockerfile.jvm", "Dockerfile.native");
        Map<String, Object> test = map(service("test").get("build"));
        assertThat(stages(Path.of((String) test.get("dockerfile")))).contains((String) test.get("target"));
    }

    @ParameterizedTest
    @MethodSource("dockerfiles")
    void what_an_image_copies_is_there_and_reaches_the_builder(Path file) throws IOException {
        Set<String> stages = stages(file);
        List<String> allowed = Files.readAllLines(Path.of(".dockerignore")).stream()
                .filter(line -> line.startsWith("!"))
                .map(line -> line.substring(1))
                .toList();
        assertThat(Files.readAllLines(Path.of(".dockerignore"))).contains("*");
        for (String copy : instructions(file, "COPY").toList()) {
            List<String> words = new ArrayList<>(Arrays.asList(copy.split(" ")));
            List<String> options = words.stream().filter(word -> word.startsWith("--")).toList();
            words.removeAll(options);
            String from = options.stream().filter(option -> option.startsWith("--from=")).findFirst().orElse("");
            if (!from.isEmpty()) {
                assertThat(stages).as(copy).contains(from.substring("--from=".length()));
                continue;
            }
            for (String source : words.subList(0, words.size() - 1)) {
                assertThat(Path.of(source)).as(copy).exists();
                if (words.get(words.size() - 1).contains("/bin/")) {
                    assertThat(Path.of(source)).as(copy).isExecutable();
                }
                assertThat(allowed).as(copy).contains(Path.of(source).getName(0).toString());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Dockerfile.jvm", "Dockerfile.native"})
    void an_image_is_not_root_tells_its_health_and_bounds_its_heap(String name) throws IOException {
        Path file = DOCKER.resolve(name);
        assertThat(instructions(file, "USER").reduce((first, last) -> last)).contains(resolved((String) service("qanat").get("user")));
        assertThat(instructions(file, "HEALTHCHECK")).singleElement().asString().endsWith("CMD [\"ready\"]");
        assertThat(instructions(file, "ENTRYPOINT").reduce((first, last) -> last).orElseThrow()).contains("\"-Xmx256m\"");
        assertThat(imageEnvironment(file)).containsEntry("QUARKUS_HTTP_HOST", "0.0.0.0");
    }

    @Test
    void what_the_jvm_image_takes_from_the_build_is_what_the_build_makes() throws IOException {
        List<String> taken = instructions(DOCKER.resolve("Dockerfile.jvm"), "COPY")
                .filter(copy -> copy.startsWith("--from=build "))
                .flatMap(copy -> Stream.of(copy.split(" ")).filter(word -> word.startsWith("/src/")))
                .toList();
        String made = "/src/target/quarkus-app/";
        assertThat(taken).as("the parts of Quarkus' fast-jar, and the flat one").containsExactly(
                made + "lib/", made + "quarkus-run.jar", made + "qanat.jar", made + "app/", made + "quarkus/");
    }

    @Test
    void versions_are_those_of_the_build() throws Exception {
        Document pom = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(Path.of("pom.xml").toFile());
        String version = property(pom, "version").replace("-SNAPSHOT", "");
        String postgres = property(pom, "postgres-binaries.version");
        assertThat(service("qanat").get("image")).asString().startsWith("qanat:" + version + "-");
        assertThat(service("test")).containsEntry("image", "qanat-test:" + version);
        assertThat(service("postgres")).containsEntry("image", "postgres:" + postgres.replaceFirst("\\.0$", ""));
        String release = property(pom, "maven.compiler.release");
        assertThat(instructions(DOCKER.resolve("Dockerfile.jvm"), "FROM").filter(from -> from.startsWith("eclipse-temurin:")))
                .hasSize(3)
                .allMatch(from -> from.startsWith("eclipse-temurin:" + release + "."));
    }

    @Test
    void prometheus_gets_the_key_where_it_is_told_to_look_for_it() throws IOException {
        String command = String.join("\n", list("prometheus", "command").toList());
        String file = "/etc/prometheus/secrets/qanat_metrics_key";
        assertThat(command).contains("> " + file, "unset QANAT_VIEWER_KEY", "exec /bin/prometheus --config.file=/etc/prometheus/prometheus.yml");
        assertThat(list("prometheus", "tmpfs")).anyMatch(mount -> mount.startsWith(file.substring(0, file.lastIndexOf('/')) + ":"));
        // A place to mount it in a folder that is read-only.
        assertThat(Path.of("deploy/prometheus/secrets")).isDirectory();
    }

    @Test
    void alerts_go_to_alertmanager_and_from_there_to_the_address_it_is_given() throws IOException {
        String command = String.join("\n", list("alertmanager", "command").toList());
        String file = "/etc/alertmanager/secrets/webhook_url";
        assertThat(command)
                .contains("> " + file, "unset ALERT_WEBHOOK_URL", "nobody is told of alerts", "config=/etc/alertmanager/alertmanager.yml\n");
        assertThat(list("alertmanager", "tmpfs")).anyMatch(mount -> mount.startsWith(file.substring(0, file.lastIndexOf('/')) + ":"));
        assertThat(Path.of("deploy/alertmanager/secrets")).isDirectory();
        assertThat(Files.readString(Path.of("deploy/alertmanager/alertmanager.yml"))).contains("url_file: " + file + "\n");
        assertThat(Files.readString(Path.of("deploy/prometheus/prometheus.yml"))).contains("alertmanagers:", "targets: [\"alertmanager:9093\"]");
        assertThat(list("alertmanager", "networks")).as("reached by Prometheus, and reaches the address").containsExactly("inside", "outside");
    }

    /** Needs the client, and no engine. */
    @Test
    void compose_reads_the_file_and_refuses_it_without_credentials() throws Exception {
        assumeThat(run(Map.of(), "docker", "compose", "version")).as("there is docker compose").startsWith("0");
        Map<String, String> credentials = new LinkedHashMap<>();
        example().forEach((name, value) -> credentials.put(name, value.isEmpty() ? "0123456789abcdef" : value));
        assertThat(run(credentials, "docker", "compose", "--env-file", "/dev/null", "--profile", "test", "config", "--quiet")).isEqualTo("0");
        assertThat(run(Map.of(), "docker", "compose", "--env-file", "/dev/null", "config", "--quiet")).contains("in .env");
    }

    private static String run(Map<String, String> environment, String... command) throws InterruptedException {
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().putAll(environment);
            Process process = builder.start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return process.waitFor() + said;
        } catch (IOException e) {
            return "no such program: " + e.getMessage();
        }
    }

    private static String property(Document pom, String name) {
        return pom.getElementsByTagName(name).item(0).getTextContent();
    }

    /** A default as the page on settings has it. */
    private static String settingsPage(String name) throws IOException {
        Matcher row = Pattern.compile("(?m)^\\| `" + name + "` \\| `([^`]*)` \\|").matcher(Files.readString(Path.of("docs/reference/settings.md")));
        assertThat(row.find()).as(name).isTrue();
        return row.group(1);
    }

    private static Stream<MatchResult> variables() throws IOException {
        // Comments name none that count.
        return VARIABLE.matcher(Files.readString(COMPOSE).replaceAll("(?m)^\\s*#.*$", "")).results();
    }

    private static Map<String, String> example() throws IOException {
        Properties example = new Properties();
        try (var reader = Files.newBufferedReader(EXAMPLE)) {
            example.load(reader);
        }
        return example.stringPropertyNames().stream().collect(Collectors.toMap(name -> name, example::getProperty));
    }

    /** With the example's values in the place of variables. */
    private static String resolved(String text) {
        return VARIABLE.matcher(text).replaceAll(found -> Matcher.quoteReplacement(found.group(3)));
    }

    /** The arguments of an instruction of a Dockerfile, wherever it stands in it; a line that goes on is one. */
    private static Stream<String> instructions(Path dockerfile, String name) throws IOException {
        return Files.readString(dockerfile)
                .replaceAll("(?m)^#.*\\n", "")
                .replaceAll("\\s*\\\\\\n\\s*", " ")
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .map(line -> line.substring(name.length() + 1));
    }

    private static Set<String> stages(Path dockerfile) throws IOException {
        return instructions(dockerfile, "FROM")
                .filter(from -> from.contains(" AS "))
                .map(from -> from.substring(from.indexOf(" AS ") + 4))
                .collect(Collectors.toSet());
    }

    private static Map<String, String> imageEnvironment(Path dockerfile) throws IOException {
        return instructions(dockerfile, "ENV")
                .flatMap(line -> Stream.of(line.split(" ")))
                .collect(Collectors.toMap(pair -> pair.split("=")[0], pair -> pair.split("=")[1]));
    }

    private static Map<String, String> binds(String service) throws IOException {
        return ((List<?>) service(service).get("volumes"))
                .stream()
                        .filter(Map.class::isInstance)
                        .map(DeployTest::map)
                        .collect(Collectors.toMap(mount -> (String) mount.get("source"), mount -> (String) mount.get("target")));
    }

    private static Map<String, String> environment(String service) throws IOException {
        return map(service(service).getOrDefault("environment", Map.of())).entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> Objects.toString(entry.getValue(), "")));
    }

    private static Map<String, Object> service(String name) throws IOException {
        return map(map(compose().get("services")).get(name));
    }

    private static Stream<String> list(String service, String key) throws IOException {
        return ((List<?>) service(service).getOrDefault(key, List.of())).stream().map(String::valueOf);
    }

    private static Map<String, Object> compose() throws IOException {
        return map(new Yaml().load(Files.readString(COMPOSE)));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return value == null ? Map.of() : (Map<String, Object>) value;
    }
}
