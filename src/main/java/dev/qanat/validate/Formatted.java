package dev.qanat.validate;

import dev.qanat.pipeline.ColumnType.Kind;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.format.ResolverStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalQueries;
import java.util.Locale;

/**
 * Dates and times of a declared pattern, in English and in any case. Strict: 31 April is no date. A part of the pattern that the
 * type cannot hold (a time of day for a date, an offset for a timestamp) rejects the value instead of being dropped; a timestamp
 * without a time is midnight.
 */
final class Formatted implements Coercion {
    private final Kind kind;
    private final DateTimeFormatter formatter;
    private final ZoneId zone;
    private final Misfit otherwise;
    private final Misfit lossy;
    private final Misfit skipped;

    Formatted(Kind kind, String format, ZoneId zone) {
        this.kind = kind;
        this.zone = zone;
        formatter = new DateTimeFormatterBuilder()
                .parseCaseInsensitive()
                .appendPattern(proleptic(format))
                .toFormatter(Locale.ENGLISH)
                .withResolverStyle(ResolverStyle.STRICT);
        String type = kind.name().toLowerCase(Locale.ROOT);
        otherwise = Misfit.mismatch("is not a " + type + " of the format " + format);
        lossy = Misfit.mismatch("says more than a " + type + " holds");
        skipped = Moments.skipped(zone);
    }

    @Override
    public String coerce(String raw) throws Misfit {
        TemporalAccessor parsed;
        try {
            parsed = formatter.parse(raw.strip());
        } catch (DateTimeException | ArithmeticException e) {
            throw otherwise;
        }
        LocalDate date = parsed.query(TemporalQueries.localDate());
        LocalTime time = parsed.query(TemporalQueries.localTime());
        ZoneId given = parsed.query(TemporalQueries.zone());
        if (kind == Kind.TIME ? time == null : date == null) {
            throw otherwise;
        }
        if (date != null) {
            IsoText.checkYear(date.getYear());
        }
        if (time == null) {
            time = LocalTime.MIDNIGHT;
        } else if (time.get(ChronoField.NANO_OF_SECOND) % 1000 != 0) {
            throw IsoText.FINER;
        }
        if (kind == Kind.TIMESTAMPTZ) {
            LocalDateTime wall = LocalDateTime.of(date, time);
            return given == null
                    ? Moments.inZone(wall, zone, skipped)
                    : Moments.inZone(wall, given, Moments.skipped(given));
        }
        if (given != null) {
            throw lossy;
        }
        return switch (kind) {
            case DATE -> {
                if (time != LocalTime.MIDNIGHT) {
                    throw lossy;
                }
                yield IsoText.text(date);
            }
            case TIME -> {
                if (date != null) {
                    throw lossy;
                }
                StringBuilder text = new StringBuilder(15);
                IsoText.append(text, time.toNanoOfDay() / 1000);
                yield text.toString();
            }
            default -> IsoText.text(LocalDateTime.of(date, time));
        };
    }

    /** Without an era in the pattern, {@code y} means the year {@code u}: a strict formatter would ask for the era. */
    private static String proleptic(String format) {
        StringBuilder pattern = new StringBuilder(format.length());
        boolean quoted = false;
        boolean era = false;
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            quoted ^= c == '\'';
            era |= !quoted && c == 'G';
            pattern.append(!quoted && c == 'y' ? 'u' : c);
        }
        return era ? format : pattern.toString();
    }
}
