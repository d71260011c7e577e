package dev.qanat.load;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.copy.CopyIn;

/**
 * Writes rows in the text format of PostgreSQL's COPY through a buffer of fixed size, so that a chunk is never held twice. For one
 * thread.
 */
final class CopyStream {

    private static final byte[] HEX = "0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    private static final int SIZE = 64 * 1024;
    /** The most bytes that one character, escaped or encoded, takes. */
    private static final int CHARACTER = 4;

    private final CopyIn copy;
    private final byte[] buffer = new byte[SIZE];
    private int length;
    private boolean rowBegun;

    CopyStream(CopyIn copy) {
        this.copy = copy;
    }

    void field(long value) throws SQLException {
        field(Long.toString(value));
    }

    /** A value as bytea. */
    void field(byte[] value) throws SQLException {
        separate();
        require(3 + 2 * value.length);
        buffer[length++] = '\\';
        buffer[length++] = '\\';
        buffer[length++] = 'x';
        for (byte b : value) {
            buffer[length++] = HEX[(b >> 4) & 0xF];
            buffer[length++] = HEX[b & 0xF];
        }
    }

    /** A value as text; it must hold neither NUL nor unpaired surrogates. */
    void field(@Nullable String value) throws SQLException {
        separate();
        if (value == null) {
            require(2);
            buffer[length++] = '\\';
            buffer[length++] = 'N';
            return;
        }
        int end = value.length();
        for (int i = 0; i < end; i++) {
            if (length > SIZE - CHARACTER) {
                flush();
            }
            char c = value.charAt(i);
            if (c < 0x80) {
                switch (c) {
                    case '\\' -> escaped('\\');
                    case '\n' -> escaped('n');
                    case '\r' -> escaped('r');
                    case '\t' -> escaped('t');
                    default -> buffer[length++] = (byte) c;
                }
            } else if (c < 0x800) {
                buffer[length++] = (byte) (0xC0 | c >> 6);
                buffer[length++] = (byte) (0x80 | c & 0x3F);
            } else if (!Character.isSurrogate(c)) {
                buffer[length++] = (byte) (0xE0 | c >> 12);
                buffer[length++] = (byte) (0x80 | c >> 6 & 0x3F);
                buffer[length++] = (byte) (0x80 | c & 0x3F);
            } else {
                int point = Character.toCodePoint(c, value.charAt(++i));
                buffer[length++] = (byte) (0xF0 | point >> 18);
                buffer[length++] = (byte) (0x80 | point >> 12 & 0x3F);
                buffer[length++] = (byte) (0x80 | point >> 6 & 0x3F);
                buffer[length++] = (byte) (0x80 | point & 0x3F);
            }
        }
    }

    void endRow() throws SQLException {
        require(1);
        buffer[length++] = '\n';
        rowBegun = false;
    }

    /** Ends the copy. */
    long end() throws SQLException {
        flush();
        return copy.endCopy();
    }

    private void separate() throws SQLException {
        if (rowBegun) {
            require(1);
            buffer[length++] = '\t';
        }
        rowBegun = true;
    }

    private void escaped(char letter) {
        buffer[length++] = '\\';
        buffer[length++] = (byte) letter;
    }

    private void require(int bytes) throws SQLException {
        if (length + bytes > SIZE) {
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
