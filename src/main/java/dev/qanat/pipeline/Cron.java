package dev.qanat.pipeline;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneRules;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A cron expression of five fields (minute, hour, day of month, month, day of week) as Unix has it: lists, ranges, steps, names of
 * months and days, Sunday as 0 and 7; where both days are restricted, either is enough.
 *
 * <p>It fires at wall time. A time that a change of the clock skips is made up for by as much later, once; one that comes twice
 * counts the first time, unless every hour is meant. Immutable.
 */
public final class Cron {

    /** Nothing lies further apart than two 29ths of February that are Sundays, across a year without one. */
    private static final int DAYS_SEARCHED = 40 * 366;

    private static final List<String> MONTHS =
            List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
    private static final List<String> DAYS = List.of("sun", "mon", "tue", "wed", "thu", "fri", "sat");
    private static final int HOURS = 24;

    private final String text;
    private final BitSet minutes;
    private final BitSet hours;
    private final BitSet daysOfMonth;
    private final BitSet months;
    private final BitSet daysOfWeek;
    private final boolean eitherDay;

    /** A field's name and bounds. */
    private record Field(String name, int least, int most, List<String> words) {

        BitSet parse(String text) {
            BitSet values = new BitSet();
            for (String part : text.split(",", -1)) {
                String range = part;
                int step = 1;
                int slash = part.indexOf('/');
                if (slash >= 0) {
                    range = part.substring(0, slash);
                    step = number(part.substring(slash + 1), text);
                    if (step < 1 || !range.equals("*") && !range.contains("-")) {
                        throw wrong(text);
                    }
                }
                int from = least;
                int to = most;
                if (!range.equals("*")) {
                    int dash = range.indexOf('-');
                    from = value(dash < 0 ? range : range.substring(0, dash), text);
                    to = dash < 0 ? from : value(range.substring(dash + 1), text);
                    if (to == 0 && from > 0 && most == 7) {
                        to = 7;     // fri-sun
                    }
                    if (from > to) {
                        throw wrong(text);
                    }
                }
                for (int value = from; value <= to; value += step) {
                    values.set(value);
                }
            }
            return values;
        }

        private int value(String word, String field) {
            int index = words.indexOf(word.toLowerCase(Locale.ROOT));
            int value = index >= 0 ? least + index : number(word, field);
            if (value < least || value > most) {
                throw wrong(field);
            }
            return value;
        }

        private int number(String digits, String field) {
            if (!digits.matches("[0-9]{1,2}")) {
                throw wrong(field);
            }
            return Integer.parseInt(digits);
        }

        private IllegalArgumentException wrong(String field) {
            return new IllegalArgumentException("%s %s is not understood; it has %d to %d%s, '*', lists, ranges and steps".formatted(
                    name,
                    Section.quoted(field),
                    least,
                    most,
                    words.isEmpty() ? "" : ", " + words.get(0) + " to " + words.get(words.size() - 1)));
        }
    }

    private Cron(String text, String[] fields) {
        this.text = text;
        this.minutes = new Field("the minute", 0, 59, List.of()).parse(fields[0]);
        this.hours = new Field("the hour", 0, 23, List.of()).parse(fields[1]);
        this.daysOfMonth = new Field("the day of the month", 1, 31, List.of()).parse(fields[2]);
        this.months = new Field("the month", 1, 12, MONTHS).parse(fields[3]);
        this.daysOfWeek = new Field("the day of the week", 0, 7, DAYS).parse(fields[4]);
        if (daysOfWeek.get(7)) {
            daysOfWeek.set(0);
        }
        this.eitherDay = !fields[2].startsWith("*") && !fields[4].startsWith("*");
    }

    /**
     * Reads an expression.
     *
     * @throws IllegalArgumentException with a message for people, when it is none or never fires
     */
    public static Cron parse(String text) {
        String[] fields = text.strip().split("\\s+");
        if (fields.length != 5) {
            throw new IllegalArgumentException("%s is no cron expression of five fields (minute, hour, day of month, month, day of week)"
                    .formatted(Section.quoted(text)));
        }
        Cron cron;
        try {
            cron = new Cron(String.join(" ", fields), fields);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(Section.quoted(text) + ": " + e.getMessage(), e);
        }
        if (cron.next(Instant.EPOCH, ZoneOffset.UTC).isEmpty()) {
            throw new IllegalArgumentException(Section.quoted(text) + " never comes: there is no such day");
        }
        return cron;
    }

    /** The first tick after a time. */
    public Optional<Instant> next(Instant after, ZoneId zone) {
        return ticks(after, zone).findFirst();
    }

    /** The ticks after a time, as they are asked for; of forty years at most. */
    Stream<Instant> ticks(Instant after, ZoneId zone) {
        LocalDate first = after.atZone(zone).toLocalDate().minusDays(1);
        return Stream.iterate(first, day -> day.plusDays(1))
                .limit(DAYS_SEARCHED)
                .filter(this::on)
                .flatMap(day -> times(day, zone))
                .filter(tick -> tick.isAfter(after));
    }

    private boolean on(LocalDate day) {
        boolean month = daysOfMonth.get(day.getDayOfMonth());
        boolean week = daysOfWeek.get(day.getDayOfWeek() == DayOfWeek.SUNDAY ? 0 : day.getDayOfWeek().getValue());
        return months.get(day.getMonthValue()) && (eitherDay ? month || week : month && week);
    }

    private Stream<Instant> times(LocalDate day, ZoneId zone) {
        ZoneRules rules = zone.getRules();
        return hours.stream()
                .boxed()
                .flatMap(hour -> minutes.stream().mapToObj(minute -> day.atTime(LocalTime.of(hour, minute))))
                .flatMap(time -> instants(time, rules))
                .sorted()
                .distinct();
    }

    private Stream<Instant> instants(LocalDateTime time, ZoneRules rules) {
        List<ZoneOffset> offsets = rules.getValidOffsets(time);
        if (offsets.isEmpty()) {
            // As far after the gap as it lies within.
            return Stream.of(time.toInstant(rules.getTransition(time).getOffsetBefore()));
        }
        return offsets.stream().limit(hours.cardinality() == HOURS ? offsets.size() : 1).map(time::toInstant);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Cron cron && cron.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /** The expression with one space between its fields. */
    @Override
    public String toString() {
        return text;
    }
}
