package dev.qanat.pipeline;

import com.jayway.jsonpath.InvalidPathException;
import com.jayway.jsonpath.JsonPath;
import dev.qanat.failure.Code;
import dev.qanat.pipeline.Section.Text;
import java.util.Optional;

/** Reads a JSONPath and checks that it is one. Nothing is put in. */
final class JsonPathReader {
    /** Parentheses are read by recursion. */
    private static final int LONGEST = 500;

    private JsonPathReader() {}

    static Optional<String> read(Section section, String key) {
        Optional<Text> text = section.text(key, "a JSONPath such as $.next");
        return text.filter(t -> isPath(section, key, t.value())).map(Text::value);
    }

    private static boolean isPath(Section section, String key, String path) {
        String written = section.label(key) + " " + Section.quoted(path);
        if (Variables.used(path)) {
            section.problem(key, Code.INVALID_VALUE, written + " is taken as it stands, nothing is put in; write the path");
            return false;
        }
        if (!path.startsWith("$")) {
            section.problem(key, Code.INVALID_VALUE, written + " is no JSONPath; it starts with '$': '$.%s'"
                    .formatted(Section.line(path)));
            return false;
        }
        if (path.length() > LONGEST) {
            section.problem(key, Code.INVALID_VALUE, written + " is longer than %d characters; make it simpler".formatted(LONGEST));
            return false;
        }
        try {
            JsonPath.compile(path);
            return true;
        } catch (InvalidPathException e) {
            section.problem(key, Code.INVALID_VALUE, written + " is no JSONPath: " + Section.line(String.valueOf(e.getMessage())));
            return false;
        }
    }
}
