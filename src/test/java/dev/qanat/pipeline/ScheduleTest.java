package dev.qanat.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class ScheduleTest {
    private static final Instant NOON = Instant.parse("2026-11-20T12:00:00Z");

    @Test
    void the_ticks_of_a_distance_are_counted_from_where_it_began() {
        Schedule schedule = Schedule.of("PT5M", null, null, null);

        assertThat(schedule.next(NOON, NOON)).isEqualTo("2026-11-20T12:05:00Z");
        assertThat(schedule.next(NOON, NOON.plusSeconds(299))).isEqualTo("2026-11-20T12:05:00Z");
        assertThat(schedule.next(NOON, NOON.plusSeconds(300))).isEqualTo("2026-11-20T12:10:00Z");
        assertThat(schedule.next(NOON, NOON.minusSeconds(10))).isEqualTo("2026-11-20T12:05:00Z");
        assertThat(schedule.ticks(NOON, NOON.plusSeconds(3600)).limit(2))
                .containsExactly(Instant.parse("2026-11-20T13:05:00Z"), Instant.parse("2026-11-20T13:10:00Z"));
    }

    @Test
    void a_cron_expression_without_a_zone_means_utc() {
        assertThat(Schedule.of(null, "0 13 * * *", null, null).next(NOON, NOON)).isEqualTo("2026-11-20T13:00:00Z");
        assertThat(Schedule.of(null, "0 13 * * *", "Asia/Tokyo", null).next(NOON, NOON)).isEqualTo("2026-11-21T04:00:00Z");
    }
}
