package dev.qanat.pipeline;

import java.nio.charset.Charset;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * Which files a resource takes and how it reads them. What is empty is found out from the file.
 *
 * @param glob which names it takes, in the syntax of {@link java.nio.file.FileSystem#getPathMatcher}; any when empty
 * @param format the format; from the content when empty
 * @param delimiter between fields of a text format, one or more characters
 * @param encoding of a text format
 * @param header whether the first row is a header
 * @param skipLines lines before the header or the first row that are not read
 * @param nullIf the texts that stand for null in every column that says nothing else
 */
public record FileRules(
        Optional<String> glob,
        Optional<Format> format,
        Optional<String> delimiter,
        Optional<Charset> encoding,
        Optional<Boolean> header,
        int skipLines,
        Set<String> nullIf) {

    public static final Set<String> DEFAULT_NULL_IF = Set.of("");
    public static final FileRules DEFAULT = new FileRules(
            Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), 0, DEFAULT_NULL_IF);

    public enum Format {
        /** Fields between delimiters, whatever the delimiter: CSV, TSV, TXT. */
        CSV,
        /** An array of objects, an object, or several one after the other. */
        JSON,
        /** An object a line. */
        NDJSON
    }

    /** Whether a file of this name (without its folder) is for this resource. */
    public boolean takes(String fileName) {
        return glob.isEmpty()
                || FileSystems.getDefault().getPathMatcher("glob:" + glob.get()).matches(Path.of(fileName));
    }
}
