package dev.qanat.pipeline;

import java.util.regex.Pattern;

/**
 * Whether a pattern matches the whole of a text. A pattern such as {@code (a+)+b} may need longer than the world has existed for
 * thirty characters, and one such as {@code (a|b)*} more stack than a thread has: reading the text more than a hundred times
 * over (and ten thousand characters), or running out of stack, ends it.
 */
public enum BoundedMatch {
    MATCHES,
    DIFFERS,
    /** Nobody knows: it takes too many steps. */
    ENDLESS;

    private static final int STEPS = 10_000;
    private static final int STEPS_PER_CHARACTER = 100;

    public static BoundedMatch of(Pattern pattern, String text) {
        try {
            return pattern.matcher(new Counted(text)).matches() ? MATCHES : DIFFERS;
        } catch (Exhausted | StackOverflowError e) {
            return ENDLESS;
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
