package dev.qanat.validate;

/** ISO times of a day, {@code HH:mm[:ss[.fraction]]}, from 00:00 to before 24:00. */
final class Times implements Coercion {
    private static final Misfit NO_TIME = Misfit.mismatch("is not a time (HH:mm:ss)");

    @Override
    public String coerce(String raw) throws Misfit {
        String s = raw.strip();
        long time = IsoText.time(s, 0, s.length());
        if (time == IsoText.NONE) {
            throw NO_TIME;
        }
        if (time == IsoText.TOO_FINE) {
            throw IsoText.FINER;
        }
        if (s.length() == 8) {
            return s;
        }
        StringBuilder text = new StringBuilder(15);
        IsoText.append(text, time);
        return text.toString();
    }
}
