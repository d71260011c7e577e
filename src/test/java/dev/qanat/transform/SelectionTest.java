package dev.qanat.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.qanat.failure.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

class SelectionTest {
    private static final Manifest BAKERY = Manifest.read(
            Path.of("src/test/resources/dbt/bakery/project"),
            new ProjectSettings(new Target("dev", "qanat", "main", "qanat", 4), Map.of(), name -> false, name -> null));

    @TestFactory
    Stream<DynamicTest> a_selection_means_what_dbt_means_by_it() throws IOException {
        String spec = Files.readString(Path.of("src/test/resources/spec/selections.yaml"));
        List<?> cases = (List<?>) new Load(LoadSettings.builder().build()).loadFromString(spec);
        return cases.stream().map(item -> (Map<?, ?>) item).map(test -> DynamicTest.dynamicTest(test.toString(), () -> check(test)));
    }

    private static void check(Map<?, ?> test) {
        String select = (String) test.get("select");
        String exclude = test.get("exclude") instanceof String given ? given : "";
        if (test.get("failure") instanceof String failure) {
            assertThatThrownBy(() -> BAKERY.select(select, exclude))
                    .isInstanceOfSatisfying(Failure.class, e -> assertThat(e.code().id() + " " + e.getMessage()).isEqualTo(failure));
            return;
        }
        List<Node> chosen = BAKERY.select(select, exclude);
        assertThat(names(chosen, node -> node.kind() != Node.Kind.TEST)).isEqualTo(test.get("nodes"));
        if (test.get("tests") instanceof String tests) {
            assertThat(names(chosen, node -> node.kind() == Node.Kind.TEST)).isEqualTo(tests);
        }
    }

    private static String names(List<Node> nodes, Predicate<Node> kind) {
        return nodes.stream().filter(kind).map(Node::name).sorted().collect(Collectors.joining(" "));
    }

    @Test
    void levels_hold_the_order_also_where_models_between_are_left_out() {
        List<List<Node>> levels = BAKERY.levels(BAKERY.select("customers raw_payments resource_type:seed", "resource_type:test"));
        assertThat(levels).hasSize(2);
        assertThat(names(levels.get(0), node -> true)).isEqualTo("raw_customers raw_orders raw_payments");
        assertThat(names(levels.get(1), node -> true)).isEqualTo("customers");
    }

    @Test
    void downstream_of_a_seed_is_what_reads_it_directly_or_not() {
        Node payments = BAKERY.select("raw_payments", "").stream()
                .filter(node -> node.kind() == Node.Kind.SEED)
                .findFirst()
                .orElseThrow();
        assertThat(names(BAKERY.downstream(payments), node -> node.kind() == Node.Kind.MODEL))
                .isEqualTo("customers order_payments stg_payments");
    }
}
