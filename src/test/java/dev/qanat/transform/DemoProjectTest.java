package dev.qanat.transform;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.pipeline.Pipeline;
import dev.qanat.pipeline.PipelineReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The dbt project that comes along, over the tables of the pipelines that come along. */
class DemoProjectTest {
    private static final Manifest MANIFEST = Manifest.read(
            Path.of("transform"),
            new ProjectSettings(new Target("prod", "qanat", "gold", "qanat", 2), Map.of(), name -> false, name -> null));

    @Test
    void its_models_answer_what_is_promised() {
        assertThat(nodes(Node.Kind.MODEL))
                .extracting(node -> node.relation().schema() + "." + node.relation().identifier())
                .containsExactlyInAnyOrder(
                        "silver.order_lines",
                        "silver.quoted_prices",
                        "gold.sales_by_category",
                        "gold.sales_trends",
                        "gold.customer_activity",
                        "gold.product_performance",
                        "gold.daily_returns",
                        "gold.moving_averages",
                        "gold.ticker_summary",
                        "gold.prices_in_eur");
    }

    @Test
    void each_is_compiled_for_the_first_time_and_again() {
        for (Node node : MANIFEST.nodes()) {
            if (node.kind() == Node.Kind.MODEL || node.kind() == Node.Kind.TEST) {
                for (ExistingRelations.Kind standing : ExistingRelations.Kind.values()) {
                    Compiled compiled = MANIFEST.compile(node, relation -> Optional.of(standing), false);
                    assertThat(compiled.sql()).as(node.name()).contains("select").doesNotContain("{{", "{%");
                    assertThat(compiled.incremental())
                            .as(node.name())
                            .isEqualTo(node.name().equals("daily_returns") && standing == ExistingRelations.Kind.TABLE);
                }
            }
        }
    }

    @Test
    void each_states_the_question_it_answers_and_has_a_test() {
        List<Node> tests = nodes(Node.Kind.TEST);
        assertThat(nodes(Node.Kind.MODEL)).allSatisfy(model -> {
            assertThat(model.description()).as(model.name()).contains("? ");
            assertThat(model.columns().values()).as(model.name()).isNotEmpty().noneMatch(column -> column.description().isEmpty());
            assertThat(tests).as(model.name()).anyMatch(test -> model.isEphemeral() || test.dependsOn().contains(model.uniqueId()));
        });
    }

    @Test
    void its_sources_are_the_tables_that_the_pipelines_load() throws IOException {
        PipelineReader reader = new PipelineReader(name -> Optional.empty());
        List<String> loaded;
        try (Stream<Path> files = Files.list(Path.of("pipelines"))) {
            loaded = files.map(file -> pipeline(reader, file))
                    .flatMap(pipeline -> pipeline.tables().stream())
                    .map(resource -> "silver." + resource.table())
                    .toList();
        }
        assertThat(nodes(Node.Kind.SOURCE)).extracting(Node::name).containsExactlyInAnyOrderElementsOf(loaded);
    }

    private static Pipeline pipeline(PipelineReader reader, Path file) {
        try {
            return reader.read(Files.readString(file), file.getFileName().toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Node> nodes(Node.Kind kind) {
        return MANIFEST.nodes().stream().filter(node -> node.kind() == kind).toList();
    }
}
