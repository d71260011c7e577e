package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SpecVersion.VersionFlag;
import dev.qanat.app.ApiDescription.Operation;
import dev.qanat.failure.Code;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The description of the HTTP interface holds together, and has the codes that there are. {@link OpenApiIT} holds it against what is served. */
class OpenApiTest {
    static final Path FILE = Path.of("src/main/resources/META-INF/openapi.yaml");

    private static final Path ERRORS = Path.of("docs/reference/errors.md");
    private static final Pattern ANSWERED = Pattern.compile("\\b(\\d{3}),\\s*Code\\.(\\w+)");
    private static final Pattern ROW = Pattern.compile("^\\| `(\\w+)` \\|", Pattern.MULTILINE);
    private static final Pattern VARIABLE = Pattern.compile("\\{(\\w+)}");

    private final ApiDescription description = ApiDescription.ofYaml(read(FILE));

    @Test
    void it_is_openapi_3_1_and_every_reference_leads_somewhere() {
        assertThat(description.text().path("openapi").asText()).isEqualTo("3.1.0");
        List<String> references = new ArrayList<>();
        walk(description.text(), "", (place, node) -> {
            if (node.isObject() && node.has("$ref")) {
                references.add(node.path("$ref").asText());
                assertThat(description.resolved(node)).as(place).isNotNull();
            }
        });
        assertThat(references).isNotEmpty().allSatisfy(reference -> assertThat(reference).startsWith("#/components/"));
        description.text().path("components").properties().forEach(kind -> kind.getValue().fieldNames().forEachRemaining(name -> {
            if (!kind.getKey().equals("securitySchemes")) {
                assertThat(references).as("uses of what is described").contains("#/components/" + kind.getKey() + "/" + name);
            }
        }));
    }

    @Test
    void every_operation_is_told_of_in_words_with_its_parameters_and_answers() {
        Set<String> ids = new TreeSet<>();
        for (Operation operation : description.operations()) {
            assertThat(ids.add(operation.id())).as("a name of its own for " + operation).isTrue();
            assertThat(operation.text().path("summary").asText()).as(operation.toString()).isNotBlank();
            assertThat(operation.text().path("tags")).as(operation.toString()).hasSize(1);
            List<String> variables = VARIABLE.matcher(operation.path()).results().map(found -> found.group(1)).toList();
            List<String> described = new ArrayList<>();
            for (JsonNode parameter : description.parameters(operation)) {
                assertThat(parameter.path("description").asText()).as(operation + " " + parameter).isNotBlank();
                if (parameter.path("in").asText().equals("path")) {
                    assertThat(parameter.path("required").asBoolean()).isTrue();
                    described.add(parameter.path("name").asText());
                }
            }
            assertThat(described).as(operation.toString()).containsExactlyInAnyOrderElementsOf(variables);
            operation.text().path("responses").forEach(response ->
                    assertThat(description.resolved(response).path("description").asText()).as(operation.toString()).isNotBlank());
        }
        assertThat(ids).isNotEmpty();
    }

    @Test
    void every_schema_is_a_schema_and_every_example_is_valid() {
        JsonSchema schemas = JsonSchemaFactory.getInstance(VersionFlag.V202012)
                .getSchema(SchemaLocation.of("https://json-schema.org/draft/2020-12/schema"));
        description.text().path("components").path("schemas").properties().forEach(schema ->
                assertThat(schemas.validate(schema.getValue())).as(schema.getKey()).isEmpty());
        List<String> places = new ArrayList<>();
        walk(description.text(), "", (place, node) -> {
            if (node.isObject() && node.has("example")) {
                JsonNode schema = node.has("schema") ? node.path("schema") : node;
                assertThat(description.faults(schema, node.path("example"))).as(place).isEmpty();
                places.add(place);
            }
        });
        assertThat(places).hasSizeGreaterThan(20);
    }

    @Test
    void the_codes_are_those_of_the_page_on_errors() {
        assertThat(codes("PipelineCode")).containsExactlyInAnyOrderElementsOf(listed("A pipeline's YAML"));
        assertThat(codes("RecordCode")).containsExactlyInAnyOrderElementsOf(listed("A record"));
        List<String> ofRuns = new ArrayList<>(listed("A file or a run"));
        ofRuns.addAll(listed("An API"));
        assertThat(codes("RunCode")).containsExactlyInAnyOrderElementsOf(ofRuns);
        Set<String> ofRequests = new TreeSet<>(listed("A request"));
        // These stand on the page where they come from.
        ofRequests.addAll(List.of("not_yaml", "database_unavailable", "database_conflict", "not_rebuildable", "incompatible_schema", "database_refused",
                "internal_error"));
        assertThat(codes("RequestCode")).containsExactlyInAnyOrderElementsOf(ofRequests);
    }

    @Test
    void every_code_with_which_a_request_is_answered_is_described() throws IOException {
        Set<String> answered = new TreeSet<>();
        try (Stream<Path> sources = Files.walk(Path.of("src/main/java/dev/qanat"))) {
            for (Path source : sources.filter(file -> file.toString().endsWith(".java")).toList()) {
                for (MatchResult found : ANSWERED.matcher(read(source)).results().toList()) {
                    answered.add(Code.valueOf(found.group(2)).id());
                }
            }
        }
        assertThat(answered).contains("unknown_run", "unauthorized", "body_too_large");
        assertThat(codes("RequestCode")).containsAll(answered);
    }

    private List<String> codes(String schema) {
        List<String> codes = new ArrayList<>();
        description.text().at("/components/schemas/" + schema + "/enum").forEach(code -> codes.add(code.asText()));
        return codes;
    }

    /** The codes below a heading of the page on errors, which has them all and no other. */
    private static List<String> listed(String heading) {
        String page = read(ERRORS);
        int begin = page.indexOf("\n## " + heading + "\n");
        assertThat(begin).as(heading).isPositive();
        int end = page.indexOf("\n## ", begin + 1);
        return ROW.matcher(page.substring(begin, end < 0 ? page.length() : end)).results().map(row -> row.group(1)).toList();
    }

    private static void walk(JsonNode node, String place, BiConsumer<String, JsonNode> visit) {
        visit.accept(place, node);
        if (node.isObject()) {
            node.properties().forEach(field -> {
                if (!field.getKey().equals("example")) {
                    walk(field.getValue(), place + "/" + field.getKey(), visit);
                }
            });
        } else {
            node.forEach(item -> walk(item, place + "/-", visit));
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
