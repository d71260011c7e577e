package dev.qanat.failure;

import org.jspecify.annotations.Nullable;

/** Why a run, a request or a start did not succeed: a stable code for programs and a message for people. */
public abstract sealed class Failure extends RuntimeException permits InputFailure, TransientFailure {
    private static final long serialVersionUID = 1L;

    private final Code code;

    Failure(Code code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    public Code code() {
        return code;
    }
}
