package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Section.Text;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Puts in the values of <code>${NAME:-default}</code> and <code>{{ vars.x }}</code>. What is put in is not looked at again, and
 * never stands in a message: a message shows the text as written.
 */
final class Variables {
    private static final Pattern SETTING = Pattern.compile(
            "\\$\\{(?<secret>secret:)?(?<name>[A-Za-z_][A-Za-z0-9_]*)(?<else>:-(?<default>[^}]*))?}");
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{(?<inner>[^{}]*)}}");
    private static final Pattern REFERENCE = Pattern.compile("(?<scope>[a-z_]+)\\.(?<name>[A-Za-z0-9_]+)");
    private static final Pattern EITHER = Pattern.compile(SETTING.pattern() + "|" + PLACEHOLDER.pattern());

    private final Function<String, Optional<String>> environment;
    private final Map<String, String> vars = new LinkedHashMap<>();

    Variables(Function<String, Optional<String>> environment) {
        this.environment = environment;
    }

    /** Takes the values of {@code vars}, in which settings are read and other vars are not. */
    void declare(Section section) {
        for (Section.Entry entry : section.entries()) {
            Optional<Text> text = section.text(entry.value(), entry.path(), section.label(entry.name()), "a text");
            // A faulty one is declared all the same, or each use of it would be one more problem.
            vars.put(entry.name(), "");
            if (!entry.name().matches("[A-Za-z_][A-Za-z0-9_]*")) {
                section.problem(entry.key(), entry.path(), Code.INVALID_NAME, section.label(entry.name())
                        + " is not an allowed name; use letters, digits and underscores, a letter first");
            }
            if (text.isPresent() && PLACEHOLDER.matcher(text.get().value()).find()) {
                section.problem(text.get(), Code.INVALID_VALUE,
                        "'{{ … }}' is not read in vars; write the value, or ${NAME:-default}");
            } else {
                text.flatMap(t -> expand(section, t)).ifPresent(value -> vars.put(entry.name(), value));
            }
        }
    }

    /** The text with everything put in; empty, and a problem, when something cannot be. */
    Optional<String> expand(Section section, Text text) {
        StringBuilder expanded = new StringBuilder();
        Matcher matcher = EITHER.matcher(text.value());
        boolean sound = true;
        int end = 0;
        while (matcher.find()) {
            sound &= closed(section, text, text.value().substring(end, matcher.start()));
            expanded.append(text.value(), end, matcher.start());
            Optional<String> value = matcher.group("name") != null
                    ? setting(section, text, matcher)
                    : variable(section, text, matcher);
            expanded.append(value.orElse(""));
            sound &= value.isPresent();
            end = matcher.end();
        }
        sound &= closed(section, text, text.value().substring(end));
        expanded.append(text.value().substring(end));
        return sound ? Optional.of(expanded.toString()) : Optional.empty();
    }

    /** Whether a text holds what {@link #expand} would put in, where nothing is put in. */
    static boolean used(String text) {
        return SETTING.matcher(text).find() || PLACEHOLDER.matcher(text).find();
    }

    private Optional<String> setting(Section section, Text text, Matcher matcher) {
        String name = matcher.group("name");
        if (matcher.group("secret") != null) {
            section.problem(text, Code.NOT_SUPPORTED, "${secret:%s}: secrets are not built yet; take it out".formatted(name));
            return Optional.empty();
        }
        Optional<String> value = environment.apply(name);
        if (matcher.group("else") != null) {
            // As in a shell, ':-' stands in for an empty value, too.
            return Optional.of(value.filter(v -> !v.isEmpty()).orElse(matcher.group("default")));
        }
        if (value.isEmpty()) {
            section.problem(text, Code.UNSET_VARIABLE,
                    ("${%s} is not set, or its name is not in QANAT_ALLOWED_ENV; set and allow it, "
                    + "or give a default: ${%s:-…}").formatted(name, name));
        }
        return value;
    }

    private Optional<String> variable(Section section, Text text, Matcher matcher) {
        String inner = matcher.group("inner").strip();
        Matcher reference = REFERENCE.matcher(inner);
        String scope = reference.matches() ? reference.group("scope") : "";
        switch (scope) {
            case "vars" -> {
                String name = reference.group("name");
                if (!vars.containsKey(name)) {
                    section.problem(text, Code.UNKNOWN_REFERENCE, "no variable %s in vars%s"
                            .formatted(
                                    Section.quoted(name),
                                    Suggestion.of(name, vars.keySet()).map(Suggestion::ask).orElse("; declare it there")));
                }
                return Optional.ofNullable(vars.get(name));
            }
            case "partition", "incremental" ->
                section.problem(text, Code.NOT_SUPPORTED,
                        "'{{ %s }}': '%s' is not built yet; take it out".formatted(inner, scope));
            default ->
                section.problem(text, Code.UNKNOWN_REFERENCE, "'{{ … }}' knows nothing of %s; write '{{ vars.<name> }}'"
                        .formatted(Section.quoted(inner)));
        }
        return Optional.empty();
    }

    private static boolean closed(Section section, Text text, String literal) {
        if (literal.contains("${")) {
            section.problem(text, Code.INVALID_VALUE, "%s has a '${' that is not ${NAME} or ${NAME:-default}; complete it"
                    .formatted(Section.quoted(text.value())));
            return false;
        }
        return true;
    }

}
