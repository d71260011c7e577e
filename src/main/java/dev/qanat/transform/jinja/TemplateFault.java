package dev.qanat.transform.jinja;

import com.hubspot.jinjava.interpret.InterpretException;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;

/** Something in a template that somebody must change; its place is added on its way out, by the innermost template it is in. */
public final class TemplateFault extends InterpretException {
    private static final long serialVersionUID = 1L;

    private final Code code;
    private final String problem;
    private String file = "";
    private int line;

    public TemplateFault(Code code, String problem) {
        super(problem);
        this.code = code;
        this.problem = problem;
    }

    public static TemplateFault invalid(String problem) {
        return new TemplateFault(Code.INVALID_TEMPLATE, problem);
    }

    public static TemplateFault unknown(String problem) {
        return new TemplateFault(Code.UNKNOWN_REFERENCE, problem);
    }

    public static TemplateFault notSupported(String problem) {
        return new TemplateFault(Code.NOT_SUPPORTED, problem);
    }

    /** The fault behind what Jinjava throws. */
    static TemplateFault of(InterpretException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof TemplateFault fault) {
                return fault;
            }
        }
        return invalid(String.valueOf(e.getMessage()));
    }

    /** With a place of one's own. */
    public TemplateFault at(Place place) {
        return at(place.file(), place.line());
    }

    TemplateFault at(String inFile, int atLine) {
        if (file.isEmpty()) {
            file = inFile;
            line = atLine;
        }
        return this;
    }

    /** The failure with the place in its message, such as {@code models/orders.sql:3 'foo' is not defined}. */
    public InputFailure failure() {
        return new InputFailure(code, file.isEmpty() ? problem : "%s:%d %s".formatted(file, line, problem), this);
    }
}
