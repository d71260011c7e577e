package dev.qanat.transform.jinja;

import com.hubspot.jinjava.interpret.InterpretException;

/** Ends a macro with a value that need not be a text: dbt's {@code return}. */
public final class Returned extends InterpretException {
    private static final long serialVersionUID = 1L;

    private final transient Object value;

    public Returned(Object value) {
        super("return outside of a macro");
        this.value = value;
    }

    TemplateFault outside() {
        return TemplateFault.invalid("return outside of a macro");
    }

    Object value() {
        return value;
    }
}
