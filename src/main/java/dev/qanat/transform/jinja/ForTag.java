package dev.qanat.transform.jinja;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.tree.Node;
import com.hubspot.jinjava.tree.TagNode;
import com.hubspot.jinjava.tree.parse.TagToken;
import java.util.ArrayList;
import java.util.List;
import jinjava.de.odysseus.el.tree.Bindings;
import jinjava.de.odysseus.el.tree.impl.ast.AstNode;

/** {@code {% for x in y if z %} … {% else %} … {% endfor %}}, where each round has variables of its own, as in Jinja. */
final class ForTag extends com.hubspot.jinjava.lib.tag.ForTag {
    private static final long serialVersionUID = 1L;

    @Override
    public String interpret(TagNode tag, JinjavaInterpreter interpreter) {
        Scope scope = (Scope) interpreter;
        try {
            return loop(tag, scope);
        } catch (TemplateFault fault) {
            throw scope.fault(fault);
        }
    }

    private String loop(TagNode tag, Scope scope) {
        var head = getLoopVarsAndExpression((TagToken) tag.getMaster());
        AstNode expression = scope.jinja().parse(head.getRight());
        boolean filtered = expression instanceof Grammar.Choice choice && !choice.hasElse();
        AstNode all = filtered ? ((Grammar.Choice) expression).yes : expression;
        List<Object> items = Values.iterate(evaluate(all, scope));
        if (filtered) {
            items = kept(items, ((Grammar.Choice) expression).question, head.getLeft(), scope);
        }
        List<Node> body = new ArrayList<>();
        List<Node> otherwise = new ArrayList<>();
        List<Node> part = body;
        for (Node node : tag.getChildren()) {
            if (node instanceof TagNode inner && inner.getName().equals("else")) {
                part = otherwise;
            } else {
                part.add(node);
            }
        }
        return items.isEmpty() ? scope.render(otherwise) : rounds(items, body, head.getLeft(), scope);
    }

    private static Object evaluate(AstNode node, Scope scope) {
        scope.budget().steps(1);
        return node.eval(new Bindings(null, null), new Evaluation(scope));
    }

    private static List<Object> kept(List<Object> items, AstNode condition, List<String> names, Scope scope) {
        List<Object> kept = new ArrayList<>();
        for (Object item : items) {
            try (var round = scope.enterScope()) {
                name(item, names, scope);
                if (Values.truth(evaluate(condition, scope))) {
                    kept.add(item);
                }
            }
        }
        return kept;
    }

    private static String rounds(List<Object> items, List<Node> body, List<String> names, Scope scope) {
        Text text = new Text();
        for (int i = 0; i < items.size(); i++) {
            scope.budget().steps(1);
            try (var round = scope.enterScope()) {
                scope.set("loop", new Loop(items, i));
                name(items.get(i), names, scope);
                text.add(scope.render(body));
            }
        }
        return text.part();
    }

    private static void name(Object item, List<String> names, Scope scope) {
        if (names.size() == 1) {
            scope.set(names.get(0), item);
            return;
        }
        List<Object> parts = Values.iterate(item);
        if (parts.size() != names.size()) {
            throw TemplateFault.invalid("the loop names %d values and an item has %d".formatted(names.size(), parts.size()));
        }
        for (int i = 0; i < names.size(); i++) {
            scope.set(names.get(i), parts.get(i));
        }
    }
}
