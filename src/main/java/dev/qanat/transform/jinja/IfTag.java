package dev.qanat.transform.jinja;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.tree.TagNode;

/** {@code {% if %}} with Python's idea of what is true: Jinjava holds the text 'false' for false. */
final class IfTag extends com.hubspot.jinjava.lib.tag.IfTag {
    private static final long serialVersionUID = 1L;

    @Override
    public boolean isPositiveIfElseNode(TagNode tag, JinjavaInterpreter interpreter) {
        ((Scope) interpreter).at(tag);
        return Values.truth(interpreter.resolveELExpression(tag.getHelpers(), tag.getLineNumber()));
    }
}
