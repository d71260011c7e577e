package dev.qanat.validate;

/** Text from outside as messages show it: quoted, short, and with nothing in it that a terminal or a table would act on. */
public final class Shown {
    /** Characters shown of a value. */
    static final int LENGTH = 100;

    private Shown() {}

    /** The value in quotes, cut after {@value #LENGTH} characters. */
    static String value(String value) {
        return "'" + text(value, LENGTH) + "'";
    }

    /** The text without quotes, cut after so many characters. */
    public static String text(String text, int length) {
        boolean cut = text.length() > length;
        int end = cut ? length : text.length();
        if (cut && Character.isHighSurrogate(text.charAt(end - 1))) {
            end--;
        }
        StringBuilder shown = new StringBuilder(end + 8);
        for (int i = 0; i < end; ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            switch (Character.getType(c)) {
                case Character.CONTROL,
                        Character.FORMAT,
                        Character.SURROGATE,
                        Character.LINE_SEPARATOR,
                        Character.PARAGRAPH_SEPARATOR -> escape(shown, c);
                default -> shown.appendCodePoint(c);
            }
        }
        return cut ? shown.append('…').toString() : shown.toString();
    }

    private static void escape(StringBuilder shown, int c) {
        switch (c) {
            case '\t' -> shown.append("\\t");
            case '\n' -> shown.append("\\n");
            case '\r' -> shown.append("\\r");
            default -> shown.append(String.format(c > 0xFFFF ? "\\u{%X}" : "\\u%04X", c));
        }
    }
}
