package dev.qanat.transform.jinja;

import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.objects.Namespace;
import com.hubspot.jinjava.tree.parse.TagToken;
import java.util.List;

/** {@code {% set %}}: one name, several, or a part of a namespace. */
final class SetTag extends com.hubspot.jinjava.lib.tag.SetTag {
    private static final long serialVersionUID = 1L;

    @Override
    public void executeSet(
            TagToken token, JinjavaInterpreter interpreter, String[] names, List<?> values, boolean allowDeferredValueOverride) {
        Scope scope = (Scope) interpreter;
        if (names.length == 1) {
            set(scope, names[0].strip(), values.size() == 1 ? values.get(0) : new Tuple(values));
            return;
        }
        List<?> several = values.size() == 1 && values.get(0) instanceof List<?> list ? list : values;
        if (several.size() != names.length) {
            throw scope.fault(TemplateFault.invalid("%d names are set to %d values".formatted(names.length, several.size())));
        }
        for (int i = 0; i < names.length; i++) {
            set(scope, names[i].strip(), several.get(i));
        }
    }

    private static void set(Scope scope, String name, Object value) {
        if (!name.contains(".")) {
            scope.set(name, value);
            return;
        }
        String[] parts = name.split("\\.", 2);
        if (scope.find(parts[0]) instanceof Namespace namespace) {
            namespace.put(parts[1], value);
        } else {
            throw scope.fault(TemplateFault.invalid("'%s' is set, and '%s' is no namespace".formatted(name, parts[0])));
        }
    }
}
