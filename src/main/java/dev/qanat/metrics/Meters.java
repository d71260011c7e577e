package dev.qanat.metrics;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.prometheus.client.CollectorRegistry;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Set;
import java.util.regex.Pattern;

/** Where all metrics stand, and which of the server's own are told, with which labels. */
final class Meters {

    private static final Pattern SERVERS_OWN = Pattern.compile("(agroal|http\\.server|jvm|process|system|worker\\.pool)\\..*");

    private static final Set<String> TOLD = Set.of(
            "agroal.acquire.count",
            "agroal.active.count",
            "agroal.available.count",
            "agroal.awaiting.count",
            "agroal.blocking.time.max",
            "agroal.blocking.time.total",
            "http.server.active.requests",
            "http.server.requests",
            "jvm.buffer.memory.used",
            "jvm.classes.loaded",
            "jvm.gc.pause",
            "jvm.memory.committed",
            "jvm.memory.max",
            "jvm.memory.used",
            "jvm.threads.live",
            "jvm.threads.states",
            "process.cpu.usage",
            "process.files.max",
            "process.files.open",
            "process.start.time",
            "process.uptime",
            "system.cpu.count",
            "system.cpu.usage",
            "system.load.average.1m");

    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

    private Meters() {}

    /** One for all, where the platform would make one for each that asks. */
    @Produces
    @Singleton
    static CollectorRegistry registry() {
        return new CollectorRegistry(true);
    }

    @Produces
    @Singleton
    static MeterFilter told() {
        return MeterFilter.deny(Meters::isOfNoUse);
    }

    private static boolean isOfNoUse(Meter.Id meter) {
        return SERVERS_OWN.matcher(meter.getName()).matches() && !TOLD.contains(meter.getName());
    }

    /** Paths name runs and rows, and what is asked for where nothing is: requests are told apart by method and status alone. */
    @Produces
    @Singleton
    static MeterFilter withoutPaths() {
        return MeterFilter.ignoreTags("uri", "outcome");
    }

    /** Anybody may send a method of any name. */
    @Produces
    @Singleton
    static MeterFilter withKnownMethods() {
        return MeterFilter.replaceTagValues("method", method -> METHODS.contains(method) ? method : "other");
    }
}
