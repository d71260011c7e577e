package dev.qanat.validate;

import java.util.Locale;

/** The words PostgreSQL reads as a boolean, in any case; its abbreviations such as {@code tr} are none. */
final class Booleans implements Coercion {
    private static final Misfit NO_BOOLEAN =
            Misfit.mismatch("is not a boolean: true, t, yes, y, on, 1 or false, f, no, n, off, 0");

    @Override
    public String coerce(String raw) throws Misfit {
        String s = raw.strip();
        return switch (s.length() <= 5 ? s.toLowerCase(Locale.ROOT) : "") {
            case "true", "t", "yes", "y", "on", "1" -> "true";
            case "false", "f", "no", "n", "off", "0" -> "false";
            default -> throw NO_BOOLEAN;
        };
    }
}
