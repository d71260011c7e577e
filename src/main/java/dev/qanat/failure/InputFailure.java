package dev.qanat.failure;

import org.jspecify.annotations.Nullable;

/** Somebody must change something (a file, a pipeline, a setting) before this can succeed. It is never retried. */
public final class InputFailure extends Failure {
    private static final long serialVersionUID = 1L;

    public InputFailure(Code code, String message) {
        this(code, message, null);
    }

    public InputFailure(Code code, String message, @Nullable Throwable cause) {
        super(code, message, cause);
    }
}
