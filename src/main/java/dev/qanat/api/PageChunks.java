package dev.qanat.api;

import dev.qanat.records.Chunk;
import dev.qanat.records.Chunks;
import dev.qanat.records.Fault;
import dev.qanat.records.RawRecord;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.IntSupplier;
import java.util.function.LongConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The chunks of a page as they are handed on: named by their request, numbered among all chunks of their table, their records by
 * their place in the page, without secrets, and with the partition's values. A page without records has no chunk, unless it has a
 * header.
 */
final class PageChunks implements Chunks {
    private final Chunks page;
    private final String request;
    private final Map<String, String> given;
    private final Redaction redaction;
    private final IntSupplier numbers;
    private final LongConsumer end;
    private final UnaryOperator<RuntimeException> meaning;
    private @Nullable Chunk next;
    private @Nullable RuntimeException failure;
    private boolean ended;
    private long records;

    /**
     * @param given fields that records of a text format get which do not have them; those of JSON have them already
     * @param end is told the number of records when the page has been read to its end, and may throw
     * @param meaning what a failure of reading means
     */
    PageChunks(
            Chunks page,
            String request,
            Map<String, String> given,
            Redaction redaction,
            IntSupplier numbers,
            LongConsumer end,
            UnaryOperator<RuntimeException> meaning) {
        this.page = page;
        this.request = request;
        this.given = given;
        this.redaction = redaction;
        this.numbers = numbers;
        this.end = end;
        this.meaning = meaning;
    }

    @Override
    public String description() {
        return page.description();
    }

    @Override
    public synchronized boolean hasNext() {
        if (failure != null) {
            throw failure;
        }
        try {
            while (next == null && !ended) {
                if (page.hasNext()) {
                    Chunk read = page.next();
                    next = read.records().isEmpty() && !read.header() ? null : chunk(read);
                } else {
                    end.accept(records);
                    ended = true;
                }
            }
        } catch (RuntimeException e) {
            failure = meaning.apply(e);
            throw failure;
        }
        return next != null;
    }

    @Override
    public synchronized Chunk next() {
        Chunk chunk = hasNext() ? next : null;
        if (chunk == null) {
            throw new NoSuchElementException("the page has been read to its end");
        }
        next = null;
        return chunk;
    }

    private Chunk chunk(Chunk read) {
        Map<String, String> added = new LinkedHashMap<>(given);
        added.keySet().removeAll(read.fields());
        Chunk whole = added.isEmpty() ? read : extended(read, added);
        List<RawRecord> own = new ArrayList<>(whole.records().size());
        for (RawRecord record : whole.records()) {
            own.add(redacted(record, ++records));
        }
        Map<String, List<String>> itemFields = new LinkedHashMap<>();
        whole.itemFields().forEach((field, names) -> itemFields.put(field, redacted(names)));
        return new Chunk(
                numbers.getAsInt(), request, whole.header(), whole.large(), redacted(whole.fields()), own, itemFields);
    }

    /** Rows have fields by position: what is added stands behind them. */
    private static Chunk extended(Chunk read, Map<String, String> added) {
        List<String> fields = new ArrayList<>(read.fields());
        fields.addAll(added.keySet());
        List<RawRecord> longer = new ArrayList<>(read.records().size());
        for (RawRecord record : read.records()) {
            longer.add(extended(read, record, added));
        }
        return new Chunk(read.number(), read.entry(), read.header(), read.large(), List.copyOf(fields), longer);
    }

    private static RawRecord extended(Chunk read, RawRecord record, Map<String, String> added) {
        int count = read.fields().size();
        if (record.values().length != count) {
            // Its fields cannot be told apart, and it must not have the right number by chance.
            return new RawRecord(record.line(), record.values(), record.strings(), read.json(record), record.fault());
        }
        @Nullable String[] values = Arrays.copyOf(record.values(), count + added.size());
        int next = count;
        for (String value : added.values()) {
            values[next++] = value;
        }
        return new RawRecord(record.line(), values, record.strings(), record.json(), record.fault());
    }

    private RawRecord redacted(RawRecord record, long place) {
        @Nullable String[] values = record.values();
        String json = record.json();
        Fault fault = record.fault();
        if (fault != null && redaction.concerns(fault.reason())) {
            fault = new Fault(fault.code(), redaction.text(fault.reason()));
        }
        // A value with a secret in it is in the record's text, too, if there is one.
        if (json == null ? concerned(values) : redaction.concerns(json)) {
            json = json == null ? null : redaction.json(json);
            values = values.clone();
            for (int i = 0; i < values.length; i++) {
                String value = values[i];
                if (value != null) {
                    boolean raw = record.strings() != null && !record.strings().get(i);
                    boolean structure = value.startsWith("{") || value.startsWith("[");
                    values[i] = raw && structure ? redaction.json(value) : redaction.text(value);
                }
            }
        }
        return new RawRecord(place, values, record.strings(), json, fault, redactedItems(record, place));
    }

    private Map<String, List<RawRecord>> redactedItems(RawRecord record, long place) {
        if (record.items().isEmpty()) {
            return Map.of();
        }
        Map<String, List<RawRecord>> items = new LinkedHashMap<>();
        record.items().forEach((field, ofArray) ->
                items.put(field, ofArray.stream().map(item -> redacted(item, place)).toList()));
        return items;
    }

    private boolean concerned(@Nullable String[] values) {
        for (String value : values) {
            if (value != null && redaction.concerns(value)) {
                return true;
            }
        }
        return false;
    }

    private List<String> redacted(List<String> fields) {
        if (fields.stream().noneMatch(redaction::concerns)) {
            return fields;
        }
        Set<String> names = new LinkedHashSet<>();
        for (String field : fields) {
            String name = redaction.text(field);
            names.add(names.contains(name) ? name + "_" + (names.size() + 1) : name);
        }
        return List.copyOf(names);
    }
}
