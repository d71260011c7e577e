package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;

import dev.qanat.validate.TargetColumn;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;

/** A staging table of typed rows, which gets columns as chunks bring them. Safe for use by several threads. */
final class StagedTable {

    private final TableName name;
    private volatile List<TargetColumn> columns = List.of();

    StagedTable(TableName name) {
        this.name = name;
    }

    TableName name() {
        return name;
    }

    /** The columns staged so far, without those of the staging itself. */
    List<TargetColumn> columns() {
        return columns;
    }

    /** Columns that were added to the table in another way. */
    void added(List<TargetColumn> more) {
        columns = Stream.concat(columns.stream(), more.stream()).toList();
    }

    /** By name: of the files of an archive each has columns of its own. */
    synchronized void widen(DataSource dataSource, List<TargetColumn> needed) throws SQLException {
        List<TargetColumn> missing =
                needed.stream().filter(column -> !columns.contains(column)).toList();
        if (missing.isEmpty()) {
            return;
        }
        String list = missing.stream()
                .map(column -> "ADD COLUMN " + quoted(column.name()) + " " + column.type().sql())
                .collect(Collectors.joining(", "));
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("ALTER TABLE " + name.sql() + " " + list);
        }
        added(missing);
    }
}
