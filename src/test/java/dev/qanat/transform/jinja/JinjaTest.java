package dev.qanat.transform.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import com.hubspot.jinjava.objects.Namespace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

class JinjaTest {
    /** Functions that Jinja2 has without dbt, and the project's names bring along. */
    private static final Map<String, Object> JINJA2 = Map.of(
            "namespace",
            (Callable) a -> {
                Namespace namespace = new Namespace();
                namespace.putAll(a.named());
                return namespace;
            },
            "range",
            (Callable) a -> {
                long from = a.count() == 1 ? 0 : (Long) a.positional().get(0);
                long to = (Long) a.positional().get(a.count() - 1);
                return new ArrayList<Object>(LongStream.range(from, to).boxed().toList());
            });

    @TestFactory
    Stream<DynamicTest> a_template_is_rendered_as_by_jinja2() throws IOException {
        String spec = Files.readString(Path.of("src/test/resources/spec/jinja/rendering.yaml"));
        List<?> cases = (List<?>) new Load(LoadSettings.builder().build()).loadFromString(spec);
        assertThat(cases).hasSizeGreaterThan(40);
        return cases.stream().map(item -> {
            Map<?, ?> test = (Map<?, ?>) item;
            String template = (String) test.get("template");
            return DynamicTest.dynamicTest(
                    test.get("about") + ": " + template,
                    () -> assertThat(new Jinja().template(new Place("t.sql", 1), template).render(JINJA2::get))
                            .isEqualTo(test.get("output")));
        });
    }
}
