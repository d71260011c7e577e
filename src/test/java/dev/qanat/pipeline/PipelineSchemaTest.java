package dev.qanat.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** The schema for editors says what the reader does, as far as a schema can. */
class PipelineSchemaTest {
    private static final Path SCHEMA = Path.of("src/main/resources/schemas/pipeline.json");
    private static final Path CASES = Path.of("src/test/resources/pipelines");
    private static final Path EXAMPLES = Path.of("pipelines");
    private static final Pattern STRUCTURAL =
            Pattern.compile("^# \\d+:\\d+ (unknown_key|missing_key|wrong_type|not_supported)\\b.*", Pattern.MULTILINE);

    /** What hangs on another part of the text or on what a text holds; and a text that holds itself. */
    private static final Set<String> BEYOND_A_SCHEMA = Set.of(
            "api_body_of_yaml.yaml",
            "api_without_endpoint.yaml",
            "children_that_cannot_be_told_apart.yaml",
            "incremental_without_initial_value.yaml",
            "missing_source.yaml",
            "recursive_alias.yaml");

    private static final ObjectMapper JSON = new ObjectMapper();

    private final JsonNode text = json();
    private final JsonSchema schema = JsonSchemaFactory.getInstance(VersionFlag.V202012).getSchema(text);

    @TestFactory
    Stream<DynamicTest> what_the_reader_takes_is_valid() {
        return Stream.concat(files(CASES.resolve("valid")), files(EXAMPLES))
                .map(file -> DynamicTest.dynamicTest(
                        file.getFileName().toString(), () -> assertThat(faults(tree(file).orElseThrow())).isEmpty()));
    }

    @TestFactory
    Stream<DynamicTest> what_the_reader_refuses_for_its_structure_is_not_valid() {
        return files(CASES.resolve("invalid"))
                .filter(file -> STRUCTURAL.matcher(read(file)).find())
                .filter(file -> !BEYOND_A_SCHEMA.contains(file.getFileName().toString()))
                .filter(file -> tree(file).isPresent())
                .map(file -> DynamicTest.dynamicTest(
                        file.getFileName().toString(), () -> assertThat(faults(tree(file).orElseThrow())).isNotEmpty()));
    }

    @Test
    void each_level_has_the_keys_that_are_built_and_no_other() {
        for (Level level : Level.values()) {
            JsonNode place = level == Level.PIPELINE ? text : text.at("/$defs/" + level.name().toLowerCase(Locale.ROOT));
            assertThat(place.path("additionalProperties").asBoolean(true)).as(level + " takes other keys").isFalse();
            Set<String> keys = new TreeSet<>();
            place.path("properties").fieldNames().forEachRemaining(keys::add);
            assertThat(keys).as(level.name()).containsExactlyInAnyOrderElementsOf(level.built());
        }
    }

    @Test
    void every_type_is_named() {
        List<String> types = new ArrayList<>();
        text.at("/$defs/type/anyOf/0/enum").forEach(type -> types.add(type.asText()));
        assertThat(types)
                .containsExactlyElementsOf(Arrays.stream(ColumnType.Kind.values())
                        .map(kind -> kind.name().toLowerCase(Locale.ROOT))
                        .toList());
    }

    @Test
    void the_examples_lead_an_editor_to_it() {
        assertThat(files(EXAMPLES)).isNotEmpty().allSatisfy(file -> {
            String first = read(file).lines().findFirst().orElseThrow();
            assertThat(first).startsWith("# yaml-language-server: $schema=");
            assertThat(file.resolveSibling(first.substring(first.indexOf('=') + 1)).normalize()).isEqualTo(SCHEMA);
        });
    }

    private Set<ValidationMessage> faults(JsonNode pipeline) {
        return schema.validate(pipeline);
    }

    /** The text as an editor sees it; empty for what is no YAML. */
    private static Optional<JsonNode> tree(Path file) {
        try {
            Object tree = new Load(LoadSettings.builder().setAllowDuplicateKeys(true).build()).loadFromString(read(file));
            return Optional.of(JSON.valueToTree(tree));
        } catch (YamlEngineException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Stream<Path> files(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode json() {
        try {
            return JSON.readTree(SCHEMA.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
