package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Section.Entry;
import dev.qanat.pipeline.Section.Text;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * Reads a pipeline's YAML.
 *
 * <pre>{@code
 * Pipeline pipeline = new PipelineReader(name -> Optional.empty()).read(yaml, "branch_sales.yaml");
 * }</pre>
 *
 * <p>What it returns is whole: defaults are filled in, references resolved, names safe. It looks at nothing but the text and the
 * environment it was given. Safe for use by several threads if the environment is.
 */
public final class PipelineReader {
    /** No pipeline is larger, in UTF-8. */
    public static final int MAX_BYTES = YamlDocument.MAX_BYTES;

    /** A file below the folder of exports; no part of it is hidden or leads upwards. */
    private static final Pattern EXPORT =
            Pattern.compile("exports(?:/[\\p{L}\\p{N}_][\\p{L}\\p{M}\\p{N} ._-]{0,99}){1,5}(?<=[^/.]\\.csv)");

    private final Function<String, Optional<String>> environment;

    /** @param environment the values of settings; it answers for names that the operator allows and for no others */
    public PipelineReader(Function<String, Optional<String>> environment) {
        this.environment = environment;
    }

    /**
     * Reads and checks a pipeline.
     *
     * @param yaml at most 1 MiB; a larger one is refused
     * @param fileName stands in the exception's message, nothing else
     * @throws InvalidPipeline with all problems at once
     */
    public Pipeline read(String yaml, String fileName) {
        MappingNode root = YamlDocument.read(yaml, fileName);
        Problems problems = new Problems();
        new LiteralSecrets(problems).find(root, "");
        Section section = new Section(root, "", "", "", problems);
        section.allow(Level.PIPELINE);
        Pipeline pipeline = pipeline(section, problems);
        problems.throwIfAny(fileName);
        return pipeline;
    }

    private Pipeline pipeline(Section root, Problems problems) {
        String name = name(root, "pipeline", "write 'pipeline: <name>'").orElse("pipeline");
        if (name.contains("__") || name.endsWith("_")) {
            // Or 'a__b' with resource 'c' and 'a' with 'b__c' would share a bronze table.
            root.problem("pipeline", Code.INVALID_NAME,
                    "pipeline name %s has two underscores in a row or one at its end; use single ones"
                    .formatted(Section.quoted(name)));
        }
        Optional<Text> description = root.text("description", "a text");
        if (description.isPresent() && description.get().value().indexOf('\0') >= 0) {
            root.problem("description", Code.INVALID_VALUE, "'description' has a NUL; take it out");
        }
        Variables variables = new Variables(environment);
        root.named("vars", "a mapping from names to texts").ifPresent(variables::declare);

        SourceReader sources = new SourceReader(variables, Identifier.valid(name) ? name : "<pipeline>");
        if (!root.has("sources")) {
            root.missing("sources", "declare one, such as 'sources: { drops: { type: files } }'");
        }
        root.named("sources", "a mapping such as { drops: { type: files } }").ifPresent(all -> {
            if (all.entries().isEmpty()) {
                root.problem("sources", Code.MISSING_KEY, "'sources' is empty; declare one, such as 'drops: { type: files }'");
            }
            sources.read(all);
        });
        List<Resource> resources = resources(root, name, variables, sources, problems);
        return new Pipeline(
                name,
                description.map(Text::value).orElse(""),
                List.copyOf(sources.sources()),
                List.copyOf(sources.apis()),
                resources,
                combinedCsv(root, variables, resources),
                root.texts("models", "a list such as [ +gold.daily_returns ]")
                        .map(models -> models.stream().map(Text::value).toList()),
                root.section("schedule", Level.SCHEDULE).flatMap(section -> new ScheduleReader(variables).read(section)),
                concurrency(root));
    }

    private static Concurrency concurrency(Section root) {
        Optional<Section> section = root.section("concurrency", Level.CONCURRENCY);
        if (section.isEmpty()) {
            return Concurrency.DEFAULT;
        }
        Concurrency.Behavior behavior =
                section.get().choice("behavior", Concurrency.Behavior.class).orElse(Concurrency.DEFAULT.behavior());
        int limit = section.get().number("limit", 1, Concurrency.MOST).orElse(Concurrency.DEFAULT.limit());
        if (limit > 1 && root.has("combined_csv")) {
            section.get().problem("limit", Code.CONFLICTING_KEYS,
                    "'concurrency.limit' is more than 1, and the runs would write 'combined_csv' at once; remove one of them");
        }
        return new Concurrency(limit, behavior);
    }

    private static Optional<String> combinedCsv(Section root, Variables variables, List<Resource> resources) {
        Optional<Text> text = root.text("combined_csv", "a file such as exports/sales.csv");
        Optional<String> path = text.flatMap(t -> variables.expand(root, t));
        if (text.isPresent() && resources.stream().anyMatch(resource -> !resource.children().isEmpty())) {
            root.problem("combined_csv", Code.NOT_SUPPORTED,
                    "'combined_csv' beside 'children' is not built yet; take one of them out");
        }
        if (path.isPresent() && !EXPORT.matcher(path.get()).matches()) {
            root.problem("combined_csv", Code.INVALID_VALUE,
                    "'combined_csv' %s is not a file such as exports/sales.csv: below exports, with letters, digits and ._-"
                    .formatted(Section.quoted(text.orElseThrow().value())));
            return Optional.empty();
        }
        return path;
    }

    private static Optional<String> name(Section section, String key, String hint) {
        if (!section.has(key)) {
            section.missing(key, hint);
        }
        Optional<Text> text = section.text(key, "a name");
        if (text.isPresent() && !Identifier.valid(text.get().value())) {
            String what = key.equals("name") ? "resource" : key;
            section.problem(key, Code.INVALID_NAME, "%s name %s is not allowed; use %s%s"
                    .formatted(
                            what,
                            Section.quoted(text.get().value()),
                            Identifier.RULE,
                            Identifier.like(text.get().value()).map(like -> ", such as '" + like + "'").orElse("")));
        }
        return text.map(Text::value);
    }

    private static List<Resource> resources(
            Section root, String pipeline, Variables variables, SourceReader sources, Problems problems) {
        if (!root.has("resources")) {
            root.missing("resources", "declare one, such as 'resources: [ { name: sales } ]'");
            return List.of();
        }
        Entry entry = root.entry("resources").orElseThrow();
        if (!(entry.value() instanceof SequenceNode list)) {
            root.problem("resources", Code.WRONG_TYPE,
                    "'resources' must be a list ('- name: …'), not " + Section.kind(entry.value()));
            return List.of();
        }
        if (list.getValue().isEmpty()) {
            root.problem("resources", Code.MISSING_KEY, "'resources' is empty; declare one, such as '- name: sales'");
        }
        Siblings siblings =
                new Siblings(pipeline, sources.sources().stream().map(FilesSource::name).collect(Collectors.toSet()));
        List<Resource> resources = new ArrayList<>();
        for (int i = 0; i < list.getValue().size(); i++) {
            Node item = list.getValue().get(i);
            String path = "resources[" + i + "]";
            if (!(item instanceof MappingNode mapping)) {
                root.problem(item, path, Code.WRONG_TYPE, "a resource is a mapping with a 'name', not " + Section.kind(item));
                continue;
            }
            Section section = new Section(mapping, path, "resource " + called(mapping, i), "", problems);
            Optional<String> name = name(section, "name", "give the resource a name");
            Resource plain = new ResourceReader(section, variables, sources).read(name.orElse(""));
            Resource resource = new ChildReader(section, plain.withoutDropped()).read();
            name.ifPresent(n -> siblings.check(section, resource));
            resources.add(resource);
        }
        return List.copyOf(resources);
    }

    /** How messages speak of a resource: by its name, or by its number. */
    private static String called(MappingNode resource, int index) {
        return resource.getValue().stream()
                .filter(t -> t.getKeyNode() instanceof ScalarNode k && k.getValue().equals("name"))
                .map(NodeTuple::getValueNode)
                .filter(ScalarNode.class::isInstance)
                .map(v -> Section.quoted(((ScalarNode) v).getValue()))
                .findFirst()
                .orElse(String.valueOf(index + 1));
    }

    /** What the resources of a pipeline must not share. */
    private static final class Siblings {
        private final String pipeline;
        private final Set<String> files;
        private final Set<String> names = new HashSet<>();
        private final Map<String, String> tables = new HashMap<>();
        private final Map<String, String> takers = new HashMap<>();
        private final Map<String, String> paths = new HashMap<>();

        /** @param files the names of the sources that deliver files */
        private Siblings(String pipeline, Set<String> files) {
            this.pipeline = pipeline;
            this.files = files;
        }

        private void check(Section section, Resource resource) {
            String name = resource.name();
            Set<String> before = Set.copyOf(names);
            boolean twice = !names.add(name);
            if (twice) {
                section.problem("name", Code.DUPLICATE_KEY, "an earlier resource has this name; give each its own");
            }
            int length = pipeline.length() + 2 + name.length();
            if (Identifier.valid(pipeline) && Identifier.valid(name) && length > Identifier.MAX_LENGTH) {
                section.problem("name", Code.INVALID_NAME,
                        "the table bronze.%s__%s would have a name of %d letters; shorten one, %d are allowed"
                        .formatted(pipeline, name, length, Identifier.MAX_LENGTH));
            }
            for (Resource each : resource.withItems()) {
                names.add(each.name());
                if (before.contains(each.name()) && !each.name().equals(name)) {
                    section.problem("children", Code.DUPLICATE_KEY,
                            "a child is counted as %s, and so is an earlier resource or child; rename one of them"
                            .formatted(Section.quoted(each.name())));
                }
                String claimant = tables.putIfAbsent(each.table(), each.name());
                if (claimant != null && !(twice && claimant.equals(each.name()))) {
                    boolean own = each.equals(resource);
                    section.problem(!own ? "children" : section.has("table") ? "table" : "name", Code.TABLE_CLAIMED,
                            "table %s is that of resource %s; give each its own"
                            .formatted(Section.quoted(each.table()), Section.quoted(claimant)));
                }
            }
            resource.serving().expose().ifPresent(expose -> {
                String exposer = paths.putIfAbsent(expose.path(), name);
                if (exposer != null) {
                    section.problem("expose", Code.CONFLICTING_KEYS, "the path '%s' is that of resource %s; give each its own"
                            .formatted(expose.path(), Section.quoted(exposer)));
                }
            });
            String taker = takers.get(resource.source());
            if (taker != null) {
                section.problem("name", Code.CONFLICTING_KEYS,
                        ("no file would get here: resource %s takes any file of source %s; "
                        + "give that one a 'files.glob', or put it last").formatted(Section.quoted(taker), Section.quoted(resource.source())));
            } else if (!section.has("files", "glob") && files.contains(resource.source())) {
                takers.put(resource.source(), name);
            }
        }
    }
}
