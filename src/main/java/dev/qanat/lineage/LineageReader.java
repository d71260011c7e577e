package dev.qanat.lineage;

import dev.qanat.build.Project;
import dev.qanat.failure.InputFailure;
import dev.qanat.ledger.LastRuns;
import dev.qanat.lineage.Lineage.Kind;
import dev.qanat.load.TableName;
import dev.qanat.load.Target;
import dev.qanat.pipeline.ApiSource;
import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.ConfigHistory;
import dev.qanat.pipeline.FilesSource;
import dev.qanat.pipeline.InvalidPipeline;
import dev.qanat.pipeline.Pipeline;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import dev.qanat.transform.Manifest;
import dev.qanat.transform.Node;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Draws the graph as it is now: of the pipelines in force, the dbt project, the catalogue and the ledger. Safe for use by several threads. */
@ApplicationScoped
public class LineageReader {

    /** What the columns mean that the landing adds. */
    private static final Map<String, String> ADDED = Map.ofEntries(
            Map.entry("_run_id", "The run that gave the row its values"),
            Map.entry("_position", "Where its record begins: the line of the file, or the place in the answer"),
            Map.entry("_row_hash", "SHA-256 over name=value of the columns that are not null, sorted by name"),
            Map.entry("_created_at", "When the row was inserted"),
            Map.entry("_updated_at", "When the row was last changed"),
            Map.entry("_source", "The file, or the request"),
            Map.entry("_loaded_at", "When the record landed"),
            Map.entry("record", "The record as it came"),
            Map.entry("_ordinal", "The record's place in its landing"),
            Map.entry("_from_text", "Whether it came from a text format"),
            Map.entry("_left_out", "Whether it was read and left out"),
            Map.entry(Child.PARENT_ID, "The key of the parent's row, as text"),
            Map.entry(Child.INDEX, "The place in the parent's array, from 0"));

    private final Pipelines pipelines;
    private final ConfigHistory history;
    private final Project project;
    private final Catalogue catalogue;
    private final LastRuns lastRuns;

    LineageReader(Pipelines pipelines, ConfigHistory history, Project project, Catalogue catalogue, LastRuns lastRuns) {
        this.pipelines = pipelines;
        this.history = history;
        this.project = project;
        this.catalogue = catalogue;
        this.lastRuns = lastRuns;
    }

    /** A pipeline, and whether it can run here. */
    private record Known(Pipeline pipeline, int version, boolean active) {}

    /** A project that cannot be read leaves the graph without models, and with the problem. */
    public Lineage read() throws SQLException {
        List<Known> known = known();
        Collection<Node> models = List.of();
        Optional<Lineage.Problem> problem = Optional.empty();
        try {
            models = project.manifest().map(Manifest::nodes).orElse(List.of());
        } catch (InputFailure e) {
            problem = Optional.of(new Lineage.Problem(e.code(), String.valueOf(e.getMessage())));
        }
        Set<TableName> tables = new LinkedHashSet<>();
        known.forEach(each -> targets(each.pipeline()).forEach(target -> tables.addAll(List.of(target.bronze(), target.silver()))));
        models.stream().filter(LineageReader::stands).forEach(node -> tables.add(table(node)));
        Map<String, LastRuns.Last> built = lastRuns.ofNodes(
                models.stream().filter(LineageReader::stands).map(Node::uniqueId).toList());
        Map<String, LastRuns.Tested> tested =
                lastRuns.tests(built.values().stream().map(LastRuns.Last::run).distinct().toList());
        Drawing drawing = new Drawing(catalogue.find(tables), models, built, tested);
        known.forEach(each -> drawing.pipeline(each, lastRuns.ofResources(each.pipeline().name())));
        drawing.project();
        return drawing.done(problem);
    }

    private List<Known> known() {
        List<Known> known = new ArrayList<>();
        pipelines.active().forEach(active -> known.add(new Known(active.pipeline(), active.version(), true)));
        for (String name : pipelines.inactive().keySet()) {
            history.latest(name).map(ConfigHistory.Version::number).flatMap(version -> readable(name, version)).ifPresent(known::add);
        }
        return known;
    }

    private Optional<Known> readable(String name, int version) {
        try {
            return Optional.of(new Known(pipelines.at(name, version), version, false));
        } catch (InvalidPipeline e) {
            return Optional.empty();
        }
    }

    private static Stream<Target> targets(Pipeline pipeline) {
        return pipeline.tables().stream().map(resource -> new Target(pipeline.name(), resource));
    }

    private static boolean stands(Node node) {
        return node.kind() != Node.Kind.TEST && !node.isEphemeral();
    }

    private static TableName table(Node node) {
        return new TableName(node.relation().schema(), node.relation().identifier());
    }

    /** The graph while it is drawn. */
    private static final class Drawing {
        private final Map<TableName, Catalogue.Table> tables;
        private final Collection<Node> models;
        private final Map<String, LastRuns.Last> built;
        private final Map<TableName, Node> declared;
        private final Map<String, List<Lineage.Test>> tests = new LinkedHashMap<>();
        private final Map<String, Lineage.Node> nodes = new LinkedHashMap<>();
        private final Set<Lineage.Edge> edges = new LinkedHashSet<>();
        private final Map<String, String> ids = new LinkedHashMap<>();

        Drawing(
                Map<TableName, Catalogue.Table> tables,
                Collection<Node> models,
                Map<String, LastRuns.Last> built,
                Map<String, LastRuns.Tested> tested) {
            this.tables = tables;
            this.models = models;
            this.built = built;
            this.declared = models.stream()
                    .filter(node -> node.kind() == Node.Kind.SOURCE)
                    .collect(Collectors.toMap(LineageReader::table, Function.identity(), (one, other) -> one));
            models.stream().filter(node -> node.kind() == Node.Kind.TEST).forEach(test -> {
                Lineage.Test told = new Lineage.Test(
                        test.name(), test.config().severity(), test.file(), Optional.ofNullable(tested.get(test.uniqueId())));
                // A generic test is declared in YAML, of what it reads first; a singular one is of all that it reads.
                long many = test.file().endsWith(".sql") ? Long.MAX_VALUE : 1;
                test.dependsOn().stream().limit(many).forEach(id -> tests.computeIfAbsent(id, key -> new ArrayList<>()).add(told));
            });
        }

        void pipeline(Known known, Map<String, LastRuns.Last> landed) {
            Pipeline pipeline = known.pipeline();
            pipeline.sources().forEach(source -> source(known, source.name(), files(source)));
            pipeline.apis().forEach(api -> source(known, api.name(), api(api)));
            for (Resource resource : pipeline.resources()) {
                resource(known, resource, Optional.ofNullable(landed.get(resource.name())));
                Target target = new Target(pipeline.name(), resource);
                String from = "resource:" + qualified(pipeline, resource.name());
                if (resource.keepBronze()) {
                    table(Kind.BRONZE, target.bronze(), pipeline, resource, Optional.ofNullable(landed.get(resource.name())));
                    edge(from, target.bronze().toString());
                    from = target.bronze().toString();
                }
                for (Resource stored : resource.withItems()) {
                    TableName silver = new Target(pipeline.name(), stored).silver();
                    table(Kind.SILVER, silver, pipeline, stored, Optional.ofNullable(landed.get(stored.name())));
                    edge(from, silver.toString());
                }
            }
        }

        private static String qualified(Pipeline pipeline, String name) {
            return pipeline.name() + "." + name;
        }

        private static Map<String, Object> files(FilesSource source) {
            Map<String, Object> details = new LinkedHashMap<>();
            details.put("type", "files");
            details.put("path", source.path());
            return details;
        }

        private static Map<String, Object> api(ApiSource api) {
            Map<String, Object> details = new LinkedHashMap<>();
            details.put("type", "rest_api");
            details.put("base_url", api.baseUrl());
            return details;
        }

        private void source(Known known, String name, Map<String, Object> details) {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("pipeline", known.pipeline().name());
            all.putAll(details);
            String qualified = qualified(known.pipeline(), name);
            add(new Lineage.Node("source:" + qualified, Kind.SOURCE, qualified, "", all, List.of(), List.of(), Optional.empty()));
        }

        private void resource(Known known, Resource resource, Optional<LastRuns.Last> landed) {
            Pipeline pipeline = known.pipeline();
            Map<String, Object> details = new LinkedHashMap<>();
            details.put("pipeline", pipeline.name());
            details.put("config_version", known.version());
            details.put("active", known.active());
            details.put("write_disposition", resource.writeDisposition().name().toLowerCase(Locale.ROOT));
            details.put("primary_key", resource.primaryKey());
            String qualified = qualified(pipeline, resource.name());
            String id = "resource:" + qualified;
            add(new Lineage.Node(
                    id, Kind.RESOURCE, qualified, pipeline.description(), details, columns(resource), List.of(), landed));
            edge("source:" + qualified(pipeline, resource.source()), id);
        }

        private static List<Lineage.Column> columns(Resource resource) {
            return resource.declared().stream()
                    .map(column -> new Lineage.Column(column.name(), column.type().toString(), "", pii(resource, column.name())))
                    .toList();
        }

        private static Optional<String> pii(Resource resource, String column) {
            return resource.personalColumns().stream()
                    .filter(personal -> personal.name().equals(column))
                    .flatMap(personal -> personal.pii().stream())
                    .map(how -> how.name().toLowerCase(Locale.ROOT))
                    .findFirst();
        }

        /** A table of bronze or silver, with what the project says of it where it declares it as a source. */
        private void table(Kind kind, TableName name, Pipeline pipeline, Resource resource, Optional<LastRuns.Last> landed) {
            Optional<Node> source = Optional.ofNullable(declared.get(name));
            Map<String, Object> details = new LinkedHashMap<>();
            details.put("pipeline", pipeline.name());
            details.put("exists", tables.containsKey(name));
            List<Lineage.Column> columns = new ArrayList<>();
            standing(name, source, column -> kind == Kind.SILVER ? pii(resource, column) : Optional.empty()).forEach(columns::add);
            if (kind == Kind.SILVER) {
                resource.columns().stream()
                        .filter(column -> columns.stream().noneMatch(there -> there.name().equals(column.name())))
                        .map(column -> new Lineage.Column(
                                column.name(),
                                column.type().toString(),
                                described(source, column.name()).orElse(ADDED.getOrDefault(column.name(), "")),
                                pii(resource, column.name())))
                        .forEach(columns::add);
            }
            source.ifPresent(node -> ids.put(node.uniqueId(), name.toString()));
            add(new Lineage.Node(
                    name.toString(),
                    kind,
                    name.name(),
                    source.map(Node::description).filter(text -> !text.isEmpty()).orElse(comment(name)),
                    details,
                    columns,
                    source.map(node -> tests.getOrDefault(node.uniqueId(), List.of())).orElse(List.of()),
                    landed));
        }

        /** The columns of a table that is there. */
        private Stream<Lineage.Column> standing(
                TableName name, Optional<Node> described, Function<String, Optional<String>> pii) {
            return Optional.ofNullable(tables.get(name)).stream()
                    .flatMap(table -> table.columns().stream())
                    .map(column -> new Lineage.Column(
                            column.name(),
                            column.type(),
                            described(described, column.name())
                                    .or(column::comment)
                                    .orElse(ADDED.getOrDefault(column.name(), "")),
                            pii.apply(column.name())));
        }

        private static Optional<String> described(Optional<Node> node, String column) {
            return node.map(each -> each.columns().get(column)).map(Node.Column::description).filter(text -> !text.isEmpty());
        }

        private String comment(TableName name) {
            return Optional.ofNullable(tables.get(name)).flatMap(Catalogue.Table::comment).orElse("");
        }

        void project() {
            for (Node node : models) {
                if (node.kind() != Node.Kind.TEST && !ids.containsKey(node.uniqueId())) {
                    model(node);
                }
            }
            for (Node node : models) {
                if (node.kind() == Node.Kind.MODEL) {
                    node.dependsOn().forEach(read -> edge(ids.get(read), ids.get(node.uniqueId())));
                }
            }
        }

        private void model(Node node) {
            TableName name = LineageReader.table(node);
            if (node.kind() == Node.Kind.SOURCE && nodes.containsKey(name.toString())) {
                ids.put(node.uniqueId(), name.toString());
                return;
            }
            Map<String, Object> details = new LinkedHashMap<>();
            if (node.kind() == Node.Kind.MODEL) {
                details.put("materialized", node.config().materialized());
            }
            if (node.kind() != Node.Kind.SOURCE) {
                details.put("tags", node.config().tags());
            }
            details.put("file", node.file());
            details.put("exists", stands(node) && tables.containsKey(name));
            List<Lineage.Column> columns = new ArrayList<>();
            if (stands(node)) {
                standing(name, Optional.of(node), column -> Optional.empty()).forEach(columns::add);
            }
            node.columns().values().stream()
                    .filter(column -> columns.stream().noneMatch(there -> there.name().equals(column.name())))
                    .map(column -> new Lineage.Column(column.name(), column.dataType(), column.description(), Optional.empty()))
                    .forEach(columns::add);
            // A pipeline may load a table of this name.
            String id = nodes.containsKey(name.toString()) ? node.uniqueId() : name.toString();
            ids.put(node.uniqueId(), id);
            add(new Lineage.Node(
                    id,
                    kind(node),
                    node.name(),
                    node.description().isEmpty() && stands(node) ? comment(name) : node.description(),
                    details,
                    columns,
                    tests.getOrDefault(node.uniqueId(), List.of()),
                    Optional.ofNullable(built.get(node.uniqueId()))));
        }

        private static Kind kind(Node node) {
            return switch (node.kind()) {
                case MODEL -> Kind.MODEL;
                case SEED -> Kind.SEED;
                case SOURCE -> Kind.TABLE;
                case TEST -> throw new IllegalArgumentException(node.name());
            };
        }

        /** The first of an id stays: a pipeline that cannot run here may claim the table of another. */
        private void add(Lineage.Node node) {
            nodes.putIfAbsent(node.id(), node);
        }

        private void edge(String from, String to) {
            edges.add(new Lineage.Edge(from, to));
        }

        Lineage done(Optional<Lineage.Problem> problem) {
            return new Lineage(List.copyOf(nodes.values()), List.copyOf(edges), problem);
        }
    }
}
