package dev.qanat.web;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.InvalidPipeline;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A problem detail, RFC 9457: why a request was not done.
 *
 * @param status the HTTP status
 * @param code stable, see {@code docs/reference/errors.md}
 * @param detail for people: what is wrong and what to do
 * @param errors further members, such as the problems of a pipeline; may be empty
 */
public record Problem(int status, Code code, String detail, List<Map<String, Object>> errors) {

    public static final String CONTENT_TYPE = "application/problem+json";

    public Problem(int status, Code code, String detail) {
        this(status, code, detail, List.of());
    }

    /** Every problem of a pipeline's YAML: 400 for what is no YAML, 422 for what is no pipeline. */
    public static Problem of(InvalidPipeline invalid) {
        List<Map<String, Object>> errors = invalid.problems().stream()
                .map(problem -> {
                    Map<String, Object> error = new LinkedHashMap<>();
                    error.put("line", problem.line());
                    error.put("column", problem.column());
                    error.put("path", problem.path());
                    error.put("code", problem.code().id());
                    error.put("message", problem.message());
                    return error;
                })
                .toList();
        return new Problem(invalid.code() == Code.NOT_YAML ? 400 : 422, invalid.code(), invalid.getMessage(), errors);
    }

    public Reply reply() {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("type", "about:blank");
        body.put("title", title(status));
        body.put("status", status);
        body.put("detail", detail);
        body.put("code", code.id());
        if (!errors.isEmpty()) {
            body.put("errors", errors);
        }
        return Reply.json(status, CONTENT_TYPE, body);
    }

    private static String title(int status) {
        return switch (status) {
            case 400 -> "Bad Request";
            case 401 -> "Unauthorized";
            case 403 -> "Forbidden";
            case 404 -> "Not Found";
            case 405 -> "Method Not Allowed";
            case 406 -> "Not Acceptable";
            case 409 -> "Conflict";
            case 412 -> "Precondition Failed";
            case 413 -> "Content Too Large";
            case 414 -> "URI Too Long";
            case 415 -> "Unsupported Media Type";
            case 422 -> "Unprocessable Content";
            case 429 -> "Too Many Requests";
            case 503 -> "Service Unavailable";
            default -> "Internal Server Error";
        };
    }
}
