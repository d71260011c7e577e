package dev.qanat.records;

import de.siegmar.fastcsv.reader.CsvCallbackHandler;
import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import de.siegmar.fastcsv.reader.RecordType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What separates the fields of a text format.
 *
 * @param delimiter one or more characters
 * @param spacedQuotes whether spaces stand between delimiters and quotes, so that they belong to neither
 */
record Dialect(String delimiter, boolean spacedQuotes) {
    /** As many characters are looked at. */
    static final int LOOK = 64 * 1024;

    private static final int RECORDS = 200;

    /** Where two fit equally well, the one that is rarer within values comes first. */
    private static final List<String> CANDIDATES = List.of("\t", ";", "|", ",", ":");

    /**
     * The dialect of a text that begins like this. Of the candidates that split its first record, the one under which most
     * records have as many fields as the first; where a contract is declared, one that shows a declared name or the declared
     * number of fields goes before. A text that none of them splits has one column.
     *
     * @param cut whether the text goes on, so that its last record may be incomplete
     */
    static Dialect of(String sample, boolean cut, @Nullable String told, Header header) {
        if (told != null) {
            return new Dialect(told, rows(sample, told).spacedQuotes());
        }
        Dialect best = null;
        double bestScore = 0;
        for (String candidate : CANDIDATES) {
            Rows rows = rows(sample, candidate);
            if (cut && rows.counts.size() > 1) {
                rows.counts.remove(rows.counts.size() - 1);
            }
            double score = score(rows, header);
            if (score > bestScore) {
                best = new Dialect(candidate, rows.spacedQuotes());
                bestScore = score;
            }
        }
        return best == null ? new Dialect(unused(sample), false) : best;
    }

    /** The settings with which records are read: what they do not allow is an exception. */
    CsvReader.CsvReaderBuilder strict(Limits limits) {
        return reader(delimiter)
                .trimWhitespacesAroundQuotes(spacedQuotes)
                .allowUnclosedQuote(false)
                .maxBufferSize(limits.fieldCharacters());
    }

    /** Whether a line has a flaw of its own, such as characters after a closing quote, even if its last quote closes further on. */
    boolean isFlawed(String line, Limits limits) {
        try {
            strict(limits).allowUnclosedQuote(true).build(new Rows(), line).iterator().hasNext();
            return false;
        } catch (CsvParseException e) {
            return true;
        }
    }

    private static CsvReader.CsvReaderBuilder reader(String delimiter) {
        return CsvReader.builder()
                .fieldSeparator(delimiter)
                .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
                .missingFieldStrategy(FieldMismatchStrategy.IGNORE);
    }

    private static double score(Rows rows, Header header) {
        if (rows.counts.isEmpty() || rows.counts.get(0) < 2) {
            return 0;
        }
        int first = rows.counts.get(0);
        int alike = 0;
        for (int count : rows.counts) {
            alike += count == first ? 1 : 0;
        }
        double consistency = (double) alike / rows.counts.size();
        boolean expected = header.isHeader(rows.first) || first == header.declaredCount();
        return consistency + (expected ? 1 : 0);
    }

    /** Splitting a single column by a character that occurs in its values would tear them. */
    private static String unused(String sample) {
        for (String candidate : List.of(",", "\t", ";", "|")) {
            if (!sample.contains(candidate)) {
                return candidate;
            }
        }
        return "\u001F";
    }

    private static Rows rows(String sample, String delimiter) {
        Rows rows = new Rows();
        var records = reader(delimiter)
                .allowExtraCharsAfterClosingQuote(delimiter.length() == 1)
                .allowUnclosedQuote(true)
                .build(rows, sample)
                .iterator();
        try {
            while (rows.counts.size() < RECORDS && records.hasNext()) {
                records.next();
            }
        } catch (CsvParseException e) {
            // what was counted so far is all there is to go by
        }
        return rows;
    }

    /** Counts fields, and keeps the first record. */
    private static final class Rows extends CsvCallbackHandler<Integer> {
        final List<Integer> counts = new ArrayList<>();
        final List<String> first = new ArrayList<>();
        private boolean spacedQuotes;
        private boolean quotesWithin;
        private int count;

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
            count = 0;
        }

        @Override
        protected void addField(char[] buffer, int offset, int length, boolean quoted) {
            count++;
            if (counts.isEmpty() && first.size() < Limits.DEFAULT.fields()) {
                first.add(new String(buffer, offset, length));
            }
            if (!quoted && length > 1 && buffer[offset] == ' ') {
                noteQuotesIn(new String(buffer, offset, length).strip());
            }
        }

        /** {@code "Ulm"} was meant to be quoted, {@code "Ulm" or so} was not; {@code "Ulm} may have been torn by its delimiter. */
        private void noteQuotesIn(String field) {
            if (field.startsWith("\"") && field.length() > 1) {
                int second = field.indexOf('"', 1);
                quotesWithin |= second > 0 && second < field.length() - 1 && field.charAt(second + 1) != '"';
                spacedQuotes |= field.endsWith("\"");
            }
        }

        boolean spacedQuotes() {
            return spacedQuotes && !quotesWithin;
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
        protected @Nullable Integer buildRecord() {
            if (count == 0) {
                return null;
            }
            counts.add(count);
            return count;
        }
    }
}
