package dev.qanat.validate;

import dev.qanat.failure.Code;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The least and the greatest number allowed in a column. */
final class Bounds {
    /** Numbers of so many digits fit a long, whatever their sign. */
    private static final int DIGITS = 18;

    private final Optional<BigDecimal> min;
    private final Optional<BigDecimal> max;
    /** Whether the sign alone decides. */
    private final boolean notNegative;

    private final Misfit below;
    private final Misfit above;

    // The bounds as multiples of 10^-scale, by scale, so that a short number is compared without a BigDecimal.
    private final long[] least = new long[DIGITS + 1];
    private final long[] greatest = new long[DIGITS + 1];

    Bounds(Optional<BigDecimal> min, Optional<BigDecimal> max) {
        this.min = min;
        this.max = max;
        notNegative = min.isPresent() && min.get().signum() == 0 && max.isEmpty();
        below = new Misfit(Code.BELOW_MIN, "is less than " + min.map(BigDecimal::toString).orElse(""));
        above = new Misfit(Code.ABOVE_MAX, "is greater than " + max.map(BigDecimal::toString).orElse(""));
        for (int scale = 0; scale <= DIGITS; scale++) {
            least[scale] = scaled(min.orElse(null), scale, RoundingMode.CEILING, Long.MIN_VALUE);
            greatest[scale] = scaled(max.orElse(null), scale, RoundingMode.FLOOR, Long.MAX_VALUE);
        }
    }

    /** Checks a canonical number of any type. */
    void check(String number) throws Misfit {
        if (notNegative && number.charAt(0) != '-') {
            return;
        }
        if (number.length() > DIGITS || !checkShort(number)) {
            BigDecimal value = new BigDecimal(number);
            if (min.isPresent() && value.compareTo(min.get()) < 0) {
                throw below;
            }
            if (max.isPresent() && value.compareTo(max.get()) > 0) {
                throw above;
            }
        }
    }

    /** False when the number has an exponent. */
    private boolean checkShort(String number) throws Misfit {
        int scale = 0;
        boolean fraction = false;
        long value = 0;
        boolean negative = number.charAt(0) == '-';
        for (int i = negative ? 1 : 0; i < number.length(); i++) {
            char c = number.charAt(i);
            if (c == '.') {
                fraction = true;
            } else if (c < '0' || c > '9') {
                return false;
            } else {
                value = value * 10 + (c - '0');
                scale += fraction ? 1 : 0;
            }
        }
        value = negative ? -value : value;
        if (value < least[scale]) {
            throw below;
        }
        if (value > greatest[scale]) {
            throw above;
        }
        return true;
    }

    private static long scaled(@Nullable BigDecimal bound, int scale, RoundingMode towards, long none) {
        if (bound == null) {
            return none;
        }
        BigDecimal shifted = bound.scaleByPowerOfTen(scale);
        // Neither 1e-999999999 nor 1e999999999 may be expanded; and bounds beyond a long are beyond every short number, too.
        if (shifted.precision() - shifted.scale() <= 0) {
            return towards == RoundingMode.CEILING ? Math.max(shifted.signum(), 0) : Math.min(shifted.signum(), 0);
        }
        if (shifted.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) >= 0) {
            return Long.MAX_VALUE;
        }
        if (shifted.compareTo(BigDecimal.valueOf(Long.MIN_VALUE)) <= 0) {
            return Long.MIN_VALUE;
        }
        return shifted.setScale(0, towards).longValueExact();
    }
}
