package dev.qanat.validate;

import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;

/**
 * Timestamps with an offset ({@code Z}, {@code +02}, {@code +0200}, {@code +02:00}, a blank before it or not); without one they
 * are wall time of the column's zone. A wall time that clocks skipped is none; of one that they showed twice, the first is meant
 * (the offset before the change). Written in UTC: {@code 2024-11-22T10:00:00Z}.
 */
final class Moments implements Coercion {
    private static final Misfit NO_MOMENT = Misfit.mismatch("is not a timestamp (yyyy-MM-ddTHH:mm:ss+00:00)");
    private static final Misfit NO_OFFSET = Misfit.mismatch("has an offset that is none (Z or -18:00 to +18:00)");

    private final ZoneId zone;
    private final boolean utc;
    private final Misfit skipped;

    Moments(ZoneId zone) {
        this.zone = zone;
        this.utc = zone.normalized().equals(ZoneOffset.UTC);
        this.skipped = skipped(zone);
    }

    @Override
    public String coerce(String raw) throws Misfit {
        String s = raw.strip();
        int date = IsoText.date(s);
        if (date == IsoText.NONE) {
            throw NO_MOMENT;
        }
        int offset = offset(s);
        int end = offset;
        while (offset < s.length() && end > IsoText.DATE_LENGTH && s.charAt(end - 1) == ' ') {
            end--;
        }
        long time = Timestamps.timeAfterDate(s, end);
        if (time == IsoText.NONE || offset < s.length() && end < IsoText.DATE_LENGTH + 6) {
            throw NO_MOMENT;
        }
        if (time == IsoText.TOO_FINE) {
            throw IsoText.FINER;
        }
        IsoText.checkYear(date / 10_000);
        boolean zulu = offset == s.length() ? utc : offset == s.length() - 1;
        if (zulu) {
            boolean canonical = s.length() == 20 && end == 19 && s.charAt(10) == 'T' && s.charAt(19) == 'Z';
            return canonical ? s : Timestamps.text(s, time, end) + "Z";
        }
        LocalDateTime wall = IsoText.at(date, time);
        if (offset < s.length()) {
            return text(wall, ZoneOffset.ofTotalSeconds(seconds(s, offset)));
        }
        return inZone(wall, zone, skipped);
    }

    static Misfit skipped(ZoneId zone) {
        return Misfit.mismatch("does not exist in " + zone + ", where clocks were put forward past it");
    }

    /** The canonical text of a wall time in a zone. */
    static String inZone(LocalDateTime wall, ZoneId zone, Misfit skipped) throws Misfit {
        List<ZoneOffset> offsets = zone.getRules().getValidOffsets(wall);
        if (offsets.isEmpty()) {
            throw skipped;
        }
        return text(wall, offsets.get(0));
    }

    private static String text(LocalDateTime wall, ZoneOffset offset) throws Misfit {
        LocalDateTime utc = wall.minusSeconds(offset.getTotalSeconds());
        IsoText.checkYear(utc.getYear());
        return IsoText.text(utc) + "Z";
    }

    /** Where the offset starts, or the length of the text. */
    private static int offset(String s) {
        for (int i = IsoText.DATE_LENGTH; i < s.length(); i++) {
            switch (s.charAt(i)) {
                case '+', '-' -> {
                    return i;
                }
                case 'Z', 'z' -> {
                    return i == s.length() - 1 ? i : s.length();
                }
                default -> {}
            }
        }
        return s.length();
    }

    /** The seconds of {@code +HH}, {@code +HHmm} or {@code +HH:mm}. */
    private static int seconds(String s, int from) throws Misfit {
        int length = s.length() - from;
        boolean colon = length == 6 && s.charAt(from + 3) == ':';
        if (length != 3 && length != 5 && !colon) {
            throw NO_OFFSET;
        }
        int number = 0;
        for (int i = from + 1; i < s.length(); i++) {
            if (colon && i == from + 3) {
                continue;
            }
            int digit = s.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                throw NO_OFFSET;
            }
            number = number * 10 + digit;
        }
        if (length == 3) {
            number *= 100;
        }
        int seconds = number / 100 * 3600 + number % 100 * 60;
        if (number % 100 > 59 || seconds > 18 * 3600) {
            throw NO_OFFSET;
        }
        return s.charAt(from) == '-' ? -seconds : seconds;
    }
}
