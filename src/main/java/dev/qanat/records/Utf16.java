package dev.qanat.records;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;

/**
 * UTF-16, with {@link Encoding#INVALID} for half a character. Java's own decoder takes the character after it away as well, which
 * may be a line break, and two records would become one.
 */
final class Utf16 extends Reader {
    private final InputStream in;
    private final boolean bigEndian;
    private final byte[] bytes = new byte[1 << 14];
    private int from;
    private int to;
    private char held;
    private int again = -1;

    /** @param bigEndian whether the higher byte comes first */
    Utf16(InputStream in, boolean bigEndian) {
        this.in = in;
        this.bigEndian = bigEndian;
    }

    @Override
    public int read(char[] target, int offset, int length) throws IOException {
        int count = 0;
        // Half a character at the end of what has been asked for waits for its other half; one is read in any case.
        while (count < length && (to - from >= 2 || count == 0)) {
            if (held != 0) {
                target[offset + count++] = held;
                held = 0;
                continue;
            }
            int c = next();
            if (c < 0) {
                break;
            }
            if (Character.isHighSurrogate((char) c)) {
                int low = next();
                if (low >= 0 && Character.isLowSurrogate((char) low)) {
                    held = (char) low;
                } else {
                    c = Encoding.INVALID;
                    // may be the first half of the next character: looked at again
                    again = low;
                }
            } else if (Character.isLowSurrogate((char) c)) {
                c = Encoding.INVALID;
            }
            target[offset + count++] = (char) c;
        }
        return count == 0 && length > 0 ? -1 : count;
    }

    private int next() throws IOException {
        if (again >= 0) {
            int c = again;
            again = -1;
            return c;
        }
        while (to - from < 2) {
            System.arraycopy(bytes, from, bytes, 0, to - from);
            to -= from;
            from = 0;
            int count = in.read(bytes, to, bytes.length - to);
            if (count < 0) {
                boolean cut = to > 0;
                to = 0;
                return cut ? Encoding.INVALID : -1;
            }
            to += count;
        }
        int first = bytes[from] & 0xFF;
        int second = bytes[from + 1] & 0xFF;
        from += 2;
        return bigEndian ? first << 8 | second : second << 8 | first;
    }

    @Override
    public void close() {
        // whoever opened the bytes closes them
    }
}
