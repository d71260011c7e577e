package dev.qanat.validate;

import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.Year;

/** ISO dates and times within a text, read without objects, and written as PostgreSQL reads them. */
final class IsoText {
    static final int DATE_LENGTH = 10;

    /** What is read is no date or time. */
    static final int NONE = -1;

    /** A fraction of a second has digits beyond microseconds that are not zeros. */
    static final int TOO_FINE = -2;

    static final Misfit FINER = Misfit.outOfRange("is finer than a microsecond");
    static final Misfit YEAR = Misfit.outOfRange("is not in the years 0001 to 9999");

    private static final int[] DAYS = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    private IsoText() {}

    /**
     * The date {@code yyyy-MM-dd} at the start of the text as {@code yyyyMMdd}, or {@link #NONE}. The year 0000 is read, for the
     * caller to refuse.
     */
    static int date(String s) {
        if (s.length() < DATE_LENGTH || s.charAt(4) != '-' || s.charAt(7) != '-') {
            return NONE;
        }
        int century = twoDigits(s, 0);
        int rest = twoDigits(s, 2);
        int month = twoDigits(s, 5);
        int day = twoDigits(s, 8);
        if ((century | rest) < 0 || month < 1 || month > 12 || day < 1 || day > DAYS[month - 1]) {
            return NONE;
        }
        int year = century * 100 + rest;
        if (month == 2 && day == 29 && !Year.isLeap(year)) {
            return NONE;
        }
        return (year * 100 + month) * 100 + day;
    }

    /** The time {@code HH:mm[:ss[.fraction]]} as microseconds of the day, or {@link #NONE}, or {@link #TOO_FINE}. */
    static long time(String s, int from, int to) {
        int length = to - from;
        if (length != 5 && length < 8 || s.charAt(from + 2) != ':') {
            return NONE;
        }
        int hour = twoDigits(s, from);
        int minute = twoDigits(s, from + 3);
        int second = 0;
        if (length > 5) {
            if (s.charAt(from + 5) != ':') {
                return NONE;
            }
            second = twoDigits(s, from + 6);
        }
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
            return NONE;
        }
        int micros = 0;
        boolean fine = false;
        if (length > 8) {
            if (length == 9 || s.charAt(from + 8) != '.') {
                return NONE;
            }
            int unit = 100_000;
            for (int i = from + 9; i < to; i++, unit /= 10) {
                int digit = s.charAt(i) - '0';
                if (digit < 0 || digit > 9) {
                    return NONE;
                }
                micros += digit * unit;
                fine |= unit == 0 && digit > 0;
            }
        }
        return fine ? TOO_FINE : ((hour * 60L + minute) * 60 + second) * 1_000_000 + micros;
    }

    static LocalDateTime at(int date, long microsOfDay) {
        return LocalDateTime.of(
                LocalDate.of(date / 10_000, date / 100 % 100, date % 100), LocalTime.ofNanoOfDay(microsOfDay * 1000));
    }

    /** The year of a date, refused outside 0001 to 9999. */
    static void checkYear(int year) throws Misfit {
        if (year < 1 || year > 9999) {
            throw YEAR;
        }
    }

    static String text(LocalDate date) {
        StringBuilder text = new StringBuilder(DATE_LENGTH);
        append(text, date);
        return text.toString();
    }

    static String text(LocalDateTime time) {
        StringBuilder text = new StringBuilder(28);
        append(text, time.toLocalDate());
        text.append('T');
        append(text, time.toLocalTime().toNanoOfDay() / 1000);
        return text.toString();
    }

    /** {@code HH:mm:ss}, and the fraction without closing zeros. */
    static void append(StringBuilder text, long microsOfDay) {
        int seconds = (int) (microsOfDay / 1_000_000);
        int micros = (int) (microsOfDay % 1_000_000);
        appendTwo(text, seconds / 3600);
        appendTwo(text, seconds / 60 % 60, ':');
        appendTwo(text, seconds % 60, ':');
        if (micros > 0) {
            text.append('.');
            for (int unit = 100_000; micros > 0; unit /= 10) {
                text.append((char) ('0' + micros / unit));
                micros %= unit;
            }
        }
    }

    private static void append(StringBuilder text, LocalDate date) {
        appendTwo(text, date.getYear() / 100);
        appendTwo(text, date.getYear() % 100);
        appendTwo(text, date.getMonthValue(), '-');
        appendTwo(text, date.getDayOfMonth(), '-');
    }

    private static void appendTwo(StringBuilder text, int number, char before) {
        appendTwo(text.append(before), number);
    }

    private static void appendTwo(StringBuilder text, int number) {
        text.append((char) ('0' + number / 10)).append((char) ('0' + number % 10));
    }

    /** Two digits as a number; negative when one of them is none. */
    private static int twoDigits(String s, int at) {
        int tens = s.charAt(at) - '0';
        int ones = s.charAt(at + 1) - '0';
        return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? NONE : tens * 10 + ones;
    }
}
