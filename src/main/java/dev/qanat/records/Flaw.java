package dev.qanat.records;

import dev.qanat.failure.Code;
import org.jspecify.annotations.Nullable;

/** Finds characters that no table can hold, and shows them in what is kept of their record. */
final class Flaw {
    private Flaw() {}

    /** What is wrong with a text's characters: {@link Code#INVALID_ENCODING}, {@link Code#INVALID_CHARACTER}, or nothing. */
    static @Nullable Fault of(CharSequence text, Encoding encoding) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == 0) {
                return new Fault(Code.INVALID_CHARACTER, "a NUL (U+0000), which no table can hold");
            }
            if (c >= Character.MIN_SURROGATE) {
                if (c == Encoding.INVALID) {
                    return new Fault(
                            Code.INVALID_ENCODING, "bytes that are not valid " + encoding.name() + ", shown as U+FFFD");
                }
                if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                    i++;
                } else if (Character.isSurrogate(c)) {
                    return new Fault(
                            Code.INVALID_CHARACTER, "half a character (U+%04X without its other half)".formatted((int) c));
                }
            }
        }
        return null;
    }

    /** A value as it is kept, with U+FFFD where it had bytes that are no characters. */
    static String shown(String value) {
        return shown(value, false);
    }

    /** JSON text as it is kept, with U+FFFD where it had bytes that are no characters, and half characters escaped. */
    static String shownJson(String json) {
        return shown(json, true);
    }

    private static String shown(String text, boolean escape) {
        StringBuilder shown = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean pair = Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1));
            boolean half = !pair && Character.isSurrogate(c);
            if (shown == null && (half || c == Encoding.INVALID)) {
                shown = new StringBuilder(text.length() + 16).append(text, 0, i);
            }
            if (pair) {
                i++;
                if (shown != null) {
                    shown.append(c).append(text.charAt(i));
                }
            } else if (shown != null) {
                if (half && escape) {
                    shown.append("\\u%04x".formatted((int) c));
                } else {
                    shown.append(half || c == Encoding.INVALID ? '\uFFFD' : c);
                }
            }
        }
        return shown == null ? text : shown.toString();
    }
}
