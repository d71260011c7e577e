package dev.qanat.pipeline;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.qanat.failure.Code;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Runs the cases in {@code src/test/resources/pipelines}. The comment at the head of a case says what it is for, and what is
 * expected of it:
 *
 * <ul>
 *   <li>valid: lines {@code # path = value} of the pipeline that is read, such as {@code # resources[0].table = sales}
 *   <li>invalid: all of its problems in order, two lines each: {@code # line:column code path} and {@code #   message}
 * </ul>
 */
class PipelineCasesTest {
    private static final Path CASES = Path.of("src/test/resources/pipelines");
    private static final Pattern FACT = Pattern.compile("# ([a-zA-Z0-9_.\\[\\]-]+) = (.*)");
    private static final Pattern PLACE = Pattern.compile("# (\\d+:\\d+ .*)");
    private static final Pattern MESSAGE = Pattern.compile("# {3}(.*)");

    private static final Map<String, String> ALLOWED = Map.of("SHOP_INBOX", "drops/shop", "EMPTY", "", "TICKERS", "IBM, AAPL,, MSFT");
    private static final PipelineReader READER = new PipelineReader(name -> Optional.ofNullable(ALLOWED.get(name)));

    @TestFactory
    Stream<DynamicTest> a_valid_pipeline_is_read_with_its_defaults() {
        return cases("valid", file -> {
            String yaml = read(file);
            Map<String, String> facts = new LinkedHashMap<>();
            flatten("", READER.read(yaml, file.getFileName().toString()), facts);
            Map<String, String> expected = new LinkedHashMap<>();
            head(yaml).forEach(line -> {
                Matcher fact = FACT.matcher(line);
                if (fact.matches()) {
                    expected.put(fact.group(1), fact.group(2));
                }
            });
            assertThat(expected).isNotEmpty();
            assertThat(facts).containsAllEntriesOf(expected);
        });
    }

    @TestFactory
    Stream<DynamicTest> an_invalid_pipeline_tells_every_problem_and_its_place() {
        return cases("invalid", file -> {
            String yaml = read(file);
            String name = file.getFileName().toString();
            InvalidPipeline invalid = catchThrowableOfType(InvalidPipeline.class, () -> READER.read(yaml, name));
            assertThat(invalid).as("no problem was found").isNotNull();
            assertThat(invalid.problems().stream().flatMap(PipelineCasesTest::lines)).containsExactlyElementsOf(expected(yaml));
            assertThat(invalid.code()).isEqualTo(name.startsWith("not_yaml") ? Code.NOT_YAML : Code.INVALID_PIPELINE);
            assertThat(invalid).hasMessageStartingWith(name + ":" + invalid.problems().get(0).line() + " ");
        });
    }

    private static Stream<String> lines(Problem problem) {
        String place = problem.line() + ":" + problem.column() + " " + problem.code().id() + " " + problem.path();
        return Stream.of(place.strip(), problem.message());
    }

    private static List<String> expected(String yaml) {
        List<String> expected = new ArrayList<>();
        for (String line : head(yaml)) {
            Matcher message = MESSAGE.matcher(line);
            Matcher place = PLACE.matcher(line);
            if (message.matches()) {
                expected.add(message.group(1));
            } else if (place.matches()) {
                expected.add(place.group(1));
            }
        }
        return expected;
    }

    private static List<String> head(String yaml) {
        return yaml.lines().takeWhile(line -> line.startsWith("#")).toList();
    }

    private static Stream<DynamicTest> cases(String folder, Consumer<Path> test) {
        try (Stream<Path> files = Files.list(CASES.resolve(folder))) {
            return files.sorted()
                    .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> test.accept(file)))
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What a record holds as paths and texts, so that a case can name any of it. */
    private static void flatten(String path, Object value, Map<String, String> facts) {
        if (value instanceof Template template) {
            facts.put(path, visible(template.parts().stream().map(PipelineCasesTest::told).collect(joining())));
        } else if (value instanceof Map<?, ?> map && !map.isEmpty()) {
            map.forEach((key, of) -> flatten(path + "." + key, of, facts));
        } else if (value instanceof Optional<?> optional) {
            flatten(path, optional.isPresent() ? optional.get() : "-", facts);
        } else if (value instanceof List<?> list && list.stream().anyMatch(Record.class::isInstance)) {
            for (int i = 0; i < list.size(); i++) {
                flatten(path + "[" + i + "]", list.get(i), facts);
            }
        } else if (value instanceof Record && !(value instanceof ColumnType) && !(value instanceof MaxErrors)) {
            facts.put(path, value.getClass().getSimpleName());
            for (RecordComponent component : value.getClass().getRecordComponents()) {
                flatten((path.isEmpty() ? "" : path + ".") + component.getName(), component(component, value), facts);
            }
        } else if (value instanceof Collection<?> collection) {
            facts.put(path, collection.stream().map(PipelineCasesTest::visible).toList().toString());
        } else {
            facts.put(path, visible(value));
        }
    }

    private static String told(Template.Part part) {
        if (part instanceof Template.Literal literal) {
            return literal.text();
        }
        return part instanceof Template.Secret secret
                ? "<secret " + secret.name() + ">"
                : "<" + ((Template.Reference) part).scope() + " " + ((Template.Reference) part).name() + ">";
    }

    private static String visible(Object value) {
        return value.equals("") ? "''" : value.toString().replace("\t", "\\t").replace("\n", "\\n");
    }

    private static Object component(RecordComponent component, Object of) {
        try {
            return component.getAccessor().invoke(of);
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }
}
