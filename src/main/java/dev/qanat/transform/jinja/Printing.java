package dev.qanat.transform.jinja;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.lib.expression.ExpressionStrategy;
import com.hubspot.jinjava.tree.output.RenderedOutputNode;
import com.hubspot.jinjava.tree.parse.ExpressionToken;

/** {@code {{ }}} prints as Python does, and nothing that is undefined. */
final class Printing implements ExpressionStrategy {
    private static final long serialVersionUID = 1L;

    @Override
    public RenderedOutputNode interpretOutput(ExpressionToken token, JinjavaInterpreter interpreter) {
        Scope scope = (Scope) interpreter;
        Object value = scope.resolveELExpression(token.getExpr(), token.getLineNumber());
        try {
            return new RenderedOutputNode(Values.str(value));
        } catch (TemplateFault fault) {
            throw scope.fault(fault);
        }
    }
}
