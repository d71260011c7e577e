package dev.qanat.app;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.ValidationMessage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** The description of what is served, as a client reads it: its operations, and whether an answer is one that they may give. */
final class ApiDescription {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final JsonNode text;
    private final JsonNode closed;
    private final List<Operation> operations = new ArrayList<>();
    private final Map<JsonNode, JsonSchema> schemas = new HashMap<>();

    /**
     * An operation.
     *
     * @param method in capitals
     * @param path with its parameters in braces
     * @param text what is said of it
     */
    record Operation(String method, String path, JsonNode text) {

        String id() {
            return text.path("operationId").asText();
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    private ApiDescription(JsonNode text) {
        this.text = text;
        this.closed = closed(text);
        text.path("paths").properties().forEach(path -> path.getValue().properties().forEach(method -> operations.add(
                new Operation(method.getKey().toUpperCase(Locale.ROOT), path.getKey(), method.getValue()))));
    }

    static ApiDescription ofYaml(String yaml) {
        return new ApiDescription(tree(yaml));
    }

    static ApiDescription ofJson(String json) {
        return new ApiDescription(json(json));
    }

    /** A YAML text as a tree. */
    static JsonNode tree(String yaml) {
        return JSON.valueToTree(new Load(LoadSettings.builder().build()).loadFromString(yaml));
    }

    JsonNode text() {
        return text;
    }

    List<Operation> operations() {
        return operations;
    }

    Operation operation(String method, String path) {
        return operations.stream()
                .filter(operation -> operation.method().equals(method) && operation.path().equals(path))
                .findFirst()
                .orElseThrow(() -> new AssertionError(method + " " + path + " is not described"));
    }

    /** The parameters of an operation. */
    List<JsonNode> parameters(Operation operation) {
        List<JsonNode> parameters = new ArrayList<>();
        operation.text().path("parameters").forEach(parameter -> parameters.add(resolved(parameter)));
        return parameters;
    }

    /** The body that an operation takes, by media type; empty when it takes none. */
    Map<String, JsonNode> bodies(Operation operation) {
        Map<String, JsonNode> bodies = new TreeMap<>();
        resolved(operation.text().path("requestBody"))
                .path("content")
                .properties()
                .forEach(type -> bodies.put(type.getKey(), resolved(type.getValue().path("schema"))));
        return bodies;
    }

    /** What stands where a reference leads; what is none stands for itself. */
    JsonNode resolved(JsonNode node) {
        JsonNode found = node;
        while (found.path("$ref").asText().startsWith("#")) {
            String place = found.path("$ref").asText().substring(1);
            found = text.at(place);
            if (found.isMissingNode()) {
                throw new AssertionError("nothing stands at " + place);
            }
        }
        return found;
    }

    /**
     * What an answer has that is not described, or lacks that is.
     *
     * @param headers by their names in lower case
     */
    List<String> faults(Operation operation, int status, Map<String, String> headers, String body) {
        JsonNode responses = operation.text().path("responses");
        // What clients have to expect of an operation is named; only an error of the server's own is not.
        JsonNode response = resolved(responses.path(responses.has("" + status) || status < 500 ? "" + status : "default"));
        if (response.isMissingNode()) {
            return List.of("the status " + status + " is not described");
        }
        List<String> faults = new ArrayList<>();
        response.path("headers").properties().forEach(header -> {
            JsonNode described = resolved(header.getValue());
            String value = headers.get(header.getKey().toLowerCase(Locale.ROOT));
            if (value != null) {
                faults.addAll(faults(described.path("schema"), TextNode.valueOf(value)));
            } else if (described.path("required").asBoolean()) {
                faults.add("there is no header " + header.getKey());
            }
        });
        String type = headers.getOrDefault("content-type", "").split(";")[0];
        if (!response.has("content") && type.isEmpty() && body.isEmpty()) {
            return faults;
        }
        JsonNode media = response.path("content").path(type);
        if (media.isMissingNode()) {
            faults.add("the content type '" + type + "' of a " + status + " is not described");
        } else if (type.endsWith("json")) {
            faults.addAll(faults(media.path("schema"), json(body)));
        }
        return faults;
    }

    /** Why a value is not as a schema of this description says; a key that is not described counts. */
    List<String> faults(JsonNode schema, JsonNode value) {
        return schemas.computeIfAbsent(schema, this::compiled).validate(value).stream()
                .map(ValidationMessage::toString)
                .toList();
    }

    private JsonSchema compiled(JsonNode schema) {
        ObjectNode use = (ObjectNode) close(closed(schema).deepCopy());
        use.set("components", closed.path("components"));
        SchemaValidatorsConfig config = SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();
        return JsonSchemaFactory.getInstance(VersionFlag.V202012).getSchema(use, config);
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }

    /** The same, with each schema where it is used closed to keys that it does not name. Parts of an allOf stay open. */
    private static JsonNode closed(JsonNode node) {
        if (node.isObject()) {
            ObjectNode copy = JSON.createObjectNode();
            node.properties().forEach(field -> {
                String name = field.getKey();
                JsonNode value = name.equals("example") ? field.getValue() : closed(field.getValue());
                if (name.equals("properties")) {
                    value.forEach(ApiDescription::close);
                } else if (name.equals("schema") || name.equals("items")) {
                    close(value);
                }
                copy.set(name, value);
            });
            return copy;
        }
        if (node.isArray()) {
            ArrayNode copy = JSON.createArrayNode();
            node.forEach(item -> copy.add(closed(item)));
            return copy;
        }
        return node;
    }

    private static JsonNode close(JsonNode schema) {
        if (schema instanceof ObjectNode open && !open.has("additionalProperties")) {
            open.put("unevaluatedProperties", false);
        }
        return schema;
    }
}
