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
        return Jinja.guarded(text.start(), () -> {
            Scope scope = new Scope(jinja, jinja.engine().getGlobalContext(), text, names, Scope.currentDepth());
            return Jinja.current(scope, () -> {
                try {
                    return scope.budget().made(scope.render(text.nodes()));
                } catch (Returned returned) {
                    throw scope.fault(returned.outside());
                }
            });
        });
    }
}
