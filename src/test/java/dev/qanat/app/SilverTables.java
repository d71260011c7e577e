package dev.qanat.app;

import static java.util.stream.Collectors.joining;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What stands in a table of silver and in those of its arrays. */
final class SilverTables {

    /** Rows of a table that are not as they were, after {@link #damage}. */
    static final int DAMAGED = 2;

    private final Qanat qanat;
    private final String table;
    private final boolean withOrigin;

    /** @param withOrigin whether what leads back to its source belongs to a row */
    SilverTables(Qanat qanat, String table, boolean withOrigin) {
        this.qanat = qanat;
        this.table = table;
        this.withOrigin = withOrigin;
    }

    /** The rows of each table, without their stamps. */
    Map<String, List<String>> rows() throws SQLException {
        return rows("");
    }

    /** As {@link #rows}, with the stamps and what PostgreSQL changes when it writes a row. */
    Map<String, List<String>> untouched() throws SQLException {
        return rows("_created_at, _updated_at, xmin::text, ");
    }

    private Map<String, List<String>> rows(String more) throws SQLException {
        Map<String, List<String>> rows = new TreeMap<>();
        for (String each : tables()) {
            List<String> all = new ArrayList<>();
            try (Connection connection = qanat.database();
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("SELECT (" + more + columns(each).stream().map(name -> '"' + name + '"').collect(joining(", "))
                            + ")::text FROM (SELECT *, xmin FROM silver." + each + ") AS t ORDER BY 1")) {
                while (row.next()) {
                    all.add(row.getString(1));
                }
            }
            rows.put(each, all);
        }
        return rows;
    }

    /** In each table a row goes, one comes twice where it may, and a value of another is lost. */
    void damage() throws SQLException {
        for (String each : tables()) {
            String of = "silver." + each;
            String key = qanat.value("SELECT coalesce(string_agg(a.attname, ' '), '') FROM pg_index AS i JOIN pg_attribute AS a"
                    + " ON a.attrelid = indrelid AND a.attnum = ANY (indkey) WHERE indisprimary AND indrelid = '" + of + "'::regclass");
            List<String> values = new ArrayList<>(columns(each));
            values.removeAll(List.of(key.split(" ")));
            values.removeAll(List.of("_run_id", "_position", "_row_hash"));
            qanat.execute("INSERT INTO " + of + " SELECT * FROM " + of + " LIMIT 1 ON CONFLICT DO NOTHING");
            qanat.execute("DELETE FROM " + of + " WHERE ctid = (SELECT min(ctid) FROM " + of + ")");
            if (!values.isEmpty()) {
                qanat.execute("UPDATE " + of + " SET \"" + values.get(values.size() - 1) + "\" = NULL WHERE ctid = (SELECT min(ctid) FROM " + of + ")");
            }
        }
    }

    private List<String> tables() throws SQLException {
        return qanat.query("SELECT tablename FROM pg_tables WHERE schemaname = 'silver' AND (tablename = '" + table + "' OR tablename LIKE '"
                        + table.replace("_", "\\_") + "\\_\\_%')")
                .stream()
                .map(row -> row.get("tablename"))
                .toList();
    }

    private List<String> columns(String of) throws SQLException {
        return qanat.query("SELECT attname FROM pg_attribute WHERE attrelid = 'silver." + of + "'::regclass AND attnum > 0 AND NOT attisdropped"
                        + " AND attname !~ '^_(created_at|updated_at" + (withOrigin ? "" : "|run_id|position") + ")$' ORDER BY attnum")
                .stream()
                .map(row -> row.get("attname"))
                .toList();
    }
}
