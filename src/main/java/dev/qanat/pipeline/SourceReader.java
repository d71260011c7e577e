package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.FilesSource.OnSuccess;
import dev.qanat.pipeline.Section.Text;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads {@code sources}. */
final class SourceReader {
    private static final Duration MIN_WATCH = Duration.ofSeconds(1);
    private static final Duration MAX_WATCH = Duration.ofDays(365);
    private static final Duration DEFAULT_WATCH = Duration.ofMinutes(1);

    /** Letters, digits and what cannot mean anything else in a route's address or a pattern. */
    private static final Pattern SEGMENT = Pattern.compile("[\\p{L}\\p{N}_][\\p{L}\\p{M}\\p{N} ._-]{0,99}");

    private static final Pattern ABSOLUTE = Pattern.compile("(?:/|\\\\|~|[A-Za-z]:).*", Pattern.DOTALL);
    /** What the server itself keeps in its home. */
    private static final Set<String> TAKEN = Set.of("archive", "quarantine", "exports", "pg", "pg-programs", "staging");

    private final Variables variables;
    private final String pipeline;
    private final List<String> names = new ArrayList<>();
    private final List<FilesSource> sources = new ArrayList<>();

    SourceReader(Variables variables, String pipeline) {
        this.variables = variables;
        this.pipeline = pipeline;
    }

    void read(Section all) {
        Map<String, String> byPath = new HashMap<>();
        for (Section.Entry entry : all.entries()) {
            names.add(entry.name());
            if (!Identifier.valid(entry.name())) {
                all.problem(entry.key(), entry.path(), Code.INVALID_NAME, "source name %s is not allowed; use %s"
                        .formatted(Section.quoted(entry.name()), Identifier.RULE));
            }
            String where = "source " + Section.quoted(entry.name());
            all.section(entry, where, "", "a mapping such as { type: files }").ifPresent(source -> one(source, entry, byPath));
        }
    }

    private void one(Section source, Section.Entry entry, Map<String, String> byPath) {
        Optional<String> type = source.text("type", "'files'").map(Text::value);
        if (type.isPresent() && type.get().equals("rest_api")) {
            source.problem("type", Code.NOT_SUPPORTED, "type 'rest_api' is not built yet; only 'files' is");
            source.allowOrLater(Level.SOURCE);
            return;
        }
        source.allow(Level.SOURCE);
        if (!source.has("type")) {
            source.missing("type", "write 'type: files'");
        } else if (type.isPresent() && !type.get().equals("files")) {
            source.problem("type", Code.INVALID_VALUE, "unknown type %s%s"
                    .formatted(
                            Section.quoted(type.get()),
                            Suggestion.of(type.get(), List.of("files", "rest_api"))
                                    .map(Suggestion::ask)
                                    .orElse("; write 'files'")));
        }
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
        Duration watch = watch(source).orElse(DEFAULT_WATCH);
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

    private Optional<Duration> watch(Section source) {
        Optional<Text> text = source.text("watch", "a duration such as PT1M");
        Optional<String> value = text.flatMap(t -> variables.expand(source, t));
        if (value.isEmpty()) {
            return Optional.empty();
        }
        String written = Section.quoted(text.orElseThrow().value());
        try {
            Duration watch = Duration.parse(value.get());
            if (watch.compareTo(MIN_WATCH) >= 0 && watch.compareTo(MAX_WATCH) <= 0) {
                return Optional.of(watch);
            }
            source.problem("watch", Code.INVALID_VALUE, "watch %s is out of bounds; give PT1S to P365D".formatted(written));
        } catch (DateTimeException e) {
            source.problem("watch", Code.INVALID_VALUE,
                    "watch %s is no ISO-8601 duration; write PT30S, PT5M or P1D".formatted(written));
        }
        return Optional.empty();
    }

    /** Every declared name, also of sources that are not sound or not built yet. */
    List<String> names() {
        return names;
    }

    List<FilesSource> sources() {
        return sources;
    }
}
