package dev.qanat.personal;

import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.ColumnType.Kind;
import dev.qanat.pipeline.ConfigHistory;
import dev.qanat.pipeline.ConfigHistory.Version;
import dev.qanat.pipeline.InvalidPipeline;
import dev.qanat.pipeline.Pipeline;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.PersonalFields;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What pipelines say of the columns of silver and bronze: of each table the latest version that has it, whether that is in force or not. As
 * it is when it is made; for one thread.
 */
final class PipelineMarks {

    private static final int PAGE = 100;

    /** What is computed of a personal value and holds it still. */
    private static final Set<Kind> TELLING = EnumSet.of(Kind.TEXT, Kind.JSON, Kind.JSONB);

    private static final Predicate<String> ALL = column -> true;
    private static final Predicate<String> NONE = column -> false;

    private final ConfigHistory history;
    private final Pipelines pipelines;
    private final Map<String, Predicate<String>> latest = new HashMap<>();
    private final Set<String> known = new HashSet<>();
    private final Set<String> unreadable = new HashSet<>();

    PipelineMarks(ConfigHistory history, Pipelines pipelines) {
        this.history = history;
        this.pipelines = pipelines;
        String after = "";
        List<Version> page;
        do {
            page = history.latest(after, PAGE);
            for (Version version : page) {
                after = version.pipeline();
                known.add(after);
                try {
                    marked(version).forEach((table, marks) -> latest.merge(table, marks, Predicate::or));
                } catch (InvalidPipeline e) {
                    unreadable.add(after);
                }
            }
        } while (page.size() == PAGE);
    }

    /**
     * Which columns of a table are personal: all, where a pipeline has loaded it of which nobody can tell what it marks there, since its
     * version cannot be read any more, or none has the table.
     *
     * @param table its schema and name with a dot between
     * @param pipeline that loads it, as its comment says
     */
    Predicate<String> of(String table, Optional<String> pipeline) {
        Predicate<String> marks = latest.get(table);
        if (marks != null) {
            return marks;
        }
        if (pipeline.isPresent()) {
            return before(pipeline.get(), table).orElse(ALL);
        }
        return table.startsWith("bronze.")
                ? known.stream()
                        .filter(name -> table.startsWith("bronze." + name + "__"))
                        .flatMap(name -> before(name, table).stream())
                        .reduce(Predicate::or)
                        .orElse(ALL)
                : NONE;
    }

    /** As the latest version says that has the table; empty when none has it, or that cannot be read any more. */
    private Optional<Predicate<String>> before(String pipeline, String table) {
        if (unreadable.contains(pipeline)) {
            return Optional.empty();
        }
        int below = Integer.MAX_VALUE;
        List<Version> page;
        do {
            page = history.versions(pipeline, below, PAGE);
            for (Version version : page) {
                below = version.number();
                try {
                    Predicate<String> marks = marked(version).get(table);
                    if (marks != null) {
                        return Optional.of(marks);
                    }
                } catch (InvalidPipeline e) {
                    return Optional.empty();
                }
            }
        } while (page.size() == PAGE);
        return Optional.empty();
    }

    private Map<String, Predicate<String>> marked(Version version) {
        Pipeline pipeline = pipelines.at(version.pipeline(), version.number());
        Map<String, Predicate<String>> marked = new HashMap<>();
        for (Resource resource : pipeline.resources()) {
            marked.merge("silver." + resource.table(), marked(resource), Predicate::or);
            marked.merge(
                    "bronze." + version.pipeline() + "__" + resource.name(),
                    resource.isPersonal() ? "record"::equals : NONE,
                    Predicate::or);
            Set<String> personal = names(resource);
            boolean leads = resource.primaryKey().stream().anyMatch(personal::contains);
            for (Child child : resource.children()) {
                Predicate<String> items = marked(child.items());
                marked.merge(
                        "silver." + child.items().table(),
                        leads ? items.or(Child.PARENT_ID::equals) : items,
                        Predicate::or);
            }
        }
        return marked;
    }

    private static Set<String> names(Resource resource) {
        return resource.personalColumns().stream().map(Column::name).collect(Collectors.toSet());
    }

    /** A field, and the objects that it is in. */
    private static List<String> withThoseAround(String field) {
        List<String> fields = new ArrayList<>(List.of(field));
        for (int end = field.lastIndexOf("__"); end > 0; end = field.lastIndexOf("__", end - 1)) {
            fields.add(field.substring(0, end));
        }
        return fields;
    }

    /** Also columns that were found in the data, where their fields are treated as personal, and what is computed of personal ones. */
    private static Predicate<String> marked(Resource resource) {
        List<Column> personal = resource.personalColumns();
        Set<String> names = names(resource);
        return column -> {
            Optional<Column> declared = resource.column(column);
            if (names.contains(column)) {
                return true;
            }
            if (declared.flatMap(Column::expr).isPresent()) {
                return TELLING.contains(declared.get().type().kind())
                        && declared.get().expr().orElseThrow().names().stream().anyMatch(names::contains);
            }
            List<String> fields = withThoseAround(declared.map(Column::from).orElse(column));
            return personal.stream().anyMatch(each -> fields.stream().anyMatch(field -> PersonalFields.areTreatedAs(field, each)));
        };
    }
}
