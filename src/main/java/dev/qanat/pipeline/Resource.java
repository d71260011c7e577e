package dev.qanat.pipeline;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a source delivers and the table it becomes.
 *
 * @param name unique in the pipeline
 * @param source the name of its source
 * @param files which files it takes and how they are read; of an API it says which texts stand for null
 * @param table its table in the schema {@code silver}
 * @param columns declared columns in the contract's order; empty when nothing is declared
 * @param primaryKey columns of the key; empty when there is none
 * @param maxErrors beyond it a run fails; empty when there is no limit
 * @param keepBronze whether accepted records are kept as they came
 * @param where what must be true of a row for it to be stored; empty when every row is
 * @param polling how its records are fetched, where its source is an API; otherwise empty
 * @param children arrays of its records that have tables of their own, in the order of the declaration
 * @param declared the columns and those of which nothing is kept, in the contract's order
 * @param serving what its table has for those who read it
 * @param bronzeRetention how long accepted records are kept; empty when for ever
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
        Optional<Expression> where,
        Optional<Polling> polling,
        List<Child> children,
        List<Column> declared,
        Serving serving,
        Optional<Duration> bronzeRetention) {

    /** A resource all of whose arrays stay in their record's row. */
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
            boolean keepBronze,
            Optional<Expression> where,
            Optional<Polling> polling) {
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
                where,
                polling,
                List.of(),
                columns,
                Serving.NOTHING,
                Optional.empty());
    }

    /** A resource of files that stores every row. */
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
                Optional.empty(),
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
                : with(columns, primaryKey.isEmpty() ? WriteDisposition.APPEND : WriteDisposition.MERGE, children);
    }

    /** The resource as its kept records are loaded once more: they are added to each other, and not kept again. */
    public Resource again() {
        Resource adding = adding();
        return new Resource(
                name,
                source,
                files,
                table,
                columns,
                primaryKey,
                adding.writeDisposition,
                dedup,
                schemaContract,
                maxErrors,
                false,
                where,
                polling,
                children,
                declared,
                serving,
                bronzeRetention);
    }

    /** The resource with these children. */
    Resource with(List<Child> itsChildren) {
        return with(columns, writeDisposition, itsChildren);
    }

    /** The resource without the columns of which nothing is kept; they are declared all the same. */
    Resource withoutDropped() {
        return with(columns.stream().filter(column -> !column.isDropped()).toList(), writeDisposition, children);
    }

    private Resource with(List<Column> kept, WriteDisposition disposition, List<Child> itsChildren) {
        return new Resource(
                name,
                source,
                files,
                table,
                kept,
                primaryKey,
                disposition,
                dedup,
                schemaContract,
                maxErrors,
                keepBronze,
                where,
                polling,
                itsChildren,
                declared,
                serving,
                bronzeRetention);
    }

    /** The resource with what its table has for readers. */
    public Resource with(Serving its) {
        return new Resource(
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
                where,
                polling,
                children,
                declared,
                its,
                bronzeRetention);
    }

    /** The resource with accepted records kept for so long. */
    Resource keeping(Optional<Duration> retention) {
        return new Resource(
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
                where,
                polling,
                children,
                declared,
                serving,
                retention);
    }

    /**
     * The resource as its rows are written one by one, in the form in which they are read: by the columns' names, and dates as ISO 8601 has
     * them.
     *
     * @param asStored columns of personal values whose values come as they were stored, and are not treated once more
     */
    public Resource edited(Set<String> asStored) {
        List<Column> own = declared.stream().map(column -> column.edited(asStored.contains(column.name()))).toList();
        return new Resource(
                name,
                source,
                files,
                table,
                own.stream().filter(column -> column(column.name()).isPresent()).toList(),
                primaryKey,
                writeDisposition,
                dedup,
                schemaContract,
                Optional.empty(),
                keepBronze,
                where,
                Optional.empty(),
                List.of(),
                own,
                serving,
                bronzeRetention);
    }

    /** The resource, and the items of its children as resources: what has a table of its own. */
    public List<Resource> withItems() {
        List<Resource> all = new ArrayList<>(List.of(this));
        children.forEach(child -> all.add(child.stored()));
        return all;
    }

    /** The columns of personal values, also those of which nothing is kept. */
    public List<Column> personalColumns() {
        return declared.stream().filter(column -> column.pii().isPresent()).toList();
    }

    /** The columns of which nothing is kept. */
    public List<Column> droppedColumns() {
        return declared.stream().filter(Column::isDropped).toList();
    }

    /** Whether its records, or items of their arrays, hold personal values. */
    public boolean isPersonal() {
        return !personalColumns().isEmpty() || children.stream().anyMatch(child -> child.items().isPersonal());
    }

    /** Whether the personal values of both are treated alike, so that what was kept of the one is what the other would keep. */
    public boolean treatsAs(Resource other) {
        return treatments().equals(other.treatments());
    }

    /** By array and column. */
    private Map<String, String> treatments() {
        Map<String, String> treatments = new TreeMap<>();
        for (Column column : personalColumns()) {
            treatments.put(column.name(), column.from() + " " + column.pii().orElseThrow() + " " + new TreeSet<>(column.nullIf()));
        }
        children.forEach(child -> child.items().treatments().forEach((name, how) -> treatments.put(child.field() + "[]." + name, how)));
        return treatments;
    }

    /** Whether a key tells its rows apart, and not their hash. */
    public boolean isKeyed() {
        return !primaryKey.isEmpty();
    }

    /** The column by whose values rows are named over HTTP: the surrogate key, or the only column of a key that each row has alone. */
    public Optional<String> rowId() {
        boolean unique = primaryKey.size() == 1 && dedup == Dedup.PRIMARY_KEY && writeDisposition != WriteDisposition.APPEND;
        return serving.surrogateKey().or(() -> unique ? Optional.of(primaryKey.get(0)) : Optional.empty());
    }

    /** The columns that are read from a file, in the contract's order. */
    public List<Column> readColumns() {
        return columns.stream().filter(column -> !column.isComputed()).toList();
    }

    /** The columns by the position of their fields in a file without a header, also those of which nothing is kept. */
    public List<Column> positions() {
        return declared.stream().filter(column -> !column.isComputed()).toList();
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
