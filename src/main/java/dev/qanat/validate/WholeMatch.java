package dev.qanat.validate;

import dev.qanat.failure.Code;
import java.util.regex.Pattern;

/**
 * A pattern that the whole of a value must match. A pattern such as {@code (a+)+b} may need longer than the world has existed for
 * thirty characters, and one such as {@code (a|b)*} more stack than a thread has: reading the value more than a hundred times
 * over (and ten thousand characters), or running out of stack, counts as no match.
 */
final class WholeMatch {
    private static final int STEPS = 10_000;
    private static final int STEPS_PER_CHARACTER = 100;

    private final Pattern pattern;
    private final Misfit otherwise;
    private final Misfit endless;

    WholeMatch(Pattern pattern) {
        this.pattern = pattern;
        String shown = Shown.text(pattern.pattern(), Shown.LENGTH);
        otherwise = new Misfit(Code.PATTERN_MISMATCH, "does not match " + shown);
        endless = new Misfit(Code.PATTERN_MISMATCH, "takes too many steps to match against " + shown);
    }

    void check(String value) throws Misfit {
        boolean matches;
        try {
            matches = pattern.matcher(new Counted(value)).matches();
        } catch (Exhausted | StackOverflowError e) {
            throw endless;
        }
        if (!matches) {
            throw otherwise;
        }
    }

    private static final class Exhausted extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private static final Exhausted NOW = new Exhausted();

        private Exhausted() {
            super(null, null, false, false);
        }
    }

    /** A text that can be read so often and no more. */
    private static final class Counted implements CharSequence {
        private final String text;
        private long left;

        Counted(String text) {
            this.text = text;
            this.left = STEPS + (long) STEPS_PER_CHARACTER * text.length();
        }

        @Override
        public char charAt(int index) {
            if (--left < 0) {
                throw Exhausted.NOW;
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.subSequence(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
