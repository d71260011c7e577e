package dev.qanat.serve;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** How values of PostgreSQL's types stand in JSON, as its {@code to_json} writes them: JSON Schemas, draft 2020-12. */
final class ValueSchemas {

    private static final int SIZE_OFFSET = 4;
    private static final String NOT_FINITE = "^(NaN|-?Infinity)$";

    private final Map<Long, Type> types;

    /**
     * A type.
     *
     * @param form as {@code pg_type.typtype} has it
     * @param builtIn whether it is PostgreSQL's own
     * @param madeOf the type that a domain or an array is of; 0 for others
     * @param size that a domain gives the type it is of, as {@code pg_type.typtypmod} has it
     * @param dimensions of the array that a domain is of
     * @param labels of an enum, in their order
     * @param asJson whether a cast says how its values stand in JSON
     */
    record Type(
            long oid,
            String name,
            char form,
            boolean builtIn,
            long madeOf,
            int size,
            int dimensions,
            List<String> labels,
            boolean asJson) {}

    ValueSchemas(Collection<Type> types) {
        this.types = types.stream().collect(Collectors.toMap(Type::oid, Function.identity()));
    }

    /**
     * The schema of a column's values; empty where they may be anything.
     *
     * @param size as {@code pg_attribute.atttypmod} has it
     * @param dimensions of an array, as {@code pg_attribute.attndims} has them
     */
    Map<String, Object> of(long type, int size, int dimensions, boolean nullable) {
        Map<String, Object> schema = values(type, size, dimensions);
        if (nullable && schema.containsKey("type")) {
            schema.put("type", with(schema.get("type") instanceof List<?> several ? several : List.of(schema.get("type")), "null"));
            schema.computeIfPresent("enum", (key, labels) -> with((List<?>) labels, null));
        }
        return schema;
    }

    private Map<String, Object> values(long oid, int size, int dimensions) {
        Type type = types.get(oid);
        if (type == null || type.asJson) {
            return new LinkedHashMap<>();
        }
        if (type.form == 'd') {
            return values(type.madeOf, type.size, type.dimensions);
        }
        if (type.madeOf != 0) {
            // How many dimensions a value has is its own matter; what was declared is the best that is known.
            Map<String, Object> items = dimensions > 1 ? of(oid, size, dimensions - 1, true) : of(type.madeOf, size, 0, true);
            return schema("array", items.isEmpty() ? Map.of() : Map.of("items", items));
        }
        if (type.form == 'e') {
            return schema("string", Map.of("enum", type.labels));
        }
        if (type.form == 'c') {
            return schema("object", Map.of());
        }
        return type.builtIn ? builtIn(type.name, size) : schema("string", Map.of());
    }

    private static Map<String, Object> builtIn(String name, int size) {
        return switch (name) {
            case "bool" -> schema("boolean", Map.of());
            case "int2" -> schema("integer", Map.of("format", "int16"));
            case "int4" -> schema("integer", Map.of("format", "int32"));
            case "int8" -> schema("integer", Map.of("format", "int64"));
            case "numeric" -> schema(List.of("number", "string"), Map.of("pattern", size < 0 ? NOT_FINITE : "^NaN$"));
            case "float4" -> number("float");
            case "float8" -> number("double");
            case "varchar", "bpchar" -> schema("string", size < 0 ? Map.of() : Map.of("maxLength", size - SIZE_OFFSET));
            case "date" -> schema("string", Map.of("format", "date"));
            case "time" -> schema("string", Map.of("format", "time-local"));
            case "timestamp" -> schema("string", Map.of("format", "date-time-local"));
            case "timestamptz" -> schema("string", Map.of("format", "date-time"));
            case "uuid" -> schema("string", Map.of("format", "uuid"));
            case "bytea" -> schema("string", Map.of("pattern", "^\\\\x([0-9a-f]{2})*$"));
            case "json", "jsonb" -> new LinkedHashMap<>();
            default -> schema("string", Map.of());
        };
    }

    private static Map<String, Object> number(String format) {
        Map<String, Object> schema = schema(List.of("number", "string"), Map.of("format", format));
        schema.put("pattern", NOT_FINITE);
        return schema;
    }

    private static Map<String, Object> schema(Object type, Map<String, Object> more) {
        Map<String, Object> schema = new LinkedHashMap<>();
        schema.put("type", type);
        schema.putAll(more);
        return schema;
    }

    private static List<@Nullable Object> with(List<?> several, @Nullable Object one) {
        List<@Nullable Object> all = new ArrayList<>(several);
        all.add(one);
        return all;
    }
}
