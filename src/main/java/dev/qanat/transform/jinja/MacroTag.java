package dev.qanat.transform.jinja;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.tag.Tag;
import com.hubspot.jinjava.tree.TagNode;
import java.util.ArrayList;
import java.util.List;
import jinjava.de.odysseus.el.tree.impl.ast.AstNode;

/** {@code {% macro name(a, b=1) %}}, and dbt's {@code test} and {@code docs}, which are macros with a prefix. */
final class MacroTag implements Tag {
    private static final long serialVersionUID = 1L;

    private final String tag;
    private final String prefix;

    MacroTag(String tag, String prefix) {
        this.tag = tag;
        this.prefix = prefix;
    }

    @Override
    public String getName() {
        return tag;
    }

    @Override
    public String interpret(TagNode node, JinjavaInterpreter interpreter) {
        Scope scope = (Scope) interpreter;
        Macro macro = read(node, scope.jinja(), scope.text());
        scope.set(macro.name(), macro.within(scope));
        return "";
    }

    Macro read(TagNode node, Jinja jinja, Parsed text) {
        try {
            AstNode given = jinja.parseAlone(node.getHelpers(), text);
            if (given instanceof Grammar.Name docs && tag.equals("docs")) {
                return new Macro(jinja, text, prefix + docs.getName(), List.of(), node);
            }
            if (!(given instanceof Grammar.Call head)) {
                throw TemplateFault.invalid("'%s' is no head of a macro; write {%% %s name(a, b) %%}"
                        .formatted(node.getHelpers().strip(), tag));
            }
            return new Macro(jinja, text, prefix + head.getName(), parameters(head.getChild(0)), node);
        } catch (TemplateFault fault) {
            throw fault.at(text.place(node));
        }
    }

    private static List<Macro.Parameter> parameters(AstNode given) {
        List<Macro.Parameter> parameters = new ArrayList<>();
        for (int i = 0; i < given.getCardinality(); i++) {
            if (given.getChild(i) instanceof Grammar.Named named) {
                parameters.add(new Macro.Parameter(named.name, named.value));
            } else if (given.getChild(i) instanceof Grammar.Name name) {
                parameters.add(new Macro.Parameter(name.getName(), null));
            } else {
                throw TemplateFault.invalid("a parameter of a macro is a name, with or without '= value'");
            }
        }
        return parameters;
    }
}
