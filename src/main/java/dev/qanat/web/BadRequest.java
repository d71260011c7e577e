package dev.qanat.web;

import dev.qanat.failure.Code;

/** A request that cannot be done as it stands; it carries the answer. */
public final class BadRequest extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final String MOMENT = "2";

    private final transient Reply reply;

    public BadRequest(int status, Code code, String detail) {
        this(new Problem(status, code, detail).reply(), detail);
    }

    private BadRequest(Reply reply, String detail) {
        super(detail);
        this.reply = reply;
    }

    /** One that may well be done if it is sent again in a moment, which {@code Retry-After} says. */
    public static BadRequest forNow(int status, Code code, String detail) {
        return new BadRequest(new Problem(status, code, detail).reply().withHeader("Retry-After", MOMENT), detail);
    }

    public Reply reply() {
        return reply;
    }
}
