package dev.qanat.route;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RetriesTest {

    private final Retries retries = new Retries();

    @Test
    void a_wait_that_is_asked_for_again_and_again_doubles_up_to_an_hour() {
        Duration asked = Duration.ofSeconds(2);

        assertThat(retries.growing(asked, 1)).isBetween(asked, Duration.ofMillis(2_400));
        assertThat(retries.growing(asked, 2)).isBetween(Duration.ofMillis(2_560), Duration.ofMillis(5_760));
        assertThat(retries.growing(asked, 20)).isEqualTo(Duration.ofHours(1));
    }

    @Test
    void a_wait_of_more_than_an_hour_is_as_long_as_it_was_asked_for() {
        assertThat(retries.growing(Duration.ofHours(3), 1)).isEqualTo(Duration.ofHours(3));
        assertThat(retries.growing(Duration.ofHours(3), 9)).isEqualTo(Duration.ofHours(3));
    }
}
