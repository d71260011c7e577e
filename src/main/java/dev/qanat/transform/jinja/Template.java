package dev.qanat.transform.jinja;

/** A text of Jinja that was read. Threads: any number may render it at once. */
public final class Template {
    private final Jinja jinja;
    private final Parsed text;

    Template(Jinja jinja, Parsed text) {
        this.jinja = jinja;
        this.text = text;
    }

    /**
     * The text with everything in it worked out.
     *
     * @throws dev.qanat.failure.InputFailure with the file and line of the template or macro in which something is wrong
     */
    public String render(Names names) {
        return Jinja.guarded(() -> {
            Scope scope = new Scope(jinja, jinja.engine().getGlobalContext(), text, names, 0);
            return Jinja.current(scope, () -> scope.render(text.nodes()));
        });
    }
}
