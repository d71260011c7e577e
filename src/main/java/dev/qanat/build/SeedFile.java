package dev.qanat.build;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import de.siegmar.fastcsv.writer.CsvWriter;
import de.siegmar.fastcsv.writer.QuoteStrategies;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.transform.Node;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.postgresql.PGConnection;
import org.postgresql.copy.PGCopyOutputStream;

/**
 * A seed's CSV, in UTF-8 with a header. A column is of its declared type or else, as in dbt, of the first that all its values fit of
 * integer, float8, date, timestamp, boolean and text; an empty field and {@code null} are null. Whole numbers that are no integers make
 * their column bigint or numeric, where dbt would fail. For one thread.
 */
final class SeedFile {

    private static final DateTimeFormatter SECONDS = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);

    /** In the order in which they are tried. */
    private enum Kind {
        INTEGER("integer", text -> new BigInteger(text).bitLength() < Integer.SIZE),
        BIGINT("bigint", text -> new BigInteger(text).bitLength() < Long.SIZE),
        NUMERIC("numeric", text -> new BigInteger(text).bitLength() >= 0),
        FLOAT("float8", text -> Double.isFinite(new BigDecimal(text).doubleValue())),
        DATE("date", text -> LocalDate.parse(text).getYear() > 0),
        TIMESTAMP("timestamp without time zone", text -> LocalDateTime.parse(text, SECONDS).getYear() > 0),
        ISO_TIMESTAMP("timestamp without time zone", text -> DateTimeFormatter.ISO_DATE_TIME.parse(text) != null),
        BOOLEAN("boolean", text -> text.equalsIgnoreCase("true") || text.equalsIgnoreCase("false")),
        TEXT("text", text -> true);

        private final String type;
        private final Predicate<String> takes;

        Kind(String type, Predicate<String> takes) {
            this.type = type;
            this.takes = takes;
        }

        private boolean fits(String text) {
            try {
                return takes.test(text);
            } catch (NumberFormatException | DateTimeParseException e) {
                return false;
            }
        }
    }

    private final Path file;
    private final Node seed;

    SeedFile(Path project, Node seed) {
        this.file = project.resolve(seed.file());
        this.seed = seed;
    }

    /** What the table depends on: the file's bytes, how they are read, and which of its columns are personal. */
    String sha256() {
        try (DigestOutputStream out =
                new DigestOutputStream(OutputStream.nullOutputStream(), MessageDigest.getInstance("SHA-256"))) {
            Files.copy(file, out);
            out.write("%s %s %s %s%s"
                    .formatted(
                            new TreeMap<>(seed.config().columnTypes()),
                            seed.config().delimiter(),
                            seed.config().quoteColumns(),
                            seed.relation(),
                            seed.pii().isEmpty() ? "" : " " + seed.pii())
                    .getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(out.getMessageDigest().digest());
        } catch (IOException e) {
            throw unreadable(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-256 is there", e);
        }
    }

    /** The columns with their types, as they stand in a statement. */
    List<String> columns() {
        List<String> header = new ArrayList<>();
        List<Set<Kind>> kinds = new ArrayList<>();
        read(row -> {
            if (header.isEmpty()) {
                header.addAll(row.getFields());
                header.forEach(name -> kinds.add(EnumSet.allOf(Kind.class)));
                return;
            }
            for (int i = 0; i < header.size(); i++) {
                String text = row.getField(i).strip();
                if (!isNull(text)) {
                    kinds.get(i).removeIf(kind -> !kind.fits(text));
                }
            }
        });
        Map<String, String> declared = seed.config().columnTypes();
        return IntStream.range(0, header.size())
                .mapToObj(i -> column(header.get(i)) + " "
                        + declared.getOrDefault(header.get(i), kinds.get(i).iterator().next().type))
                .toList();
    }

    private String column(String name) {
        return Sql.quoted(seed.config().quoteColumns() ? name : name.toLowerCase(Locale.ROOT));
    }

    private static boolean isNull(String text) {
        return text.isEmpty() || text.equalsIgnoreCase("null");
    }

    /**
     * Copies the rows into a table of the {@link #columns()}.
     *
     * @return how many there are
     */
    long copy(Connection connection, String table) throws SQLException {
        long[] rows = {-1};
        try (PGCopyOutputStream out = new PGCopyOutputStream(
                        connection.unwrap(PGConnection.class), "COPY " + table + " FROM STDIN (FORMAT csv)");
                CsvWriter csv = CsvWriter.builder()
                        .quoteStrategy(QuoteStrategies.NON_EMPTY)
                        .build(new OutputStreamWriter(out, StandardCharsets.UTF_8))) {
            read(row -> {
                if (++rows[0] > 0) {
                    csv.writeRecord(row.getFields().stream().map(field -> isNull(field.strip()) ? "" : field).toList());
                }
            });
        } catch (IOException e) {
            if (e.getCause() instanceof SQLException refused) {
                throw refused;
            }
            throw unreadable(e);
        }
        return rows[0];
    }

    /** @param taker is given the header, then the rows, each with as many fields */
    private void read(Consumer<CsvRecord> taker) {
        try (BufferedReader text = open();
                CsvReader<CsvRecord> csv = CsvReader.builder()
                        .fieldSeparator(seed.config().delimiter())
                        .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
                        .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
                        .ofCsvRecord(text);
                Stream<CsvRecord> rows = csv.stream()) {
            Iterator<CsvRecord> each = rows.iterator();
            if (!each.hasNext()) {
                throw new InputFailure(Code.EMPTY_FILE, seed.file() + ":1 a seed has a header");
            }
            CsvRecord header = each.next();
            taker.accept(header);
            while (each.hasNext()) {
                CsvRecord row = each.next();
                if (row.getFieldCount() != header.getFieldCount()) {
                    throw new InputFailure(Code.MALFORMED_CSV, "%s:%d has %d fields, the header has %d"
                            .formatted(seed.file(), row.getStartingLineNumber(), row.getFieldCount(), header.getFieldCount()));
                }
                taker.accept(row);
            }
        } catch (IOException e) {
            throw unreadable(e);
        } catch (UncheckedIOException e) {
            throw unreadable(e.getCause());
        } catch (CsvParseException e) {
            throw new InputFailure(Code.MALFORMED_CSV, seed.file() + ": " + e.getMessage(), e);
        }
    }

    /** Behind a byte order mark. */
    private BufferedReader open() throws IOException {
        BufferedReader text = Files.newBufferedReader(file, StandardCharsets.UTF_8);
        text.mark(1);
        if (text.read() != '\uFEFF') {
            text.reset();
        }
        return text;
    }

    private InputFailure unreadable(IOException e) {
        if (e instanceof CharacterCodingException) {
            return new InputFailure(Code.INVALID_ENCODING, seed.file() + ": a seed is UTF-8, and this is not", e);
        }
        return new InputFailure(Code.FILE_UNREADABLE, seed.file() + ": " + e.getMessage(), e);
    }
}
