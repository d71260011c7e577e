package dev.qanat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The pages lead to what is there, and quote it as it is. */
class DocumentationTest {
    private static final Pattern LINK = Pattern.compile("]\\((?!https?:)([^)#]*)(?:#([^)]+))?\\)");
    private static final Pattern HEADING = Pattern.compile("^#+ (.+)$", Pattern.MULTILINE);
    private static final Pattern CODE = Pattern.compile("```.*?```", Pattern.DOTALL);

    @Test
    void every_link_leads_somewhere() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path page : pages()) {
            for (MatchResult link : LINK.matcher(Files.readString(page)).results().toList()) {
                Path target = link.group(1).isEmpty() ? page : page.resolveSibling(link.group(1)).normalize();
                if (!Files.exists(target) || link.group(2) != null && !anchors(target).contains(link.group(2))) {
                    broken.add(page + ": " + link.group());
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void the_smallest_pipeline_is_quoted_from_its_file() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        int begin = readme.indexOf("```yaml\n") + "```yaml\n".length();
        assertThat(Path.of("pipelines/branch_sales.yaml"))
                .content()
                .endsWith(readme.substring(begin, readme.indexOf("```", begin)));
    }

    private static List<Path> pages() throws IOException {
        try (Stream<Path> docs = Files.walk(Path.of("docs"))) {
            return Stream.concat(
                            Stream.of("README.md", "CONTRIBUTING.md", "CHANGELOG.md").map(Path::of),
                            docs.filter(file -> file.toString().endsWith(".md")))
                    .toList();
        }
    }

    /** The headings of a page as GitHub makes links of them. */
    private static List<String> anchors(Path page) throws IOException {
        String text = CODE.matcher(Files.readString(page)).replaceAll("");
        return HEADING.matcher(text).results()
                .map(heading -> heading.group(1).toLowerCase(Locale.ROOT).replaceAll("[^\\w\\- ]", "").replace(' ', '-'))
                .toList();
    }
}
