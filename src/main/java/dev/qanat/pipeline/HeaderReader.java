package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Section.Text;
import dev.qanat.pipeline.Variables.Scope;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Reads the headers of requests. */
final class HeaderReader {
    /** RFC 9110, 5.1. */
    private static final Pattern NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}");
    /** They say how a request is sent, and the client sets them. */
    private static final Set<String> OF_THE_CLIENT = Set.of(
            "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade");

    /** They say who asks, and so hold a secret. */
    private static final Set<String> OF_SECRETS = Set.of("authorization", "cookie", "proxy-authorization", "x-api-key");

    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    private final Variables variables;

    HeaderReader(Variables variables) {
        this.variables = variables;
    }

    /** The headers below a section's key {@code headers}, in the order of the text. */
    Map<String, Template> read(Section section, Scope scope) {
        Map<String, Template> headers = new LinkedHashMap<>();
        Set<String> seen = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        section.mapping("headers", "a mapping from names to texts").ifPresent(all -> {
            for (Section.Entry entry : all.entries()) {
                faulty(entry.name()).ifPresent(fault -> all.problem(
                        entry.key(), entry.path(), Code.INVALID_NAME, all.label(entry.name()) + " " + fault));
                if (!seen.add(entry.name())) {
                    all.problem(entry.key(), entry.path(), Code.DUPLICATE_KEY,
                            all.label(entry.name()) + " is given twice, whatever its case; keep one");
                }
                value(all, entry, scope).ifPresent(value -> headers.put(entry.name(), value));
            }
        });
        return Collections.unmodifiableMap(headers);
    }

    private Optional<Template> value(Section all, Section.Entry entry, Scope scope) {
        Optional<Text> text = all.text(entry.value(), entry.path(), all.label(entry.name()), "a text");
        Optional<Template> value = text.flatMap(t -> variables.template(all, t, scope));
        if (value.isPresent() && holds(value.get(), CONTROL)) {
            all.problem(text.orElseThrow(), Code.INVALID_VALUE,
                    all.label(entry.name()) + " has a line break or another control character; take it out");
        }
        if (value.isPresent() && OF_SECRETS.contains(entry.name().toLowerCase(Locale.ROOT)) && value.get().secrets().isEmpty()) {
            all.problem(text.orElseThrow(), Code.LITERAL_SECRET,
                    "a secret is written out under %s; write ${secret:NAME} and give NAME to the server"
                    .formatted(all.label(entry.name())));
        }
        return value;
    }

    /** What is wrong with the name of a header. */
    static Optional<String> faulty(String name) {
        if (!NAME.matcher(name).matches()) {
            return Optional.of("is no name of a header; use letters, digits and '-'");
        }
        return OF_THE_CLIENT.contains(name.toLowerCase(Locale.ROOT))
                ? Optional.of("is set with the request itself; take it out")
                : Optional.empty();
    }

    /** Whether a pattern is found in what is known of a text. */
    static boolean holds(Template template, Pattern pattern) {
        return template.parts().stream()
                .anyMatch(part -> part instanceof Template.Literal literal && pattern.matcher(literal.text()).find());
    }
}
