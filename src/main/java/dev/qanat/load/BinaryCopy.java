package dev.qanat.load;

import dev.qanat.pipeline.ColumnType.Kind;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.postgresql.copy.CopyIn;

/**
 * Writes rows in the binary format of PostgreSQL's COPY, which spares the server the reading of numbers and times from text. Values
 * come in the canonical text of their type, as the check writes it. The buffer is of fixed size, so that a chunk is never held
 * twice. For one thread.
 *
 * <p>The formats of the types are those of their {@code _recv} functions in PostgreSQL's source (src/backend/utils/adt).
 */
final class BinaryCopy {

    private static final byte[] SIGNATURE = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', (byte) 0xFF, '\r', '\n', 0};
    private static final int SIZE = 64 * 1024;
    /** The most bytes that one char takes in UTF-8. */
    private static final int CHAR_BYTES = 3;
    private static final int NULL = -1;
    private static final short END = -1;
    private static final long EPOCH_DAY = LocalDate.of(2000, 1, 1).toEpochDay();
    private static final long DAY_MICROS = 86_400_000_000L;
    /** Where the time begins in {@code yyyy-MM-ddTHH:mm:ss}. */
    private static final int TIME = 11;
    private static final int DECIMALS_OF_A_DIGIT = 4;
    private static final int NEGATIVE = 0x4000;
    private static final byte JSONB_VERSION = 1;

    private final CopyIn copy;
    private final byte[] buffer = new byte[SIZE];
    private int length;

    BinaryCopy(CopyIn copy) throws SQLException {
        this.copy = copy;
        raw(SIGNATURE);
        int4(0);    // flags
        int4(0);    // the length of an extension of the header
    }

    /** Begins a row of as many fields. */
    void row(int fields) throws SQLException {
        int2(fields);
    }

    void bigint(long value) throws SQLException {
        int4(Long.BYTES);
        int8(value);
    }

    void bytea(byte[] value) throws SQLException {
        int4(value.length);
        raw(value);
    }

    /** A text; it must hold neither NUL nor unpaired surrogates. */
    void text(@Nullable String value) throws SQLException {
        if (value == null) {
            int4(NULL);
        } else {
            text(value, 0);
        }
    }

    /** A value of any type in its canonical text. */
    void value(Kind kind, @Nullable String value) throws SQLException {
        if (value == null) {
            int4(NULL);
            return;
        }
        switch (kind) {
            case TEXT, JSON -> text(value, 0);
            case JSONB -> text(value, 1);
            case INTEGER -> {
                int4(Integer.BYTES);
                int4(Integer.parseInt(value));
            }
            case BIGINT -> bigint(Long.parseLong(value));
            case NUMERIC -> numeric(value);
            case DOUBLE -> bigint(Double.doubleToLongBits(Double.parseDouble(value)));
            case BOOLEAN -> {
                int4(1);
                room(1);
                buffer[length++] = (byte) (value.equals("true") ? 1 : 0);
            }
            case DATE -> {
                int4(Integer.BYTES);
                int4((int) days(value));
            }
            case TIME -> bigint(micros(value, 0, value.length()));
            case TIMESTAMP -> bigint(days(value) * DAY_MICROS + micros(value, TIME, value.length()));
            case TIMESTAMPTZ -> bigint(days(value) * DAY_MICROS + micros(value, TIME, value.length() - 1));
            case UUID -> {
                UUID uuid = UUID.fromString(value);
                int4(2 * Long.BYTES);
                int8(uuid.getMostSignificantBits());
                int8(uuid.getLeastSignificantBits());
            }
        }
    }

    /** Ends the copy. */
    void end() throws SQLException {
        int2(END);
        flush();
        copy.endCopy();
    }

    /** @param version 1 when the text is preceded by a version, as jsonb is; else 0 */
    private void text(String value, int version) throws SQLException {
        int most = CHAR_BYTES * value.length();
        if (most > SIZE - Integer.BYTES - 1) {
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            int4(version + bytes.length);
            if (version > 0) {
                raw(new byte[] {JSONB_VERSION});
            }
            raw(bytes);
            return;
        }
        room(Integer.BYTES + 1 + most);
        int at = length;
        length += Integer.BYTES;
        if (version > 0) {
            buffer[length++] = JSONB_VERSION;
        }
        utf8(value);
        int end = length;
        length = at;
        int4(end - at - Integer.BYTES);
        length = end;
    }

    private void utf8(String value) {
        byte[] to = buffer;
        int at = length;
        int end = value.length();
        for (int i = 0; i < end; i++) {
            char c = value.charAt(i);
            if (c < 0x80) {
                to[at++] = (byte) c;
            } else if (c < 0x800) {
                to[at++] = (byte) (0xC0 | c >> 6);
                to[at++] = (byte) (0x80 | c & 0x3F);
            } else if (!Character.isSurrogate(c)) {
                to[at++] = (byte) (0xE0 | c >> 12);
                to[at++] = (byte) (0x80 | c >> 6 & 0x3F);
                to[at++] = (byte) (0x80 | c & 0x3F);
            } else {
                int point = Character.toCodePoint(c, value.charAt(++i));
                to[at++] = (byte) (0xF0 | point >> 18);
                to[at++] = (byte) (0x80 | point >> 12 & 0x3F);
                to[at++] = (byte) (0x80 | point >> 6 & 0x3F);
                to[at++] = (byte) (0x80 | point & 0x3F);
            }
        }
        length = at;
    }

    /** Digits to the base 10,000, the weight of the first, the sign, and how many decimals are shown. */
    private void numeric(String value) throws SQLException {
        int start = value.charAt(0) == '-' ? 1 : 0;
        int point = value.indexOf('.');
        int whole = (point < 0 ? value.length() : point) - start;
        int decimals = point < 0 ? 0 : value.length() - point - 1;
        int before = (whole + DECIMALS_OF_A_DIGIT - 1) / DECIMALS_OF_A_DIGIT;
        int after = (decimals + DECIMALS_OF_A_DIGIT - 1) / DECIMALS_OF_A_DIGIT;
        int bytes = (4 + before + after) * Short.BYTES;
        room(Integer.BYTES + bytes);
        int4(bytes);
        int2(before + after);
        int2(before - 1);
        int2(start == 1 ? NEGATIVE : 0);
        int2(decimals);
        int at = start;
        for (int i = 0, next = start + whole - (before - 1) * DECIMALS_OF_A_DIGIT; i < before; i++, next += DECIMALS_OF_A_DIGIT) {
            int digit = 0;
            for (; at < next; at++) {
                digit = 10 * digit + value.charAt(at) - '0';
            }
            int2(digit);
        }
        at = point + 1;
        for (int i = 0; i < after; i++) {
            int digit = 0;
            for (int k = 0; k < DECIMALS_OF_A_DIGIT; k++, at++) {
                digit = 10 * digit + (at < value.length() ? value.charAt(at) - '0' : 0);
            }
            int2(digit);
        }
    }

    /** The days from 2000-01-01 to the date at the start of the text. */
    private static long days(String value) {
        return LocalDate.of(number(value, 0, 4), number(value, 5, 7), number(value, 8, 10)).toEpochDay() - EPOCH_DAY;
    }

    /** The microseconds of {@code HH:mm:ss[.fraction]}. */
    private static long micros(String value, int from, int to) {
        int seconds = (number(value, from, from + 2) * 60 + number(value, from + 3, from + 5)) * 60
                + number(value, from + 6, from + 8);
        int micros = 0;
        for (int i = from + 9, unit = 100_000; i < to; i++, unit /= 10) {
            micros += (value.charAt(i) - '0') * unit;
        }
        return seconds * 1_000_000L + micros;
    }

    private static int number(String value, int from, int to) {
        int number = 0;
        for (int i = from; i < to; i++) {
            number = 10 * number + value.charAt(i) - '0';
        }
        return number;
    }

    private void int2(int value) throws SQLException {
        room(Short.BYTES);
        buffer[length++] = (byte) (value >> 8);
        buffer[length++] = (byte) value;
    }

    private void int4(int value) throws SQLException {
        room(Integer.BYTES);
        for (int shift = 24; shift >= 0; shift -= 8) {
            buffer[length++] = (byte) (value >> shift);
        }
    }

    private void int8(long value) throws SQLException {
        int4((int) (value >> 32));
        int4((int) value);
    }

    private void raw(byte[] bytes) throws SQLException {
        if (bytes.length > SIZE - length) {
            flush();
        }
        if (bytes.length > SIZE) {
            copy.writeToCopy(bytes, 0, bytes.length);
        } else {
            System.arraycopy(bytes, 0, buffer, length, bytes.length);
            length += bytes.length;
        }
    }

    private void room(int bytes) throws SQLException {
        if (bytes > SIZE - length) {
            flush();
        }
    }

    private void flush() throws SQLException {
        if (length > 0) {
            copy.writeToCopy(buffer, 0, length);
            length = 0;
        }
    }
}
