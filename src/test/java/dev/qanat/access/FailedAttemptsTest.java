package dev.qanat.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FailedAttemptsTest {

    private static final Caller ANN = new Caller("ann", Role.VIEWER, 1L);
    private static final Caller BOB = new Caller("bob", Role.VIEWER, 2L);

    private final AtomicLong now = new AtomicLong(-5);
    private final FailedAttempts attempts = new FailedAttempts(now::get);

    private void fail(String address, int times) {
        for (int i = 0; i < times; i++) {
            attempts.failed(address);
        }
    }

    @Test
    void answers_come_ever_later_up_to_a_second() {
        List<Long> delays = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            delays.add(attempts.failed("a").toMillis());
        }
        assertThat(delays).containsExactly(0L, 0L, 0L, 0L, 0L, 50L, 100L, 200L, 400L, 800L, 1000L, 1000L);
    }

    @Test
    void after_thirty_the_address_waits_for_the_end_of_its_minute_whatever_it_shows() {
        fail("a", 29);
        assertThat(attempts.wait("a", ANN)).isZero();
        now.addAndGet(Duration.ofSeconds(20).toNanos());
        fail("a", 1);
        assertThat(attempts.wait("a", null)).isEqualTo(Duration.ofSeconds(40));
        assertThat(attempts.wait("a", ANN)).isEqualTo(Duration.ofSeconds(40));
        now.addAndGet(Duration.ofMillis(39_500).toNanos());
        assertThat(attempts.wait("a", ANN)).isEqualTo(Duration.ofSeconds(1));
        now.addAndGet(Duration.ofMillis(600).toNanos());
        assertThat(attempts.wait("a", ANN)).isZero();
        assertThat(attempts.failed("a")).isZero();
    }

    @Test
    void neither_another_address_waits_nor_who_was_accepted_from_this_one() {
        attempts.accepted("a", ANN);
        fail("a", 30);
        assertThat(attempts.wait("a", ANN)).isZero();
        assertThat(attempts.wait("a", BOB)).isPositive();
        assertThat(attempts.wait("b", BOB)).isZero();
    }

    @Test
    void refused_requests_are_listed_up_to_a_number_by_address_and_in_all_and_counted_beyond() {
        RefusedSample sample = new RefusedSample(now::get);
        assertThat(listed(sample, "a", 50)).isEqualTo(RefusedSample.OF_ADDRESS);
        assertThat(sample.takeCounted()).isEqualTo(50 - RefusedSample.OF_ADDRESS);
        assertThat(sample.takeCounted()).isZero();
        int others = 0;
        for (int i = 0; i < 200; i++) {
            others += listed(sample, "b" + i, 10);
        }
        assertThat(others).isEqualTo(RefusedSample.OF_ALL - RefusedSample.OF_ADDRESS);
        now.addAndGet(Duration.ofSeconds(61).toNanos());
        assertThat(listed(sample, "a", 50)).isEqualTo(RefusedSample.OF_ADDRESS);
    }

    private static int listed(RefusedSample sample, String address, int requests) {
        int listed = 0;
        for (int i = 0; i < requests; i++) {
            listed += sample.lists(address) ? 1 : 0;
        }
        return listed;
    }
}
