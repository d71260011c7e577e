package dev.qanat.transform.jinja;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;

/**
 * What one rendering may use, with all that it calls, so that a template ends soon and within little memory. Exceeding it is a
 * {@link TemplateFault}. Threads: one, the rendering's.
 */
final class Budget {
    /** Of macros that call each other, of tags in tags, of brackets in an expression. */
    static final int MAX_DEPTH = 100;
    /** Characters of a text. */
    static final int MAX_TEXT = 10 << 20;

    private static final int MAX_STEPS = 10_000_000;
    private static final int MAX_ITEMS = 1_000_000;
    /** Characters of all texts, lists and dicts that are made; the Java heap may have to hold two bytes for each. */
    private static final int MAX_MADE = 50_000_000;
    /** What a text, list or dict takes besides what is in it, and what an item takes, in characters. */
    private static final int OBJECT = 24;
    private static final int ITEM = 8;

    private long steps;
    private long made;

    /** That of the rendering on this thread; outside of one it is new. */
    static Budget current() {
        return JinjavaInterpreter.getCurrent() instanceof Scope scope ? scope.budget() : new Budget();
    }

    void steps(long more) {
        steps += more;
        if (steps > MAX_STEPS) {
            throw TemplateFault.invalid("rendering takes more than %d steps; loop over less".formatted(MAX_STEPS));
        }
    }

    /** Before a text of this length is made. */
    void fits(long length) {
        if (length > MAX_TEXT) {
            throw TemplateFault.invalid("a text would have more than %d characters".formatted(MAX_TEXT));
        }
    }

    String made(String text) {
        fits(text.length());
        made((long) text.length() + OBJECT);
        return text;
    }

    /** Before a list or dict of this many items is made. */
    void items(long size) {
        if (size > MAX_ITEMS) {
            throw TemplateFault.invalid("a list would have more than %d items".formatted(MAX_ITEMS));
        }
        steps(size);
        made(size * ITEM + OBJECT);
    }

    private void made(long more) {
        made += more;
        if (made > MAX_MADE) {
            throw TemplateFault.invalid("rendering makes texts and lists of more than %d characters".formatted(MAX_MADE));
        }
    }
}
