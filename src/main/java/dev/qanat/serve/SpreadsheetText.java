package dev.qanat.serve;

/**
 * Text for a cell of a CSV that a spreadsheet may open: an apostrophe stands before whatever the spreadsheet would run as a formula
 * (OWASP, CSV injection). That is where the text begins, and where a cell begins for a spreadsheet that takes {@code ;} or a tab for
 * the delimiter, as in many countries, and so does not see the quotes around the whole.
 */
public final class SpreadsheetText {

    /** What begins a formula, also in the wide forms of East Asian keyboards. */
    private static final String FORMULA = "=+-@\uFF1D\uFF0B\uFF0D\uFF20";

    private static final String BREAK = ";\t\r\n";

    private SpreadsheetText() {}

    /** The text as a cell may have it. */
    public static String safe(String text) {
        int length = text.length();
        StringBuilder safe = null;
        if (beginsFormula(text) || length > 0 && "\t\r\n".indexOf(text.charAt(0)) >= 0) {
            safe = new StringBuilder(length + 8).append('\'');
        }
        boolean begins = false;
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (BREAK.indexOf(c) >= 0) {
                begins = true;
            } else if (begins && !passedOver(c)) {
                begins = false;
                if (FORMULA.indexOf(c) >= 0) {
                    safe = safe == null ? new StringBuilder(length + 8).append(text, 0, i) : safe;
                    safe.append('\'');
                }
            }
            if (safe != null) {
                safe.append(c);
            }
        }
        return safe == null ? text : safe.toString();
    }

    private static boolean beginsFormula(String text) {
        int i = 0;
        while (i < text.length() && passedOver(text.charAt(i))) {
            i++;
        }
        return i < text.length() && FORMULA.indexOf(text.charAt(i)) >= 0;
    }

    /** Blanks, which spreadsheets drop, characters that are not seen, and quotes. */
    private static boolean passedOver(char c) {
        return c == '"'
                || Character.isWhitespace(c)
                || Character.isSpaceChar(c)
                || Character.isISOControl(c)
                || Character.getType(c) == Character.FORMAT;
    }
}
