package dev.qanat.web;

import dev.qanat.serve.Format;
import java.util.Optional;

/**
 * The last part of the path of a page of rows.
 *
 * @param path of {@code expose:}, which has no dot in it
 * @param format that the end of the path asks for; empty where it does not
 */
record PagePath(String path, Optional<Format> format) {

    static PagePath of(String segment) {
        int dot = segment.lastIndexOf('.');
        Optional<Format> format = dot < 0 ? Optional.empty() : Format.ofSuffix(segment.substring(dot + 1));
        return new PagePath(format.isPresent() ? segment.substring(0, dot) : segment, format);
    }
}
