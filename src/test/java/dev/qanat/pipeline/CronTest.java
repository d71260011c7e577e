package dev.qanat.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CronTest {
    private static final ZoneId NEW_YORK = ZoneId.of("America/New_York");
    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # 2026-11-20 is a Friday
            * * * * *          | 2026-11-20T10:00:00Z | 2026-11-20T10:01:00Z
            * * * * *          | 2026-11-20T10:00:59Z | 2026-11-20T10:01:00Z
            */15 * * * *       | 2026-11-20T10:46:00Z | 2026-11-20T11:00:00Z
            5-50/20 * * * *    | 2026-11-20T10:26:00Z | 2026-11-20T10:45:00Z
            7,3 4 * * *        | 2026-11-20T04:03:00Z | 2026-11-20T04:07:00Z
            0 0 1 * *          | 2026-11-20T10:00:00Z | 2026-12-01T00:00:00Z
            0 0 1 jan *        | 2026-11-20T10:00:00Z | 2027-01-01T00:00:00Z
            0 0 31 * *         | 2026-11-20T10:00:00Z | 2026-12-31T00:00:00Z
            0 0 29 2 *         | 2026-11-20T10:00:00Z | 2028-02-29T00:00:00Z
            0 9 * * 0          | 2026-11-20T10:00:00Z | 2026-11-22T09:00:00Z
            0 9 * * 7          | 2026-11-20T10:00:00Z | 2026-11-22T09:00:00Z
            0 9 * * Sun        | 2026-11-20T10:00:00Z | 2026-11-22T09:00:00Z
            0 9 * * 1          | 2026-11-20T10:00:00Z | 2026-11-23T09:00:00Z
            0 9 * * 5          | 2026-11-20T10:00:00Z | 2026-11-27T09:00:00Z
            0 9 * * 6          | 2026-11-20T10:00:00Z | 2026-11-21T09:00:00Z
            0 9 * * sat        | 2026-11-20T10:00:00Z | 2026-11-21T09:00:00Z
            30 17 * * 1-5      | 2026-11-20T17:30:00Z | 2026-11-23T17:30:00Z
            30 17 * * MON-FRI  | 2026-11-20T17:29:59Z | 2026-11-20T17:30:00Z
            0 9 * * fri-sun    | 2026-11-22T09:00:00Z | 2026-11-27T09:00:00Z
            0 9 * * 5-7        | 2026-11-21T09:00:00Z | 2026-11-22T09:00:00Z
            0 0 13 * 5         | 2026-11-20T00:00:00Z | 2026-11-27T00:00:00Z
            0 0 13 * 1         | 2026-12-07T00:00:00Z | 2026-12-13T00:00:00Z
            0 0 */10 * 5       | 2026-11-20T00:00:00Z | 2026-12-11T00:00:00Z
            """)
    void the_next_tick_is_that_of_unix(String cron, Instant after, Instant next) {
        assertThat(Cron.parse(cron).next(after, ZoneOffset.UTC)).contains(next);
    }

    @Test
    void it_fires_at_wall_time_before_and_after_the_clocks_change() {
        Cron cron = Cron.parse("30 17 * * 1-5");
        Instant winter = ZonedDateTime.of(2026, 3, 6, 12, 0, 0, 0, NEW_YORK).toInstant();

        assertThat(cron.ticks(winter, NEW_YORK).limit(2))
                .containsExactly(Instant.parse("2026-03-06T22:30:00Z"), Instant.parse("2026-03-09T21:30:00Z"));
    }

    @Test
    void a_time_that_the_clocks_skip_comes_as_much_later_and_once() {
        Instant before = Instant.parse("2026-03-28T12:00:00Z");

        assertThat(ticks("30 2 * * *", before, 2)).containsExactly("2026-03-29T03:30+02:00", "2026-03-30T02:30+02:00");
        assertThat(ticks("0 2,3 * * *", before, 2)).containsExactly("2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00");
        assertThat(ticks("*/30 * * * *", Instant.parse("2026-03-29T00:29:00Z"), 4))
                .containsExactly("2026-03-29T01:30+01:00", "2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00", "2026-03-29T04:00+02:00");
    }

    @Test
    void a_time_that_comes_twice_counts_once_unless_every_hour_is_meant() {
        Instant before = Instant.parse("2026-10-24T12:00:00Z");

        assertThat(ticks("30 2 * * *", before, 2)).containsExactly("2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00");
        assertThat(ticks("30 * * * *", Instant.parse("2026-10-25T00:00:00Z"), 3))
                .containsExactly("2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-25T03:30+01:00");
    }

    private static List<String> ticks(String cron, Instant after, int count) {
        return Cron.parse(cron).ticks(after, BERLIN).limit(count).map(tick -> tick.atZone(BERLIN).toOffsetDateTime().toString()).toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "", "* * * *", "0 30 17 * * 1-5", "0 0 0 ? * MON *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *",
        "* * * * 8", "*/0 * * * *", "5/10 * * * *", "10-5 * * * *", "1,, * * * *", "-1 * * * *", "a * * * *", "* * * * 5L",
        "* * ? * *", "@daily", "0 0 31 2 *", "0 0 30,31 feb *", "999999999999 * * * *"
    })
    void what_is_no_cron_expression_is_refused(String text) {
        assertThatThrownBy(() -> Cron.parse(text)).isInstanceOf(IllegalArgumentException.class).hasMessageStartingWith("'");
    }

    @Test
    void the_message_says_which_field_is_wrong() {
        assertThatThrownBy(() -> Cron.parse("0 9 * * funday"))
                .hasMessage("'0 9 * * funday': the day of the week 'funday' is not understood;"
                        + " it has 0 to 7, sun to sat, '*', lists, ranges and steps");
        assertThatThrownBy(() -> Cron.parse("0 0 31 2 *")).hasMessage("'0 0 31 2 *' never comes: there is no such day");
        assertThatThrownBy(() -> Cron.parse("hourly"))
                .hasMessage("'hourly' is no cron expression of five fields (minute, hour, day of month, month, day of week)");
    }
}
