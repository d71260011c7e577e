package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.qanat.app.ApiStub.Came;
import dev.qanat.app.ApiStub.Said;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Whether a limit holds, and how much of it is used, by the clock of who is asked: measured with nothing beside it. */
class RateLimitIT {

    private static final int LIMIT = 5;
    private static final int WINDOWS = 8;
    private static final double WINDOW_NANOS = 1e9;

    @Test
    void a_limit_holds_in_every_window_and_is_used() throws Exception {
        try (Qanat qanat = Qanat.fresh("rate").with("QANAT_ALLOWED_HOSTS", "127.0.0.1").start();
                ApiStub api = new ApiStub(came -> Said.json("[{\"id\":" + came.parameter("n") + "}]"))) {
            polled(qanat, api, "", 100);
            api.forget();

            int requests = WINDOWS * LIMIT + 1;
            polled(qanat, api, "    rate_limit: [ { limit: " + LIMIT + ", interval: PT1S } ]\n", requests);

            List<Long> times = api.requests().stream().map(Came::nanos).sorted().toList();
            assertThat(times).hasSize(requests);
            for (int i = LIMIT; i < requests; i++) {
                assertThat((double) (times.get(i) - times.get(i - LIMIT)))
                        .as("request %d after that %d before it", i, LIMIT)
                        .isGreaterThanOrEqualTo(WINDOW_NANOS);
            }
            double windows = (times.get(requests - 1) - times.get(0)) / WINDOW_NANOS;
            assertThat(WINDOWS / windows).as("share of the allowed rate").isGreaterThan(0.98);
        }
    }

    private static void polled(Qanat qanat, ApiStub api, String source, int partitions) {
        PolledPipeline polled = new PolledPipeline(qanat, api);
        polled.declare(source, """
                    endpoint: { path: /, params: { n: "{{ partition.n }}" } }
                    partitions: { n: "%s" }
                    columns: { id: bigint }
                    primary_key: id
                """.formatted(IntStream.range(0, partitions).mapToObj(Integer::toString).collect(Collectors.joining(","))));
        assertThat(Feed.outcome(polled.poll())).isEqualTo("%1$d read, %1$d inserted".formatted(partitions));
    }
}
