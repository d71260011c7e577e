package dev.qanat.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.qanat.failure.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Each folder below {@code dbt/} with a {@code case.yaml} is a dbt project and what must come of it: {@code expected/} holds either
 * {@code failure.txt}, or the SQL of every model and test and the order of them all.
 */
class DbtProjectsTest {
    private static final Path CASES = Path.of("src/test/resources/dbt");

    @TestFactory
    Stream<DynamicTest> a_project_means_what_is_expected() throws IOException {
        try (Stream<Path> files = Files.walk(CASES)) {
            List<Path> cases = files.filter(file -> file.endsWith("case.yaml")).map(Path::getParent).sorted().toList();
            assertThat(cases).hasSizeGreaterThan(50);
            return cases.stream().map(folder -> DynamicTest.dynamicTest(CASES.relativize(folder).toString(), () -> check(folder)));
        }
    }

    private static void check(Path folder) throws IOException {
        Map<?, ?> given = (Map<?, ?>) new Load(LoadSettings.builder().build()).loadFromString(text(folder.resolve("case.yaml")));
        Path failure = folder.resolve("expected/failure.txt");
        if (Files.exists(failure)) {
            assertThatThrownBy(() -> outcome(folder.resolve("project"), given))
                    .isInstanceOfSatisfying(Failure.class, e -> assertThat(e.code().id() + " " + e.getMessage())
                            .isEqualTo(text(failure).strip()));
        } else {
            assertThat(outcome(folder.resolve("project"), given)).isEqualTo(expected(folder.resolve("expected")));
        }
    }

    /** The files that belong into {@code expected/}. */
    private static Map<String, String> outcome(Path project, Map<?, ?> given) {
        Map<?, ?> env = (Map<?, ?>) Optional.<Object>ofNullable(given.get("env")).orElse(Map.of());
        List<?> existing = (List<?>) Optional.<Object>ofNullable(given.get("existing")).orElse(List.of());
        ProjectSettings settings = new ProjectSettings(
                new Target("dev", "qanat", "main", "qanat", 4),
                Map.of(),
                name -> env.containsKey(name) || name.equals("OTHER"),
                name -> (String) env.get(name));
        Manifest manifest = Manifest.read(project, settings);
        ExistingRelations relations = relation -> existing.contains(relation.schema() + "." + relation.identifier())
                ? Optional.of(ExistingRelations.Kind.TABLE)
                : Optional.empty();
        Map<String, String> files = new TreeMap<>();
        for (Node node : manifest.nodes()) {
            if (node.kind() == Node.Kind.MODEL || node.kind() == Node.Kind.TEST) {
                Compiled compiled = manifest.compile(node, relations, Boolean.TRUE.equals(given.get("full_refresh")));
                files.put(node.name() + ".sql", shown(compiled));
            }
        }
        files.put("levels.txt", levels(manifest));
        return files;
    }

    /** What a run needs to know of a model or a test. */
    private static String shown(Compiled compiled) {
        Node node = compiled.node();
        if (node.kind() == Node.Kind.TEST) {
            String stored = node.config().storeFailures() ? " into " + node.relation() : "";
            return "-- %s%s\n%s".formatted(node.config().severity(), stored, compiled.verdictSql());
        }
        String hooks = Stream.of(compiled.preHooks(), compiled.postHooks())
                .flatMap(List::stream)
                .map(hook -> "\n-- hook%s: %s".formatted(hook.transaction() ? "" : " by itself", hook.sql()))
                .collect(Collectors.joining());
        return "-- %s %s%s%s\n%s\n".formatted(
                node.config().materialized(),
                node.relation(),
                compiled.incremental() ? " " + node.config().incrementalStrategy() + " by " + node.config().uniqueKey() : "",
                hooks,
                compiled.sql());
    }

    private static String levels(Manifest manifest) {
        return manifest.levels(manifest.nodes()).stream()
                .map(level -> level.stream().map(Node::name).sorted().collect(Collectors.joining(" ")))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    private static Map<String, String> expected(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.collect(Collectors.toMap(
                    file -> file.getFileName().toString(), DbtProjectsTest::text, (a, b) -> a, TreeMap::new));
        }
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
