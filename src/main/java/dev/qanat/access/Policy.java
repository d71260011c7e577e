package dev.qanat.access;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Which role a request needs: that of the first rule which takes its method and path, the operator's rules before the built-in ones.
 * What no rule takes needs an admin: routes that users add, and paths that lead nowhere.
 */
public final class Policy {

    /**
     * The whole of it. {@code *} is one segment of a path, {@code **} at the end any number of them, and what pipelines expose is one that they name; GET is
     * HEAD as well.
     */
    private static final List<String> BUILT_IN = List.of(
            "GET /q/health=public",
            "GET /q/health/*=public",
            "GET /api/v1/health=public",
            "GET /configs=viewer",
            "GET /configs/*=viewer",
            "GET /configs/*/versions=viewer",
            "GET /configs/*/versions/*=viewer",
            "GET /configs/*/diff=viewer",
            "GET /schemas/*=viewer",
            "GET /runs=viewer",
            "GET /runs/*=viewer",
            "GET /runs/*/rejections=viewer",
            "GET /runs/*/models=viewer",
            "GET /runs/*/events=viewer",
            "GET /schedules=viewer",
            "GET /routes=viewer",
            "GET /api/v1/lineage=viewer",
            "GET /api/v1/lineage/row=viewer",
            "GET /api/v1/data/*=viewer",
            "GET /api/v1/{exposed}=viewer",
            "GET /api/v1/{exposed}/*=viewer",
            "GET /api/v1/{exposed}/*/changes=operator",
            "POST /api/v1/{exposed}=operator",
            "PUT /api/v1/{exposed}/*=operator",
            "PATCH /api/v1/{exposed}/*=operator",
            "DELETE /api/v1/{exposed}/*=operator",
            "GET /docs/**=public",
            "GET /redoc/**=public",
            "GET /q/openapi=viewer",
            "GET /q/openapi.json=viewer",
            "GET /q/openapi.yaml=viewer",
            "GET /q/openapi.yml=viewer",
            "GET /q/swagger-ui/**=viewer",
            "GET /q/metrics/**=viewer",
            "POST /trigger-job=operator",
            "POST /schedule-job=operator",
            "DELETE /schedules/*=operator",
            "POST /runs/*/cancel=operator",
            "POST /runs/*/replay=operator",
            "POST /configs/plan=operator",
            "POST /upload-config=admin",
            "POST /configs/*/rollback=admin",
            "GET /keys=admin",
            "POST /keys=admin",
            "DELETE /keys/*=admin",
            "GET /audit=admin",
            "GET /retention=admin",
            "POST /retention=admin");

    private static final String EXPOSED = "{exposed}";

    private static final Pattern RULE =
            Pattern.compile("(?:(\\*|[A-Z]+) +)?(/[^\\s=?#,]*) *= *(public|viewer|operator|admin)");

    private final List<Rule> rules;

    /** A path as a list of segments, so that nothing that is encoded or doubled can be taken for another one. */
    private record Rule(String method, List<String> segments, Role role) {

        static Rule parse(String text) {
            Matcher rule = RULE.matcher(text.strip());
            if (!rule.matches() || rule.group(2).matches(".*\\*\\*.+")) {
                throw new InputFailure(
                        Code.INVALID_SETTING,
                        "QANAT_ACCESS: '" + text.strip() + "' is no rule; one looks like 'GET /my/path=viewer' or '/hook/*=public',"
                                + " with public, viewer, operator or admin, and ** only at the end");
            }
            String method = rule.group(1) == null ? "*" : rule.group(1);
            return new Rule(method, Policy.segments(rule.group(2)), Role.of(rule.group(3)).orElseThrow());
        }

        boolean takes(String asked, List<String> path, Predicate<String> exposed) {
            boolean rest = !segments.isEmpty() && segments.get(segments.size() - 1).equals("**");
            int fixed = rest ? segments.size() - 1 : segments.size();
            if (!method.equals("*") && !method.equals(asked) || path.size() < fixed || !rest && path.size() > fixed) {
                return false;
            }
            for (int i = 0; i < fixed; i++) {
                String segment = segments.get(i);
                boolean fits = switch (segment) {
                    case "*" -> !path.get(i).isEmpty();
                    case EXPOSED -> exposed.test(path.get(i));
                    default -> segment.equals(path.get(i));
                };
                if (!fits) {
                    return false;
                }
            }
            return true;
        }
    }

    /**
     * @param opened the operator's rules, such as {@code GET /my/path=viewer}
     * @throws InputFailure naming the first that is none
     */
    public Policy(List<String> opened) {
        this.rules = Stream.concat(opened.stream(), BUILT_IN.stream()).map(Rule::parse).toList();
    }

    /**
     * The role that a request needs.
     *
     * @param path as routes see it: normalized, still encoded
     * @param exposed whether a pipeline gives this path below {@code /api/v1/} to a table
     */
    public Role needed(String method, String path, Predicate<String> exposed) {
        String asked = method.equals("HEAD") ? "GET" : method;
        List<String> segments = segments(path);
        return rules.stream()
                .filter(rule -> rule.takes(asked, segments, exposed))
                .map(Rule::role)
                .findFirst()
                .orElse(Role.ADMIN);
    }

    /** Without the empty ones before the first and, as routes do not tell them apart, after a last slash. */
    private static List<String> segments(String path) {
        String inner = path.replaceFirst("^/", "").replaceFirst("/$", "");
        return inner.isEmpty() ? List.of() : Arrays.asList(inner.split("/", -1));
    }
}
