package dev.qanat.personal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.postgresql.PGResultSetMetaData;

/**
 * The query of a view, plain or materialized, as PostgreSQL keeps it.
 *
 * @param oid the view's
 * @param view its name
 * @param uses the columns that it uses for whatever
 * @param anything whether it calls a function that may read what it likes
 */
record ViewQuery(long oid, String view, Set<ColumnName> uses, boolean anything) {

    /**
     * PostgreSQL notes for each view which columns it uses. Of whole rows, {@code row_to_json(t)}, it notes the table at most; they are
     * seen in the stored query by their column's number. A function's body it does not look into.
     */
    private static final String VIEWS = """
            WITH rule AS MATERIALIZED (
                SELECT r.oid, v.oid AS view, n.nspname || '.' || v.relname AS name, r.ev_action::text ~ ':varattno 0 ' AS whole_rows
                FROM pg_rewrite r JOIN pg_class v ON v.oid = r.ev_class JOIN pg_namespace n ON n.oid = v.relnamespace
                WHERE v.relkind IN ('v', 'm') AND r.rulename = '_RETURN' AND %s)
            SELECT rule.view, rule.name, used.relation, used.attname,
                EXISTS (SELECT FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid JOIN pg_language l ON l.oid = p.prolang
                        WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = rule.oid AND d.refclassid = 'pg_proc'::regclass
                          AND p.provolatile <> 'i' AND l.lanname NOT IN ('internal', 'c')) AS anything
            FROM rule LEFT JOIN LATERAL (
                SELECT n.nspname || '.' || c.relname AS relation, a.attname
                FROM pg_depend d
                JOIN pg_class c ON c.oid = d.refobjid AND c.oid <> rule.view
                JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                    AND (a.attnum = d.refobjsubid OR rule.whole_rows)
                WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = rule.oid AND d.refclassid = 'pg_class'::regclass) AS used ON true""";

    /** All views but the database's own. */
    static List<ViewQuery> all(Connection connection) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement(VIEWS.formatted("n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"))) {
            return read(select);
        }
    }

    /** @param view its name as it stands in SQL */
    static ViewQuery of(Connection connection, String view) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(VIEWS.formatted("v.oid = ?::regclass"))) {
            select.setString(1, view);
            return read(select).get(0);
        }
    }

    private static List<ViewQuery> read(PreparedStatement select) throws SQLException {
        Map<Long, ViewQuery> views = new LinkedHashMap<>();
        try (ResultSet row = select.executeQuery()) {
            while (row.next()) {
                ViewQuery view = new ViewQuery(row.getLong("view"), row.getString("name"), new HashSet<>(), row.getBoolean("anything"));
                Set<ColumnName> uses = views.computeIfAbsent(view.oid, oid -> view).uses;
                if (row.getString("relation") != null) {
                    uses.add(new ColumnName(row.getString("relation"), row.getString("attname")));
                }
            }
        }
        return new ArrayList<>(views.values());
    }

    /**
     * What its columns are made of: PostgreSQL tells of each column of a result which table's it is, if it is one and nothing was done
     * to its values.
     *
     * @throws SQLException also when the query cannot be asked any more
     */
    Origins origins(Connection connection) throws SQLException {
        Map<String, Set<ColumnName>> copies = new HashMap<>();
        Set<String> computed = new HashSet<>();
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            String query = "SELECT * FROM (\n" + definition(connection) + "\n) AS q LIMIT 0";
            ResultSetMetaData columns = statement.executeQuery(query).getMetaData();
            PGResultSetMetaData origins = (PGResultSetMetaData) columns;
            for (int i = 1; i <= columns.getColumnCount(); i++) {
                String name = columns.getColumnLabel(i);
                if (origins.getBaseTableName(i).isEmpty()) {
                    computed.add(name);
                } else {
                    String relation = origins.getBaseSchemaName(i) + "." + origins.getBaseTableName(i);
                    copies.put(name, Set.of(new ColumnName(relation, origins.getBaseColumnName(i))));
                }
            }
        }
        return new Origins(copies, computed, uses, anything);
    }

    private String definition(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("SELECT rtrim(pg_get_viewdef(?::oid), ';')")) {
            select.setLong(1, oid);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }
}
