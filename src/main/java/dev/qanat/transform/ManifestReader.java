package dev.qanat.transform;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.transform.jinja.Arguments;
import dev.qanat.transform.jinja.Callable;
import dev.qanat.transform.jinja.Jinja;
import dev.qanat.transform.jinja.Macro;
import dev.qanat.transform.jinja.Names;
import dev.qanat.transform.jinja.None;
import dev.qanat.transform.jinja.Place;
import dev.qanat.transform.jinja.Template;
import dev.qanat.transform.jinja.TemplateFault;
import dev.qanat.transform.jinja.Values;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/** Reads a project once, in dbt's order: macros, properties, nodes rendered without executing, relations, tests, dependencies. */
final class ManifestReader {
    private static final Logger LOG = Logger.getLogger(ManifestReader.class);
    /** Where dbt stores the rows that fail a test. */
    private static final String FAILURES = "dbt_test__audit";
    /** Bytes of an identifier of PostgreSQL. */
    private static final int LONGEST_NAME = 63;

    private static final List<String> PACKAGES = List.of("packages.yml", "dependencies.yml");

    private final ProjectFolder folder;
    private final ProjectSettings settings;
    private final ProjectFile project;
    private final Jinja jinja = new Jinja();
    private final Map<String, Macro> macros = new HashMap<>();
    private final Properties properties = new Properties();
    private final ProjectNames names;
    private final Map<String, Draft> drafts = new LinkedHashMap<>();
    private final Map<String, String> readable = new LinkedHashMap<>();
    private final Map<String, Relation> relations = new HashMap<>();

    ManifestReader(ProjectFolder folder, ProjectSettings settings) {
        this.folder = folder;
        this.settings = settings;
        if (!folder.has(ProjectFile.FILE)) {
            throw new InputFailure(Code.INVALID_PROJECT, ProjectFile.FILE + ":1 is missing; a dbt project has one");
        }
        this.project = new ProjectFile(YamlMap.read(ProjectFile.FILE, folder.text(ProjectFile.FILE)));
        this.names = new ProjectNames(project, settings, macros);
    }

    Manifest read() {
        refuseWhatIsNotRead();
        readMacros();
        List<String> models = project.paths("model-paths", "models");
        List<String> seeds = project.paths("seed-paths", "seeds");
        List<String> tests = project.paths("test-paths", "tests");
        for (String extension : List.of(".yml", ".yaml")) {
            folder.files(Stream.of(models, seeds, tests).flatMap(List::stream).toList(), extension)
                    .forEach(file -> properties.read(file, folder.text(file)));
        }
        properties.sources().forEach(this::source);
        List<String> seedFiles = folder.files(seeds, ".csv");
        List<String> modelFiles = folder.files(models, ".sql");
        seedFiles.forEach(file -> readable(file, "seed", ".csv"));
        modelFiles.forEach(file -> readable(file, "model", ".sql"));
        described("seeds", "seed");
        described("models", "model");
        seedFiles.forEach(file -> seed(file, below(file, seeds)));
        modelFiles.forEach(file -> model(file, below(file, models)));
        folder.files(tests, ".sql").stream()
                .filter(file -> tests.stream().noneMatch(path -> file.startsWith(path + "/generic/")))
                .forEach(file -> singularTest(file, below(file, tests)));
        genericTests(models);
        Map<String, Node> nodes = nodes();
        Compiler compiler = new Compiler(project.name(), nodes, bodies(), names, jinja);
        return new Manifest(new Graph(nodes), compiler);
    }

    /** PostgreSQL would cut them, and then not find them again. */
    private static void refuseLongNames(Draft draft, Relation relation) {
        for (String name : List.of(relation.schema(), relation.identifier())) {
            if (name.getBytes(StandardCharsets.UTF_8).length > LONGEST_NAME) {
                throw new InputFailure(Code.INVALID_PROJECT, "%s:1 the name '%s' has more than %d bytes; give it a shorter alias"
                        .formatted(draft.place.file(), name, LONGEST_NAME));
            }
        }
    }

    private void refuseWhatIsNotRead() {
        for (String file : PACKAGES) {
            if (folder.has(file) && !YamlMap.read(file, folder.text(file)).maps("packages").isEmpty()) {
                throw new InputFailure(Code.NOT_SUPPORTED, file + ":1 packages are not supported; take them out");
            }
        }
        List<String> models = project.paths("model-paths", "models");
        Stream.concat(
                        folder.files(models, ".py").stream(),
                        folder.files(project.paths("snapshot-paths", "snapshots"), ".sql").stream())
                .findFirst()
                .ifPresent(file -> {
                    throw new InputFailure(Code.NOT_SUPPORTED, "%s:1 %s are not supported"
                            .formatted(file, file.endsWith(".py") ? "models in Python" : "snapshots"));
                });
    }

    private void readMacros() {
        jinja.macros("", GenericTest.BUILT_IN).forEach(macro -> macros.put(macro.name(), macro));
        Set<String> builtIn = Set.copyOf(macros.keySet());
        List<String> paths = new ArrayList<>(project.paths("macro-paths", "macros"));
        project.paths("test-paths", "tests").forEach(path -> paths.add(path + "/generic"));
        Set<String> own = new LinkedHashSet<>();
        Stream.concat(
                        folder.files(paths, ".sql").stream(),
                        folder.files(project.paths("model-paths", "models"), ".md").stream())
                .forEach(file -> jinja.macros(file, folder.text(file)).forEach(macro -> {
                    Macro first = macros.put(macro.name(), macro);
                    if (first != null && !builtIn.contains(macro.name()) || !own.add(macro.name())) {
                        throw new InputFailure(Code.DUPLICATE_KEY, "%s:1 the macro '%s' is also in %s"
                                .formatted(file, macro.name(), first == null ? file : first.file()));
                    }
                }));
    }

    private void readable(String file, String kind, String extension) {
        String name = file.substring(file.lastIndexOf('/') + 1, file.length() - extension.length());
        String other = readable.put(name, "%s.%s.%s".formatted(kind, project.name(), name));
        if (other != null) {
            throw new InputFailure(Code.DUPLICATE_KEY, "%s:1 there is another model or seed '%s'; names are unique in a project"
                    .formatted(file, name));
        }
    }

    private void described(String key, String kind) {
        properties.all(key).forEach((name, item) -> {
            if (!("%s.%s.%s".formatted(kind, project.name(), name)).equals(readable.get(name))) {
                LOG.warnf(
                        "%s:%d there is no %s '%s'; as in dbt, what is said of it does nothing",
                        item.file(), item.place().line(), kind, name);
            }
        });
    }

    /** The project, the folders below the first path that holds the file, and the name. */
    private List<String> below(String file, List<String> paths) {
        String root = paths.stream().filter(path -> file.startsWith(path + "/")).findFirst().orElse("");
        List<String> fqn = new ArrayList<>(List.of(project.name()));
        fqn.addAll(Arrays.asList(file.substring(root.length() + 1).split("/")));
        String last = fqn.get(fqn.size() - 1);
        fqn.set(fqn.size() - 1, last.substring(0, last.lastIndexOf('.')));
        return fqn;
    }

    private static String name(List<String> fqn) {
        return fqn.get(fqn.size() - 1);
    }

    private void source(Properties.SourceTable declared) {
        YamlMap source = declared.source();
        YamlMap table = declared.table();
        String id = "source.%s.%s".formatted(project.name(), declared.name());
        List<String> fqn = List.of(project.name(), source.need("name"), table.need("name"));
        Draft draft = new Draft(id, Node.Kind.SOURCE, declared.name(), table.place(), fqn, new ConfigBuilder("source"), all -> "");
        configure(draft, "sources", Stream.of(Properties.settings(source), Properties.settings(table)));
        describe(draft, table);
        if (drafts.putIfAbsent(id, draft) != null) {
            throw table.failure(Code.DUPLICATE_KEY, "name", "the source '%s' is declared twice".formatted(declared.name()));
        }
        source.text("database").ifPresent(database -> {
            if (!database.equals(settings.target().database())) {
                throw source.failure(Code.NOT_SUPPORTED, "database", "another database than the target's is not supported");
            }
        });
        for (YamlMap quoted : List.of(source, table)) {
            if (quoted.map("quoting").isPresent()) {
                throw quoted.failure(Code.NOT_SUPPORTED, "quoting", "'quoting' is not supported; names are taken as they are written");
            }
        }
        String schema = source.text("schema").orElse(source.need("name"));
        relations.put(id, new Relation(
                settings.target().database(),
                rendered(schema, source.place("schema")),
                rendered(table.text("identifier").orElse(table.need("name")), table.place("identifier"))));
    }

    private void seed(String file, List<String> fqn) {
        Draft draft = new Draft(
                readable.get(name(fqn)), Node.Kind.SEED, name(fqn), new Place(file, 1), fqn, new ConfigBuilder("seed"), all -> "");
        Optional<YamlMap> described = properties.of("seeds", name(fqn));
        configure(draft, "seeds", described.map(Properties::settings).stream());
        described.ifPresent(item -> describe(draft, item));
        drafts.put(draft.uniqueId, draft);
        relate(draft);
    }

    /** As dbt, without white space around; lines still count from the file's first. */
    private Template template(String file) {
        String text = folder.text(file);
        long blank = text.substring(0, text.length() - text.stripLeading().length()).chars().filter(c -> c == '\n').count();
        return jinja.template(new Place(file, 1 + (int) blank), text.strip());
    }

    private void model(String file, List<String> fqn) {
        Template template = template(file);
        String id = readable.get(name(fqn));
        Draft draft =
                new Draft(id, Node.Kind.MODEL, name(fqn), new Place(file, 1), fqn, new ConfigBuilder(""), template::render);
        Optional<YamlMap> described = properties.of("models", name(fqn));
        configure(draft, "models", described.map(Properties::settings).stream());
        described.ifPresent(item -> describe(draft, item));
        drafts.put(id, draft);
        parse(draft);
        relate(draft);
    }

    private void singularTest(String file, List<String> fqn) {
        Template template = template(file);
        String id = "test.%s.%s".formatted(project.name(), name(fqn));
        Draft draft =
                new Draft(id, Node.Kind.TEST, name(fqn), new Place(file, 1), fqn, new ConfigBuilder("test"), template::render);
        draft.config.add("schema", FAILURES, draft.place);
        Optional<YamlMap> described = properties.of("data_tests", name(fqn));
        configure(draft, "data_tests", described.map(Properties::settings).stream());
        drafts.put(id, draft);
        parse(draft);
        relate(draft);
    }

    private void genericTests(List<String> paths) {
        for (String key : List.of("models", "seeds")) {
            properties.all(key).forEach((name, item) -> {
                if (readable.containsKey(name)) {
                    tests(item, name, "ref('%s')".formatted(name), readable.get(name), paths);
                }
            });
        }
        for (Properties.SourceTable declared : properties.sources()) {
            String relation = "source('%s', '%s')".formatted(declared.source().need("name"), declared.table().need("name"));
            String id = "source.%s.%s".formatted(project.name(), declared.name());
            tests(declared.table(), declared.name(), relation, id, paths);
        }
    }

    private void tests(YamlMap item, String tested, String relation, String testedId, List<String> paths) {
        for (String key : List.of("tests", "data_tests")) {
            item.named(key).forEach(test ->
                    genericTest(GenericTest.read(test.getKey(), test.getValue(), tested, relation, ""), testedId, paths));
            for (YamlMap column : item.maps("columns")) {
                String name = column.need("name");
                String quoted = column.text("quote").filter("true"::equals).isPresent() ? "\"" + name + "\"" : name;
                column.named(key).forEach(test ->
                        genericTest(GenericTest.read(test.getKey(), test.getValue(), tested, relation, quoted), testedId, paths));
            }
        }
    }

    private void genericTest(GenericTest test, String testedId, List<String> paths) {
        Macro macro = macros.get("test_" + test.test());
        if (macro == null) {
            throw TemplateFault.unknown("there is no test '%s'".formatted(test.test())).at(test.place()).failure();
        }
        String file = test.place().file();
        List<String> fqn = new ArrayList<>(below(file, paths.stream().anyMatch(p -> file.startsWith(p + "/")) ? paths : List.of(file
                .substring(0, file.indexOf('/')))));
        fqn.set(fqn.size() - 1, test.name());
        String id = "test.%s.%s.%s".formatted(project.name(), test.name(), test.hash());
        ConfigBuilder config = new ConfigBuilder("test");
        Draft draft = new Draft(
                id, Node.Kind.TEST, test.name(), test.place(), fqn, config, test.body(jinja, macro, config::build));
        draft.attachedTo = Optional.of(testedId);
        if (drafts.putIfAbsent(id, draft) != null) {
            throw new InputFailure(Code.DUPLICATE_KEY, "%s:%d the test '%s' is given twice"
                    .formatted(file, test.place().line(), test.name()));
        }
        config.add("alias", test.alias(), test.place());
        config.add("schema", FAILURES, test.place());
        configure(draft, "data_tests", Stream.of(test.settings()));
        if (drafts.get(testedId).config.build().enabled()) {
            parse(draft);
            relate(draft);
        } else {
            config.add("enabled", false, test.place());
        }
    }

    private void describe(Draft draft, YamlMap item) {
        draft.description = described(item);
        Map<String, Node.Column> columns = new LinkedHashMap<>();
        for (YamlMap column : item.maps("columns")) {
            String name = column.need("name");
            ConfigBuilder config = new ConfigBuilder("");
            try {
                config.add(Properties.settings(column));
            } catch (TemplateFault fault) {
                throw fault.failure();
            }
            Optional<Boolean> pii = NodeConfig.pii(config.soFar().getOrDefault("meta", Map.of()));
            columns.put(name, new Node.Column(name, described(column), column.text("data_type").orElse(""), pii));
        }
        draft.columns = columns;
    }

    private String described(YamlMap item) {
        String text = item.text("description").orElse("");
        return text.contains("{{") ? rendered(text, item.place("description")) : text;
    }

    private void configure(Draft draft, String section, Stream<Map<String, Setting>> properties) {
        List<String> sections = section.equals("data_tests") ? List.of("tests", "data_tests") : List.of(section);
        Stream<Map<String, Setting>> ofProject = sections.stream().flatMap(s -> project.settings(s, draft.fqn).stream());
        Stream.concat(ofProject, properties).forEach(level -> level.forEach((key, setting) -> {
            Object value = setting.value();
            boolean hook = key.endsWith("-hook") || key.endsWith("_hook");
            if (value instanceof String text && text.contains("{{") && !hook) {
                value = typed(rendered(text, setting.place()));
            }
            added(draft, key, value, setting.place());
        }));
    }

    private static void added(Draft draft, String key, Object value, Place place) {
        try {
            draft.config.add(key, value, place);
        } catch (TemplateFault fault) {
            throw fault.failure();
        }
    }

    /** A text that was rendered from YAML stands for what YAML would read. */
    private static Object typed(String text) {
        return switch (text) {
            case "True", "true" -> true;
            case "False", "false" -> false;
            case "None", "null" -> None.NONE;
            default -> text.matches("-?\\d{1,18}") ? (Object) Long.valueOf(text) : text;
        };
    }

    private String rendered(String text, Place place) {
        if (!text.contains("{{") && !text.contains("{%")) {
            return text;
        }
        Names all = name -> name.equals("doc")
                ? (Callable) a -> names.macro("docs_" + a.text(0, "name"))
                        .orElseThrow(() -> TemplateFault.unknown("there is no docs block '%s'".formatted(a.text(0, "name"))))
                        .with(names)
                        .call(Arguments.of())
                : names.lookup(name);
        return jinja.template(place, text).render(all).strip();
    }

    /** Renders without executing: what {@code config}, {@code ref} and {@code source} are called with is noted. */
    private void parse(Draft draft) {
        References references = new References() {
            @Override
            public Object ref(String name) {
                String id = readable.getOrDefault(name, "");
                draft.references.add(new Draft.Reference(id, "ref('%s')".formatted(name), Jinja.place()));
                return placeholder(name);
            }

            @Override
            public Relation source(String source, String table) {
                String id = "source.%s.%s.%s".formatted(project.name(), source, table);
                draft.references.add(new Draft.Reference(id, "source('%s', '%s')".formatted(source, table), Jinja.place()));
                return relations.getOrDefault(id, placeholder(table));
            }
        };
        NodeNames all = new NodeNames(
                names,
                project.name(),
                references,
                placeholder(draft.name),
                NodeNames.Phase.PARSE,
                draft.config.soFar(),
                given -> given.forEach((key, value) -> draft.config.add(key, value, Jinja.place())),
                draft.shown(project.name()));
        draft.body.apply(all);
    }

    private Relation placeholder(String name) {
        return new Relation(settings.target().database(), settings.target().schema(), name);
    }

    private void relate(Draft draft) {
        NodeConfig config = draft.config.build();
        Target target = settings.target();
        String schema = generated(draft, "generate_schema_name", config.text("schema"))
                .orElseGet(() -> config.text("schema").map(s -> target.schema() + "_" + s.strip()).orElse(target.schema()));
        String alias = generated(draft, "generate_alias_name", config.text("alias"))
                .orElseGet(() -> config.text("alias").map(String::strip).orElse(draft.name));
        relations.put(draft.uniqueId, new Relation(target.database(), schema, alias));
    }

    /** The name by the project's own macro, if it has one. */
    private Optional<String> generated(Draft draft, String macro, Optional<String> custom) {
        return names.macro(macro).map(own -> jinja.expression(draft.place, "none", names, none -> {
            Object given = custom.<Object>map(text -> text).orElse(None.NONE);
            return Values.str(own.with(names).call(Arguments.of(given, draft.shown(project.name())))).strip();
        }));
    }

    private Map<String, Node> nodes() {
        Map<String, Node> nodes = new LinkedHashMap<>();
        Map<String, Draft> stands = new HashMap<>();
        for (Draft draft : drafts.values()) {
            NodeConfig config = draft.config.build();
            if (!config.enabled()) {
                continue;
            }
            Set<String> dependsOn = new LinkedHashSet<>();
            for (Draft.Reference reference : draft.references) {
                Draft read = drafts.get(reference.uniqueId());
                if (read == null || !read.config.build().enabled()) {
                    throw TemplateFault.unknown("%s: there is no %s of this name%s".formatted(
                                    reference.written(),
                                    reference.written().startsWith("ref") ? "model or seed" : "declared source",
                                    read == null ? "" : " that is enabled"))
                            .at(reference.place())
                            .failure();
                }
                dependsOn.add(reference.uniqueId());
            }
            Relation relation = relations.get(draft.uniqueId);
            Node node = new Node(
                    draft.uniqueId,
                    draft.kind,
                    draft.name,
                    draft.place.file(),
                    draft.place.line(),
                    List.copyOf(draft.fqn),
                    config,
                    relation,
                    dependsOn,
                    draft.description,
                    draft.columns,
                    draft.attachedTo);
            if ((draft.kind == Node.Kind.MODEL && !node.isEphemeral()) || draft.kind == Node.Kind.SEED) {
                refuseLongNames(draft, relation);
                Draft other = stands.put(relation.toString(), draft);
                if (other != null) {
                    throw new InputFailure(Code.INVALID_PROJECT, "%s:1 makes %s, and so does %s; give one another schema or alias"
                            .formatted(draft.place.file(), relation, other.place.file()));
                }
            }
            nodes.put(node.uniqueId(), node);
        }
        return nodes;
    }

    private Map<String, Function<Names, String>> bodies() {
        Map<String, Function<Names, String>> bodies = new HashMap<>();
        drafts.forEach((id, draft) -> bodies.put(id, draft.body));
        return bodies;
    }
}
