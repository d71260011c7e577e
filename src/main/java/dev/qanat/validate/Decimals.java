package dev.qanat.validate;

import dev.qanat.pipeline.ColumnType;
import java.math.BigDecimal;

/**
 * Exact decimals. Without a size they keep their digits and their scale as they came, in plain notation; with one they are
 * written with the scale of the type, and a value that would have to be rounded does not fit.
 */
final class Decimals implements Coercion {
    private static final Misfit NO_NUMBER = Misfit.mismatch("is not a number");

    private final boolean sized;
    private final int scale;
    private final int whole;
    private final Misfit rounded;
    private final Misfit beyond;

    Decimals(ColumnType type) {
        sized = type.sized();
        scale = type.scale();
        whole = type.precision() - type.scale();
        rounded = Misfit.outOfRange("does not fit " + type + " without rounding: it keeps " + scale + " decimal places");
        beyond = Misfit.outOfRange("does not fit " + type + ": it keeps " + whole + " digits before the point");
    }

    @Override
    public String coerce(String raw) throws Misfit {
        String s = raw.strip();
        // A short plain decimal needs no arithmetic.
        int decimals = s.length() <= 40 ? NumberText.plainDecimals(s) : -1;
        if (decimals >= 0) {
            if (!sized) {
                return s;
            }
            int end = decimals == 0 ? s.length() : s.length() - decimals - 1;
            int first = s.charAt(0) == '-' ? 1 : 0;
            int before = s.charAt(first) == '0' ? 0 : end - first;
            if (before <= whole && decimals <= scale) {
                if (decimals == scale) {
                    return s;
                }
                return (decimals == 0 ? s + "." : s) + "0".repeat(scale - decimals);
            }
        }
        if (!NumberText.isNumber(s)) {
            throw NO_NUMBER;
        }
        BigDecimal value = NumberText.exact(s);
        return sized ? exactly(value) : bare(value);
    }

    private static String bare(BigDecimal value) throws Misfit {
        if (!NumberText.fits(value)) {
            throw NumberText.TOO_LONG;
        }
        return value.toPlainString();
    }

    private String exactly(BigDecimal value) throws Misfit {
        BigDecimal stripped = value.stripTrailingZeros();
        if (stripped.signum() != 0 && stripped.precision() - stripped.scale() > whole) {
            throw beyond;
        }
        if (stripped.scale() > scale) {
            throw rounded;
        }
        return stripped.setScale(scale).toPlainString();
    }
}
