package dev.qanat.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Column;
import dev.qanat.records.Chunk;
import dev.qanat.records.RawRecord;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class TypesTest {

    @TestFactory
    Stream<DynamicTest> a_value_becomes_its_canonical_text_or_a_rejection_with_a_reason() {
        List<TypeCases.TypeCase> cases = TypeCases.all();
        assertThat(cases).hasSizeGreaterThan(150);
        return cases.stream().map(c -> dynamicTest(c.place(), () -> check(c)));
    }

    private static void check(TypeCases.TypeCase c) {
        BitSet strings = new BitSet();
        strings.set(0, c.jsonString());
        RawRecord record = new RawRecord(7, new String[] {c.input()}, strings, c.jsonString() ? "{}" : null, null);
        CheckedChunk checked = Contract.of(Resources.resource(c.column()))
                .check(new Chunk(0, List.of("value"), List.of(record)));
        if (c.code() != null) {
            assertThat(checked.rows()).isEmpty();
            Rejection rejection = checked.rejections().get(0);
            assertThat(rejection.code()).isEqualTo(c.code());
            assertThat(rejection.reason()).contains(c.reason());
            assertThat(rejection.column()).isEqualTo("value");
            assertThat(rejection.line()).isEqualTo(7);
        } else {
            assertThat(checked.rejections()).isEmpty();
            assertThat(checked.rows().get(0).values()).containsExactly(c.value());
        }
    }

    @Test
    void half_a_surrogate_pair_is_no_text() {
        assertThat(fault("text", "a\uD83D")).isEqualTo(Code.INVALID_CHARACTER);
        assertThat(fault("text", "\uDE00a")).isEqualTo(Code.INVALID_CHARACTER);
        assertThat(fault("json", "\"\uD83D\"")).isEqualTo(Code.INVALID_CHARACTER);
    }

    @Test
    void json_may_be_nested_a_thousand_levels_deep() {
        assertThat(checked("jsonb", "[".repeat(1000) + "]".repeat(1000)).rejections()).isEmpty();
        assertThat(checked("jsonb", "[".repeat(1001) + "]".repeat(1001)).rejections().get(0).reason())
                .contains("is nested deeper than 1000 levels");
        assertThat(fault("json", "[".repeat(1_000_000))).isEqualTo(Code.OUT_OF_RANGE);
    }

    @Test
    void a_number_may_have_a_thousand_digits_on_either_side() {
        String thousand = "1".repeat(1000);
        assertThat(checked("numeric", thousand + "." + thousand).rows().get(0).values())
                .containsExactly(thousand + "." + thousand);
        assertThat(fault("numeric", thousand + "1")).isEqualTo(Code.OUT_OF_RANGE);
        assertThat(fault("numeric", "0." + thousand + "1")).isEqualTo(Code.OUT_OF_RANGE);
        assertThat(fault("integer", "1".repeat(1_000_000))).isEqualTo(Code.OUT_OF_RANGE);
        assertThat(fault("jsonb", "1".repeat(100_000))).isEqualTo(Code.OUT_OF_RANGE);
    }

    @Test
    void a_pattern_that_runs_out_of_stack_does_not_match() {
        Column c = Resources.column("value", "text");
        Column matched = new Column(
                c.name(), c.from(), c.type(), false, c.min(), c.max(), Optional.of(Pattern.compile("(a|b)*")),
                c.values(), c.nullIf(), c.format(), c.timezone());
        assertThat(Contract.of(Resources.resource(matched))
                        .check(Resources.csv(List.of("value"), Resources.row("ab".repeat(500_000))))
                        .rejections())
                .extracting(Rejection::code)
                .containsExactly(Code.PATTERN_MISMATCH);
    }

    @Test
    void a_reason_shows_a_hundred_characters_of_the_value() {
        assertThat(checked("integer", "x".repeat(99) + "😀" + "y".repeat(5000)).rejections().get(0).reason())
                .isEqualTo("'" + "x".repeat(99) + "…' is not an integer");
    }

    private static Code fault(String type, String value) {
        return checked(type, value).rejections().get(0).code();
    }

    private static CheckedChunk checked(String type, String value) {
        return Contract.of(Resources.resource(Resources.column("value", type)))
                .check(Resources.csv(List.of("value"), Resources.row(value)));
    }
}
