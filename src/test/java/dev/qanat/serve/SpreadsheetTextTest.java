package dev.qanat.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpreadsheetTextTest {

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "{\"a\":\"=1\"}", "1+1", "a@b.example", "'12.5' is no integer", "x; y = z", "a\nb"})
    void text_that_is_no_formula_stays(String text) {
        assertThat(SpreadsheetText.safe(text)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\rx", "\tx", "\nx", " =1", "\u00A0=1", "\uFEFF=1", "\u200B=1", "\u0001=1", "\"=1",
                "\uFF1D1", "\uFF0B1", "\uFF0D1", "\uFF20x", " \t -1"
            })
    void an_apostrophe_stands_before_a_formula(String text) {
        assertThat(SpreadsheetText.safe(text)).startsWith("'");
    }

    @Test
    void a_formula_after_what_may_end_a_cell_is_none() {
        assertThat(SpreadsheetText.safe("a;=1")).isEqualTo("a;'=1");
        assertThat(SpreadsheetText.safe("{\"a\":\"x; \"\"@f\"}")).isEqualTo("{\"a\":\"x; \"\"'@f\"}");
        assertThat(SpreadsheetText.safe("a\n+1\t-2\r=3;x=4")).isEqualTo("a\n'+1\t'-2\r'=3;x=4");
        assertThat(SpreadsheetText.safe("=1;=2")).isEqualTo("'=1;'=2");
    }

    @Test
    void a_long_text_of_blanks_takes_no_long_time() {
        String text = "\t".repeat(64 * 1024) + "=1";
        Assertions.assertTimeout(Duration.ofSeconds(1), () -> assertThat(SpreadsheetText.safe(text)).startsWith("'").endsWith("'=1"));
    }
}
