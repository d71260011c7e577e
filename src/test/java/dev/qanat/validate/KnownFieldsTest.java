package dev.qanat.validate;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.validate.KnownFields.Compared;
import dev.qanat.validate.SeenField.Action;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Which changes are told, run after run: the cases of {@code spec/schema-changes}. */
class KnownFieldsTest {

    @TestFactory
    Stream<DynamicTest> the_cases() throws IOException {
        try (InputStream in = Files.newInputStream(Path.of("src/test/resources/spec/schema-changes/cases.yaml"))) {
            List<?> cases = (List<?>) new Load(LoadSettings.builder().build()).loadFromInputStream(in);
            return cases.stream()
                    .map(Map.class::cast)
                    .map(one -> DynamicTest.dynamicTest(one.get("id").toString(), () -> runs((List<?>) one.get("runs"))));
        }
    }

    private static void runs(List<?> runs) {
        KnownFields known = KnownFields.NONE;
        for (int i = 0; i < runs.size(); i++) {
            Map<?, ?> run = (Map<?, ?>) runs.get(i);
            assertThat(Set.of("sees", "parts", "incomplete", "tells")).containsAll(run.keySet().stream().map(String.class::cast).toList());
            List<?> parts = run.containsKey("parts") ? (List<?>) run.get("parts") : List.of(run.get("sees"));
            List<String> told = new ArrayList<>();
            known = known.unseenAll();
            for (int part = 0; part < parts.size(); part++) {
                boolean whole = part == parts.size() - 1 && !run.containsKey("incomplete");
                Compared compared = known.after(observation((Map<?, ?>) parts.get(part)), whole);
                compared.changes().forEach(change -> told.add(shown(change)));
                known = compared.known();
            }
            List<?> tells = run.containsKey("tells") ? (List<?>) run.get("tells") : List.of();
            assertThat(told).as("run %d", i + 1).isEqualTo(tells);
        }
    }

    private static Observation observation(Map<?, ?> seen) {
        return Observation.of(seen.entrySet().stream()
                .collect(toMap(
                        field -> field.getKey().toString(),
                        field -> new SeenField(Kinds.parse(field.getValue().toString()), null, Action.STORED))));
    }

    private static String shown(FieldChange change) {
        return Stream.of(change.from(), change.to())
                .map(Kinds::text)
                .filter(kinds -> !kinds.isEmpty())
                .reduce(change.change().id() + " " + change.path(), (text, kinds) -> text + " " + kinds)
                + (change.from().isEmpty() && change.to().isEmpty() ? " -" : "");
    }
}
