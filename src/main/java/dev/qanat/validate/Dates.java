package dev.qanat.validate;

/** ISO dates, {@code yyyy-MM-dd}. A timestamp is not cut to its date, not even at midnight. */
final class Dates implements Coercion {
    private static final Misfit NO_DATE = Misfit.mismatch("is not a date (yyyy-MM-dd)");

    @Override
    public String coerce(String raw) throws Misfit {
        String s = raw.strip();
        int date = s.length() == IsoText.DATE_LENGTH ? IsoText.date(s) : IsoText.NONE;
        if (date == IsoText.NONE) {
            throw NO_DATE;
        }
        IsoText.checkYear(date / 10_000);
        return s;
    }
}
