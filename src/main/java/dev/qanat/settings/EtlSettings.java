package dev.qanat.settings;

import io.smallrye.config.ConfigMapping;
import java.util.Optional;

/** The settings {@code ETL_ENABLED} and {@code ETL_INTERVAL_MINUTES}: how often pipelines run that say nothing of it. */
@ConfigMapping(prefix = "etl")
public interface EtlSettings {

    /** Whether pipelines without a schedule run by themselves; by default when an interval is set. */
    Optional<Boolean> enabled();

    /** From 1 to as many as a year has; an hour by default. */
    Optional<Integer> intervalMinutes();
}
