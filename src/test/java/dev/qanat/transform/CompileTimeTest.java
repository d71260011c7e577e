package dev.qanat.transform;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompileTimeTest {
    private static final int MODELS = 1_000;
    /** Two seconds are promised; the machine of the tests does other things besides. */
    private static final Duration LIMIT = Duration.ofSeconds(10);

    @TempDir
    Path folder;

    @Test
    void a_thousand_models_are_read_and_compiled_in_seconds() throws IOException {
        project();
        long start = System.nanoTime();
        Manifest manifest = Manifest.read(
                folder, new ProjectSettings(new Target("dev", "qanat", "main", "qanat", 4), Map.of(), name -> false, name -> null));
        int characters = 0;
        for (Node node : manifest.nodes()) {
            characters += manifest.compile(node, relation -> Optional.empty(), false).sql().length();
        }
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        assertThat(manifest.nodes()).hasSize(2 * MODELS);
        assertThat(manifest.levels(manifest.nodes())).hasSize(11);
        assertThat(characters).isGreaterThan(MODELS * 500);
        assertThat(took).isLessThan(LIMIT);
    }

    @Test
    void models_compiled_side_by_side_are_those_compiled_one_by_one() throws IOException {
        project();
        Manifest manifest = Manifest.read(
                folder, new ProjectSettings(new Target("dev", "qanat", "main", "qanat", 4), Map.of(), name -> false, name -> null));
        List<String> oneByOne = manifest.nodes().stream().map(node -> sql(manifest, node)).toList();
        List<String> sideBySide = manifest.nodes().parallelStream().map(node -> sql(manifest, node)).toList();
        assertThat(sideBySide).isEqualTo(oneByOne);
    }

    private static String sql(Manifest manifest, Node node) {
        return manifest.compile(node, relation -> Optional.empty(), false).sql();
    }

    /** A graph ten deep: each model pivots by a loop, calls a macro, reads two others, and has a test. */
    private void project() throws IOException {
        Files.writeString(folder.resolve("dbt_project.yml"), "name: wide\nmodels: { wide: { +materialized: table } }\n");
        Files.createDirectories(folder.resolve("models"));
        Files.createDirectories(folder.resolve("macros"));
        Files.writeString(
                folder.resolve("macros/cents.sql"), "{% macro cents(c, digits=2) %}round({{ c }} / 100.0, {{ digits }}){% endmacro %}");
        StringBuilder properties = new StringBuilder("models:\n");
        for (int i = 0; i < MODELS; i++) {
            String from = i < MODELS / 10
                    ? "raw"
                    : "{{ ref('m%d') }} a join {{ ref('m%d') }} b using (id)".formatted(i - MODELS / 10, i - MODELS / 10 - i % 10);
            Files.writeString(folder.resolve("models/m%d.sql".formatted(i)), """
                    {{ config(tags=['t%d'], schema='gold') }}
                    {%% set methods = ['card', 'coupon', 'transfer', 'cash', 'voucher', 'other%d'] %%}
                    select id,
                        {%% for method in methods -%%}
                        sum(case when method = '{{ method }}' then {{ cents('amount', digits=%d) }} else 0 end) as {{ method }}_amount
                        {{- ',' if not loop.last }}
                        {%% endfor %%}
                    from %s
                    {%% if is_incremental() %%} where id > 1 {%% endif %%}
                    group by id
                    """.formatted(i % 7, i, i % 4, from));
            properties.append("  - name: m%d\n    columns:\n      - { name: id, tests: [not_null] }\n".formatted(i));
        }
        Files.writeString(folder.resolve("models/schema.yml"), properties);
    }
}
