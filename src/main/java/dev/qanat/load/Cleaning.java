package dev.qanat.load;

import static dev.qanat.load.TableName.quoted;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.Expression;
import dev.qanat.pipeline.Resource;
import dev.qanat.validate.TargetColumn;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Computes the {@code expr:} columns of staged rows and leaves out what {@code where:} leaves out. The rows are written anew, into
 * a table that takes the place of the first, in one transaction on tables of the run alone.
 *
 * <p>One statement does it for all rows. Where it fails on a row, a function that catches its errors tells every row on which an
 * expression fails; those rows become rejections, and the statement does it for the rest. A condition that names no computed column
 * comes first, so that nothing is computed of a row it leaves out.
 */
final class Cleaning {

    /** What the contract allows of a key, in bytes; see {@code Contract}. */
    private static final int KEY_BYTES = 2500;

    /** A record's bytes in a rejection. */
    private static final int RECORD_BYTES = 64 * 1024;

    private static final String FUNCTION = "pg_temp.qanat_fault";

    /** How states begin that are a row's fault: data, cardinality, constraints of domains, raised by functions, unknown casts, what is not supported, limits. */
    private static final String ROW_STATES = "(0A|2[0123]|2[BF]|3[89]|42|54|P0)";

    private final Staging staging;
    private final Resource resource;
    private final Duration timeout;
    private final TableName rows;
    private final TableName cleaned;
    private final List<TargetColumn> staged;
    private final List<Column> computed;
    private final boolean whereFirst;
    /** Columns of the pipeline that an expression names. */
    private final List<Column> named;

    /**
     * @param rows what is left
     * @param rejected rows on which an expression failed
     * @param items what became of the items of rows that are not left
     */
    record Done(long rows, long rejected, List<Gone> items) {}

    /**
     * Items that are not staged any more.
     *
     * @param rejected those of rows on which an expression failed
     * @param leftOut those of rows of which the condition was not true
     */
    record Gone(StagedItems items, long rejected, long leftOut) {}

    Cleaning(Staging staging, Resource resource, Duration timeout) {
        this.staging = staging;
        this.resource = resource;
        this.timeout = timeout;
        this.rows = staging.rowsTable();
        this.cleaned = staging.cleanedTable();
        this.staged = staging.columns();
        this.computed = resource.computedColumns();
        Optional<Expression> where = resource.where();
        this.whereFirst = where.isPresent()
                && computed.stream().noneMatch(column -> where.get().names().contains(column.name()));
        Set<String> names = new LinkedHashSet<>(resource.primaryKey());
        Stream.concat(computed.stream().flatMap(column -> column.expr().stream()), where.stream())
                .forEach(expression -> names.addAll(expression.names()));
        this.named = resource.readColumns().stream().filter(column -> names.contains(column.name())).toList();
    }

    Done run(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.setEscapeProcessing(false);
            try {
                begin(statement);
                Done done = clean(statement, 0, List.of());
                connection.commit();
                return done;
            } catch (SQLException e) {
                connection.rollback();
                if (!ofARow(e)) {
                    throw e;
                }
            }
            begin(statement);
            long rejected = reject(statement);
            Done done = clean(statement, rejected, rejectItems(statement));
            connection.commit();
            return done;
        } catch (SQLException e) {
            Staging.rollback(connection, e);
            throw e;
        } finally {
            Staging.restore(connection);
        }
    }

    /** What a value is as text or as a date must not hang on how the server or this machine is set up. */
    private void begin(Statement statement) throws SQLException {
        statement.execute(staging.named() + "; SET LOCAL standard_conforming_strings = on; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; "
                + "SET LOCAL statement_timeout = " + timeout.toMillis());
    }

    /** Whether an expression failed on a row, and not the database on the statement. */
    private static boolean ofARow(SQLException e) {
        return e.getSQLState() != null && e.getSQLState().matches(ROW_STATES + ".*");
    }

    /** Takes the items of rejected rows out, and tells how many they are, of one child after the other. */
    private List<Long> rejectItems(Statement statement) throws SQLException {
        List<Long> rejected = new ArrayList<>();
        for (StagedItems items : staging.items()) {
            rejected.add(statement.executeLargeUpdate(
                    "DELETE FROM " + items.table().name().sql() + " AS i USING qanat_faults AS f WHERE i._n = f._n"));
        }
        return rejected;
    }

    /** @param rejectedItems of each child; empty where no row was rejected */
    private Done clean(Statement statement, long rejected, List<Long> rejectedItems) throws SQLException {
        String columns = computed.stream()
                .map(column -> ", " + quoted(column.name()) + " " + column.type().sql())
                .collect(Collectors.joining());
        statement.execute("CREATE UNLOGGED TABLE " + cleaned.sql() + " (LIKE " + rows.sql() + columns
                + ") WITH (autovacuum_enabled = off)");
        long kept = statement.executeLargeUpdate(insert());
        statement.execute("DROP TABLE " + rows.sql());
        statement.execute("ALTER TABLE " + cleaned.sql() + " RENAME TO " + quoted(rows.name()));
        List<Gone> gone = new ArrayList<>();
        for (StagedItems items : staging.items()) {
            long leftOut = statement.executeLargeUpdate("DELETE FROM " + items.table().name().sql()
                    + " AS i WHERE NOT EXISTS (SELECT FROM " + rows.sql() + " AS r WHERE r._n = i._n)");
            gone.add(new Gone(items, rejectedItems.isEmpty() ? 0 : rejectedItems.get(gone.size()), leftOut));
        }
        return new Done(kept, rejected, gone);
    }

    private String insert() {
        List<String> kept = Stream.concat(Stream.of("_n", "_position", "_row_hash"), staged.stream().map(TargetColumn::name))
                .map(TableName::quoted)
                .toList();
        List<String> base = new ArrayList<>(kept);
        named.stream()
                .filter(column -> !isStaged(column))
                .forEach(column -> base.add("NULL::" + column.type().sql() + " AS " + quoted(column.name())));
        List<String> values = new ArrayList<>(List.of("s.*"));
        List<String> typed = new ArrayList<>(kept);
        List<String> all = new ArrayList<>(kept);
        for (Column column : computed) {
            String value = value(column);
            values.add(expression(column) + " AS " + value);
            // The cast of a text that is no number makes the statement fail; what is wrong is found out row by row.
            typed.add("CASE WHEN " + faults(column, Cleaning::value).stream()
                            .map(fault -> "(" + fault.condition() + ") IS TRUE")
                            .collect(Collectors.joining(" OR "))
                    + " THEN ('row ' || _n)::integer::text::" + column.type().sql() + " ELSE " + value + "::"
                    + column.type().sql() + " END AS " + quoted(column.name()));
            all.add(quoted(column.name()));
        }
        String where = resource.where().map(expression -> " WHERE " + expression.inParentheses()).orElse("");
        // OFFSET 0 keeps the levels apart: each expression is evaluated once, and only for rows that are kept.
        String read = "SELECT " + String.join(", ", base) + " FROM " + rows.sql();
        String evaluated = "SELECT " + String.join(", ", values) + " FROM (" + read + ") AS s" + (whereFirst ? where : "")
                + " OFFSET 0";
        // A condition over computed columns may name others as well.
        named.forEach(column -> {
            if (!isStaged(column)) {
                typed.add(quoted(column.name()));
            }
        });
        String written = "SELECT " + String.join(", ", typed) + " FROM (" + evaluated + ") AS s OFFSET 0";
        return "INSERT INTO " + cleaned.sql() + " (" + String.join(", ", all) + ") SELECT " + String.join(", ", all) + " FROM ("
                + written + ") AS s" + (whereFirst ? "" : where);
    }

    private static String value(Column column) {
        // A name of its own, which no column can have.
        return quoted("_" + column.name());
    }

    private static String expression(Column column) {
        return column.expr().orElseThrow().inParentheses();
    }

    private boolean isStaged(Column column) {
        return staged.stream().anyMatch(one -> one.name().equals(column.name()));
    }

    /**
     * What may be wrong with a computed value.
     *
     * @param condition in SQL; true or an error where it is so
     * @param reason in SQL, as text
     */
    private record Fault(Code code, String condition, String reason) {}

    /** @param valueOf the value of a computed column in SQL */
    private List<Fault> faults(Column column, Function<Column, String> valueOf) {
        String value = valueOf.apply(column);
        List<Fault> faults = new ArrayList<>();
        if (column.required()) {
            faults.add(new Fault(Code.REQUIRED, value + " IS NULL", "'the expression gives null, but the column is required'"));
        }
        String shown = "'''' || left(" + value + "::text, 100) || ''' ";
        String hint = column.type().sized() ? "; write round(…, " + column.type().scale() + ")" : "";
        faults.add(new Fault(
                Code.OUT_OF_RANGE,
                column.type().keeps(value).map(keeps -> "NOT (" + keeps + ")").orElse(value + "::" + column.type().sql() + " IS NULL AND "
                        + value + " IS NOT NULL"),
                shown + "does not fit " + column.type() + " without rounding" + hint + "'"));
        column.min().ifPresent(min -> faults.add(new Fault(
                Code.BELOW_MIN, value + " < " + min.toPlainString(), shown + "is less than " + min + "'")));
        column.max().ifPresent(max -> faults.add(new Fault(
                Code.ABOVE_MAX, value + " > " + max.toPlainString(), shown + "is greater than " + max + "'")));
        if (column.equals(lastOfKey())) {
            String bytes = resource.primaryKey().stream()
                    .flatMap(name -> resource.column(name).stream())
                    .map(part -> part.isComputed() ? valueOf.apply(part) : quoted(part.name()))
                    .map(part -> "coalesce(octet_length(" + part + "::text), 0)")
                    .collect(Collectors.joining(" + "));
            faults.add(new Fault(
                    Code.OUT_OF_RANGE,
                    bytes + " > " + KEY_BYTES,
                    shown + "makes the key longer than " + KEY_BYTES + " bytes'"));
        }
        return faults;
    }

    /** The computed column at which the whole key is known. */
    private @Nullable Column lastOfKey() {
        return computed.stream()
                .filter(column -> resource.primaryKey().contains(column.name()))
                .reduce((one, next) -> next)
                .orElse(null);
    }

    /** Makes rejections of the rows on which an expression fails, and takes them out of the staged rows and records. */
    private long reject(Statement statement) throws SQLException {
        statement.execute("CREATE FUNCTION " + FUNCTION + "(_row " + rows.sql() + ") RETURNS text[] LANGUAGE plpgsql AS '"
                + function().replace("'", "''") + "'");
        statement.execute("CREATE TEMPORARY TABLE qanat_faults ON COMMIT DROP AS SELECT _n, _position, fault FROM (SELECT _n, "
                + "_position, " + FUNCTION + "(r) AS fault FROM " + rows.sql() + " AS r OFFSET 0) AS f WHERE fault IS NOT NULL");
        statement.execute("DROP FUNCTION " + FUNCTION);
        // A record is cut between two characters: the bytes after the first of a character are 10xxxxxx.
        long rejected = statement.executeLargeUpdate("""
                INSERT INTO %1$s (_n, _entry, position, column_name, code, reason, record)
                SELECT f._n, b._entry, f._position, f.fault[1], f.fault[2], f.fault[3],
                       CASE WHEN octet_length(b.record::text) <= %3$d THEN b.record::text
                            ELSE convert_from(substring(convert_to(b.record::text, 'UTF8') FROM 1 FOR (
                                SELECT max(bytes) FROM generate_series(%3$d - 3, %3$d) AS bytes
                                WHERE get_byte(convert_to(b.record::text, 'UTF8'), bytes) & 192 <> 128)), 'UTF8') END
                FROM qanat_faults AS f JOIN %2$s AS b USING (_n)"""
                .formatted(staging.rejectionsTable().sql(), staging.bronzeTable().sql(), RECORD_BYTES));
        for (TableName table : List.of(rows, staging.bronzeTable())) {
            statement.execute("DELETE FROM " + table.sql() + " AS r USING qanat_faults AS f WHERE r._n = f._n");
        }
        return rejected;
    }

    /** The body of a function that says of a row {column, code, reason}, or null when nothing is wrong with it. */
    private String function() {
        StringBuilder body = new StringBuilder("#variable_conflict use_variable\nDECLARE\n");
        for (Column column : named) {
            body.append("  ").append(quoted(column.name())).append(' ').append(column.type().sql());
            body.append(isStaged(column) ? " := _row." + quoted(column.name()) + ";\n" : ";\n");
        }
        computed.forEach(column -> body.append("  ")
                .append(quoted(column.name()))
                .append(' ')
                .append(column.type().sql())
                .append(";\n"));
        body.append("  _column text;\n  _code text := '").append(Code.EXPRESSION_FAILED.id()).append("';\n");
        body.append("  _state text;\n  _reason text;\nBEGIN\n");
        String where = resource.where()
                .map(expression -> "  _column := NULL;\n  IF " + expression.inParentheses()
                        + " IS NOT TRUE THEN RETURN NULL; END IF;\n")
                .orElse("");
        if (whereFirst) {
            body.append(where);
        }
        for (Column column : computed) {
            body.append("  _column := '").append(column.name()).append("';\n");
            body.append("  _code := '").append(Code.EXPRESSION_FAILED.id()).append("';\n");
            body.append("  IF ").append(expression(column)).append(" IS NULL THEN NULL; END IF;\n");
            for (Fault fault : faults(column, Cleaning::expression)) {
                body.append("  _code := '").append(fault.code().id()).append("';\n");
                body.append("  IF (").append(fault.condition()).append(") THEN RETURN ARRAY[_column, _code, ")
                        .append(fault.reason()).append("]; END IF;\n");
            }
        }
        if (!whereFirst && resource.where().isPresent()) {
            for (Column column : computed) {
                body.append("  ").append(quoted(column.name())).append(" := ")
                        .append(expression(column)).append("::").append(column.type().sql()).append(";\n");
            }
            body.append("  _code := '").append(Code.EXPRESSION_FAILED.id()).append("';\n").append(where);
        }
        body.append("""
                  RETURN NULL;
                EXCEPTION WHEN OTHERS THEN
                  GET STACKED DIAGNOSTICS _state = RETURNED_SQLSTATE, _reason = MESSAGE_TEXT;
                  IF _state !~ '^%s' THEN RAISE; END IF;
                  RETURN ARRAY[_column, _code, CASE WHEN _column IS NULL THEN 'where: ' ELSE '' END || left(_reason, 1000)];
                END""".formatted(ROW_STATES));
        return body.toString();
    }
}
