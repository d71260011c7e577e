package dev.qanat.build;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.transform.Node;
import dev.qanat.transform.NodeConfig;
import dev.qanat.transform.Relation;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The rows of an incremental model into the table that stands, by the strategies of dbt on PostgreSQL. The statements are those that
 * dbt's documentation describes: docs.getdbt.com/docs/build/incremental-strategy.
 */
final class Increment {

    private static final String TARGET = "DBT_INTERNAL_DEST";
    private static final String SOURCE = "DBT_INTERNAL_SOURCE";

    private final Sql sql;
    private final Node node;
    private final Relation rows;

    /** @param rows the table with the new rows */
    Increment(Sql sql, Node node, Relation rows) {
        this.sql = sql;
        this.node = node;
        this.rows = rows;
    }

    /** @return how many rows were written */
    long apply() throws SQLException {
        NodeConfig config = node.config();
        List<String> columns = new ArrayList<>(reconciled().keySet());
        return switch (config.incrementalStrategy()) {
            case "merge" -> sql.execute(merge(columns));
            case "delete+insert" -> {
                if (!config.uniqueKey().isEmpty()) {
                    sql.execute(delete());
                }
                yield sql.execute(insert(columns));
            }
            default -> sql.execute(insert(columns));
        };
    }

    /** The table's columns, once {@code on_schema_change} was heeded. */
    private Map<String, String> reconciled() throws SQLException {
        Map<String, String> target = Catalog.columns(sql.connection(), node.relation());
        Map<String, String> source = Catalog.columns(sql.connection(), rows);
        if (node.config().onSchemaChange().equals("ignore") || target.equals(source)) {
            return target;
        }
        Map<String, String> added = without(source, target.keySet());
        Map<String, String> gone = without(target, source.keySet());
        Map<String, String> retyped = new LinkedHashMap<>(source);
        retyped.entrySet().removeIf(column -> !target.containsKey(column.getKey())
                || column.getValue().equals(target.get(column.getKey())));
        if (added.isEmpty() && gone.isEmpty() && retyped.isEmpty()) {
            return target;
        }
        if (node.config().onSchemaChange().equals("fail")) {
            throw new InputFailure(Code.MODEL_FAILED, ("on_schema_change is 'fail', and the columns are others: added %s, gone %s, of another "
                            + "type %s; build it with full_refresh")
                    .formatted(added.keySet(), gone.keySet(), retyped.keySet()));
        }
        List<String> changes = new ArrayList<>();
        added.forEach((column, type) -> changes.add("ADD COLUMN " + Sql.quoted(column) + " " + type));
        if (node.config().onSchemaChange().equals("sync_all_columns")) {
            gone.keySet().forEach(column -> changes.add("DROP COLUMN " + Sql.quoted(column)));
            retyped.forEach((column, type) -> changes.add(
                    "ALTER COLUMN %1$s TYPE %2$s USING %1$s::%2$s".formatted(Sql.quoted(column), type)));
        }
        if (!changes.isEmpty()) {
            sql.execute("ALTER TABLE " + node.relation() + " " + String.join(", ", changes));
        }
        Map<String, String> now = Catalog.columns(sql.connection(), node.relation());
        now.keySet().retainAll(source.keySet());
        return now;
    }

    private static Map<String, String> without(Map<String, String> columns, Set<String> others) {
        Map<String, String> left = new LinkedHashMap<>(columns);
        left.keySet().removeAll(others);
        return left;
    }

    private String insert(List<String> columns) {
        return "INSERT INTO %s (%2$s) SELECT %2$s FROM %3$s".formatted(node.relation(), Sql.quoted(columns), rows);
    }

    private String delete() {
        List<String> keys = node.config().uniqueKey();
        if (keys.size() == 1) {
            return "DELETE FROM %1$s AS %2$s WHERE (%3$s) IN (SELECT (%3$s) FROM %4$s)%5$s"
                    .formatted(node.relation(), TARGET, keys.get(0), rows, further());
        }
        String same = keys.stream()
                .map(key -> "%s.%3$s = %s.%3$s".formatted(TARGET, SOURCE, key))
                .collect(Collectors.joining(" AND "));
        return "DELETE FROM %s AS %s USING %s AS %s WHERE %s%s"
                .formatted(node.relation(), TARGET, rows, SOURCE, same, further());
    }

    private String merge(List<String> columns) {
        NodeConfig config = node.config();
        List<String> keys = config.uniqueKey();
        String same = keys.isEmpty()
                ? "FALSE"
                : keys.stream().map(key -> "%s.%3$s = %s.%3$s".formatted(SOURCE, TARGET, key)).collect(Collectors.joining(" AND "));
        String updates = columns.stream()
                .filter(column -> config.mergeUpdateColumns().isEmpty() || has(config.mergeUpdateColumns(), column))
                .filter(column -> !has(config.mergeExcludeColumns(), column))
                .map(column -> "%1$s = %2$s.%1$s".formatted(Sql.quoted(column), SOURCE))
                .collect(Collectors.joining(", "));
        String matched = keys.isEmpty() || updates.isEmpty() ? "" : " WHEN MATCHED THEN UPDATE SET " + updates;
        String values = columns.stream().map(column -> SOURCE + "." + Sql.quoted(column)).collect(Collectors.joining(", "));
        return "MERGE INTO %s AS %s USING %s AS %s ON %s%s%s WHEN NOT MATCHED THEN INSERT (%s) VALUES (%s)"
                .formatted(node.relation(), TARGET, rows, SOURCE, same, further(), matched, Sql.quoted(columns), values);
    }

    private static boolean has(List<String> names, String column) {
        return names.stream().anyMatch(name -> name.equalsIgnoreCase(column));
    }

    private String further() {
        return node.config().incrementalPredicates().stream().map(predicate -> " AND (" + predicate + ")").collect(Collectors.joining());
    }
}
