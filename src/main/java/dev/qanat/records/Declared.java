package dev.qanat.records;

import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.Resource;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a reader may know of the contract: names, no types, and what is personal.
 *
 * @param fields the declared fields by position, for files without a header; empty when nothing is declared
 * @param names every name by which a header may be recognised: columns and the fields they are read from
 * @param whole fields of JSON sources whose objects are kept whole as JSON text instead of being flattened
 * @param given fields that come with the source instead of with its records: an object of JSON that does not have one gets it, also
 *     in the text that is kept of it, so that the text can be read again by itself
 * @param arrays fields of JSON sources whose arrays are read as records of their own, and what is declared of their items
 * @param personal fields whose values are treated before anything sees them
 */
public record Declared(
        List<String> fields,
        Set<String> names,
        Set<String> whole,
        Map<String, String> given,
        Map<String, Declared> arrays,
        PersonalFields personal) {

    public static final Declared NOTHING = new Declared(List.of(), Set.of(), Set.of());

    /** Arrays are kept whole as JSON text, nothing is given, and nothing is personal. */
    public Declared(List<String> fields, Set<String> names, Set<String> whole) {
        this(fields, names, whole, Map.of(), Map.of(), PersonalFields.NONE);
    }

    /**
     * What is declared of a resource whose records come from outside.
     *
     * @param key under which personal values are hashed; asked for where there are any
     */
    public static Declared of(Resource resource, Supplier<byte[]> key) {
        return reading(resource, resource.isPersonal() ? key.get() : null);
    }

    /** What is declared of a resource whose records were kept: personal values were treated then. */
    public static Declared ofKept(Resource resource) {
        return reading(resource, null);
    }

    private static Declared reading(Resource resource, byte @Nullable [] key) {
        List<Column> byPosition = resource.positions();
        Set<String> names = new HashSet<>();
        byPosition.forEach(column -> {
            names.add(column.name());
            names.add(column.from());
        });
        return new Declared(
                byPosition.stream().map(Column::from).toList(),
                names,
                resource.readColumns().stream()
                        .filter(column -> column.type().isJson())
                        .map(Column::from)
                        .collect(Collectors.toSet()),
                Map.of(),
                resource.children().stream().collect(Collectors.toMap(Child::field, child -> reading(child.items(), key))),
                key == null ? PersonalFields.NONE : PersonalFields.of(resource, key));
    }

    /** The same, with fields that come with the source; those that are personal are treated. */
    public Declared giving(Map<String, String> fieldsGiven) {
        Map<String, String> kept = new LinkedHashMap<>();
        fieldsGiven.forEach((field, value) -> {
            PersonalFields.Treatment treatment = personal.find(field);
            String treated = treatment == null ? value : treatment.of(value);
            if (treated != null) {
                kept.put(field, treated);
            }
        });
        return new Declared(fields, names, whole, Collections.unmodifiableMap(kept), arrays, personal);
    }

    /** Whether something in a record is personal. */
    public boolean isPersonal() {
        return personal != PersonalFields.NONE || arrays.values().stream().anyMatch(Declared::isPersonal);
    }
}
