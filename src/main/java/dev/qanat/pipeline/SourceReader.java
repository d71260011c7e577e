package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.FilesSource.OnSuccess;
import dev.qanat.pipeline.Section.Text;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads {@code sources}. */
final class SourceReader {
    private static final String FILES = "files";
    private static final String REST_API = "rest_api";
    private static final Duration DEFAULT_WATCH = Duration.ofMinutes(1);

    /** Letters, digits and what cannot mean anything else in a route's address or a pattern. */
    private static final Pattern SEGMENT = Pattern.compile("[\\p{L}\\p{N}_][\\p{L}\\p{M}\\p{N} ._-]{0,99}");

    private static final Pattern ABSOLUTE = Pattern.compile("(?:/|\\\\|~|[A-Za-z]:).*", Pattern.DOTALL);
    /** What the server itself keeps in its home. */
    private static final Set<String> TAKEN = Set.of("archive", "quarantine", "exports", "pg", "pg-programs", "staging");

    private final Variables variables;
    private final String pipeline;
    private final Map<String, String> types = new LinkedHashMap<>();
    private final List<FilesSource> sources = new ArrayList<>();
    private final List<ApiSource> apis = new ArrayList<>();

    SourceReader(Variables variables, String pipeline) {
        this.variables = variables;
        this.pipeline = pipeline;
    }

    void read(Section all) {
        Map<String, String> byPath = new HashMap<>();
        for (Section.Entry entry : all.entries()) {
            if (!Identifier.valid(entry.name())) {
                all.problem(entry.key(), entry.path(), Code.INVALID_NAME, "source name %s is not allowed; use %s"
                        .formatted(Section.quoted(entry.name()), Identifier.RULE));
            }
            String where = "source " + Section.quoted(entry.name());
            all.section(entry, where, "", "a mapping such as { type: files }").ifPresent(source -> one(source, entry, byPath));
            types.putIfAbsent(entry.name(), "");
        }
    }

    private void one(Section source, Section.Entry entry, Map<String, String> byPath) {
        Optional<String> type = source.text("type", "'files' or 'rest_api'").map(Text::value);
        type.filter(List.of(FILES, REST_API)::contains).ifPresent(known -> types.put(entry.name(), known));
        if (!source.has("type")) {
            source.missing("type", "write 'type: files' or 'type: rest_api'");
        } else if (type.isPresent() && !types.containsKey(entry.name())) {
            source.problem("type", Code.INVALID_VALUE, "unknown type %s%s"
                    .formatted(
                            Section.quoted(type.get()),
                            Suggestion.of(type.get(), List.of(FILES, REST_API))
                                    .map(Suggestion::ask)
                                    .orElse("; write 'files' or 'rest_api'")));
        }
        if (REST_API.equals(types.get(entry.name())) || !types.containsKey(entry.name()) && source.has("base_url")) {
            source.allow(Level.API_SOURCE);
            apis.add(new ApiSourceReader(source, variables).read(entry.name()));
        } else {
            source.allow(Level.FILES_SOURCE);
            files(source, entry, byPath);
        }
    }

    private void files(Section source, Section.Entry entry, Map<String, String> byPath) {
        String path = path(source).orElse("inbox/" + pipeline);
        String other = byPath.putIfAbsent(path, entry.name());
        if (other != null) {
            source.problem(
                    source.entry("path").map(Section.Entry::value).orElse(entry.key()),
                    source.path() + ".path",
                    Code.CONFLICTING_KEYS,
                    "source '%s' has the same path; give each a folder of its own".formatted(other));
        }
        OnSuccess onSuccess = source.choice("on_success", OnSuccess.class).orElse(OnSuccess.ARCHIVE);
        Duration watch = new DurationReader(variables).read(source, "watch", "PT1S", "P365D").orElse(DEFAULT_WATCH);
        source.word("on_error", List.of("quarantine"));
        sources.add(new FilesSource(entry.name(), path, onSuccess, watch));
    }

    private Optional<String> path(Section source) {
        Optional<Text> text = source.text("path", "a folder such as inbox/" + pipeline);
        Optional<String> path = text.flatMap(t -> variables.expand(source, t));
        if (path.isEmpty()) {
            return Optional.empty();
        }
        String written = Section.quoted(text.orElseThrow().value());
        if (ABSOLUTE.matcher(path.get()).matches()) {
            source.problem("path", Code.INVALID_VALUE, "path %s is not relative; give a folder below the home, such as inbox/%s"
                    .formatted(written, pipeline));
            return Optional.empty();
        }
        List<String> segments = new ArrayList<>();
        for (String segment : path.get().split("/")) {
            if (segment.equals("..")) {
                source.problem("path", Code.INVALID_VALUE,
                        "path %s leads upwards; leave out '..', nothing outside the home is read"
                        .formatted(written));
                return Optional.empty();
            }
            if (!segment.isEmpty() && !segment.equals(".")) {
                if (!SEGMENT.matcher(segment).matches()) {
                    source.problem("path", Code.INVALID_VALUE, ("path %s has a character that is not allowed; "
                            + "use letters, digits, spaces and ._-").formatted(written));
                    return Optional.empty();
                }
                segments.add(segment);
            }
        }
        if (segments.isEmpty() || TAKEN.contains(segments.get(0))) {
            source.problem("path", Code.INVALID_VALUE, "path %s is the server's own; give a folder such as inbox/%s"
                    .formatted(written, pipeline));
            return Optional.empty();
        }
        return Optional.of(String.join("/", segments));
    }

    /** Every declared name, also of sources that are not sound. */
    List<String> names() {
        return List.copyOf(types.keySet());
    }

    boolean isFiles(String name) {
        return FILES.equals(types.get(name));
    }

    boolean isApi(String name) {
        return REST_API.equals(types.get(name));
    }

    List<FilesSource> sources() {
        return sources;
    }

    List<ApiSource> apis() {
        return apis;
    }
}
