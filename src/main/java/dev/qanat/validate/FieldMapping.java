package dev.qanat.validate;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.Resource;
import dev.qanat.pipeline.SchemaContract.Mode;
import dev.qanat.records.PersonalFields;
import dev.qanat.validate.SeenField.Action;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which field each column is read from, for the fields that a source has shown so far. It depends on nothing else, and the columns
 * of more fields begin with those of fewer, so that chunks can be checked in any order.
 *
 * <p>A header is known at once: a column is read from the field equal to its {@code from}; else from the one equal to it but for
 * case and blanks around it; else from one equal to the column's name, exactly, but for case and blanks, or as snake_case. What
 * fits twice fits nothing.
 *
 * <p>The fields of JSON come to light one after the other: a column is read from the field equal to its {@code from} and, in a
 * record where that is null or missing, from the field equal to its name. Were it decided once and for all, it would hang on
 * where a chunk happens to end. Where a record has both, the second is an undeclared field's.
 */
final class FieldMapping {
    static final int MAX_COLUMNS = 1000;

    /**
     * A column, or a field that is not allowed, and where its value comes from and goes to.
     *
     * @param rule what is asked of the value; null for a field that is not allowed
     * @param name of the column, or of the field that is not allowed
     * @param position in the row, or -1 when the value is not kept
     * @param source the field it is read from, or -1 for a column without a field
     * @param fallback the field it is read from when the source is null, or -1
     * @param unless a field that must not be null, or -1: while it is, another column takes this one's value
     */
    record Cell(@Nullable ColumnRule rule, String name, int position, int source, int fallback, int unless) {

        /** The index of the field that holds the value in this record, or -1 when there is none. */
        int field(@Nullable String[] values) {
            if (unless >= 0 && isMissing(values, unless)) {
                return -1;
            }
            if (!isMissing(values, source)) {
                return source;
            }
            return fallback >= 0 && !isMissing(values, fallback) ? fallback : -1;
        }

        private static boolean isMissing(@Nullable String[] values, int field) {
            return field < 0 || field >= values.length || values[field] == null;
        }
    }

    /**
     * A declared column below whose field others lie: in a record that has an object there.
     *
     * @param source the field it is read from, or -1
     * @param fallback the field it is read from when the source is null, or -1
     * @param below the fields of the object
     */
    record Nested(ColumnRule rule, int source, int fallback, int[] below) {

        boolean isObject(@Nullable String[] values) {
            return Cell.isMissing(values, source)
                    && Cell.isMissing(values, fallback)
                    && Arrays.stream(below).anyMatch(field -> !Cell.isMissing(values, field));
        }
    }

    /**
     * What becomes of a field.
     *
     * @param column that its values go to; null for none
     */
    record Place(@Nullable String column, Action action) {}

    /** A place in the order of the fields: of a declared column (by its index), or of a field that is not declared. */
    private record Slot(int column, int field, int unless) {}

    private final List<String> fields;
    private final boolean header;
    private final List<TargetColumn> columns;
    private final Cell[] cells;
    private final Nested[] nested;
    private final Place[] places;
    private final int[] key;
    private final List<int[]> indexed;
    private final RowHash.Order hashOrder;

    private final int[] source;
    private final int[] fallback;

    /**
     * @param rules of the resource's columns that are read, in their order
     * @param reserved names that no column of an undeclared field gets, beside those of the resource's columns
     * @param stored the types of the table's columns
     * @param header whether the fields are those of a text format
     */
    FieldMapping(
            Resource resource,
            List<ColumnRule> rules,
            List<String> reserved,
            Map<String, ColumnType> stored,
            List<String> fields,
            boolean header) {
        // A reader may go on adding to its list.
        this.fields = List.copyOf(fields);
        this.header = header;
        List<Column> declared = resource.readColumns();
        source = new int[declared.size()];
        fallback = new int[declared.size()];
        Arrays.fill(source, -1);
        Arrays.fill(fallback, -1);
        boolean[] passedOver = passedOver(resource);
        List<Slot> slots = header ? ofHeader(declared, passedOver) : ofJson(declared, passedOver);

        List<ColumnRule> kept = new ArrayList<>();
        Cell[] ofDeclared = new Cell[declared.size()];
        List<Cell> ofOthers = new ArrayList<>();
        List<String> frozen = new ArrayList<>();
        ColumnNames names =
                new ColumnNames(Stream.concat(resource.columns().stream().map(Column::name), reserved.stream()).toList());
        Mode others = resource.schemaContract().columns();
        int undeclared = 0;
        for (Slot slot : slots) {
            if (slot.column() >= 0) {
                int c = slot.column();
                ColumnRule rule = rules.get(c);
                ofDeclared[c] = new Cell(rule, rule.name(), kept.size(), source[c], fallback[c], -1);
                kept.add(rule);
                continue;
            }
            String field = fields.get(slot.field());
            switch (others) {
                case EVOLVE -> {
                    if (resource.columns().size() + ++undeclared > MAX_COLUMNS) {
                        throw tooMany();
                    }
                    String name = names.next(field);
                    ColumnRule rule = ColumnRule.undeclared(
                            name, stored.getOrDefault(name, ColumnType.TEXT), resource.files().nullIf());
                    ofOthers.add(new Cell(rule, rule.name(), kept.size(), slot.field(), -1, slot.unless()));
                    kept.add(rule);
                }
                case FREEZE -> frozen.add(Shown.value(field));
                case DISCARD_ROW -> ofOthers.add(
                        new Cell(null, Shown.text(field, Shown.LENGTH), -1, slot.field(), -1, slot.unless()));
                case DISCARD_VALUE -> {}
            }
        }
        if (!frozen.isEmpty()) {
            throw new InputFailure(
                    Code.SCHEMA_FROZEN,
                    ("resource '%s' does not declare %s, and its schema_contract freezes the columns: "
                                    + "declare it, or set columns to evolve or discard_value")
                            .formatted(resource.name(), listed(frozen)));
        }
        List<Cell> all = new ArrayList<>();
        for (int c = 0; c < ofDeclared.length; c++) {
            ColumnRule rule = rules.get(c);
            if (ofDeclared[c] != null) {
                all.add(ofDeclared[c]);
            } else if (rule.required()) {
                all.add(new Cell(rule, rule.name(), -1, -1, -1, -1));
            }
        }
        all.addAll(ofOthers);
        cells = all.toArray(Cell[]::new);
        nested = header ? new Nested[0] : nested(declared, rules);
        places = places(resource, stored);
        columns = kept.stream().map(ColumnRule::target).toList();
        hashOrder = new RowHash.Order(hashed(resource, kept));
        key = positions(resource.primaryKey(), kept);
        indexed = resource.serving().indexed().map(index -> positions(index, kept)).filter(places -> places.length > 0).toList();
    }

    private static int[] positions(List<String> names, List<ColumnRule> kept) {
        return IntStream.range(0, kept.size()).filter(i -> names.contains(kept.get(i).name())).toArray();
    }

    /** Where rows have no key, the items of arrays tell them apart as well, each array like a column after the others. */
    private List<ColumnRule> hashed(Resource resource, List<ColumnRule> kept) {
        if (resource.isKeyed() || resource.children().isEmpty()) {
            return kept;
        }
        List<ColumnRule> all = new ArrayList<>(kept);
        resource.children().stream()
                .filter(child -> fields.contains(child.field()))
                .forEach(child -> all.add(ColumnRule.undeclared(child.field(), ColumnType.TEXT, Set.of())));
        return all;
    }

    /** Whether this is the mapping of these fields. */
    boolean isOf(List<String> otherFields, boolean ofHeader) {
        return header == ofHeader && (fields == otherFields || fields.equals(otherFields));
    }

    /** Whether the fields are those of a text format. */
    boolean isOfHeader() {
        return header;
    }

    List<TargetColumn> columns() {
        return columns;
    }

    /** In the contract's order, then the undeclared in the order of the fields: the order in which faults are reported. */
    Cell[] cells() {
        return cells;
    }

    /** The declared columns that may be objects in a record. */
    Nested[] nested() {
        return nested;
    }

    private Nested[] nested(List<Column> declared, List<ColumnRule> rules) {
        List<Nested> found = new ArrayList<>();
        for (int c = 0; c < source.length; c++) {
            String within = declared.get(c).from() + "__";
            int[] below = IntStream.range(0, fields.size()).filter(field -> fields.get(field).startsWith(within)).toArray();
            if (below.length > 0) {
                found.add(new Nested(rules.get(c), source[c], fallback[c], below));
            }
        }
        return found.toArray(Nested[]::new);
    }

    /** What becomes of each field. */
    Place[] places() {
        return places;
    }

    /** Where the key's columns are in a row. */
    int[] key() {
        return key;
    }

    /** Where the columns of further indexes are in a row. */
    List<int[]> indexed() {
        return indexed;
    }

    RowHash.Order hashOrder() {
        return hashOrder;
    }

    private Place[] places(Resource resource, Map<String, ColumnType> stored) {
        Set<String> arrays = arrays(resource);
        Place[] all = new Place[fields.size()];
        Arrays.setAll(all, i -> new Place(null, arrays.contains(fields.get(i)) ? Action.STORED : Action.DISCARDED));
        for (Cell cell : cells) {
            boolean added = resource.column(cell.name()).isEmpty() && !stored.containsKey(cell.name());
            Place place = cell.rule() == null
                    ? new Place(null, Action.RECORDS_REJECTED)
                    : new Place(cell.name(), added ? Action.COLUMN_ADDED : Action.STORED);
            // A field that a declared column may be read from is that column's, whatever else becomes of it.
            for (int field : new int[] {cell.fallback(), cell.source()}) {
                if (field >= 0 && all[field].column() == null) {
                    all[field] = place;
                }
            }
        }
        return all;
    }

    /** The fields of arrays that have tables of their own. */
    private static Set<String> arrays(Resource resource) {
        return resource.children().stream().map(Child::field).collect(Collectors.toSet());
    }

    /** Names for a message, the first twenty of them. */
    static String listed(List<String> names) {
        String listed = names.stream().limit(20).collect(Collectors.joining(", "));
        return names.size() > 20 ? listed + " and " + (names.size() - 20) + " more" : listed;
    }

    /** Which fields are no columns: arrays that have tables of their own, and those of which nothing is kept. */
    private boolean[] passedOver(Resource resource) {
        boolean[] passedOver = new boolean[fields.size()];
        Set<String> arrays = arrays(resource);
        List<Column> dropped = resource.droppedColumns();
        for (int i = 0; i < passedOver.length; i++) {
            String field = fields.get(i);
            passedOver[i] = arrays.contains(field) || dropped.stream().anyMatch(column -> PersonalFields.mayBe(field, column));
        }
        return passedOver;
    }

    private List<Slot> ofHeader(List<Column> declared, boolean[] passedOver) {
        boolean[] taken = passedOver.clone();
        match(declared, taken, Column::from, UnaryOperator.identity(), true);
        match(declared, taken, Column::from, FieldMapping::folded, false);
        match(declared, taken, Column::name, UnaryOperator.identity(), false);
        match(declared, taken, Column::name, FieldMapping::folded, false);
        match(declared, taken, Column::name, ColumnNames::snakeCase, false);
        List<Slot> slots = new ArrayList<>();
        for (int field = 0; field < fields.size(); field++) {
            if (!taken[field]) {
                slots.add(new Slot(-1, field, -1));
            }
            for (int c = 0; c < source.length; c++) {
                if (source[c] == field) {
                    slots.add(new Slot(c, field, -1));
                }
            }
        }
        return slots;
    }

    /** Gives columns that have no field yet the field of the same key, unless several fields or columns share it. */
    private void match(
            List<Column> declared,
            boolean[] taken,
            Function<Column, String> called,
            UnaryOperator<String> keyOf,
            boolean shared) {
        Map<String, Integer> fieldOf = new HashMap<>();
        for (int field = 0; field < taken.length; field++) {
            if (!taken[field]) {
                fieldOf.merge(keyOf.apply(fields.get(field)), field, (one, other) -> -1);
            }
        }
        Map<String, Integer> columnOf = new HashMap<>();
        for (int c = 0; c < source.length; c++) {
            if (source[c] < 0) {
                columnOf.merge(keyOf.apply(called.apply(declared.get(c))), c, (one, other) -> -1);
            }
        }
        for (int c = 0; c < source.length; c++) {
            String key = keyOf.apply(called.apply(declared.get(c)));
            int field = fieldOf.getOrDefault(key, -1);
            if (source[c] < 0 && field >= 0 && (shared || columnOf.get(key) == c)) {
                source[c] = field;
                taken[field] = true;
            }
        }
    }

    private static String folded(String name) {
        return Normalizer.normalize(name.strip(), Normalizer.Form.NFC).toLowerCase(Locale.ROOT);
    }

    private List<Slot> ofJson(List<Column> declared, boolean[] passedOver) {
        Map<String, List<Integer>> byFrom = new HashMap<>();
        Map<String, Integer> byName = new HashMap<>();
        for (int c = 0; c < declared.size(); c++) {
            byFrom.computeIfAbsent(declared.get(c).from(), from -> new ArrayList<>()).add(c);
            byName.put(declared.get(c).name(), c);
        }
        List<Slot> slots = new ArrayList<>();
        for (int field = 0; field < fields.size(); field++) {
            if (passedOver[field]) {
                continue;
            }
            List<Integer> readers = byFrom.getOrDefault(fields.get(field), List.of());
            for (int c : readers) {
                if (source[c] < 0) {
                    slots.add(new Slot(c, field, -1));
                } else {
                    fallback[c] = source[c];
                    slots.add(new Slot(-1, source[c], field));
                }
                source[c] = field;
            }
            Integer named = byName.get(fields.get(field));
            if (!readers.isEmpty()) {
                continue;
            }
            if (named == null) {
                slots.add(new Slot(-1, field, -1));
            } else if (source[named] < 0) {
                slots.add(new Slot(named, field, -1));
                source[named] = field;
            } else {
                fallback[named] = field;
                slots.add(new Slot(-1, field, source[named]));
            }
        }
        return slots;
    }

    private InputFailure tooMany() {
        return new InputFailure(
                Code.TOO_MANY_COLUMNS,
                ("with %d fields the table would have more than %d columns: "
                                + "declare the ones you need and set columns of the schema_contract to discard_value")
                        .formatted(fields.size(), MAX_COLUMNS));
    }
}
