package dev.qanat.pipeline;

import java.util.List;
import java.util.Optional;

/**
 * What a source delivers and the table it becomes.
 *
 * @param name unique in the pipeline
 * @param source the name of its source
 * @param files which files it takes and how they are read
 * @param table its table in the schema {@code silver}
 * @param columns declared columns in the contract's order; empty when nothing is declared
 * @param primaryKey columns of the key; empty when there is none
 * @param maxErrors beyond it a run fails; empty when there is no limit
 * @param keepBronze whether accepted records are kept as they came
 * @param where what must be true of a row for it to be stored; empty when every row is
 */
public record Resource(
        String name,
        String source,
        FileRules files,
        String table,
        List<Column> columns,
        List<String> primaryKey,
        WriteDisposition writeDisposition,
        Dedup dedup,
        SchemaContract schemaContract,
        Optional<MaxErrors> maxErrors,
        boolean keepBronze,
        Optional<Expression> where) {

    /** A resource that stores every row. */
    public Resource(
            String name,
            String source,
            FileRules files,
            String table,
            List<Column> columns,
            List<String> primaryKey,
            WriteDisposition writeDisposition,
            Dedup dedup,
            SchemaContract schemaContract,
            Optional<MaxErrors> maxErrors,
            boolean keepBronze) {
        this(
                name,
                source,
                files,
                table,
                columns,
                primaryKey,
                writeDisposition,
                dedup,
                schemaContract,
                maxErrors,
                keepBronze,
                Optional.empty());
    }

    public enum WriteDisposition {
        APPEND,
        MERGE,
        REPLACE
    }

    public enum Dedup {
        NONE,
        ROW_HASH,
        PRIMARY_KEY
    }

    /** The resource as it takes further rows into a table that is full: one that replaces its rows adds these to them. */
    public Resource adding() {
        return writeDisposition != WriteDisposition.REPLACE
                ? this
                : new Resource(
                        name,
                        source,
                        files,
                        table,
                        columns,
                        primaryKey,
                        primaryKey.isEmpty() ? WriteDisposition.APPEND : WriteDisposition.MERGE,
                        dedup,
                        schemaContract,
                        maxErrors,
                        keepBronze,
                        where);
    }

    /** The columns that are read from a file, in the contract's order. */
    public List<Column> readColumns() {
        return columns.stream().filter(column -> !column.isComputed()).toList();
    }

    /** The columns that are computed from those that are read, in the contract's order. */
    public List<Column> computedColumns() {
        return columns.stream().filter(Column::isComputed).toList();
    }

    /** Whether staged rows are cleaned in SQL before they land. */
    public boolean isCleaned() {
        return where.isPresent() || columns.stream().anyMatch(Column::isComputed);
    }

    public Optional<Column> column(String columnName) {
        return columns.stream().filter(c -> c.name().equals(columnName)).findFirst();
    }
}
