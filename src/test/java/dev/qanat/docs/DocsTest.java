package dev.qanat.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What can be said of the pages without running them: they lead to what is there, and quote what can be read. */
class DocsTest {
    private static final Pattern LINK = Pattern.compile("]\\((?!https?:|mailto:)([^)#]*)(?:#([^)]+))?\\)");
    private static final Pattern HEADING = Pattern.compile("^#+ (.+)$", Pattern.MULTILINE);
    private static final Pattern CODE = Pattern.compile("^ *```.*?^ *```", Pattern.DOTALL | Pattern.MULTILINE);
    private static final Pattern SCRIPT = Pattern.compile("^(?:[A-Z_]+=\\S* )*(\\./mvnw|(?:bench|bin|\\.ci)/[\\w.-]+)(.*)$", Pattern.MULTILINE);
    private static final Pattern NAMED_TEST = Pattern.compile("-D(?:it\\.)?test=(\\w+)");
    private static final Pattern PROFILE = Pattern.compile("-P(\\w+)");

    @Test
    void every_link_leads_somewhere() {
        List<String> broken = new ArrayList<>();
        for (Path page : Pages.all()) {
            for (MatchResult link : LINK.matcher(prose(page)).results().toList()) {
                Path target = link.group(1).isEmpty() ? page : page.resolveSibling(link.group(1)).normalize();
                if (!Files.exists(target) || link.group(2) != null && !anchors(target).contains(link.group(2))) {
                    broken.add(page + ": " + link.group());
                }
            }
        }
        assertThat(broken).isEmpty();
    }

    @Test
    void every_page_is_reached_from_the_map() {
        Path map = Path.of("docs/README.md");
        List<Path> linked = LINK.matcher(prose(map)).results().map(link -> map.resolveSibling(link.group(1)).normalize()).toList();
        assertThat(Pages.all().stream().filter(page -> page.startsWith("docs") && !page.equals(map)).filter(page -> !linked.contains(page)))
                .isEmpty();
    }

    @Test
    void the_smallest_pipeline_is_quoted_from_its_file() {
        Block smallest = Pages.blocks(Path.of("README.md")).get(0);
        assertThat(Path.of("pipelines/branch_sales.yaml")).content().endsWith(smallest.text());
    }

    @Test
    void every_block_says_what_it_is_and_only_commands_are_left_out_for_a_reason_that_is_known() throws IOException {
        List<String> tests = tests();
        assertThat(Pages.blocks()).allSatisfy(block -> {
            assertThat(block.kind()).as("%s: the kind of the block", block.where()).isIn(Block.KINDS);
            if (!block.mark().isEmpty()) {
                assertThat(block.isShell()).as("%s: '%s' is for sh and console", block.where(), block.mark()).isTrue();
                if (block.otherTest() == null) {
                    assertThat(block.mark()).as("%s: why the block is not run", block.where()).isIn(Block.MARKS.keySet());
                } else {
                    assertThat(tests).as("%s: the test that runs the block", block.where()).contains(block.otherTest());
                }
            }
        });
    }

    @Test
    void json_and_yaml_can_be_read() {
        ObjectMapper json = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
        assertThat(blocks("json")).allSatisfy(
                block -> assertThatCode(() -> json.readTree(block.text())).as(block.where()).doesNotThrowAnyException());
        Load yaml = new Load(LoadSettings.builder().build());
        assertThat(blocks("yaml")).allSatisfy(
                block -> assertThatCode(() -> yaml.loadFromString(block.text())).as(block.where()).doesNotThrowAnyException());
    }

    @Test
    void the_projects_own_programs_tests_and_profiles_are_there_also_where_they_are_not_run() throws IOException {
        String pom = Files.readString(Path.of("pom.xml"));
        List<String> tests = tests();
        for (Block block : Pages.blocks()) {
            if (!block.isShell()) {
                continue;
            }
            for (MatchResult call : SCRIPT.matcher(block.text().replaceAll("(?m)^\\$ ", "")).results().toList()) {
                assertThat(Path.of(call.group(1))).as(block.where()).isExecutable();
                assertThat(named(NAMED_TEST, call.group(2))).as(block.where()).allMatch(test -> test.equals("NoTest") || tests.contains(test));
                assertThat(named(PROFILE, call.group(2))).as(block.where()).allMatch(profile -> pom.contains("<id>" + profile + "</id>"));
            }
        }
    }

    @Test
    void the_readmes_test_command_is_what_a_change_must_pass() throws IOException {
        String run = Files.readAllLines(Path.of(".ci/run")).stream().filter(line -> line.startsWith("exec ")).findFirst().orElseThrow();
        String command = run.replace("exec ", "").replace(" -B -ntp", "");
        assertThat(Pages.blocks(Path.of("README.md"))).anyMatch(block -> block.text().strip().equals(command));
    }

    @Test
    void the_readmes_demo_is_packaged_and_run() {
        assertThat(Pages.blocks(Path.of("README.md")))
                .anyMatch(block -> block.text().strip().equals("QANAT_DEMO=true ./mvnw -DskipTests package quarkus:run"));
    }

    private static List<String> tests() throws IOException {
        try (Stream<Path> sources = Files.walk(Path.of("src/test/java"))) {
            return sources.map(source -> source.getFileName().toString().replace(".java", "")).toList();
        }
    }

    private static List<String> named(Pattern what, String options) {
        return what.matcher(options).results().map(found -> found.group(1)).toList();
    }

    private static List<Block> blocks(String kind) {
        Predicate<Block> isKind = block -> block.kind().equals(kind);
        return Pages.blocks().stream().filter(isKind).toList();
    }

    private static String prose(Path page) {
        return CODE.matcher(Pages.text(page)).replaceAll("");
    }

    /** The headings of a page as GitHub makes links of them. */
    private static List<String> anchors(Path page) {
        return HEADING.matcher(prose(page)).results()
                .map(heading -> heading.group(1).toLowerCase(Locale.ROOT).replaceAll("[^\\w\\- ]", "").replace(' ', '-'))
                .toList();
    }
}
