package dev.qanat.web;

import dev.qanat.failure.Code;

/** A request that cannot be done as it stands; it carries the answer. */
public final class BadRequest extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    public BadRequest(int status, Code code, String detail) {
        super(detail);
        this.problem = new Problem(status, code, detail);
    }

    public Problem problem() {
        return problem;
    }
}
