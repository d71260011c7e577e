package dev.qanat.pipeline;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * When a pipeline runs by itself: at a distance, or at the times of a cron expression.
 *
 * @param every empty where there is a cron expression
 * @param timezone whose wall time the cron expression means
 * @param catchup what becomes of ticks at which nobody was there
 */
public record Schedule(Optional<Every> every, Optional<Cron> cron, Optional<ZoneId> timezone, Catchup catchup) {

    private static final Duration LEAST = Duration.ofSeconds(1);
    private static final Duration MOST = Duration.ofDays(365);

    public static final Schedule HOURLY =
            new Schedule(Optional.of(Every.parse("PT1H")), Optional.empty(), Optional.empty(), Catchup.LATEST);

    /** What becomes of missed ticks. */
    public enum Catchup {
        /** Nothing. */
        NONE,
        /** One run, for the last of them. */
        LATEST,
        /** A run for each. */
        ALL;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** A distance between ticks, as it is written. */
    public record Every(String text, Duration length) {

        /** @throws IllegalArgumentException with a message for people, when it is none or out of bounds */
        public static Every parse(String text) {
            Duration length;
            try {
                length = Duration.parse(text);
            } catch (DateTimeException e) {
                throw new IllegalArgumentException(
                        Section.quoted(text) + " is no ISO-8601 duration; write PT30S, PT5M or P1D", e);
            }
            if (length.compareTo(LEAST) < 0 || length.compareTo(MOST) > 0) {
                throw new IllegalArgumentException(Section.quoted(text) + " is out of bounds; give PT1S to P365D");
            }
            return new Every(text, length);
        }

        @Override
        public String toString() {
            return text;
        }
    }

    /**
     * A schedule from its texts, of which one of the first two is given.
     *
     * @throws IllegalArgumentException with a message for people
     */
    public static Schedule of(
            @Nullable String every, @Nullable String cron, @Nullable String timezone, @Nullable String catchup) {
        return new Schedule(
                Optional.ofNullable(every).map(Every::parse),
                Optional.ofNullable(cron).map(Cron::parse),
                Optional.ofNullable(timezone).map(Schedule::zone),
                catchup == null ? Catchup.LATEST : Catchup.valueOf(catchup.toUpperCase(Locale.ROOT)));
    }

    /** @throws IllegalArgumentException with a message for people, when there is no such zone */
    public static ZoneId zone(String text) {
        try {
            return ZoneId.of(text);
        } catch (DateTimeException e) {
            throw new IllegalArgumentException(
                    Section.quoted(text) + " is no time zone"
                            + Suggestion.exactCase(text, ZoneId.getAvailableZoneIds())
                                    .map(Suggestion::ask)
                                    .orElse("; write one such as Europe/Berlin"),
                    e);
        }
    }

    /**
     * The ticks after a time, as they are asked for.
     *
     * @param since where the ticks of {@code every} are counted from
     */
    public Stream<Instant> ticks(Instant since, Instant after) {
        return cron.map(c -> c.ticks(after, timezone.orElse(ZoneOffset.UTC))).orElseGet(() -> {
            long millis = every.orElseThrow().length().toMillis();
            long passed = Math.max(0, Math.floorDiv(Duration.between(since, after).toMillis(), millis));
            return Stream.iterate(since.plusMillis((passed + 1) * millis), tick -> tick.plusMillis(millis));
        });
    }

    /** The first tick after a time. */
    public Instant next(Instant since, Instant after) {
        return ticks(since, after).findFirst().orElseThrow();
    }
}
