package dev.qanat.lineage;

import dev.qanat.load.TableName;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;

/** What PostgreSQL knows of tables and views. Safe for use by several threads. */
@ApplicationScoped
class Catalogue {

    private final DataSource dataSource;

    Catalogue(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /**
     * A table or view that is there.
     *
     * @param key the columns of the primary key; empty where there is none
     */
    record Table(TableName name, Optional<String> comment, List<Column> columns, List<String> key) {

        Optional<Column> column(String columnName) {
            return columns.stream().filter(column -> column.name().equals(columnName)).findFirst();
        }
    }

    /**
     * @param type as PostgreSQL writes it, such as {@code numeric(12,2)}
     * @param baseType the same without length and precision
     */
    record Column(String name, String type, String baseType, Optional<String> comment) {}

    /** Those that are there, by name. */
    Map<TableName, Table> find(Collection<TableName> names) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                PreparedStatement select = connection.prepareStatement("""
                        SELECT n.nspname, c.relname, obj_description(c.oid, 'pg_class') AS comment, a.attname,
                               format_type(a.atttypid, a.atttypmod) AS type, format_type(a.atttypid, NULL) AS base_type,
                               col_description(c.oid, a.attnum) AS column_comment, coalesce(a.attnum = ANY (i.indkey), false) AS in_key
                        FROM unnest(CAST(? AS text[]), CAST(? AS text[])) AS wanted (schema_name, table_name)
                        JOIN pg_namespace n ON n.nspname = wanted.schema_name
                        JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.table_name AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
                        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
                        ORDER BY n.nspname, c.relname, a.attnum""")) {
            select.setArray(1, connection.createArrayOf("text", names.stream().map(TableName::schema).toArray()));
            select.setArray(2, connection.createArrayOf("text", names.stream().map(TableName::name).toArray()));
            try (ResultSet row = select.executeQuery()) {
                return tables(row);
            }
        }
    }

    Optional<Table> find(TableName name) throws SQLException {
        return Optional.ofNullable(find(List.of(name)).get(name));
    }

    private static Map<TableName, Table> tables(ResultSet row) throws SQLException {
        Map<TableName, Table> tables = new LinkedHashMap<>();
        while (row.next()) {
            TableName name = new TableName(row.getString("nspname"), row.getString("relname"));
            Table table = tables.get(name);
            if (table == null) {
                table = new Table(name, Optional.ofNullable(row.getString("comment")), new ArrayList<>(), new ArrayList<>());
                tables.put(name, table);
            }
            String column = row.getString("attname");
            table.columns().add(new Column(
                    column, row.getString("type"), row.getString("base_type"), Optional.ofNullable(row.getString("column_comment"))));
            if (row.getBoolean("in_key")) {
                table.key().add(column);
            }
        }
        return tables;
    }
}
