package dev.qanat.serve;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.qanat.personal.PersonalColumns;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.serve.ServedColumn.Kind;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * The tables and views that are exposed, as the database has them: what is asked was so half a second ago at most, in every process. While
 * nobody asks, nobody looks. Blocking; safe for use by several threads.
 */
@ApplicationScoped
class Catalogue {
    static final String SILVER = "silver";
    private static final Duration FRESH = Duration.ofMillis(500);

    /** Of an object's rows in the catalogue, PostgreSQL changes the transaction's number with whatever it changes of them. */
    private static final String FINGERPRINT = """
            WITH relation AS (
                SELECT c.oid, c.xmin FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = ANY (:schemas) AND c.relkind IN ('r', 'p', 'v', 'm', 'f'))
            SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
                SELECT oid::text || ' ' || xmin::text AS part FROM relation
                UNION ALL SELECT r.oid::text || '.' || a.attnum || ' ' || a.xmin::text
                    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
                UNION ALL SELECT i.indexrelid::text || ' ' || i.xmin::text FROM relation r JOIN pg_index i ON i.indrelid = r.oid
                UNION ALL SELECT r.oid::text || '#' || d.objsubid || ' ' || d.xmin::text
                    FROM relation r JOIN pg_description d ON d.objoid = r.oid AND d.classoid = 'pg_class'::regclass
                UNION ALL SELECT oid::text || ' ' || xmin::text FROM pg_enum
                UNION ALL SELECT pipeline || ' ' || version || ' ' || xmin::text FROM qanat.config_history
                UNION ALL SELECT relation || ' ' || xmin::text FROM qanat.model_columns
                UNION ALL SELECT relation || ': ' || xmin::text FROM qanat.source_columns
                UNION ALL SELECT oid::text || ' ' || xmin::text FROM pg_rewrite WHERE ev_class >= 16384) AS parts""";

    /** What a column or a key promises may be not so yet, or not so in the tables that inherit. */
    private static final String COLUMNS = """
            SELECT n.nspname, c.relname, a.attname,
                a.attnotnull AND NOT EXISTS (
                    SELECT FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'n' AND a.attnum = ANY (f.conkey)
                        AND (NOT f.convalidated OR f.connoinherit AND c.relhassubclass)) AS attnotnull,
                format_type(a.atttypid, a.atttypmod) AS type_name, format('%I.%I', base_schema.nspname, base.typname) AS cast_name,
                base.typname, base.typcategory, element.typname AS element,
                k.position AS key_position, substring(obj_description(c.oid, 'pg_class') FROM '^Loaded by pipeline (\\w+), ') AS pipeline
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_type t ON t.oid = a.atttypid
            JOIN pg_type base ON base.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
            JOIN pg_namespace base_schema ON base_schema.oid = base.typnamespace
            LEFT JOIN pg_type element ON element.oid = base.typelem AND base.typcategory = 'A'
            LEFT JOIN LATERAL (
                SELECT indkey, indnkeyatts FROM pg_index AS i
                WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
                  AND NOT (c.relkind = 'r' AND c.relhassubclass)
                  AND i.indnkeyatts = (
                    SELECT count(*) FROM pg_attribute AS n WHERE n.attrelid = c.oid AND n.attnotnull
                      AND n.attnum = ANY (trim_array(i.indkey::smallint[], i.indnatts - i.indnkeyatts)))
                ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid LIMIT 1) AS i ON true
            LEFT JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
                ON k.attnum = a.attnum AND k.position <= i.indnkeyatts
            WHERE n.nspname = ANY (:schemas) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
              AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
            ORDER BY c.oid, a.attnum""";

    private final JdbcClient db;
    private final Exposed exposed;
    private final Pipelines pipelines;
    private final PersonalColumns personal;
    private final LoadingCache<Exposed, Known> cache =
            Caffeine.newBuilder().expireAfterWrite(FRESH).build(key -> look());
    private volatile Known last = Known.NOTHING;

    /**
     * What was seen.
     *
     * @param open the tables without personal columns, as far as something is left of them
     */
    private record Known(String fingerprint, Map<String, ServedTable> tables, Map<String, ServedTable> open) {

        static final Known NOTHING = new Known("", Map.of(), Map.of());
    }

    private record Found(String schema, String table, Optional<String> pipeline, ServedColumn column, int keyPosition) {}

    Catalogue(DataSource dataSource, Exposed exposed, Pipelines pipelines, PersonalColumns personal) {
        this.db = JdbcClient.create(dataSource);
        this.exposed = exposed;
        this.pipelines = pipelines;
        this.personal = personal;
    }

    /**
     * A table that is exposed.
     *
     * @param name its schema and name with a dot between
     * @param whole whether with its personal columns
     */
    Optional<ServedTable> table(String name, boolean whole) {
        return any(name, whole).filter(table -> exposed.has(table.schema(), table.name()));
    }

    /** A table that is exposed by its name, or by a path of its own in {@value #SILVER}. */
    Optional<ServedTable> any(String name, boolean whole) {
        Known known = cache.get(exposed);
        return Optional.ofNullable((whole ? known.tables : known.open).get(name));
    }

    /**
     * The tables that are exposed, by their names.
     *
     * @param whole whether with their personal columns
     */
    SortedMap<String, ServedTable> tables(boolean whole) {
        Known known = cache.get(exposed);
        SortedMap<String, ServedTable> tables = new TreeMap<>(whole ? known.tables : known.open);
        tables.values().removeIf(table -> !exposed.has(table.schema(), table.name()));
        return tables;
    }

    /** Another text whenever a table, what is said of it, or what of it is personal is not as it was. */
    String fingerprint() {
        return cache.get(exposed).fingerprint;
    }

    /** Has the next question looked up: what was known has turned out to be old. */
    void forget() {
        last = Known.NOTHING;
        cache.invalidateAll();
    }

    private Known look() {
        String[] schemas = Stream.concat(exposed.schemas().stream(), Stream.of(SILVER)).distinct().toArray(String[]::new);
        String fingerprint = db.sql(FINGERPRINT)
                .param("schemas", schemas)
                .query(String.class)
                .optional()
                .orElse("none");
        if (!fingerprint.equals(last.fingerprint)) {
            Map<String, ServedTable> tables = tables(schemas);
            pipelines.refresh();
            last = new Known(fingerprint, tables, open(tables));
        }
        return last;
    }

    private Map<String, ServedTable> open(Map<String, ServedTable> tables) {
        Map<String, Set<String>> hidden = personal.of(tables.keySet());
        Map<String, ServedTable> open = new LinkedHashMap<>();
        tables.forEach((name, table) -> {
            ServedTable rest = table.without(hidden.getOrDefault(name, Set.of()));
            if (!rest.columns().isEmpty()) {
                open.put(name, rest);
            }
        });
        return Map.copyOf(open);
    }

    private Map<String, ServedTable> tables(String[] schemas) {
        Map<String, List<Found>> byTable = new LinkedHashMap<>();
        db.sql(COLUMNS)
                .param("schemas", schemas)
                .query((row, number) -> new Found(
                        row.getString("nspname"),
                        row.getString("relname"),
                        Optional.ofNullable(row.getString("pipeline")),
                        column(
                                row.getString("attname"),
                                row.getString("type_name"),
                                row.getString("cast_name"),
                                row.getString("typname"),
                                Optional.ofNullable(row.getString("element")),
                                row.getString("typcategory").charAt(0),
                                !row.getBoolean("attnotnull")),
                        row.getInt("key_position")))
                .list()
                .stream()
                .filter(found -> found.schema.equals(SILVER) || exposed.has(found.schema, found.table))
                .forEach(found -> byTable.computeIfAbsent(found.schema + "." + found.table, name -> new ArrayList<>()).add(found));
        Map<String, ServedTable> tables = new LinkedHashMap<>();
        byTable.forEach((name, found) -> tables.put(
                name,
                new ServedTable(
                        found.get(0).schema,
                        found.get(0).table,
                        found.get(0).pipeline,
                        found.stream().map(Found::column).toList(),
                        found.stream()
                                .filter(each -> each.keyPosition > 0)
                                .sorted(Comparator.comparing(Found::keyPosition))
                                .map(each -> each.column.name())
                                .toList())));
        return Map.copyOf(tables);
    }

    private static ServedColumn column(
            String name,
            String typeName,
            String castName,
            String type,
            Optional<String> element,
            char category,
            boolean nullable) {
        boolean comparable = element.map(Catalogue::comparable).orElseGet(() -> "NSBDTEIVR".indexOf(category) >= 0 || comparable(type));
        return new ServedColumn(name, typeName, castName, kind(type, category), comparable, nullable);
    }

    private static Kind kind(String type, char category) {
        return switch (type) {
            case "float4", "float8" -> Kind.FLOAT;
            case "timestamp", "timestamptz" -> Kind.TIMESTAMP;
            case "json", "jsonb" -> Kind.JSON;
            case "int2", "int4", "int8", "numeric" -> Kind.NUMBER;
            default -> switch (category) {
                case 'S' -> Kind.TEXT;
                case 'B' -> Kind.BOOLEAN;
                case 'D' -> Kind.DATE;
                case 'T' -> Kind.INTERVAL;
                case 'A', 'C' -> Kind.STRUCTURE;
                default -> Kind.OTHER;
            };
        };
    }

    /** Whether values of a type of PostgreSQL's own, outside the categories that have an order throughout, have one. */
    private static boolean comparable(String type) {
        return switch (type) {
            case "json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle", "jsonpath", "record", "tsquery" -> false;
            case "uuid", "bytea", "jsonb", "macaddr", "macaddr8", "pg_lsn", "xid8", "tid" -> true;
            default -> type.matches(
                    "int[248]|float[48]|numeric|money|text|varchar|bpchar|name|bool|date|time(stamp)?(tz)?|interval");
        };
    }
}
