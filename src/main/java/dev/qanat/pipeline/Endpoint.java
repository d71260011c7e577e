package dev.qanat.pipeline;

import dev.qanat.pipeline.FileRules.Format;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Where an API gives a resource's records.
 *
 * @param path appended to the source's base URL: it begins with a slash, or is empty
 * @param params of the query, by name
 * @param headers in addition to the source's
 * @param body a JSON value; POST only
 * @param format of the answers; empty when each answer tells
 * @param dataSelector JSONPath to what holds the records: an array, an object that is one record, or one whose members are records
 * @param recordShape how the members of an object become records
 */
public record Endpoint(
        Template path,
        Method method,
        Map<String, Template> params,
        Map<String, Template> headers,
        Optional<Body> body,
        Optional<Format> format,
        String dataSelector,
        Optional<Entries> recordShape,
        Paginator paginator) {

    public enum Method {
        GET,
        POST
    }

    /** The texts of which parts may be known only when a request is made. */
    Stream<Template> templates() {
        return Stream.of(
                        Stream.of(path),
                        params.values().stream(),
                        headers.values().stream(),
                        body.stream().flatMap(Body::templates))
                .flatMap(Function.identity());
    }

    /** Whether a request says where the range starts that is to be fetched; otherwise the source alone decides how far back it goes. */
    public boolean asksFromStart() {
        return templates()
                .flatMap(template -> template.parts().stream())
                .anyMatch(part -> part instanceof Template.Reference reference
                        && reference.scope().equals("incremental")
                        && IncrementalReader.FROM_INITIAL.contains(reference.name()));
    }

    /** A JSON value. */
    public sealed interface Body {

        /** The strings in it. */
        Stream<Template> templates();
    }

    /** An object, in the order of its keys. */
    public record Members(Map<String, Body> members) implements Body {
        @Override
        public Stream<Template> templates() {
            return members.values().stream().flatMap(Body::templates);
        }
    }

    /** A list. */
    public record Items(List<Body> items) implements Body {
        @Override
        public Stream<Template> templates() {
            return items.stream().flatMap(Body::templates);
        }
    }

    /** A string. */
    public record Words(Template text) implements Body {
        @Override
        public Stream<Template> templates() {
            return Stream.of(text);
        }
    }

    /** A number, a boolean or null, as its JSON text. */
    public record Bare(String json) implements Body {
        @Override
        public Stream<Template> templates() {
            return Stream.of();
        }
    }

    /**
     * The selected object's members are records, with their key in a field; a member that is no object is in a field, too.
     *
     * @param keyAs the field of the key
     * @param valueAs the field of a member that is no object
     */
    public record Entries(String keyAs, Optional<String> valueAs) {}
}
