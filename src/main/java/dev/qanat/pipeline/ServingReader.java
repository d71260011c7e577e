package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Section.Entry;
import dev.qanat.pipeline.Section.Text;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/** Reads {@code surrogate_key}, {@code expose} and {@code indexes} of a resource. */
final class ServingReader {

    /** The operators of the data API that a parameter of its own can stand for. */
    static final List<String> OPERATORS = List.of("eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "in", "is");

    /** Parameters that a page has anyway. */
    private static final Set<String> OF_PAGES = Set.of("page", "page_size", "after", "select", "order");

    /** What Qanat answers itself below {@code /api/v1/}. */
    private static final Set<String> TAKEN = Set.of("data", "health", "lineage");

    private static final Set<String> OF_EVERY_ROW = Set.of("_run_id", "_created_at", "_updated_at");
    private static final Pattern PATH = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,62}");
    private static final Pattern PARAMETER = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]{0,62}");

    private final Section resource;
    private final Map<String, Column> columns = new LinkedHashMap<>();
    private Optional<String> surrogateKey = Optional.empty();

    /** @param columns of the resource, without those of which nothing is kept */
    ServingReader(Section resource, List<Column> columns) {
        this.resource = resource;
        columns.forEach(column -> this.columns.put(column.name(), column));
    }

    Serving read() {
        surrogateKey = surrogateKey();
        Optional<Expose> expose = resource.section("expose", Level.EXPOSE).flatMap(this::expose);
        return new Serving(surrogateKey, expose, indexes());
    }

    private Optional<String> surrogateKey() {
        Optional<Text> text = resource.text("surrogate_key", "a column's name");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        String name = text.get().value();
        if (!Identifier.valid(name)) {
            resource.problem("surrogate_key", Code.INVALID_NAME, "'surrogate_key' %s is not allowed; use %s%s"
                    .formatted(Section.quoted(name), Identifier.RULE, Identifier.like(name).map(l -> ", such as '" + l + "'").orElse("")));
            return Optional.empty();
        }
        if (columns.containsKey(name)) {
            resource.problem("surrogate_key", Code.CONFLICTING_KEYS,
                    "'surrogate_key' names the column %s, which is read from the source; give the key a name of its own"
                            .formatted(Section.quoted(name)));
        }
        return Optional.of(name);
    }

    private Optional<Expose> expose(Section expose) {
        if (!expose.has("path")) {
            expose.missing("path", "name the path below /api/v1/, such as 'path: market-data'");
        }
        Optional<Text> path = expose.text("path", "a path such as market-data");
        path.ifPresent(text -> checkPath(expose, text.value()));
        Map<String, Expose.Filter> filters = new LinkedHashMap<>();
        expose.named("filters", "a mapping such as { ticker: ticker.eq }").ifPresent(section -> section.entries()
                .forEach(entry -> filter(section, entry).ifPresent(filter -> filters.put(entry.name(), filter))));
        return path.map(text -> new Expose(text.value(), filters));
    }

    private static void checkPath(Section expose, String path) {
        if (!PATH.matcher(path).matches()) {
            expose.problem("path", Code.INVALID_VALUE,
                    "'expose.path' %s must be letters, digits, hyphens and underscores, such as market-data; it stands behind /api/v1/"
                            .formatted(Section.quoted(path)));
        } else if (TAKEN.contains(path)) {
            expose.problem("path", Code.CONFLICTING_KEYS,
                    "/api/v1/%s is a path of Qanat's own; choose another".formatted(path));
        }
    }

    private Optional<Expose.Filter> filter(Section filters, Entry entry) {
        String parameter = entry.name();
        String label = "'expose.filters." + Section.line(parameter) + "'";
        if (!PARAMETER.matcher(parameter).matches()) {
            filters.problem(entry.key(), entry.path(), Code.INVALID_NAME,
                    label + " cannot be a parameter; use letters, digits and underscores");
        } else if (OF_PAGES.contains(parameter)) {
            filters.problem(entry.key(), entry.path(), Code.CONFLICTING_KEYS,
                    label + " is a parameter of every page; call the filter something else");
        }
        Optional<Text> text = filters.text(entry.value(), entry.path(), label, "a column and an operator such as date.gte");
        if (text.isEmpty()) {
            return Optional.empty();
        }
        String[] parts = text.get().value().split("\\.", -1);
        if (parts.length != 2 || !OPERATORS.contains(parts[1])) {
            filters.problem(text.get(), Code.INVALID_VALUE, "%s must be a column and an operator such as date.gte, not %s; operators are %s"
                    .formatted(label, Section.quoted(text.get().value()), String.join(", ", OPERATORS)));
            return Optional.empty();
        }
        checkColumn(text.get(), label, parts[0]);
        return Optional.of(new Expose.Filter(parts[0], parts[1]));
    }

    private List<List<String>> indexes() {
        Optional<Entry> entry = resource.entry("indexes");
        if (entry.isEmpty()) {
            return List.of();
        }
        if (!(entry.get().value() instanceof SequenceNode list)) {
            resource.problem("indexes", Code.WRONG_TYPE,
                    "'indexes' must be a list such as [ volume, [ ticker, date ] ], not " + Section.kind(entry.get().value()));
            return List.of();
        }
        List<List<String>> indexes = new ArrayList<>();
        for (int i = 0; i < list.getValue().size(); i++) {
            Node item = list.getValue().get(i);
            List<Node> parts = item instanceof SequenceNode several ? several.getValue() : List.of(item);
            String label = "'indexes[" + i + "]'";
            String path = resource.path() + ".indexes[" + i + "]";
            Set<String> names = new LinkedHashSet<>();
            for (Node part : parts) {
                resource.text(part, path, label, "a column's name or a list of them").ifPresent(name -> {
                    checkColumn(name, label, name.value());
                    if (!names.add(name.value())) {
                        resource.problem(name, Code.DUPLICATE_KEY, label + " names " + Section.quoted(name.value()) + " twice; keep one");
                    }
                });
            }
            if (names.isEmpty() || names.size() > ResourceReader.MAX_KEY_COLUMNS) {
                resource.problem(item, path, Code.INVALID_VALUE,
                        label + " must name 1 to " + ResourceReader.MAX_KEY_COLUMNS + " columns");
            }
            indexes.add(List.copyOf(names));
        }
        return List.copyOf(indexes);
    }

    /** Rows are found by an index, for which values must have an order. */
    private void checkColumn(Text at, String label, String name) {
        Column column = columns.get(name);
        if (column == null && !OF_EVERY_ROW.contains(name) && surrogateKey.filter(name::equals).isEmpty()) {
            resource.problem(at, Code.UNKNOWN_REFERENCE, "%s names %s, which is not declared%s"
                    .formatted(
                            label,
                            Section.quoted(name),
                            Suggestion.of(name, List.copyOf(columns.keySet())).map(Suggestion::ask).orElse("; declare it under 'columns'")));
        } else if (column != null && column.type().isJson()) {
            resource.problem(at, Code.INVALID_VALUE,
                    "%s names '%s' of type %s, whose values no index has in an order; name another".formatted(label, name, column.type()));
        }
    }
}
