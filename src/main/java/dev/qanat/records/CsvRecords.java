package dev.qanat.records;

import de.siegmar.fastcsv.reader.CsvCallbackHandler;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.RecordType;
import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.FileRules;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a text format. A row that is malformed within its line is a record with a fault, and reading goes on with the next
 * line; a quote that is opened and closed nowhere, or where it cannot have been meant to, fails the file, since nobody can tell which
 * rows it has swallowed.
 */
final class CsvRecords implements RecordSource {
    private static final String[] NO_VALUES = {};

    private final Text text;
    private final Limits limits;
    private final Dialect dialect;
    private final Rows rows;
    private final List<String> fields;
    private final boolean headed;
    private Iterator<RawRecord> records;
    private @Nullable RawRecord first;

    CsvRecords(Text text, FileRules rules, Declared declared, Limits limits) throws IOException {
        this.text = text;
        this.limits = limits;
        text.skipLines(rules.skipLines());
        Header header = new Header(rules.header(), declared);
        String sample = text.peek(Dialect.LOOK);
        dialect = Dialect.of(
                sample, !text.endsWithin(Dialect.LOOK), rules.delimiter().orElse(null), header);
        rows = new Rows(text, text.line(), limits);
        text.keepSince(() -> rows.line);
        records = reader();
        first = next();
        if (first == null) {
            String skipped = rules.skipLines() == 0 ? "" : " after the " + rules.skipLines() + " lines to skip";
            throw new InputFailure(Code.EMPTY_FILE, "the file holds nothing" + skipped);
        }
        List<@Nullable String> row = Arrays.asList(first.values());
        headed = header.isFirst(row);
        if (headed || row.isEmpty() && declared.fields().isEmpty()) {
            if (first.fault() != null) {
                throw new InputFailure(
                        Code.MALFORMED_CSV,
                        "line %d: the first row, which names the fields, cannot be read: %s"
                                .formatted(first.line(), first.fault().reason()));
            }
            fields = Header.unique(row);
            first = null;
        } else {
            fields = header.byPosition(row.size());
        }
        rows.expected = fields.size();
    }

    @Override
    public @Nullable RawRecord read() throws IOException {
        if (first != null) {
            RawRecord record = first;
            first = null;
            return record.fault() == null ? rows.counted(record) : record;
        }
        return next();
    }

    @Override
    public List<String> fields() {
        return fields;
    }

    @Override
    public String description() {
        String delimiter = dialect.delimiter().replace("\t", "\\t").replace("\u001F", "none");
        return "csv, %s, delimiter '%s'%s".formatted(text.encoding().name(), delimiter, headed ? "" : ", no header");
    }

    private Iterator<RawRecord> reader() {
        CsvReader<RawRecord> reader = dialect.strict(limits).build(rows, text);
        return reader.iterator();
    }

    private @Nullable RawRecord next() throws IOException {
        try {
            return records.hasNext() ? records.next() : null;
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } catch (CsvParseException e) {
            if (e.getCause() instanceof Failure failure) {
                throw failure;
            }
            if (e.getCause() instanceof CsvParseException) {
                return malformed(e.getCause());
            }
            throw e;
        }
    }

    private RawRecord malformed(Throwable flaw) throws IOException {
        long line = rows.line;
        String reason = Flaw.shown(String.valueOf(flaw.getMessage()))
                .replace('\0', '\uFFFD')
                .replaceFirst(" \\(0x[0-9a-f]+\\)", "")
                .replaceFirst(" \\(record starting at line \\d+\\)", "");
        if (reason.startsWith("The maximum buffer size")) {
            throw new InputFailure(
                    Code.MALFORMED_CSV,
                    "line %d: a field of the record that begins here is longer than %d characters; is its quote closed?"
                            .formatted(line, limits.fieldCharacters()),
                    flaw);
        }
        String again = text.readAgain(line);
        if (!dialect.isFlawed(again, limits)) {
            String found = reason.startsWith("Unclosed")
                    ? "a quoted field of the record that begins here is never closed"
                    : "a quoted field of the record that begins here goes over several lines and is closed in the middle of one ("
                            + reason + ")";
            throw new InputFailure(
                    Code.MALFORMED_CSV, "line %d: %s; write a quote within a field twice".formatted(line, found), flaw);
        }
        rows.line = line;
        rows.breaks = 1;
        records = reader();
        Fault fault = text.suspect() ? Flaw.of(again, text.encoding()) : null;
        if (fault == null) {
            fault = new Fault(Code.MALFORMED_RECORD, reason + "; a quote within a quoted field is written twice");
        }
        return new RawRecord(line, NO_VALUES, null, Flaw.shown(again), fault);
    }

    /** Makes a record of every row that is not blank, and knows the line on which the current one starts. */
    private static final class Rows extends CsvCallbackHandler<RawRecord> {
        private final Text text;
        private final Limits limits;

        /** Less than 0 until it is known. */
        int expected = -1;

        /** Our own count: FastCSV misses a line where quoted line breaks of several kinds are mixed. */
        long line;

        /** The line breaks of the current record, with the one at its end. */
        int breaks;

        private @Nullable String[] values = new String[8];
        private int count;
        private long characters;

        Rows(Text text, long line, Limits limits) {
            this.text = text;
            this.limits = limits;
            this.line = line;
        }

        @Override
        protected RecordType getRecordType() {
            return RecordType.DATA;
        }

        @Override
        protected int getFieldCount() {
            return count;
        }

        @Override
        protected void beginRecord(long startingLineNumber) {
            line += breaks;
            breaks = 1;
            count = 0;
            characters = 0;
            if (expected >= 0) {
                values = new String[expected];
            }
        }

        @Override
        protected void addField(char[] buffer, int offset, int length, boolean quoted) {
            if (count == values.length) {
                if (count >= limits.fields()) {
                    throw new InputFailure(
                            Code.TOO_MANY_COLUMNS,
                            "line %d: the record has more than %d fields".formatted(line, limits.fields()));
                }
                values = Arrays.copyOf(values, Math.min(limits.fields(), Math.max(8, count * 2)));
            }
            values[count++] = length == 0 ? "" : new String(buffer, offset, length);
            characters += length;
            if (characters > limits.recordCharacters()) {
                throw new InputFailure(
                        Code.MALFORMED_CSV,
                        "line %d: the record that begins here is longer than %d characters"
                                .formatted(line, limits.recordCharacters()));
            }
            if (quoted) {
                countBreaks(buffer, offset, offset + length);
            }
        }

        private void countBreaks(char[] buffer, int from, int to) {
            for (int i = from; i < to; i++) {
                char c = buffer[i];
                if (c == '\n' || c == '\r') {
                    breaks++;
                    if (c == '\r' && i + 1 < to && buffer[i + 1] == '\n') {
                        i++;
                    }
                }
            }
        }

        @Override
        protected void setComment(char[] buffer, int offset, int length) {
            throw new IllegalStateException("comments are not looked for");
        }

        @Override
        protected void setEmpty() {
            // a blank line is no record
        }

        @Override
        protected @Nullable RawRecord buildRecord() {
            if (count == 0) {
                return null;
            }
            @Nullable String[] own = count == values.length ? values : Arrays.copyOf(values, count);
            if (expected < 0) {
                values = new String[8];
            }
            Fault fault = text.suspect() ? flaw(own) : null;
            RawRecord record = new RawRecord(line, own, null, null, fault);
            return fault != null || expected < 0 ? record : counted(record);
        }

        RawRecord counted(RawRecord record) {
            int found = record.values().length;
            return found == expected
                    ? record
                    : new RawRecord(
                            record.line(),
                            record.values(),
                            null,
                            null,
                            new Fault(Code.FIELD_COUNT, "expected %d fields, found %d".formatted(expected, found)));
        }

        private @Nullable Fault flaw(@Nullable String[] own) {
            Fault fault = null;
            for (int i = 0; i < own.length; i++) {
                String value = own[i];
                Fault found = value == null ? null : Flaw.of(value, text.encoding());
                if (value != null && found != null) {
                    own[i] = Flaw.shown(value);
                    fault = fault == null ? found : fault;
                }
            }
            return fault;
        }
    }
}
