package dev.qanat.validate;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.Child;
import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.Resource;
import dev.qanat.pipeline.SchemaContract.Mode;
import dev.qanat.records.Chunk;
import dev.qanat.records.RawRecord;
import dev.qanat.validate.FieldMapping.Cell;
import dev.qanat.validate.FieldMapping.Nested;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A resource's columns and its {@code schema_contract}, compiled once per run. Every record it is shown becomes a row whose values
 * PostgreSQL takes without an error, or a rejection that says what was wrong.
 *
 * <pre>{@code
 * Contract contract = Contract.of(resource);
 * CheckedChunk checked = contract.check(chunk);
 * }</pre>
 *
 * <p>Safe for several threads, which may check the chunks of a source in any order: a chunk's columns follow from its fields
 * alone. Holds no records.
 */
public final class Contract {
    /** UTF-8 bytes kept of a rejected record. */
    private static final int RECORD_BYTES = 64 * 1024;

    /** UTF-8 bytes of a row's key, or of what else an index has of it. An entry of PostgreSQL's indexes holds 2,704, and what is longer would fail the landing. */
    private static final int KEY_BYTES = 2500;

    private final Resource resource;
    private final List<ColumnRule> rules;
    private final Mode dataType;
    private final Map<Child, Contract> children = new LinkedHashMap<>();
    private final List<String> reserved;
    private final Map<String, ColumnType> stored;

    // The last chunk's mapping, which mostly is the next one's, too. Threads that disagree only repeat some work.
    private volatile @Nullable FieldMapping latest;

    /** @param reserved names that no column of an undeclared field gets */
    private Contract(Resource resource, List<String> reserved, Map<String, ColumnType> stored) {
        this.resource = resource;
        this.reserved = reserved;
        this.stored = stored;
        this.dataType = resource.schemaContract().dataType();
        this.rules = resource.readColumns().stream()
                .map(c -> new ColumnRule(c, c.required() || resource.primaryKey().contains(c.name())))
                .toList();
    }

    /** The contract of a resource whose table is not there yet. */
    public static Contract of(Resource resource) {
        return of(resource, Map.of(), child -> Map.of());
    }

    /**
     * The contract of a resource. An {@link InputFailure} when a column's {@code format} or {@code values} make no sense for its
     * type.
     *
     * @param stored the types of the table's columns; a field that is not declared has its column's, or is text
     * @param storedItems the same of a child's table
     */
    public static Contract of(
            Resource resource, Map<String, ColumnType> stored, Function<Child, Map<String, ColumnType>> storedItems) {
        List<String> reserved = resource.serving().surrogateKey().stream().toList();
        Contract contract = new Contract(resource, reserved, Map.copyOf(stored));
        resource.children()
                .forEach(child -> contract.children.put(
                        child, new Contract(child.items(), Child.KEY, Map.copyOf(storedItems.apply(child)))));
        return contract;
    }

    /** All declared columns, in the contract's order, whether a source has them or not; also those that are computed. */
    public List<TargetColumn> declared() {
        return resource.columns().stream().map(column -> new TargetColumn(column.name(), column.type())).toList();
    }

    /**
     * Holds the header of a text format against the contract, before a record is read.
     *
     * @throws InputFailure when a required column is missing from it ({@code missing_column}, which names all that are), or for
     *     the reasons of {@link #check}
     */
    public void checkHeader(List<String> fields) {
        List<String> missing = new ArrayList<>();
        for (Cell cell : mapping(fields, true).cells()) {
            if (cell.source() < 0) {
                String from = resource.column(cell.name()).map(Column::from).orElse(cell.name());
                String shown = "'" + cell.name() + "'";
                missing.add(from.equals(cell.name()) ? shown : shown + " (from " + Shown.value(from) + ")");
            }
        }
        if (!missing.isEmpty()) {
            throw new InputFailure(
                    Code.MISSING_COLUMN,
                    "the header lacks required columns: %s; it reads: %s"
                            .formatted(
                                    String.join(", ", missing),
                                    // It may be a row of data.
                                    resource.isPersonal()
                                            ? fields.size() + " fields"
                                            : Shown.text(String.join(", ", fields), 500)));
        }
    }

    /**
     * Turns every record of the chunk into a row or a rejection. Items of arrays that have tables of their own are checked with
     * their record: it is rejected for the first faulty one.
     *
     * @throws InputFailure when the contract freezes what is not as declared ({@code schema_frozen} for a field, the code of the
     *     fault for a value), or the table would have too many columns
     */
    public CheckedChunk check(Chunk chunk) {
        List<RawRecord> records = chunk.records();
        FieldMapping mapping = mapping(chunk.fields(), chunk.isText());
        RowHash hash = new RowHash(mapping.hashOrder());
        FieldsSeen seen = new FieldsSeen(mapping, chunk.fields());
        List<ItemsCheck> items = items(chunk);
        List<Row> rows = new ArrayList<>(records.size());
        List<Rejection> rejections = new ArrayList<>();
        for (RawRecord record : records) {
            seen.see(record);
            for (ItemsCheck each : items) {
                each.see(record, seen);
            }
            String[] values = new String[mapping.columns().size()];
            Finding finding = check(record, mapping, values, seen);
            for (int i = 0; finding == null && i < items.size(); i++) {
                finding = items.get(i).check(record);
            }
            if (finding == null) {
                rows.add(new Row(record, values, hash.of(items.isEmpty() ? values : hashed(values, items))));
                items.forEach(ItemsCheck::accept);
            } else {
                rejections.add(rejection(chunk, record, finding));
                items.forEach(each -> each.reject(record));
            }
        }
        return new CheckedChunk(
                chunk,
                mapping.columns(),
                rows,
                rejections,
                items.stream().map(ItemsCheck::done).toList(),
                records.isEmpty() ? Observation.NOTHING : observation(seen, items));
    }

    private static Observation observation(FieldsSeen seen, List<ItemsCheck> items) {
        Map<String, SeenField> fields = new HashMap<>();
        seen.tell("", fields);
        items.forEach(each -> each.tell(fields));
        return Observation.of(fields);
    }

    /** The arrays that the source has shown so far. */
    private List<ItemsCheck> items(Chunk chunk) {
        List<ItemsCheck> items = new ArrayList<>();
        children.forEach((child, contract) -> {
            int field = chunk.fields().indexOf(child.field());
            if (field >= 0) {
                items.add(new ItemsCheck(child, contract, chunk, field));
            }
        });
        return items;
    }

    /** What is hashed of a row: its values and, where nothing else tells two rows apart, the hashes of its items. */
    private @Nullable String[] hashed(@Nullable String[] values, List<ItemsCheck> items) {
        if (resource.isKeyed()) {
            return values;
        }
        @Nullable String[] all = Arrays.copyOf(values, values.length + items.size());
        for (int i = 0; i < items.size(); i++) {
            all[values.length + i] = items.get(i).hashes();
        }
        return all;
    }

    /** Fills in the values, or says why not. */
    @Nullable Finding check(RawRecord record, FieldMapping mapping, @Nullable String[] values, FieldsSeen seen) {
        if (record.fault() != null) {
            return new Finding(null, record.fault().code(), record.fault().reason());
        }
        if (record.json() != null) {
            try {
                Characters.check(record.json());
            } catch (Misfit e) {
                return new Finding(null, e.code(), "the record " + e.getMessage());
            }
        }
        for (Cell cell : mapping.cells()) {
            int field = cell.field(record.values());
            String raw = field < 0 ? null : record.values()[field];
            ColumnRule rule = cell.rule();
            if (rule == null) {
                if (raw != null && !resource.files().nullIf().contains(raw)) {
                    return new Finding(
                            cell.name(), Code.UNDECLARED_COLUMN, Shown.value(raw) + " is in a field that is not declared");
                }
            } else if (raw == null || rule.isNull(raw)) {
                if (rule.required()) {
                    return new Finding(cell.name(), Code.REQUIRED, missing(raw));
                }
            } else {
                try {
                    values[cell.position()] = rule.check(raw, record.strings() != null && record.strings().get(field));
                } catch (Misfit e) {
                    boolean rejects = dataType != Mode.DISCARD_VALUE || rule.required();
                    seen.misfit(field, rejects);
                    if (rejects) {
                        return new Finding(cell.name(), e.code(), e.reason(raw), true);
                    }
                }
            }
        }
        for (Nested column : mapping.nested()) {
            if (column.isObject(record.values()) && (dataType != Mode.DISCARD_VALUE || column.rule().required())) {
                String type = column.rule().target().type().sql();
                return new Finding(column.rule().name(), Code.TYPE_MISMATCH, "an object is not a value of type " + type, true);
            }
        }
        return checkKey(mapping, values);
    }

    private @Nullable Finding checkKey(FieldMapping mapping, @Nullable String[] values) {
        // Items carry a key of several columns as JSON, in which a character may take six bytes.
        boolean quoted = !children.isEmpty() && mapping.key().length > 1;
        Finding finding = checkLength(mapping, mapping.key(), values, quoted, "the key");
        for (int i = 0; finding == null && i < mapping.indexed().size(); i++) {
            finding = checkLength(mapping, mapping.indexed().get(i), values, false, "an index entry");
        }
        return finding;
    }

    /** @param quoted whether the values are stored as texts of JSON */
    private static @Nullable Finding checkLength(
            FieldMapping mapping, int[] positions, @Nullable String[] values, boolean quoted, String what) {
        int length = 0;
        for (int position : positions) {
            length += values[position] == null ? 0 : Math.min(values[position].length(), KEY_BYTES);
        }
        if (length <= KEY_BYTES / (quoted ? 6 : 3)) {
            return null;
        }
        int bytes = 0;
        for (int position : positions) {
            String value = values[position];
            bytes += value == null ? 0 : Characters.utf8Length(quoted ? JsonTexts.quote(value) : value);
            if (bytes > KEY_BYTES) {
                return new Finding(
                        mapping.columns().get(position).name(),
                        Code.OUT_OF_RANGE,
                        Shown.value(values[position]) + " makes " + what + " longer than " + KEY_BYTES + " bytes");
            }
        }
        return null;
    }

    private static String missing(@Nullable String raw) {
        return (raw == null ? "no value" : Shown.value(raw) + " means null") + ", but the column is required";
    }

    private Rejection rejection(Chunk chunk, RawRecord record, Finding finding) {
        if (finding.ofType() && dataType == Mode.FREEZE) {
            throw new InputFailure(
                    finding.code(), "line %d, column '%s': %s".formatted(record.line(), finding.column(), finding.reason()));
        }
        return new Rejection(
                record.line(),
                finding.column(),
                finding.code(),
                Characters.storable(finding.reason(), RECORD_BYTES),
                Characters.storable(chunk.json(record), RECORD_BYTES));
    }

    FieldMapping mapping(List<String> fields, boolean header) {
        FieldMapping mapping = latest;
        if (mapping == null || !mapping.isOf(fields, header)) {
            mapping = new FieldMapping(resource, rules, reserved, stored, fields, header);
            latest = mapping;
        }
        return mapping;
    }
}
