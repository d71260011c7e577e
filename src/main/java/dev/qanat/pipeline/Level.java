package dev.qanat.pipeline;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The levels of the vocabulary: the keys that are read, and those that are named by the design and not built yet. */
enum Level {
    PIPELINE(
            "the pipeline",
            List.of("pipeline", "description", "vars", "sources", "resources", "combined_csv", "models", "schedule", "concurrency"),
            List.of("target", "expect", "notify")),
    FILES_SOURCE("a source of type files", List.of("type", "path", "on_success", "watch", "on_error"), List.of()),
    RESOURCE(
            "a resource",
            List.of(
                    "name",
                    "source",
                    "files",
                    "endpoint",
                    "partitions",
                    "incremental",
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
                    "bronze",
                    "children",
                    "surrogate_key",
                    "expose",
                    "indexes"),
            List.of()),
    EXPOSE("expose", List.of("path", "filters"), List.of()),
    CHILD("a child", List.of("table", "columns", "schema"), List.of("primary_key", "where", "children")),
    FILES("files", List.of("glob", "format", "csv"), List.of()),
    CSV("files.csv", List.of("delimiter", "encoding", "header", "skip_lines", "null_if"), List.of()),
    COLUMN(
            "a column",
            List.of(
                    "from", "expr", "type", "required", "min", "max", "pattern", "values", "null_if", "format", "timezone", "pii"),
            List.of()),
    SCHEMA_CONTRACT("schema_contract", List.of("tables", "columns", "data_type"), List.of()),
    BRONZE("bronze", List.of("keep", "retention"), List.of()),
    SCHEDULE("schedule", List.of("every", "cron", "timezone", "catchup"), List.of()),
    CONCURRENCY("concurrency", List.of("limit", "behavior"), List.of()),
    API_SOURCE(
            "a source of type rest_api",
            List.of("type", "base_url", "auth", "headers", "timeout", "rate_limit", "retry", "response_actions"),
            List.of()),
    API_KEY_AUTH("auth of type api_key", List.of("type", "location", "name", "api_key"), List.of()),
    BEARER_AUTH("auth of type bearer", List.of("type", "token"), List.of()),
    HTTP_BASIC_AUTH("auth of type http_basic", List.of("type", "username", "password"), List.of()),
    OAUTH2_AUTH(
            "auth of type oauth2_client_credentials",
            List.of("type", "access_token_url", "client_id", "client_secret", "scope"),
            List.of()),
    RATE_LIMIT("rate_limit", List.of("limit", "interval", "on_exhausted"), List.of()),
    RETRY("retry", List.of("max_attempts", "backoff", "initial", "max"), List.of()),
    RESPONSE_ACTION("response_actions", List.of("status", "path", "contains", "action", "wait"), List.of()),
    ENDPOINT(
            "endpoint",
            List.of("path", "method", "params", "headers", "body", "format", "data_selector", "record_shape", "paginator"),
            List.of()),
    RECORD_SHAPE("record_shape", List.of("entries"), List.of()),
    ENTRIES("record_shape.entries", List.of("key_as", "value_as"), List.of()),
    SINGLE_PAGE("a paginator of type single_page", List.of("type"), List.of()),
    PAGE_NUMBER(
            "a paginator of type page_number",
            List.of("type", "base_page", "page_param", "total_path", "maximum_page"),
            List.of()),
    OFFSET(
            "a paginator of type offset",
            List.of("type", "limit", "limit_param", "offset", "offset_param", "total_path", "maximum_offset"),
            List.of()),
    CURSOR("a paginator of type cursor", List.of("type", "cursor_path", "cursor_param"), List.of()),
    HEADER_LINK("a paginator of type header_link", List.of("type", "rel"), List.of()),
    JSON_LINK("a paginator of type json_link", List.of("type", "next_url_path"), List.of()),
    PARTITION("partitions", List.of("values", "pattern"), List.of()),
    INCREMENTAL(
            "incremental",
            List.of("cursor_path", "initial_value", "lag", "range_start", "on_cursor_value_missing"),
            List.of());

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
        List<Level> homes = Arrays.stream(values())
                .filter(level -> level.built.contains(unknown) || level.later.contains(unknown))
                .toList();
        return homes.size() == 1
                ? "; it belongs to " + homes.get(0).place
                : "; " + place + " knows " + String.join(", ", built);
    }
}
