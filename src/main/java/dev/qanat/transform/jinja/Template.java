package dev.qanat.transform.jinja;

import com.hubspot.jinjava.tree.Node;
import java.util.List;

/** A text of Jinja that was read. Threads: any number may render it at once. */
public final class Template {
    private final Jinja jinja;
    private final Place start;
    private final List<Node> nodes;

    Template(Jinja jinja, Place start, List<Node> nodes) {
        this.jinja = jinja;
        this.start = start;
        this.nodes = nodes;
    }

    /**
     * The text with everything in it worked out.
     *
     * @throws dev.qanat.failure.InputFailure with the file and line of the template or macro in which something is wrong
     */
    public String render(Names names) {
        return Jinja.guarded(() -> {
            Scope scope = new Scope(jinja, jinja.engine().getGlobalContext(), start, names, 0);
            return Jinja.current(scope, () -> scope.render(nodes));
        });
    }
}
