package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.ColumnType.Kind;
import dev.qanat.pipeline.Resource.Dedup;
import dev.qanat.pipeline.Resource.WriteDisposition;
import dev.qanat.pipeline.SchemaContract.Mode;
import dev.qanat.pipeline.Section.Entry;
import dev.qanat.pipeline.Section.Text;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.nodes.MappingNode;

/** Reads {@code children} of a resource: the arrays whose items become rows of tables of their own. */
final class ChildReader {

    /** What a wider type of the column, or a setting of the session, leaves as it is when it is cast to text. */
    private static final Set<Kind> PARENT_KEYS =
            EnumSet.of(Kind.TEXT, Kind.INTEGER, Kind.BIGINT, Kind.BOOLEAN, Kind.DATE, Kind.UUID);

    private final Section resource;
    private final Resource parent;

    /**
     * @param resource the section of the parent
     * @param parent as it is without children
     */
    ChildReader(Section resource, Resource parent) {
        this.resource = resource;
        this.parent = parent;
    }

    /** The parent with its children; problems are reported. */
    Resource read() {
        Optional<Section> all = resource.named("children", "a mapping from fields to children, such as { products: {} }");
        if (all.isEmpty()) {
            return parent;
        }
        checkParent();
        List<Child> children = new ArrayList<>();
        for (Entry entry : all.get().entries()) {
            child(all.get(), entry).ifPresent(child -> {
                check(all.get(), entry, child, children);
                children.add(child);
            });
        }
        return parent.with(List.copyOf(children));
    }

    /** Every row of the parent must have an id of its own that does not change. */
    private void checkParent() {
        if (!parent.isKeyed()) {
            if (parent.dedup() != Dedup.ROW_HASH) {
                resource.problem("children", Code.NOT_SUPPORTED,
                        "'children' of rows that nothing tells apart is not built yet; give the resource a 'primary_key', "
                        + "or write 'dedup: row_hash'");
            }
            return;
        }
        if (parent.writeDisposition() == WriteDisposition.APPEND || parent.dedup() != Dedup.PRIMARY_KEY) {
            resource.problem("children", Code.NOT_SUPPORTED,
                    "'children' where several rows may have one key is not built yet; "
                    + "write 'merge' or 'replace' with 'dedup: primary_key', or take out the 'primary_key'");
        }
        parent.primaryKey().stream()
                .flatMap(name -> parent.column(name).stream())
                .filter(column -> !PARENT_KEYS.contains(column.type().kind()))
                .findFirst()
                .ifPresent(column -> resource.problem("children", Code.NOT_SUPPORTED,
                        ("'children' beside the key column '%s' of type %s is not built yet; "
                        + "name columns of type text, integer, bigint, boolean, date or uuid")
                                .formatted(column.name(), column.type())));
    }

    private Optional<Child> child(Section all, Entry entry) {
        String field = entry.name();
        Optional<Section> section =
                all.section(entry, "child " + Section.quoted(field), "", "a mapping with " + Section.alternatives(Level.CHILD.built()));
        if (section.isEmpty()) {
            return Optional.empty();
        }
        Section child = section.get();
        child.allow(Level.CHILD);
        if (field.isEmpty() || field.indexOf('\0') >= 0 || Variables.used(field)) {
            child.problem(entry.key(), entry.path(), Code.INVALID_VALUE, "the key names no field; write the field's name");
            return Optional.empty();
        }
        Optional<Text> table = child.text("table", "a table's name");
        Optional<String> word = Identifier.valid(field) ? Optional.of(field) : Identifier.like(field);
        String byDefault = parent.table() + "__" + word.orElse("");
        if (table.isPresent() && !Identifier.valid(table.get().value())) {
            child.problem("table", Code.INVALID_NAME, "table name %s is not allowed; use %s"
                    .formatted(Section.quoted(table.get().value()), Identifier.RULE));
        } else if (table.isEmpty() && (word.isEmpty() || !Identifier.valid(byDefault)) && Identifier.valid(parent.table())) {
            child.problem(entry.key(), entry.path(), Code.INVALID_NAME,
                    "%s makes no name of a table; give it a 'table' with %s".formatted(Section.quoted(byDefault), Identifier.RULE));
        }
        return Optional.of(new Child(
                field,
                new Resource(
                        parent.name() + "__" + word.or(() -> table.map(Text::value)).orElse(field),
                        parent.source(),
                        parent.files(),
                        table.map(Text::value).orElse(byDefault),
                        columns(child),
                        List.of(),
                        WriteDisposition.APPEND,
                        Dedup.ROW_HASH,
                        parent.schemaContract(),
                        Optional.empty(),
                        false)
                        .withoutDropped()));
    }

    private List<Column> columns(Section child) {
        if (child.has("columns") && child.has("schema")) {
            child.problem("schema", Code.CONFLICTING_KEYS, "'columns' and 'schema' both declare the columns; keep one");
        }
        boolean typesOnly = child.has("schema") && !child.has("columns");
        String from = typesOnly ? "schema" : "columns";
        Optional<Section> all =
                child.named(from, typesOnly ? "a mapping such as { sku: text }" : "a mapping from names to columns");
        if (all.isEmpty()) {
            if (!child.has(from) && keepsDeclaredOnly()) {
                child.missing("columns", "only declared columns are kept");
            }
            return List.of();
        }
        all.get().entries().stream()
                .filter(entry -> entry.value() instanceof MappingNode && all.get().has(entry.name(), "expr"))
                .forEach(entry -> child.problem(entry.key(), entry.path() + ".expr", Code.NOT_SUPPORTED,
                        "column %s: 'expr' in a child is not built yet; take it out".formatted(Section.quoted(entry.name()))));
        return List.copyOf(new ColumnReader(all.get(), Set.of(), parent.files().nullIf()).read(typesOnly));
    }

    private boolean keepsDeclaredOnly() {
        Mode columns = parent.schemaContract().columns();
        return columns == Mode.DISCARD_VALUE || columns == Mode.DISCARD_ROW;
    }

    /** A field is read once. */
    private void check(Section all, Entry entry, Child child, List<Child> before) {
        String field = child.field();
        Section at = all.at("child " + Section.quoted(field));
        for (Column column : parent.positions()) {
            if (column.from().equals(field) || column.type().isJson() && field.startsWith(column.from() + "__")) {
                at.problem(entry.key(), entry.path(), Code.CONFLICTING_KEYS,
                        "column '%s' reads %s already; take one of them out"
                                .formatted(column.name(), Section.quoted(column.from())));
            }
        }
        for (Child other : before) {
            if (field.startsWith(other.field() + "__") || other.field().startsWith(field + "__")) {
                at.problem(entry.key(), entry.path(), Code.NOT_SUPPORTED,
                        "an array within the array %s is not built yet; its items stay JSON in a column"
                                .formatted(Section.quoted(other.field())));
            } else if (child.items().name().equals(other.items().name())) {
                at.problem(entry.key(), entry.path(), Code.DUPLICATE_KEY,
                        "child %s is counted under the same name; declare one of them".formatted(Section.quoted(other.field())));
            }
        }
    }
}
