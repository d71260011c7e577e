package dev.qanat.load;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;

/** Staging tables whose run has ended or whose process died. Safe for use by several threads. */
@ApplicationScoped
public class Orphans {

    private static final Pattern NAME = Pattern.compile("run_(\\d{1,18})_[a-z0-9_]+");

    private final DataSource dataSource;

    Orphans(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** The runs that have staging tables. To be asked before the ledger is asked which runs are running. */
    public Set<Long> runs() throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            return runs(statement);
        }
    }

    private static Set<Long> runs(Statement statement) throws SQLException {
        Set<Long> runs = new TreeSet<>();
        try (ResultSet tables =
                statement.executeQuery("SELECT tablename FROM pg_tables WHERE schemaname = '" + Staging.SCHEMA + "'")) {
            while (tables.next()) {
                Matcher name = NAME.matcher(tables.getString(1));
                if (name.matches()) {
                    runs.add(Long.parseLong(name.group(1)));
                }
            }
        }
        return runs;
    }

    /** Whether nobody writes a row from the run's tables: such a run is in the ledger only when it has ended. */
    private static boolean isLeft(Statement statement, long run) throws SQLException {
        try (ResultSet row = statement.executeQuery("SELECT pg_try_advisory_xact_lock(" + Staging.key(run) + ")")) {
            row.next();
            return row.getBoolean(1);
        }
    }

    /**
     * Drops the staging tables of these runs. Those that a dying statement still holds are left to the next call.
     *
     * @return the runs whose tables are gone
     */
    public List<Long> drop(Iterable<Long> runs) throws SQLException {
        List<Long> dropped = new ArrayList<>();
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("SET lock_timeout = '200ms'");
            try {
                for (long run : runs) {
                    try {
                        if (isLeft(statement, run)) {
                            Staging.drop(statement, run);
                            dropped.add(run);
                        }
                    } catch (SQLException e) {
                        if (!"55P03".equals(e.getSQLState())) {
                            throw e;
                        }
                    }
                }
            } finally {
                statement.execute("RESET lock_timeout");
            }
        }
        return dropped;
    }
}
