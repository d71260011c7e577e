package dev.qanat.serve;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;

/** The text of a parameter in PostgREST's dialect, read from its beginning to its end. For one thread. */
final class DialectText {

    private static final String QUOTE = "\"";

    private final String parameter;
    private final String text;
    private final StringBuilder shape = new StringBuilder();
    private int shaped;
    private int at;

    DialectText(String parameter, String text) {
        this.parameter = parameter;
        this.text = text;
    }

    String parameter() {
        return parameter;
    }

    /** The text with a blank for each value: what reads the same is the same but for values. */
    String shape() {
        return shape + text.substring(shaped);
    }

    boolean ended() {
        return at == text.length();
    }

    boolean isNext(String next) {
        return text.startsWith(next, at);
    }

    /** Whether this comes next; then it is passed. */
    boolean take(String next) {
        boolean there = isNext(next);
        at += there ? next.length() : 0;
        return there;
    }

    void expect(String next) {
        if (!take(next)) {
            throw problem("expected '" + next + "'" + (ended() ? " at the end" : ""));
        }
    }

    void expectEnd() {
        if (!ended()) {
            throw problem("nothing may follow");
        }
    }

    /** A name: in quotes, or up to what cannot be in one without. */
    String name() {
        String name = isNext(QUOTE) ? quoted() : word();
        if (name.isEmpty()) {
            throw problem("expected a name");
        }
        return name;
    }

    /** A word of the dialect, up to a dot or what ends an item. */
    String word() {
        return upTo(".,:()");
    }

    /** A value among others: in quotes, or up to what ends it. */
    String value() {
        int begin = at;
        String value = among();
        return blank(begin, value);
    }

    /** A value that goes on to the end. */
    String rest() {
        int begin = at;
        String rest = remainder();
        return blank(begin, rest);
    }

    /** As {@link #value}, of a word that decides what becomes of it all. */
    String among() {
        return isNext(QUOTE) ? quoted() : upTo(",)");
    }

    /** As {@link #rest}, of a word that decides what becomes of it all. */
    String remainder() {
        String rest = text.substring(at);
        at = text.length();
        return rest;
    }

    private String blank(int begin, String value) {
        shape.append(text, shaped, begin).append(' ');
        shaped = at;
        return value;
    }

    private String upTo(String ends) {
        int begin = at;
        while (at < text.length() && ends.indexOf(text.charAt(at)) < 0) {
            at++;
        }
        return text.substring(begin, at);
    }

    /** In it, a backslash takes its meaning from what follows. */
    private String quoted() {
        StringBuilder read = new StringBuilder();
        for (int i = at + 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                at = i + 1;
                return read.toString();
            }
            if (c == '\\' && i + 1 < text.length()) {
                i++;
                read.append(text.charAt(i));
            } else {
                read.append(c);
            }
        }
        throw problem("the quote is not closed");
    }

    /** A problem where reading stands. */
    InputFailure problem(String what) {
        return problem(parameter, what + ", at character " + (at + 1) + " of '" + text + "'");
    }

    static InputFailure problem(String parameter, String what) {
        return new InputFailure(Code.INVALID_REQUEST, parameter + ": " + what);
    }
}
