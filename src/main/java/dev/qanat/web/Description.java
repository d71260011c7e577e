package dev.qanat.web;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.qanat.serve.ColumnDescription;
import dev.qanat.serve.TableDescription;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** An OpenAPI description that is put together: what is written by hand, and what is added to it. For one thread. */
final class Description {

    private static final String FILE = "/META-INF/openapi.yaml";
    private static final YAMLMapper YAML = new YAMLMapper();

    private final ObjectNode text;

    private Description(ObjectNode text) {
        this.text = text;
    }

    /** What is written by hand. */
    static Description written() throws IOException {
        try (InputStream in = Objects.requireNonNull(Description.class.getResourceAsStream(FILE), FILE)) {
            return new Description((ObjectNode) YAML.readTree(in));
        }
    }

    ObjectNode text() {
        return text;
    }

    /**
     * The item of a path, to be filled; it is made where there is none.
     *
     * @param path with each name in it as {@link #segment} has it
     */
    ObjectNode path(String path) {
        return text.withObjectProperty("paths").withObjectProperty(path);
    }

    /** A copy of an operation that is written by hand, to be made into one that is much alike. */
    ObjectNode likeOperation(String path, String method) {
        JsonNode operation = text.path("paths").path(path).path(method);
        return Objects.requireNonNull((ObjectNode) operation).deepCopy();
    }

    /** A copy of an operation that is written by hand, with its own answers and bodies in place of those that others have as well. */
    Optional<ObjectNode> written(String path, String method) {
        JsonNode operation = text.path("paths").path(path).path(method);
        return operation.isObject() ? Optional.of(inlined(operation.deepCopy())) : Optional.empty();
    }

    private ObjectNode inlined(ObjectNode operation) {
        List.of("requestBody", "responses/200").forEach(place -> {
            JsonNode there = operation.at("/" + place);
            if (there.has("$ref")) {
                int last = place.lastIndexOf('/');
                ObjectNode parent = last < 0 ? operation : operation.withObject("/" + place.substring(0, last));
                parent.set(place.substring(last + 1), text.at(there.path("$ref").asText().substring(1)).deepCopy());
            }
        });
        return operation;
    }

    /** A reference to the schema of rows of which nothing is known. */
    ObjectNode anyRow() {
        return text.objectNode().put("$ref", "#/components/schemas/Row");
    }

    /** Puts another reference, with whatever it has, wherever one stands. */
    static void replaceReferences(JsonNode in, String reference, ObjectNode other) {
        if (in instanceof ObjectNode object && object.path("$ref").asText().equals(reference)) {
            object.setAll(other);
        }
        in.forEach(below -> replaceReferences(below, reference, other));
    }

    /** A reference to the schema of a table's rows, which is added where it is not there yet. */
    ObjectNode rowsOf(TableDescription table) {
        String name = identifier(table.toString());
        ObjectNode schemas = text.withObjectProperty("components").withObjectProperty("schemas");
        if (!schemas.has(name)) {
            schemas.set(name, row(table));
        }
        return text.objectNode().put("$ref", "#/components/schemas/" + name);
    }

    private ObjectNode row(TableDescription table) {
        ObjectNode row = text.objectNode().put("type", "object").put("title", table.toString());
        table.comment().ifPresent(comment -> row.put("description", comment));
        ObjectNode properties = row.putObject("properties");
        for (ColumnDescription column : table.columns()) {
            ObjectNode schema = properties.putObject(column.name());
            schema.setAll(YAML.<ObjectNode>valueToTree(column.schema()));
            column.comment().ifPresent(comment -> schema.put("description", comment));
        }
        return row;
    }

    /** A parameter for each column that can be filtered by. */
    ArrayNode filters(TableDescription table) {
        ArrayNode filters = text.arrayNode();
        for (ColumnDescription column : table.columns()) {
            column.filter().ifPresent(filter -> {
                ObjectNode parameter = filters.addObject().put("name", column.name()).put("in", "query");
                String type = "`%s`, as in `%s`".formatted(column.type(), filter);
                parameter.put("description", column.comment().map(comment -> comment + "\n\n" + type).orElse(type));
                parameter.putObject("schema").put("type", "string").putArray("examples").add(filter);
            });
        }
        return filters;
    }

    /** A name as it stands in a path. */
    static String segment(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** A name as operations and schemas may have it: letters, digits, dots and underlines as they are. No two names become one. */
    static String identifier(String name) {
        return segment(name).replace("-", "%2D").replace("*", "%2A").replace('%', '-');
    }
}
