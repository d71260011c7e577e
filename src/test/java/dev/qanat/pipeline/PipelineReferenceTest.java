package dev.qanat.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page on the vocabulary says what the reader does. */
class PipelineReferenceTest {
    private static final Path PAGE = Path.of("docs/reference/pipeline.md");
    private static final Pattern QUOTE = Pattern.compile("rom `([^`]+\\.yaml)`:\n\n```yaml\n(.*?)```", Pattern.DOTALL);

    @Test
    void every_example_is_quoted_from_a_file_that_is_tested() throws IOException {
        String page = Files.readString(PAGE);
        Matcher quote = QUOTE.matcher(page);
        int quotes = 0;
        for (; quote.find(); quotes++) {
            assertThat(Path.of(quote.group(1))).content().contains(quote.group(2));
        }
        assertThat(page.split("```yaml", -1)).as("an example that names no file").hasSize(quotes + 1);
    }

    @Test
    void every_key_is_on_the_page() throws IOException {
        String page = Files.readString(PAGE);
        for (Level level : Level.values()) {
            assertThat(Stream.concat(level.built().stream(), level.later().stream()))
                    .allSatisfy(key -> assertThat(page).containsPattern("`(csv\\.|bronze\\.)?" + key + "`"));
        }
    }
}
