package dev.qanat.transform.jinja;

import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.tree.TagNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import jinjava.de.odysseus.el.tree.Bindings;
import jinjava.de.odysseus.el.tree.impl.ast.AstNode;
import org.jspecify.annotations.Nullable;

/** A macro that was read. It sees its arguments and what its file and the project offer, not the variables of who calls it. */
public final class Macro {

    /** @param otherwise worked out at each call without the argument; null for none */
    record Parameter(String name, @Nullable AstNode otherwise) {}

    private final Jinja jinja;
    private final Parsed text;
    private final String name;
    private final List<Parameter> parameters;
    private final TagNode tag;
    private final String body;

    Macro(Jinja jinja, Parsed text, String name, List<Parameter> parameters, TagNode tag) {
        this.jinja = jinja;
        this.text = text;
        this.name = name;
        this.parameters = parameters;
        this.tag = tag;
        this.body = tag.reconstructImage();
    }

    /** As it is called; {@code test_} or {@code docs_} stands before what is no macro. */
    public String name() {
        return name;
    }

    public String file() {
        return text.start().file();
    }

    /** The macro for one rendering. */
    public Callable with(Names names) {
        return arguments -> call(arguments, jinja.engine().getGlobalContext(), names);
    }

    Callable within(Scope scope) {
        Context parent = scope.getContext();
        return arguments -> call(arguments, parent, scope.names());
    }

    private Object call(Arguments arguments, Context parent, Names names) {
        Scope scope = new Scope(jinja, parent, text, names, Scope.currentDepth() + 1);
        return Jinja.current(scope, () -> {
            try {
                bind(arguments, scope);
                return scope.budget().made(scope.render(tag.getChildren()));
            } catch (Returned returned) {
                return returned.value();
            }
        });
    }

    private void bind(Arguments arguments, Scope scope) {
        List<Object> positional = arguments.positional();
        Map<Object, Object> named = new LinkedHashMap<>(arguments.named());
        for (int i = 0; i < parameters.size(); i++) {
            Parameter parameter = parameters.get(i);
            Object given = named.remove(parameter.name());
            if (i < positional.size()) {
                given = positional.get(i);
            }
            scope.set(parameter.name(), given == null ? otherwise(parameter, scope) : given);
        }
        if (named.remove("caller") instanceof Callable caller) {
            scope.set("caller", caller);
        }
        List<Object> rest = new ArrayList<>(positional.subList(Math.min(parameters.size(), positional.size()), positional.size()));
        if (!rest.isEmpty() && !body.contains("varargs")) {
            throw TemplateFault.invalid("macro '%s' takes %d arguments, not %d".formatted(name, parameters.size(), positional.size()));
        }
        if (!named.isEmpty() && !body.contains("kwargs")) {
            throw TemplateFault.invalid("macro '%s' takes no argument '%s'".formatted(name, named.keySet().iterator().next()));
        }
        scope.set("varargs", new Tuple(rest));
        scope.set("kwargs", named);
    }

    private static Object otherwise(Parameter parameter, Scope scope) {
        return parameter.otherwise() == null
                ? new Undefined(parameter.name())
                : parameter.otherwise().eval(new Bindings(null, null), new Evaluation(scope));
    }
}
