package dev.qanat.transform.jinja;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's {@code 'text {} {1} {name}'.format(…)} without format specifications, which are refused. */
final class Format {
    private static final Pattern FIELD = Pattern.compile("\\{\\{|\\}\\}|\\{([^{}]*)\\}");

    private Format() {}

    static String format(String text, Arguments arguments) {
        int[] next = {0};
        return FIELD.matcher(text).replaceAll(match -> {
            if (match.group(1) == null) {
                return match.group().substring(1).replace("$", "\\$");
            }
            return Matcher.quoteReplacement(Values.str(field(match.group(1), arguments, next)));
        });
    }

    private static Object field(String field, Arguments arguments, int[] next) {
        if (!field.matches("\\w*")) {
            throw TemplateFault.notSupported("'{%s}' in format is not supported; write {}, {0} or {name}".formatted(field));
        }
        if (field.isEmpty()) {
            return arguments.need(next[0]++, "{}");
        }
        return field.matches("\\d+") ? arguments.need(Integer.parseInt(field), field) : arguments.need(Integer.MAX_VALUE, field);
    }
}
