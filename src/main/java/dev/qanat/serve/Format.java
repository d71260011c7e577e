package dev.qanat.serve;

import java.util.Arrays;
import java.util.Optional;

/** The forms in which rows are given. */
public enum Format {
    /** A page, as lists are in Qanat. */
    JSON("json", "application/json"),
    /** An object a line. */
    NDJSON("ndjson", "application/x-ndjson"),
    CSV("csv", "text/csv");

    private final String suffix;
    private final String mediaType;

    Format(String suffix, String mediaType) {
        this.suffix = suffix;
        this.mediaType = mediaType;
    }

    public String suffix() {
        return suffix;
    }

    public String mediaType() {
        return mediaType;
    }

    /** The form that a path asks for with its end, without the dot. */
    public static Optional<Format> ofSuffix(String suffix) {
        return Arrays.stream(values()).filter(format -> format.suffix.equals(suffix)).findFirst();
    }
}
