package dev.qanat.pipeline;

import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A text of which parts are known only when a request is made. Settings and {@code vars} are in it already.
 *
 * @param written as it stands in the YAML, for people; it holds no secret
 */
public record Template(String written, List<Part> parts) {

    /** A part of a template. */
    public sealed interface Part {}

    /** Stands for itself. */
    public record Literal(String text) implements Part {}

    /** {@code ${secret:NAME}}. */
    public record Secret(String name) implements Part {}

    /**
     * {@code {{ scope.name }}}.
     *
     * @param scope {@code partition} or {@code incremental}
     */
    public record Reference(String scope, String name) implements Part {}

    /** What gives the parts that are not literal. */
    public interface Values {

        /** The value of a secret. */
        String secret(String name);

        /** The value of a placeholder. */
        String reference(String scope, String name);
    }

    public static Template literal(String text) {
        return new Template(text, text.isEmpty() ? List.of() : List.of(new Literal(text)));
    }

    /** The text with its parts put in; what is put in is not looked at again. */
    public String render(Values values) {
        return parts.stream().map(part -> text(part, values)).collect(Collectors.joining());
    }

    private static String text(Part part, Values values) {
        if (part instanceof Literal literal) {
            return literal.text();
        }
        if (part instanceof Secret secret) {
            return values.secret(secret.name());
        }
        Reference reference = (Reference) part;
        return values.reference(reference.scope(), reference.name());
    }

    /** The text, where all of it is known already. */
    public Optional<String> known() {
        return parts.stream().allMatch(Literal.class::isInstance)
                ? Optional.of(parts.stream().map(part -> ((Literal) part).text()).collect(Collectors.joining()))
                : Optional.empty();
    }

    /** The names of the secrets in it. */
    public List<String> secrets() {
        return parts.stream()
                .filter(Secret.class::isInstance)
                .map(part -> ((Secret) part).name())
                .distinct()
                .toList();
    }
}
