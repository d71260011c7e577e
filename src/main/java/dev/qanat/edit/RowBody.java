package dev.qanat.edit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.Resource;
import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonReader;
import jakarta.json.JsonValue;
import java.io.StringReader;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a request says of a row: an object by the names of the table's columns, as rows are served. Columns that Qanat fills in itself may
 * stand in it and mean nothing, so that a row can be sent back as it was read.
 */
final class RowBody {

    private static final Set<String> OWN = Set.of("_run_id", "_position", "_row_hash", "_created_at", "_updated_at");

    /** What a merge patch is made of would be read by a parser that takes what follows an object, and a name that stands twice. */
    private static final ObjectMapper STRICT = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final Resource resource;
    private final JsonObject values;

    private RowBody(Resource resource, JsonObject values) {
        this.resource = resource;
        this.values = values;
    }

    /** @throws InputFailure {@code invalid_request} when the text is no object of JSON */
    static RowBody read(Resource resource, String text) {
        try {
            if (STRICT.readTree(text).isObject()) {
                JsonObject object = object(text);
                // Numbers are read when they are asked for.
                object.toString();
                return new RowBody(resource, object);
            }
        } catch (NumberFormatException | ArithmeticException e) {
            throw new InvalidRow(Optional.empty(), Code.OUT_OF_RANGE, "a number in it has more digits than can be written down");
        } catch (JsonProcessingException e) {
            throw new InputFailure(Code.INVALID_REQUEST, "the body is not JSON: " + e.getOriginalMessage(), e);
        }
        throw new InputFailure(Code.INVALID_REQUEST, "the body must be an object by the names of columns");
    }

    private static JsonObject object(String text) {
        try (JsonReader reader = Json.createReader(new StringReader(text))) {
            return reader.readObject();
        }
    }

    /** What is merged into a stored row: RFC 7396. */
    RowBody mergedInto(RowBody stored) {
        JsonValue merged = Json.createMergePatch(values).apply(stored.values);
        return new RowBody(resource, merged.asJsonObject());
    }

    /** The personal columns whose values are those of a stored row: they were treated when it was stored. */
    Set<String> sameAs(RowBody stored) {
        return resource.personalColumns().stream()
                .map(Column::name)
                .filter(name -> values.containsKey(name) && values.get(name).equals(stored.values.get(name)))
                .collect(Collectors.toSet());
    }

    /**
     * The text of the record.
     *
     * @param stored the table's columns, with their types
     * @param rowId the row's id; empty when the row is to get one
     * @throws InvalidRow when it has a field that is no column, or another id than the row
     */
    String record(Map<String, ColumnType> stored, Optional<String> rowId) {
        JsonObjectBuilder record = Json.createObjectBuilder();
        Optional<String> numbered = resource.serving().surrogateKey();
        values.forEach((name, value) -> {
            if (numbered.filter(name::equals).isPresent()) {
                checkId(name, value, rowId);
            } else if (!OWN.contains(name) && resource.column(name).filter(Column::isComputed).isEmpty()) {
                checkField(name, value, stored);
                record.add(name, value);
            }
        });
        return record.build().toString();
    }

    private static void checkId(String name, JsonValue value, Optional<String> rowId) {
        if (rowId.isEmpty() || !value.toString().equals(rowId.get())) {
            throw new InvalidRow(
                    Optional.of(name),
                    Code.UNDECLARED_COLUMN,
                    rowId.isEmpty() ? "PostgreSQL numbers the rows; take it out" : "the row of this path has another one");
        }
    }

    private void checkField(String name, JsonValue value, Map<String, ColumnType> stored) {
        if (resource.children().stream().map(Child::field).anyMatch(name::equals)) {
            throw new InvalidRow(Optional.of(name), Code.UNDECLARED_COLUMN, "its items have a table of their own, and are not written here");
        }
        ColumnType type = resource.declared().stream()
                .filter(column -> column.name().equals(name))
                .findFirst()
                .map(Column::type)
                .or(() -> Optional.ofNullable(stored.get(name)))
                .orElseThrow(() -> new InvalidRow(Optional.of(name), Code.UNDECLARED_COLUMN, "there is no such column"));
        // A load would look for columns in it.
        if (value instanceof JsonObject && !type.isJson()) {
            throw new InvalidRow(Optional.of(name), Code.TYPE_MISMATCH, "an object is not a value of type " + type);
        }
    }
}
