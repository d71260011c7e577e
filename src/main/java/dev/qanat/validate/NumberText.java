package dev.qanat.validate;

import java.math.BigDecimal;

/**
 * Numbers as text: an optional sign, ASCII digits with an optional point before, between or after them, an optional exponent.
 * {@code 1,000}, {@code 0x1F}, {@code 1_000}, {@code NaN} and digits of other scripts are none.
 */
final class NumberText {
    /** Digits kept before and after the point; PostgreSQL would take 131,072 and 16,383. */
    static final int DIGITS = 1000;

    /** Before a number is expanded: what is longer, or has a larger exponent, is not worth the memory. */
    private static final int LENGTH = 2 * DIGITS + 100;

    static final Misfit TOO_LONG =
            Misfit.outOfRange("has more than " + DIGITS + " digits before or after the point");

    private NumberText() {}

    static boolean isNumber(String s) {
        int length = s.length();
        int i = afterSign(s, 0);
        int start = i;
        i = afterDigits(s, i);
        int digits = i - start;
        if (i < length && s.charAt(i) == '.') {
            int fraction = afterDigits(s, i + 1);
            digits += fraction - i - 1;
            i = fraction;
        }
        if (digits == 0) {
            return false;
        }
        if (i < length && (s.charAt(i) | 0x20) == 'e') {
            start = afterSign(s, i + 1);
            i = afterDigits(s, start);
            if (i == start) {
                return false;
            }
        }
        return i == length;
    }

    /** The value of what {@link #isNumber}, exactly; {@link #TOO_LONG} before anything is expanded. */
    static BigDecimal exact(String s) throws Misfit {
        if (s.length() > LENGTH) {
            throw TOO_LONG;
        }
        int e = Math.max(s.indexOf('e'), s.indexOf('E'));
        if (e >= 0) {
            int start = afterSign(s, e + 1);
            while (start < s.length() - 1 && s.charAt(start) == '0') {
                start++;
            }
            if (s.length() - start > 4 || Integer.parseInt(s, start, s.length(), 10) > LENGTH) {
                throw TOO_LONG;
            }
        }
        return new BigDecimal(s);
    }

    /** Whether a number fits the digits kept. */
    static boolean fits(BigDecimal number) {
        return number.scale() <= DIGITS && number.precision() - number.scale() <= DIGITS;
    }

    /**
     * The end of a canonical number without the zeros that close its fraction: {@code 1.50} and {@code 1.5} are one number, and so
     * are {@code 1.00} and {@code 1}.
     */
    static int significantEnd(String canonical) {
        int end = canonical.length();
        if (canonical.charAt(end - 1) != '0' || canonical.indexOf('.') < 0) {
            return end;
        }
        while (canonical.charAt(end - 1) == '0') {
            end--;
        }
        return canonical.charAt(end - 1) == '.' ? end - 1 : end;
    }

    /** The one text that all canonical numbers of the same value share, whatever their type. */
    static String plain(String canonical) {
        if (canonical.indexOf('E') >= 0) {
            return new BigDecimal(canonical).toPlainString();
        }
        int end = significantEnd(canonical);
        return end == canonical.length() ? canonical : canonical.substring(0, end);
    }

    /**
     * How many digits follow the point of a plain decimal as it would be written: {@code 0}, {@code -12.50}; no plus, no exponent,
     * no leading zero, no bare point. -1 says nothing but that a closer look is needed, and so it does for a negative zero.
     */
    static int plainDecimals(String s) {
        int length = s.length();
        int start = length > 0 && s.charAt(0) == '-' ? 1 : 0;
        int i = afterDigits(s, start);
        if (i == start || s.charAt(start) == '0' && (i > start + 1 || start == 1)) {
            return -1;
        }
        if (i == length) {
            return 0;
        }
        return s.charAt(i) == '.' && i + 1 < length && afterDigits(s, i + 1) == length ? length - i - 1 : -1;
    }

    private static int afterSign(String s, int i) {
        return i < s.length() && (s.charAt(i) == '-' || s.charAt(i) == '+') ? i + 1 : i;
    }

    private static int afterDigits(String s, int i) {
        while (i < s.length() && s.charAt(i) >= '0' && s.charAt(i) <= '9') {
            i++;
        }
        return i;
    }
}
