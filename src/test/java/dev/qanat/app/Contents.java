package dev.qanat.app;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What stands in a database: each table's rows as one hash, and what the catalogue says of each object. */
final class Contents {

    private static final String SCHEMAS = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'qanat_staging')";

    private static final String TABLES = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON"
            + " n.oid = c.relnamespace WHERE c.relkind IN ('r', 'm', 'v') AND " + SCHEMAS + " AND c.relname <> 'table_change' ORDER BY 1";

    /** Each gives a name and what is so of it. */
    private static final List<String> CATALOGUE = List.of(
            "SELECT 'relation ' || c.oid::regclass, concat_ws(' ', c.relkind, c.relpersistence, c.reloptions, (SELECT reloptions FROM"
                    + " pg_class WHERE oid = c.reltoastrelid), c.relispopulated, obj_description(c.oid, 'pg_class'), c.relacl)"
                    + " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE " + SCHEMAS,
            "SELECT 'column ' || c.oid::regclass || '.' || row_number() OVER (PARTITION BY c.oid ORDER BY attnum), concat_ws(' ', attname,"
                    + " format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attstorage, attcompression, attcollation,"
                    + " attoptions, attacl, attstattarget, pg_get_expr(adbin, adrelid), col_description(c.oid, attnum))"
                    + " FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace"
                    + " LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum"
                    + " WHERE attnum > 0 AND NOT attisdropped AND relkind IN ('r', 'v', 'm', 'c') AND " + SCHEMAS,
            "SELECT 'constraint ' || coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text) || '.' || conname,"
                    + " concat_ws(' ', pg_get_constraintdef(k.oid), obj_description(k.oid, 'pg_constraint'))"
                    + " FROM pg_constraint k JOIN pg_namespace n ON n.oid = connamespace WHERE " + SCHEMAS,
            "SELECT 'index ' || i.indexrelid::regclass, concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid, indisprimary, indimmediate, indisclustered)"
                    + " FROM pg_index i JOIN pg_class c ON c.oid = indexrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE " + SCHEMAS,
            "SELECT 'view ' || c.oid::regclass, pg_get_viewdef(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
                    + " WHERE relkind IN ('v', 'm') AND " + SCHEMAS,
            "SELECT 'trigger ' || tgrelid::regclass || '.' || tgname, concat_ws(' ', pg_get_triggerdef(t.oid), tgenabled,"
                    + " obj_description(t.oid, 'pg_trigger')) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid"
                    + " JOIN pg_namespace n ON n.oid = relnamespace WHERE NOT tgisinternal AND " + SCHEMAS,
            "SELECT 'rule ' || ev_class::regclass || '.' || rulename, concat_ws(' ', ev_enabled, pg_get_ruledef(r.oid),"
                    + " obj_description(r.oid, 'pg_rewrite')) FROM pg_rewrite r JOIN pg_class c ON c.oid ="
                    + " ev_class JOIN pg_namespace n ON n.oid = relnamespace WHERE " + SCHEMAS,
            "SELECT 'function ' || p.oid::regprocedure, concat_ws(' ', pg_get_functiondef(p.oid), proacl, obj_description(p.oid, 'pg_proc'))"
                    + " FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace WHERE " + SCHEMAS,
            "SELECT 'type ' || t.oid::regtype, concat_ws(' ', typtype, typbasetype::regtype, typnotnull, typdefault, typacl,"
                    + " obj_description(t.oid, 'pg_type'), (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))"
                    + " FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE " + SCHEMAS,
            "SELECT 'sequence ' || schemaname || '.' || sequencename, concat_ws(' ', data_type, start_value, min_value, max_value,"
                    + " increment_by, cycle, cache_size, last_value, (SELECT string_agg(concat_ws('.',"
                    + " refobjid::regclass, refobjsubid, deptype), ',') FROM pg_depend WHERE objid = format('%I.%I', schemaname, sequencename)::regclass"
                    + " AND deptype IN ('a', 'i'))) FROM pg_sequences n WHERE schemaname !~ '^pg_'",
            "SELECT 'statistics ' || stxname, concat_ws(' ', pg_get_statisticsobjdef(oid), obj_description(oid, 'pg_statistic_ext'))"
                    + " FROM pg_statistic_ext",
            "SELECT 'privileges by default ' || concat_ws(' ', defaclnamespace::regnamespace, defaclobjtype), defaclacl::text FROM pg_default_acl",
            "SELECT 'schema ' || nspname, concat_ws(' ', nspacl, obj_description(n.oid, 'pg_namespace')) FROM pg_namespace n WHERE " + SCHEMAS);

    private Contents() {}

    /** Tables, views and materialized views with a hash of their rows in any order. */
    static Map<String, String> rows(Connection connection) throws SQLException {
        prepare(connection);
        Map<String, String> rows = new LinkedHashMap<>();
        for (List<String> table : list(connection, TABLES)) {
            String hash = "SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '') FROM " + table.get(0) + " t";
            rows.put(table.get(0), value(connection, hash));
        }
        return rows;
    }

    /** All objects with all that PostgreSQL says of them. */
    static Map<String, String> catalogue(Connection connection) throws SQLException {
        prepare(connection);
        Map<String, String> objects = new LinkedHashMap<>();
        for (String query : CATALOGUE) {
            list(connection, query + " ORDER BY 1").forEach(object -> objects.put(object.get(0), String.valueOf(object.get(1))));
        }
        return objects;
    }

    static String value(Connection connection, String sql) throws SQLException {
        return list(connection, sql).get(0).get(0);
    }

    private static void prepare(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT set_config('search_path', '', false); SET timezone = 'UTC'; SET extra_float_digits = 3");
        }
    }

    private static List<List<String>> list(Connection connection, String sql) throws SQLException {
        List<List<String>> all = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                List<String> row = new ArrayList<>();
                for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                    row.add(rows.getString(i));
                }
                all.add(row);
            }
        }
        return all;
    }
}
