package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A text is not a valid pipeline. It carries every problem found, in the order of the text, up to {@value Problems#KEPT}; its
 * message has one line for each.
 */
public final class InvalidPipeline extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Code code;
    private final List<Problem> problems;

    InvalidPipeline(Code code, String fileName, List<Problem> problems) {
        super(problems.stream().map(p -> p.in(fileName)).collect(Collectors.joining("\n")));
        this.code = code;
        this.problems = List.copyOf(problems);
    }

    /** {@link Code#NOT_YAML} for a text that is no YAML, {@link Code#INVALID_PIPELINE} for YAML that is no pipeline. */
    public Code code() {
        return code;
    }

    /** At least one, sorted by line and column. */
    public List<Problem> problems() {
        return problems;
    }
}
