package dev.qanat.validate;

import java.util.Locale;

/** UUIDs with dashes in their places or none at all, in braces or not, in any case; written in lower case with dashes. */
final class Uuids implements Coercion {
    private static final Misfit NO_UUID = Misfit.mismatch("is not a uuid");

    @Override
    public String coerce(String raw) throws Misfit {
        String s = raw.strip();
        if (s.length() > 2 && s.charAt(0) == '{' && s.charAt(s.length() - 1) == '}') {
            s = s.substring(1, s.length() - 1);
        }
        boolean dashes = s.length() == 36;
        if (!dashes && s.length() != 32) {
            throw NO_UUID;
        }
        for (int i = 0; i < s.length(); i++) {
            char c = s.charAt(i);
            boolean dash = dashes && (i == 8 || i == 13 || i == 18 || i == 23);
            if (dash ? c != '-' : !isHex(c)) {
                throw NO_UUID;
            }
        }
        String lower = s.toLowerCase(Locale.ROOT);
        return dashes
                ? lower
                : String.join(
                        "-",
                        lower.substring(0, 8),
                        lower.substring(8, 12),
                        lower.substring(12, 16),
                        lower.substring(16, 20),
                        lower.substring(20));
    }

    private static boolean isHex(char c) {
        return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F';
    }
}
