package dev.qanat.validate;

import java.math.BigDecimal;
import java.math.MathContext;

/**
 * Finite binary floating point. A double has one canonical text, the shortest that reads as this double, so that spellings of
 * one value are one value; of zero there is only the positive.
 */
final class Doubles implements Coercion {
    private static final Misfit NO_NUMBER = Misfit.mismatch("is not a finite number");
    private static final Misfit TOO_LARGE = Misfit.outOfRange("is too large for a double");
    private static final Misfit TOO_SMALL = Misfit.outOfRange("is too close to zero for a double");

    /** Any two different decimals of so many digits are different doubles. */
    private static final int CERTAIN_DIGITS = 15;

    @Override
    public String coerce(String raw) throws Misfit {
        String s = raw.strip();
        if (s.length() <= CERTAIN_DIGITS && NumberText.plainDecimals(s) >= 0) {
            return NumberText.plain(s);
        }
        if (!NumberText.isNumber(s)) {
            throw NO_NUMBER;
        }
        double value = Double.parseDouble(s);
        if (Double.isInfinite(value)) {
            throw TOO_LARGE;
        }
        if (value == 0) {
            if (!isZero(s)) {
                throw TOO_SMALL;
            }
            return "0";
        }
        return canonical(value);
    }

    private static String canonical(double value) {
        BigDecimal shortest = new BigDecimal(value).round(new MathContext(CERTAIN_DIGITS));
        if (shortest.doubleValue() != value) {
            shortest = new BigDecimal(Double.toString(value));
        }
        shortest = shortest.stripTrailingZeros();
        int exponent = shortest.precision() - shortest.scale() - 1;
        return exponent > -CERTAIN_DIGITS && exponent < 21 ? shortest.toPlainString() : shortest.toString();
    }

    private static boolean isZero(String number) {
        for (int i = 0; i < number.length(); i++) {
            char c = number.charAt(i);
            if (c == 'e' || c == 'E') {
                return true;
            }
            if (c >= '1' && c <= '9') {
                return false;
            }
        }
        return true;
    }
}
