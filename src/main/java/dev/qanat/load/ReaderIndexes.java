package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;
import static java.util.stream.Collectors.joining;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.load.TablePlan.Step;
import dev.qanat.pipeline.Serving;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * What a silver table has for its readers alone: the column in which PostgreSQL numbers the rows, and the indexes of filters. What a
 * pipeline does not ask for any more stays. For one thread.
 */
final class ReaderIndexes {

    private final TableName table;
    private final Serving serving;

    ReaderIndexes(TableName table, Serving serving) {
        this.table = table;
        this.serving = serving;
    }

    /**
     * The statements for a table that has none of it.
     *
     * @param key the columns of its primary key; empty when it has none
     */
    List<String> all(List<String> key) {
        List<String> statements = new ArrayList<>();
        serving.surrogateKey().ifPresent(name -> statements.add(addNumbers(name)));
        statements.addAll(missing(key.isEmpty() ? List.of() : List.of(key)));
        return statements;
    }

    /**
     * The steps for a table that is there.
     *
     * @param stored its columns, with their types
     * @param key the columns of the primary key that it has or is about to get; empty when there is none
     * @throws InputFailure when a column of the data has the surrogate key's name
     */
    List<Step> missing(Connection connection, Map<String, String> stored, List<String> key) throws SQLException {
        List<Step> steps = new ArrayList<>();
        if (serving.surrogateKey().isPresent()) {
            String name = serving.surrogateKey().get();
            if (!stored.containsKey(name)) {
                steps.add(new Step(addNumbers(name), true));
            } else if (!isNumbered(connection, name)) {
                throw new InputFailure(
                        Code.INCOMPATIBLE_SCHEMA,
                        "table " + table + " has a column " + name + " of type " + stored.get(name)
                                + " that comes from the data; give 'surrogate_key' another name");
            }
        }
        List<List<String>> present = present(connection);
        present.add(key);
        missing(present).forEach(sql -> steps.add(new Step(sql, false)));
        return steps;
    }

    private String addNumbers(String name) {
        return "ALTER TABLE " + table.sql() + " ADD COLUMN " + quoted(name) + " bigint GENERATED ALWAYS AS IDENTITY";
    }

    /** @param present the columns of the indexes that there are */
    private List<String> missing(List<List<String>> present) {
        List<List<String>> served = new ArrayList<>(present);
        List<String> statements = new ArrayList<>();
        serving.surrogateKey().filter(name -> !present.contains(List.of(name))).ifPresent(name -> {
            statements.add("CREATE UNIQUE INDEX ON " + table.sql() + " (" + quoted(name) + ")");
            served.add(List.of(name));
        });
        // An index of several columns serves those that it begins with.
        serving.indexed().sorted(Comparator.comparing(columns -> -columns.size())).forEach(columns -> {
            if (served.stream().noneMatch(other -> begins(other, columns))) {
                statements.add(
                        "CREATE INDEX ON " + table.sql() + " (" + columns.stream().map(TableName::quoted).collect(joining(", ")) + ")");
                served.add(columns);
            }
        });
        return statements;
    }

    private static boolean begins(List<String> index, List<String> columns) {
        return index.size() >= columns.size() && index.subList(0, columns.size()).equals(columns);
    }

    /** The columns of the table's B-trees over all rows; an expression is no column. */
    private List<List<String>> present(Connection connection) throws SQLException {
        List<List<String>> present = new ArrayList<>();
        try (PreparedStatement select = connection.prepareStatement("""
                SELECT ARRAY(SELECT coalesce(a.attname::text, '') FROM unnest(i.indkey::int[]) WITH ORDINALITY AS k (attnum, place)
                             LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
                             WHERE k.place <= i.indnkeyatts ORDER BY k.place)
                FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am ON pg_am.oid = c.relam
                WHERE i.indrelid = to_regclass(?) AND i.indisvalid AND i.indpred IS NULL AND pg_am.amname = 'btree'""")) {
            select.setString(1, table.sql());
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    present.add(Arrays.asList((String[]) row.getArray(1).getArray()));
                }
            }
        }
        return present;
    }

    private boolean isNumbered(Connection connection, String name) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(
                "SELECT attidentity <> '' FROM pg_attribute WHERE attrelid = to_regclass(?) AND attname = ? AND NOT attisdropped")) {
            select.setString(1, table.sql());
            select.setString(2, name);
            try (ResultSet row = select.executeQuery()) {
                return row.next() && row.getBoolean(1);
            }
        }
    }
}
