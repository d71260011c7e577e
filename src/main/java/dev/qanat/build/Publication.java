package dev.qanat.build;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.load.DependentViews;
import dev.qanat.load.TableName;
import dev.qanat.transform.ExistingRelations.Kind;
import dev.qanat.transform.Node;
import dev.qanat.transform.Relation;
import io.github.resilience4j.core.IntervalFunction;
import io.github.resilience4j.retry.Retry;
import io.github.resilience4j.retry.RetryConfig;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/**
 * What was written beside a relation takes its place, in the transaction that wrote it: the views that hang on the old one, and what
 * users were granted on it, go over to the new one. Readers wait for a second at most: a lock that is not got in that time is asked
 * for later. For one thread.
 */
final class Publication {

    private static final Logger LOG = Logger.getLogger(Publication.class);

    /** Of the relation as a whole, not of a column that may be gone. */
    private static final Pattern GRANT = Pattern.compile("GRANT \\w+ ON ");

    private static final String LOCKED = "55P03";
    private static final String DEPENDED_ON = "2BP01";
    private static final int MOST_NEWCOMERS = 3;

    private static final Retry PATIENCE = Retry.of(
            "publication",
            RetryConfig.custom()
                    .maxAttempts(20)
                    .intervalFunction(IntervalFunction.ofRandomized(Duration.ofMillis(500)))
                    .retryOnException(e -> e instanceof SQLException sql && LOCKED.equals(sql.getSQLState()))
                    .build());

    private final Sql sql;
    private final Node node;
    private final Function<TableName, Optional<String>> models;
    private int newcomers;

    /** @param models the query of a model of the project that is built after this one */
    Publication(Sql sql, Node node, Function<TableName, Optional<String>> models) {
        this.sql = sql;
        this.node = node;
        this.models = models;
    }

    /** @param existing what stands in the node's place */
    void table(Relation candidate, Optional<Kind> existing) throws SQLException {
        patiently(() -> replace("TABLE", candidate, existing));
    }

    /** A view whose query is that of the one which stands leaves that alone. */
    void view(Relation candidate, Optional<Kind> existing, String query) throws SQLException {
        if (existing.filter(Kind.VIEW::equals).isPresent()) {
            Connection connection = sql.connection();
            boolean same = Catalog.definition(connection, candidate).equals(Catalog.definition(connection, node.relation()))
                    && Catalog.columns(connection, candidate).equals(Catalog.columns(connection, node.relation()));
            if (same || replacedInPlace(query)) {
                sql.execute("DROP VIEW " + candidate);
                return;
            }
        }
        patiently(() -> replace("VIEW", candidate, existing));
    }

    private boolean replacedInPlace(String query) throws SQLException {
        boolean[] taken = {true};
        patiently(() -> {
            try {
                sql.execute("CREATE OR REPLACE VIEW " + node.relation() + " AS (\n" + query + "\n)");
            } catch (SQLException e) {
                if (!"42P16".equals(e.getSQLState())) {
                    throw e;
                }
                taken[0] = false;
                throw new Undone(e);
            }
        });
        return taken[0];
    }

    /** What was done is to be taken back, and that is no failure. */
    private static final class Undone extends SQLException {
        private static final long serialVersionUID = 1L;

        private Undone(SQLException cause) {
            super(cause);
        }
    }

    private void replace(String kind, Relation candidate, Optional<Kind> existing) throws SQLException {
        String rename = "ALTER " + kind + " " + candidate + " RENAME TO " + Sql.quoted(node.relation().identifier());
        if (existing.isEmpty()) {
            sql.execute(rename);
            return;
        }
        if (existing.get() == Kind.TABLE && Catalog.hasRowSecurity(sql.connection(), node.relation())) {
            throw new InputFailure(Code.MODEL_FAILED, ("%s has policies of row security, which a new table would not have; take them off, or "
                            + "build it as a view or by increments")
                    .formatted(node.relation().shown()));
        }
        List<String> revokes = Catalog.revokes(sql.connection(), candidate);
        List<String> grants = grants(candidate);
        // From here on everybody else waits who replaces something.
        DependentViews views = DependentViews.of(sql.connection(), new TableName(node.relation().schema(), node.relation().identifier()));
        List<DependentViews.View> hanging = views.views();
        List<String> swap = new ArrayList<>(revokes);
        // In the order in which a reader of the views locks them, or each would wait for the other.
        swap.addAll(views.drops());
        swap.add("DROP " + existing.get() + " " + node.relation());
        swap.add(rename);
        swap.addAll(grants);
        swap(swap);
        if (!hanging.isEmpty()) {
            hangOn(hanging);
        }
    }

    private List<String> grants(Relation candidate) throws SQLException {
        List<Catalog.Grant> grants = Catalog.grants(sql.connection(), node.relation());
        if (grants.isEmpty()) {
            return List.of();
        }
        Set<String> columns = Catalog.columns(sql.connection(), candidate).keySet();
        return grants.stream()
                .filter(grant -> grant.column().map(columns::contains).orElse(true))
                .map(Catalog.Grant::sql)
                .toList();
    }

    private void swap(List<String> statements) throws SQLException {
        try {
            sql.execute(statements);
        } catch (SQLException e) {
            if (DEPENDED_ON.equals(e.getSQLState()) && newcomers++ < MOST_NEWCOMERS) {
                // Somebody has made a view of it since it was asked which there are.
                throw new SQLException(e.getMessage(), LOCKED, e);
            }
            throw e;
        }
    }

    /** Makes views anew, all at once, or one by one where one cannot be. */
    private void hangOn(List<DependentViews.View> views) throws SQLException {
        Savepoint before = sql.connection().setSavepoint();
        try {
            sql.execute(views.stream().flatMap(view -> view.create().stream()).toList());
        } catch (SQLException e) {
            if (Sql.isConflict(e)) {
                throw e;
            }
            sql.connection().rollback(before);
            for (DependentViews.View view : views) {
                hangOn(view);
            }
        }
    }

    /** Makes a view anew; where that cannot be, because a column is gone, the project may have another query for it. */
    private void hangOn(DependentViews.View view) throws SQLException {
        Savepoint before = sql.connection().setSavepoint();
        try {
            sql.execute(view.create());
        } catch (SQLException e) {
            Optional<String> query = models.apply(view.table());
            if (Sql.isConflict(e)) {
                throw e;
            }
            if (query.isEmpty()) {
                throw new InputFailure(
                        Code.MODEL_FAILED,
                        "%s hangs on %s and would not stand on the new one: %s; change or drop it"
                                .formatted(view.name(), node.relation().shown(), e.getMessage()),
                        e);
            }
            sql.connection().rollback(before);
            standIn(view, query.get());
        }
        sql.connection().releaseSavepoint(before);
    }

    /** Until the model is built a view of its query stands for it, unless that reads what is not there yet either. */
    private void standIn(DependentViews.View view, String query) throws SQLException {
        Savepoint before = sql.connection().setSavepoint();
        try {
            sql.execute("CREATE VIEW " + view.table().sql() + " AS (\n" + query + "\n)");
            sql.execute(view.create().stream().filter(statement -> GRANT.matcher(statement).lookingAt()).toList());
        } catch (SQLException e) {
            if (Sql.isConflict(e)) {
                throw e;
            }
            sql.connection().rollback(before);
            LOG.warnf("%s cannot stand on the new %s (%s); it is gone until its model is built", view.name(), node.relation().shown(),
                    e.getMessage());
        }
    }

    private interface Step {
        void run() throws SQLException;
    }

    private void patiently(Step step) throws SQLException {
        try {
            PATIENCE.executeCheckedSupplier(() -> {
                // Less than PostgreSQL's deadlock_timeout: it is not a reader that gives way.
                sql.execute(List.of("SAVEPOINT qanat_publication", "SET LOCAL lock_timeout = '800ms'"));
                try {
                    step.run();
                } catch (SQLException | RuntimeException e) {
                    sql.execute("ROLLBACK TO SAVEPOINT qanat_publication");
                    throw e;
                }
                sql.execute(List.of("SET LOCAL lock_timeout = DEFAULT", "RELEASE SAVEPOINT qanat_publication"));
                return true;
            });
        } catch (Undone e) {
            return;
        } catch (SQLException | RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
