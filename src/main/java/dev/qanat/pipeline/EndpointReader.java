package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Endpoint.Body;
import dev.qanat.pipeline.Endpoint.Entries;
import dev.qanat.pipeline.Endpoint.Method;
import dev.qanat.pipeline.FileRules.Format;
import dev.qanat.pipeline.Section.Text;
import dev.qanat.pipeline.Variables.Request;
import dev.qanat.pipeline.Variables.Scope;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads {@code endpoint} of a resource. */
final class EndpointReader {
    private static final String WHOLE = "$";
    private static final Pattern NO_PATH = Pattern.compile("[?#\\\\\\p{Cntrl}]|://");

    private final Section endpoint;
    private final Variables variables;
    private final Scope known;
    private final Scope knownWithSecrets;

    /** @param request what is known of the resource when a request is made */
    EndpointReader(Section endpoint, Variables variables, Request request) {
        this.endpoint = endpoint;
        this.variables = variables;
        this.known = new Scope(false, Optional.of(request));
        this.knownWithSecrets = new Scope(true, Optional.of(request));
    }

    /** The endpoint; with stand-ins, and problems reported, for what is not as it should be. */
    Endpoint read() {
        if (!endpoint.has("path")) {
            endpoint.missing("path", "write what comes after the source's 'base_url', such as '/query'");
        }
        Method method = Method.valueOf(endpoint.word("method", List.of("GET", "POST")).orElse("GET"));
        Optional<Body> body = new BodyReader(endpoint, variables, known).read("body");
        if (endpoint.has("body") && method == Method.GET) {
            endpoint.problem("body", Code.CONFLICTING_KEYS, "'endpoint.body' is sent by POST alone; write 'method: POST', or take it out");
        }
        Optional<Format> format = format();
        Paginator paginator = new PaginatorReader(endpoint, variables).read();
        Endpoint read = new Endpoint(
                path(),
                method,
                params(),
                new HeaderReader(variables).read(endpoint, knownWithSecrets),
                body,
                format,
                JsonPathReader.read(endpoint, "data_selector").orElse(WHOLE),
                endpoint.section("record_shape", Level.RECORD_SHAPE).flatMap(EndpointReader::entries),
                paginator);
        checkJson(read);
        checkPaginator(read);
        return read;
    }

    private Template path() {
        Optional<Text> text = endpoint.text("path", "a path such as /query");
        Optional<Template> path = text.flatMap(t -> variables.template(endpoint, t, known));
        if (path.isPresent() && HeaderReader.holds(path.get(), NO_PATH)) {
            endpoint.problem("path", Code.INVALID_VALUE,
                    "'endpoint.path' %s is more than a path; write what comes after 'base_url', and parameters under 'params'"
                    .formatted(Section.quoted(text.orElseThrow().value())));
        }
        return path.map(EndpointReader::fromTheRoot).orElse(Template.literal("/"));
    }

    /** With a slash in front, so that it can be appended; an empty one stays so. */
    private static Template fromTheRoot(Template path) {
        if (path.parts().isEmpty() || path.parts().get(0) instanceof Template.Literal first && first.text().startsWith("/")) {
            return path;
        }
        List<Template.Part> parts = new ArrayList<>(path.parts());
        parts.add(0, new Template.Literal("/"));
        return new Template(path.written(), List.copyOf(parts));
    }

    private Map<String, Template> params() {
        Map<String, Template> params = new LinkedHashMap<>();
        endpoint.mapping("params", "a mapping from names to texts").ifPresent(all -> {
            for (Section.Entry entry : all.entries()) {
                Variables.faultyName(entry.name()).ifPresent(fault -> all.problem(
                        entry.key(), entry.path(), Code.INVALID_NAME, all.label(entry.name()) + " " + fault));
                all.text(entry.value(), entry.path(), all.label(entry.name()), "a text")
                        .flatMap(text -> variables.template(all, text, knownWithSecrets))
                        .ifPresent(value -> params.put(entry.name(), value));
            }
        });
        return Collections.unmodifiableMap(params);
    }

    private Optional<Format> format() {
        return endpoint.word("format", List.of("auto", "csv", "json", "ndjson", "jsonl")).flatMap(word -> switch (word) {
            case "csv" -> Optional.of(Format.CSV);
            case "json" -> Optional.of(Format.JSON);
            case "ndjson", "jsonl" -> Optional.of(Format.NDJSON);
            default -> Optional.empty();
        });
    }

    private static Optional<Entries> entries(Section shape) {
        if (!shape.has("entries")) {
            shape.missing("entries", "write 'entries: { key_as: <field> }'");
        }
        return shape.section("entries", Level.ENTRIES).flatMap(entries -> {
            if (!entries.has("key_as")) {
                entries.missing("key_as", "name the field that takes the key");
            }
            Optional<String> key = field(entries, "key_as");
            Optional<String> value = field(entries, "value_as");
            if (key.isPresent() && key.equals(value)) {
                entries.problem("value_as", Code.CONFLICTING_KEYS,
                        "%s is the field of the key; name another".formatted(entries.label("value_as")));
            }
            return key.map(k -> new Entries(k, value));
        });
    }

    private static Optional<String> field(Section section, String key) {
        Optional<String> name = section.text(key, "a field's name").map(Text::value);
        if (name.isPresent() && (name.get().isEmpty() || Variables.used(name.get()))) {
            section.problem(key, Code.INVALID_VALUE,
                    section.label(key) + " is taken as it stands, nothing is put in; write a field's name");
        }
        return name;
    }

    /** What is looked for in JSON is not looked for in anything else. */
    private void checkJson(Endpoint read) {
        if (read.format().isEmpty() || read.format().get() == Format.JSON) {
            return;
        }
        String format = endpoint.text("format", "").orElseThrow().value();
        for (String key : List.of("data_selector", "record_shape")) {
            if (endpoint.has(key)) {
                endpoint.problem(key, Code.CONFLICTING_KEYS, "%s is for JSON, the format is %s; take one of them out"
                        .formatted(endpoint.label(key), format));
            }
        }
        boolean looks = read.paginator() instanceof Paginator.Cursor
                || read.paginator() instanceof Paginator.JsonLink
                || endpoint.has("paginator", "total_path");
        if (looks) {
            endpoint.problem("paginator", Code.CONFLICTING_KEYS,
                    "'endpoint.paginator' looks for something in JSON, the format is %s; choose another".formatted(format));
        }
    }

    private void checkPaginator(Endpoint read) {
        Paginator paginator = read.paginator();
        boolean inBody = paginator instanceof Paginator.Cursor && read.method() == Method.POST;
        if (inBody && read.body().isPresent() && !(read.body().get() instanceof Endpoint.Members)) {
            endpoint.problem("body", Code.CONFLICTING_KEYS, "'endpoint.body' must be a mapping, of which the cursor becomes a member");
        }
        for (String name : inBody ? List.<String>of() : set(paginator)) {
            if (read.params().containsKey(name)) {
                endpoint.problem("params", Code.CONFLICTING_KEYS,
                        "'endpoint.params' has %s, which the paginator sets; take it out".formatted(Section.quoted(name)));
            }
        }
    }

    /** The parameters of the query that a paginator sets. */
    private static List<String> set(Paginator paginator) {
        if (paginator instanceof Paginator.PageNumber number) {
            return List.of(number.pageParam());
        }
        if (paginator instanceof Paginator.Offset offset) {
            return List.of(offset.limitParam(), offset.offsetParam());
        }
        return paginator instanceof Paginator.Cursor cursor ? List.of(cursor.cursorParam()) : List.of();
    }
}
