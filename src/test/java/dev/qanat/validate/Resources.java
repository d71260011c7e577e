package dev.qanat.validate;

import dev.qanat.pipeline.Column;
import dev.qanat.pipeline.ColumnType;
import dev.qanat.pipeline.FileRules;
import dev.qanat.pipeline.Resource;
import dev.qanat.pipeline.SchemaContract;
import dev.qanat.pipeline.SchemaContract.Mode;
import dev.qanat.records.Chunk;
import dev.qanat.records.RawRecord;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Resources and chunks as short as a test wants them. */
final class Resources {
    private Resources() {}

    static Column column(String name, String type) {
        return column(name, name, type, false);
    }

    static Column required(String name, String type) {
        return column(name, name, type, true);
    }

    static Column from(String name, String from, String type) {
        return column(name, from, type, false);
    }

    static Column column(String name, String from, String type, boolean required) {
        return new Column(
                name,
                from,
                ColumnType.parse(type).orElseThrow(),
                required,
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                Set.of(""),
                Optional.empty(),
                Optional.empty());
    }

    static Resource resource(Column... columns) {
        return resource(SchemaContract.DEFAULT, List.of(), columns);
    }

    static Resource resource(Mode columnsMode, Mode dataType, Column... columns) {
        return resource(new SchemaContract(Mode.EVOLVE, columnsMode, dataType), List.of(), columns);
    }

    static Resource resource(SchemaContract contract, List<String> key, Column... columns) {
        return new Resource(
                "sales",
                "drops",
                FileRules.DEFAULT,
                "sales",
                List.of(columns),
                key,
                Resource.WriteDisposition.APPEND,
                Resource.Dedup.ROW_HASH,
                contract,
                Optional.empty(),
                true);
    }

    /** A chunk of a text format; lines are counted from 2. */
    static Chunk csv(List<String> fields, String[]... rows) {
        List<RawRecord> records = new ArrayList<>();
        for (String[] row : rows) {
            records.add(new RawRecord(records.size() + 2, row));
        }
        return new Chunk(0, fields, records);
    }

    /** A chunk of a JSON source, none of whose values was a JSON string. */
    static Chunk json(List<String> fields, String[]... rows) {
        List<RawRecord> records = new ArrayList<>();
        for (String[] row : rows) {
            records.add(new RawRecord(records.size() + 1, row, new BitSet(), "{}", null));
        }
        return new Chunk(0, fields, records);
    }

    static String[] row(@Nullable String... values) {
        return values;
    }

    static List<String> names(CheckedChunk checked) {
        return checked.columns().stream().map(TargetColumn::name).toList();
    }
}
