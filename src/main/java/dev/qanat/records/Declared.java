package dev.qanat.records;

import java.util.List;
import java.util.Set;

/**
 * What a reader may know of the contract: names, no types.
 *
 * @param fields the declared fields by position, for files without a header; empty when nothing is declared
 * @param names every name by which a header may be recognised: columns and the fields they are read from
 * @param whole fields of JSON sources whose objects are kept whole as JSON text instead of being flattened
 */
public record Declared(List<String> fields, Set<String> names, Set<String> whole) {

    public static final Declared NOTHING = new Declared(List.of(), Set.of(), Set.of());
}
