package dev.qanat.records;

import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * What unpackers have in common: the packed bytes, read through a buffer that the inflater is fed from and that goes on where it
 * ends. Numbers are little-endian. What is cut off or damaged is an {@link InputFailure} of the unpacker's own kind.
 */
abstract class PackedStream extends InputStream {
    final Unpacking unpacking;
    final Inflater inflater = new Inflater(true);
    final CRC32 crc = new CRC32();
    final byte[] buffer = new byte[1 << 16];
    int from;
    int to;

    private final InputStream in;

    PackedStream(InputStream in, Unpacking unpacking) {
        this.in = in;
        this.unpacking = unpacking;
    }

    /** The failure to throw; nothing can be read after it. */
    abstract InputFailure corrupt(String reason, @Nullable Throwable cause);

    final InputFailure cutOff() {
        return corrupt("it ends too early; was its copy interrupted?", null);
    }

    @Override
    public final int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    /** Begins with deflated data at this place. */
    final void beginInflating() {
        inflater.reset();
        feed();
    }

    /** Unpacks some bytes; 0 when it needs another call, or has finished. */
    final int inflate(byte[] target, int offset, int length) throws IOException {
        try {
            int count = inflater.inflate(target, offset, length);
            if (count > 0) {
                return count;
            }
        } catch (DataFormatException e) {
            throw corrupt(e.getMessage() == null ? "its data are damaged" : e.getMessage(), e);
        }
        if (inflater.finished()) {
            from = to - inflater.getRemaining();
        } else if (inflater.needsDictionary()) {
            throw corrupt("it asks for a dictionary", null);
        } else if (fill()) {
            feed();
        } else {
            throw cutOff();
        }
        return 0;
    }

    private void feed() {
        if (from < to) {
            inflater.setInput(buffer, from, to - from);
            from = to;
        }
    }

    final void skip(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            required();
        }
    }

    final byte[] bytes(int count) throws IOException {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) required();
        }
        return bytes;
    }

    final int int2() throws IOException {
        return required() | required() << 8;
    }

    final int int4() throws IOException {
        return int2() | int2() << 16;
    }

    final long unsigned4() throws IOException {
        return int4() & 0xFFFFFFFFL;
    }

    final long long8() throws IOException {
        return unsigned4() | unsigned4() << 32;
    }

    final int required() throws IOException {
        int value = next();
        if (value < 0) {
            throw cutOff();
        }
        return value;
    }

    /** The next packed byte; -1 at the end. */
    final int next() throws IOException {
        return from < to || fill() ? buffer[from++] & 0xFF : -1;
    }

    final boolean fill() throws IOException {
        from = 0;
        to = Math.max(0, in.read(buffer));
        unpacking.took(to);
        return to > 0;
    }
}
