package dev.qanat.serve;

import dev.qanat.pipeline.Resource;
import dev.qanat.serve.ServedColumn.Kind;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What there is to be said of the tables that are exposed. Blocking; safe for use by several threads. */
@ApplicationScoped
public class TableDescriptions {

    private static final String COLUMNS = """
            SELECT n.nspname || '.' || c.relname AS table_name, a.attname, a.atttypid::bigint AS type, a.atttypmod, a.attndims,
                of_table.description AS table_comment, of_column.description AS comment
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_description of_table
                ON of_table.objoid = c.oid AND of_table.classoid = 'pg_class'::regclass AND of_table.objsubid = 0
            LEFT JOIN pg_description of_column
                ON of_column.objoid = c.oid AND of_column.classoid = 'pg_class'::regclass AND of_column.objsubid = a.attnum
            WHERE n.nspname = ANY (:schemas) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')""";

    /** Those of the columns, and those that these are made of. */
    private static final String TYPES = """
            WITH RECURSIVE used (oid) AS (
                SELECT DISTINCT a.atttypid FROM pg_class c
                    JOIN pg_namespace n ON n.oid = c.relnamespace
                    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                    WHERE n.nspname = ANY (:schemas) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                UNION SELECT part FROM used JOIN pg_type t USING (oid), LATERAL (VALUES (t.typbasetype), (t.typelem)) AS parts (part)
                    WHERE part <> 0)
            SELECT t.oid::bigint, t.typname, t.typtype, t.typnamespace = 'pg_catalog'::regnamespace AS built_in,
                CASE WHEN t.typtype = 'd' THEN t.typbasetype
                    WHEN t.typsubscript = 'array_subscript_handler'::regproc THEN t.typelem ELSE 0 END::bigint AS made_of,
                t.typtypmod, t.typndims,
                array(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder) AS labels,
                EXISTS (SELECT FROM pg_cast WHERE castsource = t.oid AND casttarget = 'json'::regtype AND castfunc <> 0) AS as_json
            FROM used JOIN pg_type t USING (oid)""";

    private final Catalogue catalogue;
    private final JdbcClient db;

    private record Found(long type, int size, int dimensions, Optional<String> tableComment, Optional<String> comment) {}

    TableDescriptions(Catalogue catalogue, DataSource dataSource) {
        this.catalogue = catalogue;
        this.db = JdbcClient.create(dataSource);
    }

    /** Another text as soon as {@link #of} has something else to say; half a second later at most. The same in every process. */
    public String version() {
        return catalogue.fingerprint();
    }

    /**
     * The tables, by their names.
     *
     * @param personal whether with columns that a pipeline marks as {@code pii}
     */
    public List<TableDescription> of(boolean personal) {
        return described(catalogue.tables(personal));
    }

    /**
     * The tables of resources, also of those that are not exposed by their names.
     *
     * @param personal whether with columns that a pipeline marks as {@code pii}
     */
    public List<TableDescription> of(Collection<Resource> resources, boolean personal) {
        SortedMap<String, ServedTable> tables = new TreeMap<>();
        resources.stream().map(Queries::nameOf).forEach(name -> catalogue.any(name, personal).ifPresent(table -> tables.put(name, table)));
        return described(tables);
    }

    private List<TableDescription> described(SortedMap<String, ServedTable> tables) {
        String[] schemas = tables.values().stream().map(ServedTable::schema).distinct().toArray(String[]::new);
        ValueSchemas values = new ValueSchemas(db.sql(TYPES)
                .param("schemas", schemas)
                .query((row, number) -> type(row))
                .list());
        Map<String, Map<String, Found>> found = new HashMap<>();
        db.sql(COLUMNS).param("schemas", schemas).query(row -> {
            found.computeIfAbsent(row.getString("table_name"), name -> new HashMap<>()).put(row.getString("attname"), found(row));
        });
        return tables.entrySet().stream()
                .filter(table -> found.containsKey(table.getKey()))
                .map(table -> description(table.getValue(), found.getOrDefault(table.getKey(), Map.of()), values))
                .toList();
    }

    private static ValueSchemas.Type type(ResultSet row) throws SQLException {
        Array labels = row.getArray("labels");
        return new ValueSchemas.Type(
                row.getLong("oid"),
                row.getString("typname"),
                row.getString("typtype").charAt(0),
                row.getBoolean("built_in"),
                row.getLong("made_of"),
                row.getInt("typtypmod"),
                row.getInt("typndims"),
                List.of((String[]) labels.getArray()),
                row.getBoolean("as_json"));
    }

    private static Found found(ResultSet row) throws SQLException {
        return new Found(
                row.getLong("type"),
                row.getInt("atttypmod"),
                row.getInt("attndims"),
                Optional.ofNullable(row.getString("table_comment")),
                Optional.ofNullable(row.getString("comment")));
    }

    private static TableDescription description(ServedTable table, Map<String, Found> found, ValueSchemas values) {
        return new TableDescription(
                table.schema(),
                table.name(),
                found.values().stream().findAny().flatMap(Found::tableComment),
                table.columns().stream()
                        // One that is gone meanwhile is so for the next who asks.
                        .filter(column -> found.containsKey(column.name()))
                        .map(column -> description(column, found.get(column.name()), values))
                        .collect(Collectors.toUnmodifiableList()));
    }

    private static ColumnDescription description(ServedColumn column, Found found, ValueSchemas values) {
        Map<String, Object> schema = values.of(found.type, found.size, found.dimensions, column.nullable());
        return new ColumnDescription(
                column.name(),
                column.typeName(),
                found.comment,
                schema,
                QueryReader.isWord(column.name()) ? Optional.empty() : Optional.of(filter(column.kind(), schema)));
    }

    private static String filter(Kind kind, Map<String, Object> schema) {
        Object format = schema.getOrDefault("format", "");
        return switch (kind) {
            case NUMBER, FLOAT -> "gte.5";
            case BOOLEAN -> "is.true";
            case TEXT -> "ilike.a*";
            case DATE -> format.equals("date") ? "gte.2026-01-01" : "gte.12:00";
            case TIMESTAMP -> "gte.2026-01-01T00:00:00Z";
            case INTERVAL -> "gte.1 day";
            case OTHER -> format.equals("uuid")
                    ? "eq.123e4567-e89b-12d3-a456-426614174000"
                    : schema.get("enum") instanceof List<?> labels && !labels.isEmpty() ? "eq." + labels.get(0) : "not.is.null";
            case JSON, STRUCTURE -> "not.is.null";
        };
    }
}
