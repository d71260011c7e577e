package dev.qanat.serve;

import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.QuoteStrategies;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.serve.ServedColumn.Kind;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Rows as they come from the database, to be written once. The database driver holds some of them, by their size; their number costs no
 * memory. For one thread.
 */
public final class Rows implements AutoCloseable {

    /** Values that may be anything, formulas as well. */
    private static final Set<Kind> FREE = EnumSet.of(Kind.TEXT, Kind.JSON, Kind.STRUCTURE, Kind.OTHER);

    private final Query query;
    private final Connection connection;
    private final ResultSet rows;
    private final Optional<String> version;
    private final Optional<Long> total;
    private final IntConsumer widest;
    private final Place place;

    /**
     * @param widest is told how many characters the widest row of a page has
     * @param place is left when its connection is given back
     */
    Rows(
            Query query,
            Connection connection,
            ResultSet rows,
            Optional<String> version,
            Optional<Long> total,
            IntConsumer widest,
            Place place) {
        this.query = query;
        this.connection = connection;
        this.rows = rows;
        this.version = version;
        this.total = total;
        this.widest = widest;
        this.place = place;
    }

    /**
     * What tells these rows from those that the same request had before something was written, or would have after; the rows may be newer
     * than that. Empty where nobody can tell.
     */
    public Optional<String> version() {
        return version;
    }

    /** How many rows there are in all, where that was asked for. */
    public Optional<Long> total() {
        return total;
    }

    /**
     * Whether a client that reads slowly may keep a connection that long: as many as downloads may. To be asked by the thread that writes.
     */
    public boolean mayLast() {
        return place.mayLast();
    }

    /**
     * Writes all of it, in UTF-8, and leaves the stream open.
     *
     * @throws IOException as the stream throws it
     * @throws SQLException when the database fails meanwhile: what was written is not whole, nor is it in the next case
     * @throws InputFailure when there are more rows than an answer may have
     */
    public void writeTo(OutputStream out) throws IOException, SQLException {
        try {
            Writer writer = new OutputStreamWriter(out, StandardCharsets.UTF_8);
            switch (query.format()) {
                case JSON -> writeJson(writer);
                case NDJSON -> writeNdjson(writer);
                case CSV -> writeCsv(writer);
            }
            writer.flush();
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void writeJson(Writer writer) throws IOException, SQLException {
        int page = query.page().orElseThrow();
        int count = 0;
        int width = 0;
        boolean more = false;
        List<@Nullable String> last = List.of();
        writer.write("{\"items\":[");
        while (!more && rows.next()) {
            if (count == page && !query.ties()) {
                more = true;
            } else {
                String row = rows.getString(1);
                writer.write(count == 0 ? "" : ",");
                writer.write(row);
                width = Math.max(width, row.length());
                count++;
                last = count >= page ? keys() : last;
            }
        }
        more |= query.ties() && count >= page;
        if (count > 0) {
            widest.accept(width);
        }
        writer.write("],\"next\":");
        writer.write(more && query.keys() > 0 ? '"' + PageCursor.write(query.template().orderText(), last) + '"' : "null");
        if (total.isPresent()) {
            writer.write(",\"total\":" + total.get());
        }
        if (query.number() > 0) {
            writer.write(",\"page\":" + query.number() + ",\"page_size\":" + page);
        }
        writer.write('}');
    }

    private List<@Nullable String> keys() throws SQLException {
        List<@Nullable String> keys = new ArrayList<>();
        for (int i = 0; i < query.keys(); i++) {
            keys.add(rows.getString(i + 2));
        }
        return keys;
    }

    private void writeNdjson(Writer writer) throws IOException, SQLException {
        for (int count = 0; next(count); count++) {
            // Columns of type json keep their line breaks, which outside of texts are blanks.
            writer.write(rows.getString(1).replace('\n', ' ').replace('\r', ' '));
            writer.write('\n');
        }
    }

    private void writeCsv(Writer writer) throws IOException, SQLException {
        // Null is an empty cell, an empty text one in quotes, as PostgreSQL has them.
        CsvWriter csv = CsvWriter.builder().quoteStrategy(QuoteStrategies.EMPTY).build(writer);
        List<ServedColumn> columns = query.template().columns();
        String[] header = columns.stream().map(column -> SpreadsheetText.safe(column.name())).toArray(String[]::new);
        boolean[] free = new boolean[header.length];
        for (int i = 0; i < free.length; i++) {
            free[i] = FREE.contains(columns.get(i).kind());
        }
        csv.writeRecord(header);
        @Nullable String[] cells = new @Nullable String[header.length];
        for (int count = 0; next(count); count++) {
            for (int i = 0; i < cells.length; i++) {
                String cell = rows.getString(i + 1);
                cells[i] = cell != null && free[i] ? SpreadsheetText.safe(cell) : cell;
            }
            csv.writeRecord(cells);
        }
        csv.flush();
    }

    private boolean next(int count) throws SQLException {
        if (!rows.next()) {
            return false;
        }
        if (count == query.most()) {
            throw new InputFailure(
                    Code.INVALID_REQUEST,
                    "there are more rows than the " + query.most() + " that an answer may have; filter, or read pages in JSON");
        }
        return true;
    }

    /** Ends what is at work, and gives the connection back. */
    @Override
    public void close() throws SQLException {
        try {
            release(connection);
        } finally {
            place.leave();
        }
    }

    static void release(Connection connection) throws SQLException {
        try (connection) {
            if (!connection.getAutoCommit()) {
                connection.rollback();
                connection.setAutoCommit(true);
            }
        }
    }
}
