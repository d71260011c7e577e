package dev.qanat.lineage;

import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.Declared;
import dev.qanat.records.KeptRecord;
import dev.qanat.records.KeptRecords;
import dev.qanat.records.Limits;
import dev.qanat.validate.CheckedChunk;
import dev.qanat.validate.CheckedItems;
import dev.qanat.validate.Contract;
import dev.qanat.validate.Row;
import dev.qanat.validate.TargetColumn;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Tells the record of a row among others of the same run and position, such as the first of each page: the one that gives a row of
 * the same hash when it is checked again. Computed columns have no part in the hash.
 */
record RecordMatch(Resource resource, Optional<Item> item, Contract contract, String hash, long position) {

    /**
     * The row is an item of an array.
     *
     * @param parent the parent's key, or its hash where it has none
     * @param index its place in the array
     */
    record Item(Child child, List<String> parent, int index) {}

    /** @param text whether the record comes from a text format; null where that is not known */
    boolean gives(String json, @Nullable Boolean text) {
        KeptRecord kept = new KeptRecord(null, position, text, json);
        KeptRecords chunks = new KeptRecords(List.of(kept).iterator(), Declared.ofKept(resource), Limits.DEFAULT, 0);
        try {
            CheckedChunk checked = contract.check(chunks.next());
            return !checked.accepted().isEmpty() && item.map(each -> gives(checked, each)).orElseGet(() -> isHash(checked.accepted().get(0)));
        } catch (InputFailure e) {
            // The contract freezes what this record is not.
            return false;
        }
    }

    private boolean isHash(Row row) {
        return HexFormat.of().formatHex(row.hash()).equals(hash);
    }

    private boolean gives(CheckedChunk checked, Item wanted) {
        return isOf(checked, wanted.parent())
                && checked.items().stream()
                        .filter(items -> items.child().field().equals(wanted.child().field()))
                        .map(CheckedItems::rows)
                        .map(rows -> rows.get(0))
                        .anyMatch(rows -> wanted.index() < rows.size() && isHash(rows.get(wanted.index())));
    }

    /** Whether the record has the key, as far as it is read from it; a part that is computed is not known here. */
    private boolean isOf(CheckedChunk checked, List<String> parent) {
        Row row = checked.accepted().get(0);
        if (resource.primaryKey().isEmpty()) {
            return parent.equals(List.of(HexFormat.of().formatHex(row.hash())));
        }
        List<String> names = checked.columns().stream().map(TargetColumn::name).toList();
        return parent.size() == resource.primaryKey().size() && IntStream.range(0, parent.size()).allMatch(part -> {
            int at = names.indexOf(resource.primaryKey().get(part));
            return at < 0 || at < row.values().length && parent.get(part).equals(row.values()[at]);
        });
    }
}
