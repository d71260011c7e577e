package dev.qanat.personal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.qanat.failure.Failure;
import dev.qanat.failure.TransientFailure;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What is known of the columns of models and seeds, in the ledger: what the project says of them, and what a table was made of. A view is
 * asked itself. For one thread, as its connection is.
 */
public final class ModelColumns {

    private static final String ASKED = "pg_temp.qanat_columns";
    private static final TypeReference<Map<String, Boolean>> MARKS = new TypeReference<>() {};
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Connection connection;

    /**
     * What is known of a relation.
     *
     * @param marks by column, whether it is personal, where the project says it; {@code *} is for all other columns
     * @param origins what its rows were made of; empty where nobody can tell
     */
    record Known(Map<String, Boolean> marks, Optional<Origins> origins) {}

    public ModelColumns(Connection connection) {
        this.connection = connection;
    }

    /**
     * Notes a relation in the connection's transaction.
     *
     * @param relation its schema and name with a dot between
     * @param origins what the rows that were written are made of; empty where nobody can tell
     * @param added whether the relation has the rows that it had before as well
     * @param marks by column, whether it is personal, where the project says it; {@code *} is for all other columns
     */
    public void note(String relation, Optional<Origins> origins, boolean added, Map<String, Boolean> marks) throws SQLException {
        Optional<Origins> all = origins;
        if (added) {
            Known before = read("WHERE relation = ?", relation).get(relation);
            all = before == null ? Optional.empty() : origins.flatMap(now -> before.origins.map(now::and));
        }
        try (PreparedStatement insert = connection.prepareStatement("""
                INSERT INTO qanat.model_columns AS known (relation, marks, origins) VALUES (?, ?::jsonb, ?::jsonb)
                ON CONFLICT (relation) DO UPDATE SET marks = excluded.marks, origins = excluded.origins
                WHERE (known.marks, known.origins) IS DISTINCT FROM (excluded.marks, excluded.origins)""")) {
            insert.setString(1, relation);
            insert.setString(2, json(marks));
            insert.setString(3, all.map(ModelColumns::json).orElse(null));
            insert.executeUpdate();
        }
    }

    /**
     * What the rows of a query are made of. It is a view for a moment, of which PostgreSQL notes what it uses.
     *
     * @return empty where nobody can tell: what is no query of a view may be one of a table all the same
     */
    public Optional<Origins> origins(String query) throws SQLException {
        Savepoint before = connection.setSavepoint();
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute("CREATE VIEW " + ASKED + " AS (\n" + query + "\n)");
            Origins origins = ViewQuery.of(connection, ASKED).origins(connection);
            statement.execute("DROP VIEW " + ASKED);
            connection.releaseSavepoint(before);
            return Optional.of(origins);
        } catch (SQLException e) {
            if (Failure.of(e, "") instanceof TransientFailure) {
                throw e;
            }
            connection.rollback(before);
            return Optional.empty();
        }
    }

    /**
     * Notes what the project says of the columns of its sources.
     *
     * @param marks by relation and column, whether it is personal; {@code *} is for all other columns
     */
    public void noteSources(Map<String, Map<String, Boolean>> marks) throws SQLException {
        try (PreparedStatement insert = connection.prepareStatement("""
                INSERT INTO qanat.source_columns AS known (relation, marks) SELECT key, value FROM jsonb_each(?::jsonb) ORDER BY key
                ON CONFLICT (relation) DO UPDATE SET marks = excluded.marks WHERE known.marks <> excluded.marks""")) {
            insert.setString(1, json(marks));
            insert.executeUpdate();
        }
    }

    /** All models and seeds that are known, by their names. */
    Map<String, Known> all() throws SQLException {
        return read("");
    }

    /** What the project says of its sources, by relation and column. */
    Map<String, Map<String, Boolean>> sources() throws SQLException {
        Map<String, Map<String, Boolean>> sources = new HashMap<>();
        try (PreparedStatement select = connection.prepareStatement("SELECT relation, marks FROM qanat.source_columns");
                ResultSet row = select.executeQuery()) {
            while (row.next()) {
                sources.put(row.getString("relation"), JSON.readValue(row.getString("marks"), MARKS));
            }
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the ledger's table source_columns", e);
        }
        return sources;
    }

    private Map<String, Known> read(String condition, String... values) throws SQLException {
        Map<String, Known> all = new HashMap<>();
        try (PreparedStatement select =
                connection.prepareStatement("SELECT relation, marks, origins FROM qanat.model_columns " + condition)) {
            for (int i = 0; i < values.length; i++) {
                select.setString(i + 1, values[i]);
            }
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    String origins = row.getString("origins");
                    all.put(row.getString("relation"), new Known(
                            JSON.readValue(row.getString("marks"), MARKS),
                            origins == null ? Optional.empty() : Optional.of(JSON.readValue(origins, Origins.class))));
                }
            }
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the ledger's table model_columns", e);
        }
        return all;
    }

    private static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
