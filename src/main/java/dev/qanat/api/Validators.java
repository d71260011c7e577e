package dev.qanat.api;

import java.util.Optional;

/** What servers said about the version of an answer when it was last loaded. */
public interface Validators {

    /** Knows none: everything is asked for anew. */
    Validators NONE = shown -> Optional.empty();

    /** @param shown the request, as {@link ApiRequest#shown} names it */
    Optional<Validator> find(String shown);

    /**
     * The version of an answer.
     *
     * @param etag the header {@code ETag}, as it came
     * @param lastModified the header {@code Last-Modified}, as it came
     */
    record Validator(Optional<String> etag, Optional<String> lastModified) {}
}
