package dev.qanat.transform.jinja;

/** A text that is being made, and ends the rendering before it is longer than the {@link Budget} allows. */
final class Text {
    private final StringBuilder text = new StringBuilder();
    private final Budget budget = Budget.current();

    Text add(String part) {
        budget.fits((long) text.length() + part.length());
        text.append(part);
        return this;
    }

    /** What a block or a loop gives to the text that it is part of. */
    String part() {
        return text.toString();
    }
}
