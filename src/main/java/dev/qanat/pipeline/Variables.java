package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Section.Text;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
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

    /**
     * What a text may hold beside settings and vars.
     *
     * @param secrets whether secrets may stand in it
     * @param request what is known when a request is made; empty where the text is no part of a request of a resource
     */
    record Scope(boolean secrets, Optional<Request> request) {
        static final Scope NOTHING = new Scope(false, Optional.empty());
        static final Scope SECRETS = new Scope(true, Optional.empty());
    }

    /**
     * What is known when a request of a resource is made.
     *
     * @param partitions the names of its partitions
     * @param incremental the values of its cursor that may be named; empty when it has no cursor
     */
    record Request(Set<String> partitions, Set<String> incremental) {}

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
        return template(section, text, Scope.NOTHING).flatMap(Template::known);
    }

    /**
     * The text with settings and vars put in; what a scope allows beyond that is left for the request. Empty, and a problem, when
     * something cannot be.
     */
    Optional<Template> template(Section section, Text text, Scope scope) {
        List<Template.Part> parts = new ArrayList<>();
        StringBuilder literal = new StringBuilder();
        Matcher matcher = EITHER.matcher(text.value());
        boolean sound = true;
        int end = 0;
        while (matcher.find()) {
            sound &= closed(section, text, text.value().substring(end, matcher.start()));
            literal.append(text.value(), end, matcher.start());
            Optional<Template.Part> part = matcher.group("name") != null
                    ? setting(section, text, scope, matcher)
                    : placeholder(section, text, scope, matcher);
            sound &= part.isPresent();
            if (part.isPresent() && part.get() instanceof Template.Literal known) {
                literal.append(known.text());
            } else if (part.isPresent()) {
                flush(literal, parts);
                parts.add(part.get());
            }
            end = matcher.end();
        }
        sound &= closed(section, text, text.value().substring(end));
        literal.append(text.value().substring(end));
        flush(literal, parts);
        return sound ? Optional.of(new Template(text.value(), List.copyOf(parts))) : Optional.empty();
    }

    private static void flush(StringBuilder literal, List<Template.Part> parts) {
        if (!literal.isEmpty()) {
            parts.add(new Template.Literal(literal.toString()));
            literal.setLength(0);
        }
    }

    /** Whether a text holds what {@link #expand} would put in, where nothing is put in. */
    static boolean used(String text) {
        return SETTING.matcher(text).find() || PLACEHOLDER.matcher(text).find();
    }

    /** What is wrong with a name that is sent as it stands. */
    static Optional<String> faultyName(String name) {
        return name.isBlank() || used(name)
                ? Optional.of("is taken as it stands, nothing is put in; write the name")
                : Optional.empty();
    }

    private Optional<Template.Part> setting(Section section, Text text, Scope scope, Matcher matcher) {
        String name = matcher.group("name");
        if (matcher.group("secret") != null) {
            return secret(section, text, scope, name, matcher.group("else") != null);
        }
        Optional<String> value = environment.apply(name);
        if (matcher.group("else") != null) {
            // As in a shell, ':-' stands in for an empty value, too.
            return Optional.of(new Template.Literal(value.filter(v -> !v.isEmpty()).orElse(matcher.group("default"))));
        }
        if (value.isEmpty()) {
            section.problem(text, Code.UNSET_VARIABLE,
                    ("${%s} is not set, or its name is not in QANAT_ALLOWED_ENV; set and allow it, "
                    + "or give a default: ${%s:-…}").formatted(name, name));
        }
        return value.map(Template.Literal::new);
    }

    private static Optional<Template.Part> secret(Section section, Text text, Scope scope, String name, boolean hasDefault) {
        if (hasDefault) {
            section.problem(text, Code.LITERAL_SECRET, "a secret has no default; write ${secret:%s}".formatted(name));
        } else if (!scope.secrets()) {
            section.problem(text, Code.INVALID_VALUE,
                    "${secret:%s} is not read here, but in 'auth', 'headers' and 'params' alone; take it out".formatted(name));
        } else {
            return Optional.of(new Template.Secret(name));
        }
        return Optional.empty();
    }

    private Optional<Template.Part> placeholder(Section section, Text text, Scope scope, Matcher matcher) {
        String inner = matcher.group("inner").strip();
        Matcher reference = REFERENCE.matcher(inner);
        String kind = reference.matches() ? reference.group("scope") : "";
        switch (kind) {
            case "vars" -> {
                String name = reference.group("name");
                if (!vars.containsKey(name)) {
                    section.problem(text, Code.UNKNOWN_REFERENCE, "no variable %s in vars%s"
                            .formatted(
                                    Section.quoted(name),
                                    Suggestion.of(name, vars.keySet()).map(Suggestion::ask).orElse("; declare it there")));
                }
                return Optional.ofNullable(vars.get(name)).map(Template.Literal::new);
            }
            case "partition", "incremental" -> {
                if (scope.request().isPresent()) {
                    Request request = scope.request().get();
                    return kind.equals("partition")
                            ? known(section, text, kind, reference.group("name"), request.partitions(), "partitions")
                            : known(section, text, kind, reference.group("name"), request.incremental(), "incremental");
                }
                section.problem(text, Code.INVALID_VALUE,
                        "'{{ %s }}' is not read here, but in an endpoint's path, params, headers and body alone; take it out"
                        .formatted(inner));
            }
            default ->
                section.problem(text, Code.UNKNOWN_REFERENCE, "'{{ … }}' knows nothing of %s; write '{{ vars.<name> }}'"
                        .formatted(Section.quoted(inner)));
        }
        return Optional.empty();
    }

    private static Optional<Template.Part> known(
            Section section, Text text, String kind, String name, Set<String> names, String key) {
        if (names.contains(name)) {
            return Optional.of(new Template.Reference(kind, name));
        }
        String hint = names.isEmpty()
                ? "; the resource has no '%s', declare it there".formatted(key)
                : Suggestion.of(name, names).map(Suggestion::ask).orElse("; there are " + String.join(", ", new TreeSet<>(names)));
        section.problem(text, Code.UNKNOWN_REFERENCE,
                "'{{ %s.%s }}' is not known%s".formatted(kind, Section.line(name), hint));
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
