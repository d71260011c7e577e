package dev.qanat.transform;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.transform.jinja.Values;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** dbt's selection syntax: {@code +a b+ 2+c+1 @d tag:x,path:y}. */
final class Selection {
    private static final Pattern ATOM = Pattern.compile("(@)?(?:(\\d*)(\\+))?(?:([\\w.]+):)?(.*?)(?:(\\+)(\\d*))?");
    private static final int ALL = Integer.MAX_VALUE;

    private final Graph graph;

    Selection(Graph graph) {
        this.graph = graph;
    }

    List<Node> select(String select, String exclude) {
        Set<String> chosen = select.isBlank() ? new LinkedHashSet<>(graph.nodes().keySet()) : withTests(union(select));
        if (!exclude.isBlank()) {
            chosen.removeAll(withTests(union(exclude)));
        }
        return graph.nodes().values().stream().filter(node -> chosen.contains(node.uniqueId())).toList();
    }

    private Set<String> withTests(Set<String> chosen) {
        Set<String> all = new LinkedHashSet<>(chosen);
        graph.nodes().values().stream()
                .filter(node -> node.kind() == Node.Kind.TEST && node.dependsOn().stream().anyMatch(chosen::contains))
                .forEach(test -> all.add(test.uniqueId()));
        return all;
    }

    private Set<String> union(String selection) {
        Set<String> union = new LinkedHashSet<>();
        for (String intersection : selection.strip().split("\\s+")) {
            List<Set<String>> parts = Arrays.stream(intersection.split(",", -1)).map(this::atom).toList();
            Set<String> common = new LinkedHashSet<>(parts.get(0));
            parts.forEach(common::retainAll);
            union.addAll(common);
        }
        return union;
    }

    private Set<String> atom(String atom) {
        Matcher parts = ATOM.matcher(atom);
        if (!parts.matches() || parts.group(5).isEmpty()) {
            throw invalid("'%s' names nothing".formatted(atom));
        }
        String method = parts.group(4) == null ? methodOf(parts.group(5)) : parts.group(4);
        Predicate<Node> matches = matching(method, parts.group(5));
        Set<String> found = new LinkedHashSet<>();
        List<String> starts = new ArrayList<>();
        for (Node node : graph.nodes().values()) {
            if (matches.test(node)) {
                starts.add(node.uniqueId());
            }
        }
        for (String start : starts) {
            found.add(start);
            if (parts.group(1) != null) {
                Set<String> below = graph.downstream(start, ALL);
                found.addAll(below);
                below.forEach(id -> found.addAll(graph.upstream(id, ALL)));
                found.addAll(graph.upstream(start, ALL));
            }
            if (parts.group(3) != null) {
                found.addAll(graph.upstream(start, steps(parts.group(2))));
            }
            if (parts.group(6) != null) {
                found.addAll(graph.downstream(start, steps(parts.group(7))));
            }
        }
        return found;
    }

    private static int steps(String digits) {
        return digits.isEmpty() || digits.length() > 9 ? ALL : Integer.parseInt(digits);
    }

    private static String methodOf(String value) {
        if (value.contains("/")) {
            return "path";
        }
        return value.matches(".*\\.(sql|csv|yml|yaml)") ? "file" : "fqn";
    }

    private static Predicate<Node> matching(String method, String value) {
        if (method.startsWith("config.")) {
            return node -> node.config().value(method.substring("config.".length())).filter(set -> isOrHas(set, value)).isPresent();
        }
        Predicate<String> text = wildcards(value);
        return switch (method) {
            case "fqn" -> node -> node.kind() == Node.Kind.SOURCE ? false : named(node, value);
            case "tag" -> node -> node.config().tags().stream().anyMatch(text);
            case "path" -> path(value);
            case "file" -> node -> {
                String file = node.file().substring(node.file().lastIndexOf('/') + 1);
                return text.test(file) || text.test(file.replaceFirst("\\.[^.]*$", ""));
            };
            case "source" -> node -> node.kind() == Node.Kind.SOURCE && source(node, value);
            case "resource_type" -> node -> node.kind().name().toLowerCase(Locale.ROOT).equals(value) || value.equals("all");
            case "test_type" -> testType(value);
            case "test_name" -> node -> node.kind() == Node.Kind.TEST && text.test(node.name());
            case "package" -> node -> text.test(node.fqn().get(0)) || value.equals("this");
            default -> throw new InputFailure(Code.NOT_SUPPORTED, "the selection method '%s:' is not supported".formatted(method));
        };
    }

    private static boolean isOrHas(Object set, String value) {
        return set instanceof List<?> list
                ? list.stream().anyMatch(item -> Values.str(item).equals(value))
                : Values.str(set).equalsIgnoreCase(value);
    }

    /** By its name, or by folders from the project or from the models' folder on; a folder means everything below. */
    private static boolean named(Node node, String value) {
        List<String> fqn = node.fqn();
        if (wildcards(value).test(fqn.get(fqn.size() - 1))) {
            return true;
        }
        List<String> wanted = Arrays.asList(value.split("\\."));
        return startsWith(fqn, wanted) || startsWith(fqn.subList(1, fqn.size()), wanted);
    }

    private static boolean startsWith(List<String> fqn, List<String> wanted) {
        if (wanted.size() > fqn.size()) {
            return false;
        }
        for (int i = 0; i < wanted.size(); i++) {
            if (!wildcards(wanted.get(i)).test(fqn.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean source(Node node, String value) {
        String[] parts = value.split("\\.");
        String wanted = parts.length == 3 ? parts[1] + "." + parts[2] : value;
        String[] name = node.name().split("\\.", 2);
        return wildcards(wanted).test(node.name()) || parts.length == 1 && wildcards(wanted).test(name[0]);
    }

    private static Predicate<Node> path(String value) {
        String folder = value.replaceFirst("/$", "");
        PathMatcher glob = FileSystems.getDefault().getPathMatcher("glob:" + folder);
        return node -> node.file().equals(folder) || node.file().startsWith(folder + "/") || glob.matches(Path.of(node.file()));
    }

    private static Predicate<Node> testType(String value) {
        return switch (value) {
            case "generic" -> node -> node.kind() == Node.Kind.TEST && !node.file().endsWith(".sql");
            case "singular" -> node -> node.kind() == Node.Kind.TEST && node.file().endsWith(".sql");
            case "data" -> node -> node.kind() == Node.Kind.TEST;
            default -> throw invalid("test_type: knows generic, singular and data, not '%s'".formatted(value));
        };
    }

    /** The shell's {@code *}, {@code ?} and {@code [ab]}. */
    private static Predicate<String> wildcards(String pattern) {
        if (!pattern.matches(".*[*?\\[].*")) {
            return pattern::equals;
        }
        String regex = Arrays.stream(pattern.split("(?<=[*?])|(?=[*?])|(?=\\[)|(?<=])"))
                .map(part -> switch (part) {
                    case "*" -> ".*";
                    case "?" -> ".";
                    default -> part.matches("\\[!?\\w[\\w-]*]") ? part.replace("[!", "[^") : Pattern.quote(part);
                })
                .collect(Collectors.joining());
        return Pattern.compile(regex).asMatchPredicate();
    }

    private static InputFailure invalid(String message) {
        return new InputFailure(Code.INVALID_SELECTION, message + "; see dbt's selection syntax");
    }
}
