package dev.qanat.transform.jinja;

import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.InterpretException;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.tree.Node;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One rendering of one text or macro: its variables, the names from outside, and the place it is at. The first thing that is wrong ends
 * it, where Jinjava would note an error and go on.
 */
final class Scope extends JinjavaInterpreter {
    private static final Pattern UNKNOWN_TAG = Pattern.compile("Unknown tag: (\\w+)");

    private final Jinja jinja;
    private final Parsed text;
    private final Names names;
    private final int depth;
    private final Budget budget = Budget.current();
    private @Nullable Node at;

    Scope(Jinja jinja, Context parent, Parsed text, Names names, int depth) {
        super(jinja.engine(), new Context(parent), jinja.engine().getGlobalConfig());
        this.jinja = jinja;
        this.text = text;
        this.names = names;
        this.depth = depth;
        if (depth > Budget.MAX_DEPTH) {
            throw TemplateFault.invalid("macros call each other more than %d deep".formatted(Budget.MAX_DEPTH));
        }
    }

    Jinja jinja() {
        return jinja;
    }

    Parsed text() {
        return text;
    }

    Budget budget() {
        return budget;
    }

    Names names() {
        return names;
    }

    /** How many macros call each other on this thread just now. */
    static int currentDepth() {
        return JinjavaInterpreter.getCurrent() instanceof Scope scope ? scope.depth : 0;
    }

    void at(Node node) {
        at = node;
        try {
            budget.steps(1);
        } catch (TemplateFault fault) {
            throw fault(fault);
        }
    }

    /** The value of a name: of the text, then from outside. */
    Object find(String name) {
        Object own = getContext().get(name);
        if (own != null) {
            return own;
        }
        Object outside = names.lookup(name);
        return outside == null ? new Undefined(name) : outside;
    }

    void set(String name, Object value) {
        getContext().put(name, value);
    }

    String render(Iterable<Node> nodes) {
        Text rendered = new Text();
        for (Node node : nodes) {
            try {
                rendered.add(node.render(this).getValue());
            } catch (Returned e) {
                throw e;
            } catch (InterpretException e) {
                throw fault(TemplateFault.of(e));
            }
        }
        return rendered.part();
    }

    @Override
    public Object resolveELExpression(String expression, int lineNumber) {
        try {
            return jinja.evaluate(expression, this);
        } catch (TemplateFault fault) {
            throw fault.at(place());
        }
    }

    Place place() {
        return at == null ? text.start() : text.place(at);
    }

    TemplateFault fault(TemplateFault fault) {
        return fault.at(place());
    }

    @Override
    public void addError(TemplateError error) {
        Matcher tag = UNKNOWN_TAG.matcher(error.getMessage());
        TemplateFault fault = error.getReason() == TemplateError.ErrorReason.DISABLED
                ? TemplateFault.notSupported("the tag '%s' is not supported".formatted(error.getFieldName()))
                : tag.find()
                        ? TemplateFault.notSupported("the tag '%s' is not supported".formatted(tag.group(1)))
                        : TemplateFault.invalid(error.getMessage());
        throw fault.at(text.start().file(), text.start().line() - 1 + text.lines().of(error.getLineno(), error.getStartPosition()));
    }
}
