package dev.qanat.validate;

import dev.qanat.failure.Code;

/** What PostgreSQL holds as text: anything but NUL and halves of surrogate pairs, which UTF-8 does not know. */
final class Characters {

    static final Misfit NUL = new Misfit(Code.INVALID_CHARACTER, "holds a NUL character, which a text cannot");
    static final Misfit HALF_PAIR =
            new Misfit(Code.INVALID_CHARACTER, "holds half of a surrogate pair, which is no character");

    /** Text as it came. */
    static final Coercion TEXT = raw -> {
        check(raw);
        return raw;
    };

    private Characters() {}

    static void check(String text) throws Misfit {
        for (int i = 0, length = text.length(); i < length; i++) {
            char c = text.charAt(i);
            if (c == 0) {
                throw NUL;
            }
            if (Character.isSurrogate(c)) {
                if (Character.isLowSurrogate(c) || i + 1 == length || !Character.isLowSurrogate(text.charAt(i + 1))) {
                    throw HALF_PAIR;
                }
                i++;
            }
        }
    }

    /** The text, cut to so many bytes of UTF-8 between two characters, with U+FFFD for what PostgreSQL does not hold. */
    static String storable(String text, int bytes) {
        int end = 0;
        int size = 0;
        boolean sound = true;
        while (end < text.length()) {
            int c = text.codePointAt(end);
            boolean bad = c == 0 || c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
            size += c == 0 ? 3 : utf8Length(c);
            if (size > bytes) {
                break;
            }
            sound &= !bad;
            end += Character.charCount(c);
        }
        if (sound) {
            return end == text.length() ? text : text.substring(0, end);
        }
        StringBuilder storable = new StringBuilder(end);
        text.substring(0, end)
                .codePoints()
                .map(c -> c == 0 || c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xFFFD : c)
                .forEach(storable::appendCodePoint);
        return storable.toString();
    }

    static int utf8Length(int codePoint) {
        return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
    }

    static int utf8Length(String text) {
        int size = 0;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            size += utf8Length(c);
            i += Character.charCount(c);
        }
        return size;
    }
}
