package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;

import dev.qanat.pipeline.Pipeline;
import dev.qanat.pipeline.Resource;
import java.io.IOException;
import java.io.OutputStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.postgresql.PGConnection;

/**
 * Every row of a pipeline's silver tables as one CSV: the union of the tables' columns without those that Qanat adds, and a column
 * {@code _resource} in front where there are several resources. A null is an empty field, an empty text is {@code ""}; times are in
 * UTC. The rows come in the order in which they were loaded, from one snapshot; they are streamed by PostgreSQL.
 */
public final class CombinedCsv {

    private CombinedCsv() {}

    /**
     * Writes the rows that are there now, in UTF-8.
     *
     * @param out is not closed
     */
    public static void write(DataSource dataSource, Pipeline pipeline, OutputStream out) throws SQLException, IOException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            try {
                statement.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL TimeZone = 'UTC'; "
                        + "SET LOCAL DateStyle = 'ISO'");
                write(connection, pipeline, out);
            } finally {
                Staging.end(connection);
            }
        }
    }

    private static void write(Connection connection, Pipeline pipeline, OutputStream out) throws SQLException, IOException {
        Map<Resource, List<String>> tables = new LinkedHashMap<>();
        Set<String> union = new LinkedHashSet<>();
        for (Resource resource : pipeline.resources()) {
            List<String> columns = columns(connection, table(resource));
            if (!columns.isEmpty()) {
                tables.put(resource, columns);
                union.addAll(columns);
            }
        }
        boolean several = pipeline.resources().size() > 1;
        boolean header = true;
        PGConnection postgres = connection.unwrap(PGConnection.class);
        for (Map.Entry<Resource, List<String>> table : tables.entrySet()) {
            List<String> list = new ArrayList<>();
            if (several) {
                // A resource's name holds no quote.
                list.add("'" + table.getKey().name() + "' AS _resource");
            }
            union.stream()
                    .map(name -> table.getValue().contains(name) ? quoted(name) : "NULL AS " + quoted(name))
                    .forEach(list::add);
            postgres.getCopyAPI()
                    .copyOut("COPY (SELECT " + String.join(", ", list) + " FROM " + table(table.getKey()).sql()
                            + " ORDER BY _run_id, _position) TO STDOUT (FORMAT csv, HEADER " + header + ")", out);
            header = false;
        }
    }

    private static TableName table(Resource resource) {
        return new TableName("silver", resource.table());
    }

    /** The table's own columns, in its order; none when it is not there. */
    private static List<String> columns(Connection connection, TableName table) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT attname FROM pg_attribute
                WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped AND attname !~ '^_(run_id|position|row_hash|created_at|updated_at)$'
                ORDER BY attnum""")) {
            select.setString(1, table.sql());
            try (ResultSet row = select.executeQuery()) {
                List<String> columns = new ArrayList<>();
                while (row.next()) {
                    columns.add(row.getString(1));
                }
                return columns;
            }
        }
    }
}
