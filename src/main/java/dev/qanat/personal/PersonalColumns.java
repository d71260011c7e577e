package dev.qanat.personal;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.pipeline.ConfigHistory;
import dev.qanat.pipeline.Pipelines;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Which columns of tables and views are personal. A column is, if a pipeline or the project says so, if it is a copy of one that is, or
 * if it is computed in a query that uses one: a text or what may hold texts, and also numbers, truth values and times where what is used
 * is no text. Rather one too many than one too few. Blocking; safe for use by several threads.
 */
@ApplicationScoped
public class PersonalColumns {

    /** Numbers, truth values, dates and times, intervals: by PostgreSQL's categories of types, what holds no text. */
    private static final String TELLING_NOTHING = "NBDT";

    private static final char TEXT = 'S';

    private static final String COLUMNS = """
            SELECT n.nspname || '.' || c.relname AS relation, a.attname, t.typcategory,
                substring(obj_description(c.oid, 'pg_class') FROM '^Loaded by pipeline (\\w+), ') AS pipeline
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_type t ON t.oid = a.atttypid
            WHERE n.nspname || '.' || c.relname = ANY (?)""";

    private static final String LOCKED = "55P03";

    /** Where the project stores rows that fail its tests. */
    private static final String FAILURES = "SELECT DISTINCT stored_in FROM qanat.run_test WHERE stored_in IS NOT NULL";

    private final DataSource dataSource;
    private final ConfigHistory history;
    private final Pipelines pipelines;

    PersonalColumns(DataSource dataSource, ConfigHistory history, Pipelines pipelines) {
        this.dataSource = dataSource;
        this.history = history;
        this.pipelines = pipelines;
    }

    /**
     * A table or view as it stands.
     *
     * @param columns by name, with the category of their types
     * @param pipeline that loads it, as its comment says
     */
    private record Relation(Map<String, Character> columns, Optional<String> pipeline) {}

    /** What a relation is made of; of a view that is asked once something in it may be personal. */
    private interface Made {
        Set<ColumnName> uses();

        boolean anything();

        Origins origins() throws SQLException;
    }

    /**
     * The personal columns of relations that are there.
     *
     * @param names each a schema and a name with a dot between
     * @throws Failure when the database does not answer
     */
    public Map<String, Set<String>> of(Collection<String> names) {
        PipelineMarks marks = new PipelineMarks(history, pipelines);
        try (Connection connection = dataSource.getConnection()) {
            execute(connection, "SET lock_timeout = '1s'");
            try {
                Map<String, Set<String>> all = new Look(connection, marks, names).personal();
                return names.stream().collect(Collectors.toMap(name -> name, name -> all.getOrDefault(name, Set.of())));
            } finally {
                execute(connection, "RESET lock_timeout");
            }
        } catch (SQLException e) {
            throw Failure.of(e, "looking for personal columns");
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The relations as they are at one time. */
    private final class Look {
        private final Map<String, ModelColumns.Known> models;
        private final Map<String, Made> made = new HashMap<>();
        private final Map<String, Relation> relations;
        private final Map<String, Set<String>> personal = new HashMap<>();

        Look(Connection connection, PipelineMarks marks, Collection<String> names) throws SQLException {
            models = new ModelColumns(connection).all();
            models.forEach((name, model) -> model.origins().ifPresent(origins -> made.put(name, new Written(origins))));
            AtomicBoolean locked = new AtomicBoolean();
            ViewQuery.all(connection).forEach(view -> made.put(view.view(), new Viewed(connection, view, locked)));
            Set<String> concerned = new HashSet<>(names);
            concerned.addAll(models.keySet());
            concerned.addAll(made.keySet());
            made.values().forEach(each -> each.uses().forEach(column -> concerned.add(column.relation())));
            relations = relations(connection, concerned);
            Set<String> failures = failures(connection);
            Map<String, Map<String, Boolean>> sources = new ModelColumns(connection).sources();
            relations.forEach((name, relation) -> {
                boolean untold = failures.contains(name) || models.containsKey(name) && !made.containsKey(name);
                Predicate<String> marked = untold && relation.pipeline.isEmpty()
                        ? column -> mark(name, column).orElse(true)
                        : marks.of(name, relation.pipeline);
                Map<String, Boolean> source = sources.getOrDefault(name, Map.of());
                personal.put(name, relation.columns.keySet().stream()
                        .filter(marked.or(column -> of(source, column).orElse(false)))
                        .collect(Collectors.toSet()));
                if (relation.pipeline.isPresent()) {
                    made.remove(name);
                }
            });
        }

        /** What the project says of a column. */
        private Optional<Boolean> mark(String name, String column) {
            return Optional.ofNullable(models.get(name)).flatMap(model -> of(model.marks(), column));
        }

        /** What is made of personal columns is personal, until nothing more is. */
        Map<String, Set<String>> personal() throws SQLException {
            boolean more = true;
            while (more) {
                more = false;
                boolean any = personal.values().stream().anyMatch(columns -> !columns.isEmpty());
                for (Map.Entry<String, Made> each : made.entrySet()) {
                    Relation relation = relations.get(each.getKey());
                    if (relation != null) {
                        more |= personal.computeIfAbsent(each.getKey(), name -> new HashSet<>())
                                .addAll(personal(each.getKey(), relation, each.getValue(), any));
                    }
                }
            }
            return personal;
        }

        private static Optional<Boolean> of(Map<String, Boolean> marks, String column) {
            return Optional.ofNullable(marks.getOrDefault(column, marks.get("*")));
        }

        private Set<String> personal(String name, Relation relation, Made of, boolean any) throws SQLException {
            List<ColumnName> used = of.uses().stream().filter(this::isPersonal).toList();
            boolean concerned = !used.isEmpty() || any && of.anything();
            boolean texts = !of.anything() && used.stream().allMatch(this::isText);
            Origins origins = concerned ? of.origins() : Origins.NONE;
            Set<String> found = new HashSet<>();
            relation.columns.forEach((column, category) -> {
                Set<ColumnName> copied = origins.copies().getOrDefault(column, Set.of());
                boolean computed = concerned && (origins.computed().contains(column) || copied.isEmpty());
                boolean told = computed && !(texts && TELLING_NOTHING.indexOf(category) >= 0);
                if (mark(name, column).orElse(told || copied.stream().anyMatch(this::isPersonal))) {
                    found.add(column);
                }
            });
            return found;
        }

        /** A column that is not there any more, whose values may be, is nobody's to tell. */
        private boolean isPersonal(ColumnName column) {
            Relation relation = relations.get(column.relation());
            return relation == null
                    || !relation.columns.containsKey(column.column())
                    || personal.getOrDefault(column.relation(), Set.of()).contains(column.column());
        }

        private boolean isText(ColumnName column) {
            Relation relation = relations.get(column.relation());
            return relation != null && relation.columns.getOrDefault(column.column(), ' ') == TEXT;
        }
    }

    /** A table, as the ledger knows it. */
    private record Written(Origins origins) implements Made {
        @Override
        public Set<ColumnName> uses() {
            return origins.uses();
        }

        @Override
        public boolean anything() {
            return origins.anything();
        }
    }

    /** A view, as PostgreSQL knows it. */
    private static final class Viewed implements Made {
        private final Connection connection;
        private final ViewQuery query;
        private final AtomicBoolean locked;
        private @Nullable Origins origins;

        /** @param locked whether a view was met on which somebody works, for which one waits once */
        Viewed(Connection connection, ViewQuery query, AtomicBoolean locked) {
            this.connection = connection;
            this.query = query;
            this.locked = locked;
        }

        @Override
        public Set<ColumnName> uses() {
            return query.uses();
        }

        @Override
        public boolean anything() {
            return query.anything();
        }

        /** Where the query cannot be asked, all of it is taken for computed. Who works on it leaves it changed, and it is asked again. */
        @Override
        public Origins origins() throws SQLException {
            Origins known = origins;
            if (known == null) {
                known = locked.get() ? untold() : asked();
                origins = known;
            }
            return known;
        }

        private Origins asked() throws SQLException {
            try {
                return query.origins(connection);
            } catch (SQLException e) {
                if (Failure.of(e, query.view()).code() == Code.DATABASE_UNAVAILABLE) {
                    throw e;
                }
                locked.set(locked.get() || LOCKED.equals(e.getSQLState()));
                return untold();
            }
        }

        private Origins untold() {
            return new Origins(Map.of(), Set.of(), query.uses(), query.anything());
        }
    }

    private static Map<String, Relation> relations(Connection connection, Set<String> names) throws SQLException {
        Map<String, Relation> relations = new HashMap<>();
        try (PreparedStatement select = connection.prepareStatement(COLUMNS)) {
            select.setArray(1, connection.createArrayOf("text", names.toArray()));
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    Optional<String> pipeline = Optional.ofNullable(row.getString("pipeline"));
                    relations.computeIfAbsent(row.getString("relation"), name -> new Relation(new LinkedHashMap<>(), pipeline))
                            .columns
                            .put(row.getString("attname"), row.getString("typcategory").charAt(0));
                }
            }
        }
        return relations;
    }

    private static Set<String> failures(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(FAILURES);
                ResultSet row = select.executeQuery()) {
            List<String> failures = new ArrayList<>();
            while (row.next()) {
                failures.add(row.getString(1));
            }
            return new HashSet<>(failures);
        }
    }
}
