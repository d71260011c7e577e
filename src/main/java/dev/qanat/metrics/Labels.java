package dev.qanat.metrics;

import io.micrometer.core.instrument.config.MeterFilter;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/** Which labels the server's own metrics have. */
final class Labels {

    private Labels() {}

    /** Paths name runs and rows, and what is asked for where nothing is: requests are told apart by method and status alone. */
    @Produces
    @Singleton
    static MeterFilter withoutPaths() {
        return MeterFilter.ignoreTags("uri");
    }
}
