package dev.qanat.api;

import com.jayway.jsonpath.JsonPath;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A JSONPath.
 *
 * @param steps the members that it leads through, where it is nothing else; such a path can be followed while a document streams by
 * @param members whether all that is at the end of the steps is meant ({@code [*]})
 */
record Selector(String written, JsonPath path, Optional<List<String>> steps, boolean members) {
    private static final Pattern PLAIN = Pattern.compile("\\$((?:\\['[^']*'])*)(\\[\\*])?");
    private static final Pattern STEP = Pattern.compile("\\['([^']*)']");

    /** The pipeline's reader has seen that it can be compiled. */
    static Selector of(String written) {
        JsonPath path = JsonPath.compile(written);
        Matcher plain = PLAIN.matcher(path.getPath());
        // The library's own way of writing has no escapes: what may have needed one cannot be told apart.
        if (!plain.matches() || written.contains("\\") || written.contains("\"")) {
            return new Selector(written, path, Optional.empty(), false);
        }
        List<String> steps = STEP.matcher(plain.group(1)).results().map(step -> step.group(1)).toList();
        return new Selector(written, path, Optional.of(steps), plain.group(2) != null);
    }

    /** Whether it can be followed while a document streams by. */
    boolean streams() {
        return steps.isPresent();
    }
}
