package dev.qanat.pipeline;

import dev.qanat.pipeline.Resource.Dedup;
import dev.qanat.pipeline.Resource.WriteDisposition;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An array in the records of a resource, whose items become rows of a table of their own.
 *
 * @param field the field that holds the array, by its flattened name, such as {@code products} or {@code cart__products}
 * @param items the items as a resource of their own: the name under which they are counted, their table, the columns that are read
 *     from them
 */
public record Child(String field, Resource items) {

    /** The column that leads to the parent: the text of its key, or of its row hash where it has no key. */
    public static final String PARENT_ID = "_parent_id";

    /** The column that tells the place in the array, from 0. */
    public static final String INDEX = "_index";

    /** The names of an item's key, which is not read from it. */
    public static final List<String> KEY = List.of(PARENT_ID, INDEX);

    /** The items as they are stored: with the columns of their key before those that are read. */
    public Resource stored() {
        List<Column> columns = new ArrayList<>(List.of(key(PARENT_ID, "text"), key(INDEX, "integer")));
        columns.addAll(items.columns());
        return new Resource(
                items.name(),
                items.source(),
                items.files(),
                items.table(),
                List.copyOf(columns),
                KEY,
                WriteDisposition.MERGE,
                Dedup.PRIMARY_KEY,
                items.schemaContract(),
                Optional.empty(),
                false);
    }

    private Column key(String name, String type) {
        return Column.plain(name, ColumnType.parse(type).orElseThrow(), true, items.files().nullIf());
    }
}
