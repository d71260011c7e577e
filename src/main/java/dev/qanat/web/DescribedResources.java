package dev.qanat.web;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Pipelines.Exposed;
import dev.qanat.serve.Queries;
import dev.qanat.serve.TableDescription;
import dev.qanat.serve.TableDescriptions;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The paths that pipelines give to tables, with the parameters they declare, and those of single rows where rows have ids. */
@Singleton
final class DescribedResources implements DescribedPart {

    private static final String PAGES = "/api/v1/{path}";
    private static final String ROWS = PAGES + "/{id}";
    private static final String CHANGES = ROWS + "/changes";
    private static final String ANY_ROW = "#/components/schemas/Row";
    private static final String PATH = "#/components/parameters/ExposedPath";

    private final Pipelines pipelines;
    private final TableDescriptions tables;

    DescribedResources(Pipelines pipelines, TableDescriptions tables) {
        this.pipelines = pipelines;
        this.tables = tables;
    }

    @Override
    public String version() {
        return pipelines.exposed().stream()
                .map(each -> " " + each.expose().path() + " " + each.active().name() + " " + each.active().version())
                .collect(Collectors.joining("", tables.version(), ""));
    }

    @Override
    public void addTo(Description description, boolean personal) {
        List<Exposed> exposed = List.copyOf(pipelines.exposed());
        Map<String, TableDescription> described = tables.of(exposed.stream().map(Exposed::resource).toList(), personal).stream()
                .collect(Collectors.toMap(TableDescription::toString, Function.identity()));
        for (Exposed each : exposed) {
            TableDescription table = described.get(Queries.nameOf(each.resource()));
            ObjectNode row = table == null ? description.anyRow() : description.rowsOf(table);
            Set<String> methods = each.resource().rowId().isPresent() ? Set.of("get", "put", "patch", "delete", "post") : Set.of("get");
            for (String path : each.resource().rowId().isPresent() ? List.of(PAGES, ROWS, CHANGES) : List.of(PAGES)) {
                for (String method : methods) {
                    description.written(path, method).ifPresent(operation -> description
                            .path(path.replace("{path}", each.expose().path()))
                            .set(method, operation(operation, each, row, path.equals(PAGES) && method.equals("get"), personal)));
                }
            }
        }
    }

    /**
     * @param page whether the operation gives a page, by the filters of the resource
     * @param personal whether with filters by personal columns
     */
    private static ObjectNode operation(ObjectNode operation, Exposed exposed, ObjectNode row, boolean page, boolean personal) {
        operation.put("operationId", operation.path("operationId").asText() + '-' + exposed.expose().path());
        operation.put("summary", operation.path("summary").asText() + " of " + exposed.expose().path());
        ArrayNode parameters = operation.arrayNode();
        if (page) {
            operation.put("description", "Rows of " + Queries.nameOf(exposed.resource()) + ".");
            Set<String> hidden = exposed.resource().personalColumns().stream()
                    .map(Column::name)
                    .filter(name -> !personal)
                    .collect(Collectors.toSet());
            exposed.expose().filters().forEach((name, filter) -> {
                if (!hidden.contains(filter.column())) {
                    ObjectNode parameter = parameters.addObject().put("name", name).put("in", "query");
                    parameter.put("description", "`" + filter.column() + "` " + filter.operator());
                    parameter.putObject("schema").put("type", "string");
                }
            });
        }
        operation.withArrayProperty("parameters").forEach(parameter -> {
            if (!parameter.path("$ref").asText().equals(PATH)) {
                parameters.add(parameter);
            }
        });
        operation.set("parameters", parameters);
        Description.replaceReferences(operation, ANY_ROW, row);
        return operation;
    }
}
