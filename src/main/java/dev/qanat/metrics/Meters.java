package dev.qanat.metrics;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.prometheus.client.CollectorRegistry;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Set;

/** What of the server's own metrics is told, and where all metrics stand. */
final class Meters {

    /** Of each pool of connections. */
    private static final Set<String> OF_POOLS = Set.of(
            "agroal.active.count", "agroal.available.count", "agroal.awaiting.count", "agroal.max.used.count", "agroal.acquire.count",
            "agroal.blocking.time.total", "agroal.blocking.time.max");

    private Meters() {}

    /** One for all, where the platform would make one for each that asks. */
    @Produces
    @Singleton
    static CollectorRegistry registry() {
        return new CollectorRegistry(true);
    }

    /** Paths name runs and rows, and what is asked for where nothing is: requests are told apart by method and status alone. */
    @Produces
    @Singleton
    static MeterFilter withoutPaths() {
        return MeterFilter.ignoreTags("uri", "outcome");
    }

    @Produces
    @Singleton
    static MeterFilter ofUse() {
        return MeterFilter.deny(Meters::isOfNoUse);
    }

    private static boolean isOfNoUse(Meter.Id meter) {
        String name = meter.getName();
        return name.startsWith("worker.pool.")
                || name.startsWith("http.server.bytes.")
                || name.startsWith("http.server.connections")
                || name.startsWith("agroal.") && !OF_POOLS.contains(name);
    }
}
