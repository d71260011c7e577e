package dev.qanat.validate;

import java.math.BigDecimal;

/** Integers of a range: {@code 12}, {@code +12}, {@code 12.0} and {@code 1e3} are some, {@code 12.5} is not. */
final class WholeNumbers implements Coercion {
    static final Coercion INTEGER = new WholeNumbers("integer", Integer.MIN_VALUE, Integer.MAX_VALUE);
    static final Coercion BIGINT = new WholeNumbers("bigint", Long.MIN_VALUE, Long.MAX_VALUE);

    private static final Misfit NO_INTEGER = Misfit.mismatch("is not an integer");

    private final long min;
    private final long max;
    private final Misfit beyond;

    private WholeNumbers(String type, long min, long max) {
        this.min = min;
        this.max = max;
        this.beyond = Misfit.outOfRange("is beyond the range of " + type + ", " + min + " to " + max);
    }

    @Override
    public String coerce(String raw) throws Misfit {
        String s = raw.strip();
        int length = s.length();
        int start = length > 0 && s.charAt(0) == '-' ? 1 : 0;
        // Up to 18 digits that do not start with a zero cannot overflow a long and stand as they should.
        if (length > start && length <= 18 && s.charAt(start) != '0') {
            long value = 0;
            int i = start;
            for (; i < length; i++) {
                int digit = s.charAt(i) - '0';
                if (digit < 0 || digit > 9) {
                    break;
                }
                value = value * 10 + digit;
            }
            if (i == length) {
                if (start == 1 ? -value < min : value > max) {
                    throw beyond;
                }
                return s;
            }
        }
        if (s.equals("0")) {
            return s;
        }
        return exactly(s);
    }

    private String exactly(String s) throws Misfit {
        if (!NumberText.isNumber(s)) {
            throw NO_INTEGER;
        }
        BigDecimal value = NumberText.exact(s).stripTrailingZeros();
        if (value.scale() > 0) {
            throw NO_INTEGER;
        }
        if (value.compareTo(BigDecimal.valueOf(min)) < 0 || value.compareTo(BigDecimal.valueOf(max)) > 0) {
            throw beyond;
        }
        return value.toPlainString();
    }
}
