package dev.qanat.api;

import java.util.Optional;

/**
 * What {@code {{ incremental.* }}} stands for. A parameter of the query that names a value which is not there is left out; elsewhere
 * it is empty.
 *
 * @param startValue where this run starts: the initial value, or the last one less the lag
 * @param endValue where it ends; only a backfill has one
 * @param lastValue the greatest value that has been loaded
 */
public record Range(Optional<String> startValue, Optional<String> endValue, Optional<String> lastValue) {

    /** From the beginning to the end. */
    public static final Range ALL = new Range(Optional.empty(), Optional.empty(), Optional.empty());

    Optional<String> value(String name) {
        return switch (name) {
            case "start_value" -> startValue;
            case "end_value" -> endValue;
            case "last_value" -> lastValue;
            default -> throw new IllegalArgumentException("no value of a range: " + name);
        };
    }
}
