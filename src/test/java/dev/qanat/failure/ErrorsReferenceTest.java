package dev.qanat.failure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page on errors has every code, once, and no other. */
class ErrorsReferenceTest {
    private static final Path PAGE = Path.of("docs/reference/errors.md");
    private static final Pattern ROW = Pattern.compile("^\\| `(\\w+)` \\|(.*)\\|$", Pattern.MULTILINE);

    @Test
    void every_code_is_on_the_page_once_and_no_other() throws IOException {
        List<String> codes = rows().stream().map(row -> row.group(1)).toList();
        assertThat(codes).containsExactlyInAnyOrderElementsOf(Arrays.stream(Code.values()).map(Code::id).toList());
    }

    @Test
    void each_says_what_it_means_and_what_to_do() throws IOException {
        assertThat(rows()).allSatisfy(row -> assertThat(row.group(2).split("\\|"))
                .hasSizeBetween(2, 3)
                .allSatisfy(cell -> assertThat(cell).isNotBlank()));
    }

    private static List<MatchResult> rows() throws IOException {
        return ROW.matcher(Files.readString(PAGE)).results().toList();
    }
}
