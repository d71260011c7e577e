package dev.qanat.validate;

/**
 * ISO dates with a time after {@code T} or a blank, without an offset; a date alone is its midnight. Written with {@code T} and
 * without closing zeros of the fraction.
 */
final class Timestamps implements Coercion {
    private static final Misfit NO_TIMESTAMP = Misfit.mismatch("is not a timestamp (yyyy-MM-ddTHH:mm:ss)");

    @Override
    public String coerce(String raw) throws Misfit {
        String s = raw.strip();
        int date = IsoText.date(s);
        if (date == IsoText.NONE) {
            throw NO_TIMESTAMP;
        }
        long time = timeAfterDate(s, s.length());
        if (time == IsoText.NONE) {
            throw NO_TIMESTAMP;
        }
        if (time == IsoText.TOO_FINE) {
            throw IsoText.FINER;
        }
        IsoText.checkYear(date / 10_000);
        return text(s, time, s.length());
    }

    /** The time after the date at the start of the text as {@link IsoText#time} gives it; midnight when there is none. */
    static long timeAfterDate(String s, int end) {
        if (end == IsoText.DATE_LENGTH) {
            return 0;
        }
        char between = s.charAt(IsoText.DATE_LENGTH);
        return between == 'T' || between == 't' || between == ' '
                ? IsoText.time(s, IsoText.DATE_LENGTH + 1, end)
                : IsoText.NONE;
    }

    /** The canonical text of the date and time that end there; the text itself, where it is canonical. */
    static String text(String s, long microsOfDay, int end) {
        if (end == s.length() && end == 19) {
            return s.charAt(IsoText.DATE_LENGTH) == 'T'
                    ? s
                    : s.substring(0, IsoText.DATE_LENGTH) + 'T' + s.substring(IsoText.DATE_LENGTH + 1);
        }
        StringBuilder text = new StringBuilder(28).append(s, 0, IsoText.DATE_LENGTH).append('T');
        IsoText.append(text, microsOfDay);
        return text.toString();
    }
}
