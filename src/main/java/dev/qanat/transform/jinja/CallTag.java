package dev.qanat.transform.jinja;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.tag.Tag;
import com.hubspot.jinjava.tree.TagNode;
import jinjava.de.odysseus.el.tree.Bindings;

/** {@code {% call macro(…) %} … {% endcall %}}: what stands inside is the macro's {@code caller()}. */
final class CallTag implements Tag {
    private static final long serialVersionUID = 1L;

    @Override
    public String getName() {
        return "call";
    }

    @Override
    public String interpret(TagNode tag, JinjavaInterpreter interpreter) {
        Scope scope = (Scope) interpreter;
        try {
            if (tag.getHelpers().strip().startsWith("(")) {
                throw TemplateFault.notSupported("a call block with arguments is not supported");
            }
            if (!(scope.jinja().parse(tag.getHelpers()) instanceof Grammar.Call call)) {
                throw TemplateFault.notSupported("'call %s' is not supported; call a macro".formatted(tag.getHelpers().strip()));
            }
            Callable caller = arguments -> scope.budget().made(scope.render(tag.getChildren()));
            return Values.str(call.evaluate(new Bindings(null, null), new Evaluation(scope), caller));
        } catch (TemplateFault fault) {
            throw scope.fault(fault);
        }
    }
}
