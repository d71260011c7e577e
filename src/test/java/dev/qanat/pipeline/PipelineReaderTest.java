package dev.qanat.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.qanat.failure.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What cannot be said by a case in a file. */
class PipelineReaderTest {
    private static final String SMALLEST =
            "pipeline: shop\nsources: { drops: { type: files } }\nresources: [ { name: sales } ]\n";
    private static final PipelineReader READER = new PipelineReader(name -> Optional.empty());

    @Test
    void the_pipelines_that_come_with_the_server_are_valid() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("pipelines"))) {
            for (Path file : files.filter(f -> f.toString().endsWith(".yaml")).toList()) {
                Pipeline pipeline = READER.read(Files.readString(file), file.getFileName().toString());
                assertThat(file).hasFileName(pipeline.name() + ".yaml");
            }
        }
    }

    @Test
    void every_sample_file_is_taken_by_its_pipeline() throws IOException {
        List<Path> samples;
        try (Stream<Path> files = Files.walk(Path.of("src/main/resources/demo"))) {
            samples = files.filter(Files::isRegularFile).toList();
        }
        assertThat(samples).hasSize(3);
        for (Path sample : samples) {
            String yaml = sample.getParent().getFileName() + ".yaml";
            Pipeline pipeline = READER.read(Files.readString(Path.of("pipelines", yaml)), yaml);
            assertThat(pipeline.resourceFor("drops", sample.getFileName().toString())).as("%s", sample).isPresent();
        }
    }

    @Test
    void a_text_larger_than_one_MiB_is_refused_before_it_is_read() {
        String large = SMALLEST + "# " + "x".repeat(1 << 20);
        assertThatThrownBy(() -> READER.read(large, "large.yaml"))
                .isInstanceOf(InvalidPipeline.class)
                .hasMessage("large.yaml:1 the file is larger than 1 MiB; a pipeline is not");
    }

    @Test
    void line_breaks_of_windows_and_a_byte_order_mark_change_nothing() {
        String windows = "\uFEFF" + SMALLEST.replace("\n", "\r\n");
        assertThat(READER.read(windows, "shop.yaml")).isEqualTo(READER.read(SMALLEST, "shop.yaml"));
        InvalidPipeline invalid =
                catchThrowableOfType(InvalidPipeline.class, () -> READER.read(windows + "colour: blue\r\n", "shop.yaml"));
        assertThat(invalid.problems()).extracting(Problem::line, Problem::column).containsExactly(tuple(4, 1));
    }

    @Test
    void a_flood_of_problems_is_cut() {
        StringBuilder yaml = new StringBuilder(SMALLEST);
        IntStream.range(0, 20_000).forEach(i -> yaml.append("unknown_").append(i).append(": x\n"));
        InvalidPipeline invalid = catchThrowableOfType(InvalidPipeline.class, () -> READER.read(yaml.toString(), "shop.yaml"));
        assertThat(invalid.problems()).hasSize(Problems.KEPT);
    }

    @Test
    void more_columns_than_a_table_holds_are_refused() {
        StringBuilder yaml = new StringBuilder(SMALLEST.replace("[ { name: sales } ]", "\n  - name: sales\n    schema:\n"));
        IntStream.range(0, 1501).forEach(i -> yaml.append("      c").append(i).append(": text\n"));
        assertThatThrownBy(() -> READER.read(yaml.toString(), "shop.yaml")).hasMessageContaining("more than 1500 columns");
    }

    @Test
    void a_setting_never_stands_in_a_message() {
        PipelineReader reader = new PipelineReader(name -> Optional.of("/hunter2"));
        String yaml = SMALLEST.replace("type: files", "type: files, path: \"${INBOX}\", watch: \"${WATCH}\"")
                .replace("name: sales", "name: sales, files: { glob: \"{${GLOB}\" }");
        InvalidPipeline invalid = catchThrowableOfType(InvalidPipeline.class, () -> reader.read(yaml, "shop.yaml"));
        assertThat(invalid.problems()).hasSize(3).extracting(Problem::code).containsOnly(Code.INVALID_VALUE);
        assertThat(invalid.getMessage()).doesNotContain("hunter2");
    }

    @Test
    void a_setting_of_an_api_never_stands_in_a_message() {
        PipelineReader reader = new PipelineReader(name -> Optional.of("hunter2"));
        String yaml = """
                pipeline: shop
                sources: { api: { type: rest_api, base_url: "${URL}", timeout: "${TIMEOUT}" } }
                resources:
                  - name: sales
                    endpoint: { path: "/{{ partition.p }}", paginator: { type: offset, limit: "${LIMIT}" } }
                    partitions: { p: { values: "${P},${P}", pattern: "[A-Z]" } }
                    incremental: { cursor_path: at, initial_value: "${FIRST}", lag: "${LAG}" }
                    schema: { at: date }
                """;
        InvalidPipeline invalid = catchThrowableOfType(InvalidPipeline.class, () -> reader.read(yaml, "shop.yaml"));
        assertThat(invalid.problems()).extracting(Problem::path).containsExactly(
                "sources.api.base_url",
                "sources.api.timeout",
                "resources[0].endpoint.paginator.limit",
                "resources[0].partitions.p.values",
                "resources[0].partitions.p.values",
                "resources[0].partitions.p.values",
                "resources[0].incremental.initial_value",
                "resources[0].incremental.lag");
        assertThat(invalid.getMessage()).doesNotContain("hunter2").contains("value 2 of '${P},${P}' is given twice");
    }

    @Test
    void what_a_setting_holds_is_not_put_in_again() {
        PipelineReader reader = new PipelineReader(name -> Optional.of("{{ vars.x }}"));
        String yaml = SMALLEST.replace("name: sales", "name: sales, files: { glob: \"a${B}\" }");
        // Taken as a glob it has nested groups, which is what the reader says.
        assertThatThrownBy(() -> reader.read(yaml, "shop.yaml")).hasMessageContaining("'files.glob' 'a${B}' is no pattern");
    }
}
