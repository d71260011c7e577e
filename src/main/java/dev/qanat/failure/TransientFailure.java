package dev.qanat.failure;

import org.jspecify.annotations.Nullable;

/** Time may heal this: a lost connection, a deadlock, a file that is still being written. Only this is retried. */
public final class TransientFailure extends Failure {
    private static final long serialVersionUID = 1L;

    public TransientFailure(Code code, String message) {
        this(code, message, null);
    }

    public TransientFailure(Code code, String message, @Nullable Throwable cause) {
        super(code, message, cause);
    }
}
