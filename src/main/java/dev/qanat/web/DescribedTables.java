package dev.qanat.web;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.qanat.serve.TableDescription;
import dev.qanat.serve.TableDescriptions;
import jakarta.inject.Singleton;

/** A path for each table that is exposed, and the schema of its rows. */
@Singleton
final class DescribedTables implements DescribedPart {

    private static final String ANY_TABLE = "/api/v1/data/{table}";
    private static final String GET = "get";

    private final TableDescriptions tables;

    DescribedTables(TableDescriptions tables) {
        this.tables = tables;
    }

    @Override
    public String version() {
        return tables.version();
    }

    @Override
    public void addTo(Description description, boolean personal) {
        tables.of(personal).forEach(table -> {
            String path = ANY_TABLE.replace("{table}", Description.segment(table.toString()));
            description.path(path).set(GET, operation(description, table));
        });
    }

    private static ObjectNode operation(Description description, TableDescription table) {
        ObjectNode get = description.likeOperation(ANY_TABLE, GET);
        get.put("operationId", get.path("operationId").asText() + '-' + Description.identifier(table.toString()));
        get.put("summary", "Rows of " + table);
        get.remove("description");
        table.comment().ifPresent(comment -> get.put("description", comment));
        ArrayNode parameters = description.filters(table);
        // Those of every table, but for its name.
        get.withArrayProperty("parameters").forEach(parameter -> {
            if (parameter.has("$ref")) {
                parameters.add(parameter);
            }
        });
        get.set("parameters", parameters);
        ObjectNode row = description.rowsOf(table);
        ObjectNode content = get.withObject("/responses/200/content");
        content.withObject("/application~1json/schema/properties/items").set("items", row);
        content.withObject("/application~1x-ndjson").set("schema", row);
        return get;
    }
}
