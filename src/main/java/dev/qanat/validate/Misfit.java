package dev.qanat.validate;

import dev.qanat.failure.Code;

/**
 * A value does not fit its column. The message says what is wrong with it and is read after the value: {@code "is not an
 * integer"}. It has neither a stack nor a value, so that one instance serves every value with the same fault: a file may hold
 * millions of them.
 */
final class Misfit extends Exception {
    private static final long serialVersionUID = 1L;

    private final Code code;

    Misfit(Code code, String message) {
        super(message, null, false, false);
        this.code = code;
    }

    static Misfit mismatch(String message) {
        return new Misfit(Code.TYPE_MISMATCH, message);
    }

    static Misfit outOfRange(String message) {
        return new Misfit(Code.OUT_OF_RANGE, message);
    }

    Code code() {
        return code;
    }

    /** The reason for people, such as {@code '12.5' is not an integer}. */
    String reason(String value) {
        return Shown.value(value) + " " + getMessage();
    }
}
