package dev.qanat.records;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * The content of a gzip file of one or more members, read to the end of its bytes. Whatever is cut off or damaged is an
 * {@link InputFailure} with {@link Code#CORRUPT_GZIP}.
 *
 * <p>{@link java.util.zip.GZIPInputStream} would not do: it takes a damaged header of a further member, and a moment in which
 * the bytes below are not yet available, for the end of the file, and what follows would be lost in silence.
 */
final class Gunzip extends PackedStream {
    private static final int HEADER_CRC = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;
    private static final int RESERVED = 0xE0;

    private int members;
    private boolean inMember;
    private boolean ended;

    Gunzip(InputStream in, Unpacking unpacking) {
        super(in, unpacking);
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (!ended) {
            if (!inMember && !beginMember()) {
                ended = true;
                inflater.end();
                break;
            }
            int count = inflate(target, offset, length);
            if (count > 0) {
                crc.update(target, offset, count);
                unpacking.gave(count);
                return count;
            }
            if (inflater.finished()) {
                endMember();
            }
        }
        return -1;
    }

    private boolean beginMember() throws IOException {
        int first = next();
        if (members > 0) {
            // Tapes and some writers pad a file with zeros up to a block's end.
            while (first == 0) {
                first = next();
            }
            if (first < 0) {
                return false;
            }
        }
        if (first != 0x1F || required() != 0x8B) {
            throw corrupt("something else follows its end", null);
        }
        if (required() != 8) {
            throw corrupt("its method of compression is unknown", null);
        }
        int flags = required();
        if ((flags & RESERVED) != 0) {
            throw corrupt("its header has unknown flags", null);
        }
        skip(6);
        if ((flags & EXTRA) != 0) {
            skip(int2());
        }
        if ((flags & NAME) != 0) {
            skipText();
        }
        if ((flags & COMMENT) != 0) {
            skipText();
        }
        if ((flags & HEADER_CRC) != 0) {
            skip(2);
        }
        members++;
        inMember = true;
        crc.reset();
        beginInflating();
        return true;
    }

    private void endMember() throws IOException {
        long length = inflater.getBytesWritten() & 0xFFFF_FFFFL;
        if (unsigned4() != crc.getValue()) {
            throw corrupt("its checksum does not match", null);
        }
        if (unsigned4() != length) {
            throw corrupt("its length does not match", null);
        }
        inMember = false;
    }

    private void skipText() throws IOException {
        while (required() != 0) {
            // a name or a comment, up to its NUL
        }
    }

    @Override
    InputFailure corrupt(String reason, @Nullable Throwable cause) {
        inflater.end();
        ended = true;
        return new InputFailure(Code.CORRUPT_GZIP, "the gzip file cannot be unpacked: " + reason, cause);
    }
}
