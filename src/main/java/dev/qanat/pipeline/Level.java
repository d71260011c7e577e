package dev.qanat.pipeline;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The levels of the vocabulary: the keys that are read, and those that are named by the design and not built yet. */
enum Level {
    PIPELINE(
            "the pipeline",
            List.of("pipeline", "description", "vars", "sources", "resources", "combined_csv", "schedule", "concurrency"),
            List.of("target", "models", "expect", "notify")),
    SOURCE(
            "a source",
            List.of("type", "path", "on_success", "watch", "on_error"),
            List.of("base_url", "auth", "headers", "timeout", "rate_limit", "retry", "response_actions")),
    RESOURCE(
            "a resource",
            List.of(
                    "name",
                    "source",
                    "files",
                    "table",
                    "columns",
                    "schema",
                    "strict_mode",
                    "schema_contract",
                    "where",
                    "primary_key",
                    "write_disposition",
                    "dedup",
                    "max_errors",
                    "bronze"),
            List.of("endpoint", "partitions", "incremental", "surrogate_key", "expose", "indexes")),
    FILES("files", List.of("glob", "format", "csv"), List.of()),
    CSV("files.csv", List.of("delimiter", "encoding", "header", "skip_lines", "null_if"), List.of()),
    COLUMN(
            "a column",
            List.of("from", "expr", "type", "required", "min", "max", "pattern", "values", "null_if", "format", "timezone"),
            List.of("pii")),
    SCHEMA_CONTRACT("schema_contract", List.of("tables", "columns", "data_type"), List.of()),
    BRONZE("bronze", List.of("keep"), List.of("retention")),
    SCHEDULE("schedule", List.of("every", "cron", "timezone", "catchup"), List.of()),
    CONCURRENCY("concurrency", List.of("limit", "behavior"), List.of());

    private final String place;
    private final List<String> built;
    private final List<String> later;

    Level(String place, List<String> built, List<String> later) {
        this.place = place;
        this.built = built;
        this.later = later;
    }

    List<String> built() {
        return built;
    }

    List<String> later() {
        return later;
    }

    /** What to do about a key that this level does not know. */
    String hint(String unknown) {
        Optional<String> like = Suggestion.of(unknown, built).or(() -> Suggestion.of(unknown, later));
        if (like.isPresent()) {
            return Suggestion.ask(like.get());
        }
        Optional<Level> home = Arrays.stream(values())
                .filter(level -> level.built.contains(unknown) || level.later.contains(unknown))
                .findFirst();
        return home.map(level -> "; it belongs to " + level.place)
                .orElseGet(() -> "; " + place + " knows " + String.join(", ", built));
    }
}
