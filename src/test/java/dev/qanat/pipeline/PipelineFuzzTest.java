package dev.qanat.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.Mutations;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Whatever the text, it is a pipeline or an {@link InvalidPipeline} that says where and what. Made of the cases in
 * {@code pipelines/}; what it finds becomes one of them. {@code bench/fuzz} runs it for minutes.
 */
class PipelineFuzzTest {

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    @Provide
    Arbitrary<byte[]> texts() throws IOException {
        List<byte[]> cases = new ArrayList<>();
        for (String folder : List.of("valid", "invalid")) {
            try (Stream<Path> files = Files.list(Path.of("src/test/resources/pipelines", folder))) {
                for (Path file : files.sorted().toList()) {
                    if (Files.size(file) < 20_000) {
                        cases.add(Files.readAllBytes(file));
                    }
                }
            }
        }
        List<byte[]> tokens = Stream.of(
                        "&a ", "*a", "<<: ", "!!str ", "? ", ": ", "- ", "{", "}", "[", "]", "|\n", ">-\n", "\n---\n", "\n...\n", "\"",
                        "'", "${", "${A:-", "{{ vars.", "~", "null", "0x7fffffffffffffff", "1e400", ".nan", "#", "%YAML 1.1\n", "\t",
                        "\u0085", "\uFEFF", "numeric(", "numeric(99999999999,1)", "P99999999999D", "text", "[]", "{}", "\\x", "**", "{a,b")
                .map(token -> token.getBytes(StandardCharsets.UTF_8))
                .toList();
        return Mutations.of(cases, tokens);
    }

    // A fixed seed: the suite says the same every time.
    @Property(tries = 3_000, seed = "20261121", edgeCases = EdgeCasesMode.NONE)
    void a_text_is_a_pipeline_or_says_what_is_wrong(@ForAll("texts") byte[] text) {
        survives(text);
    }

    static void survives(byte[] text) {
        String yaml = new String(text, StandardCharsets.UTF_8);
        long begun = System.nanoTime();
        try {
            Pipeline pipeline = new PipelineReader(name -> Optional.empty()).read(yaml, "fuzz.yaml");
            assertThat(pipeline.name()).matches("[a-z][a-z0-9_]*");
            assertThat(pipeline.resources()).isNotEmpty();
        } catch (InvalidPipeline e) {
            assertThat(e.problems()).isNotEmpty().allSatisfy(problem -> {
                assertThat(problem.line()).isPositive();
                assertThat(problem.column()).isPositive();
                assertThat(problem.message()).isNotBlank();
            });
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(PATIENCE);
    }
}
