package dev.qanat.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.qanat.failure.InputFailure;
import dev.qanat.serve.ServedColumn.Kind;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Cursors that somebody else has written: whoever knows how can. */
class PageCursorTest {

    private static final ServedTable TABLE = new ServedTable(
            "silver",
            "prices",
            Optional.empty(),
            List.of(
                    new ServedColumn("id", "integer", "pg_catalog.int4", Kind.NUMBER, true, false),
                    new ServedColumn("name", "text", "pg_catalog.text", Kind.TEXT, true, true)),
            List.of("id"));

    private static Query query(String... parameters) {
        List<Map.Entry<String, String>> given = parameters.length == 0
                ? List.of(Map.entry("order", "name"))
                : List.of(Map.entry("order", "name"), Map.entry(parameters[0], parameters[1]));
        return QueryReader.read(
                TABLE,
                new DataRequest("silver.prices", given, Format.JSON, Optional.empty(), false),
                new QueryLimits(4, Duration.ofSeconds(30), 100, 50, 1_000),
                new Templates());
    }

    private static String forged(@Nullable String... values) {
        return PageCursor.write(query().template().orderText(), Arrays.asList(values));
    }

    @Test
    void what_is_in_one_is_bound() {
        String hostile = "x'); DROP TABLE silver.prices; --";
        Query next = query("after", forged(hostile, "1 OR 1 = 1"));

        assertThat(next.template().rows().sql()).doesNotContain("DROP", "OR 1");
        assertThat(next.template().rows().bound(next.places())).contains(hostile, "1 OR 1 = 1");
        assertThat(next.values()).extracting(BoundValue::parameter).containsExactly("after", "after");
    }

    @Test
    void one_with_other_columns_or_of_another_order_is_none() {
        String other = PageCursor.write("silver.salaries", List.of("a", "1"));
        for (String cursor : List.of(forged("a"), forged("a", "1", "2"), forged(), other, "", "AAAA", "null", "\u00e9")) {
            assertThatThrownBy(() -> query("after", cursor))
                    .isInstanceOf(InputFailure.class)
                    .hasMessageStartingWith("after: this is no cursor");
        }
    }

    @Test
    void null_where_no_value_is_null_finds_nothing_more() {
        Query next = query("after", forged("a", null));

        assertThat(next.template().rows().sql()).contains("false");
    }
}
