package dev.qanat.records;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a zip archive, one after the other, each as a stream of its content. What is cut off, damaged, encrypted or packed
 * in an unknown way is an {@link InputFailure} with {@link Code#CORRUPT_ZIP}.
 *
 * <p>{@link java.util.zip.ZipInputStream} would not do: it takes an archive that is cut off between two entries for a whole one. Here
 * the directory at the archive's end must list what was read, the archive must end with it, and memory does not grow with it.
 */
final class Unzip extends PackedStream {
    private static final int ENTRY = 0x04034B50;
    private static final int DESCRIPTOR = 0x08074B50;
    private static final int LISTED = 0x02014B50;
    private static final int END_64 = 0x06064B50;
    private static final int LOCATOR_64 = 0x07064B50;
    private static final int END = 0x06054B50;

    private static final int ENCRYPTED = 0x2041;
    private static final int DESCRIBED = 8;
    private static final int UTF_8 = 0x800;
    private static final int STORED = 0;
    private static final int DEFLATED = 8;
    private static final long IN_EXTRA = 0xFFFFFFFFL;

    /** A name that is longer is cut: it stands in every row of its entry. */
    private static final int NAME_CHARACTERS = 255;

    private boolean inEntry;
    private boolean deflated;
    private boolean described;
    private boolean wide;
    private long expectedCrc;
    private long expectedSize;
    private long packedSize;
    private long size;
    private long packedLeft;

    private long entries;

    /** Checksums and names, summed up: what the directory lists must come to the same. */
    private long sum;

    private long listed;
    private long listedSum;

    Unzip(InputStream in, Unpacking unpacking) {
        super(in, unpacking);
    }

    /** Whether these are the first bytes of an archive. */
    static boolean begins(byte[] head) {
        return head.length >= 4 && head[0] == 'P' && head[1] == 'K' && (head[2] == 3 && head[3] == 4 || head[2] == 5 && head[3] == 6);
    }

    /** Goes to the next entry and gives its name, with its folders; null when there is none and the archive is whole. */
    @Nullable String nextEntry() throws IOException {
        byte[] rest = inEntry ? new byte[1 << 14] : new byte[0];
        while (inEntry) {
            if (read(rest, 0, rest.length) < 0) {
                break;
            }
        }
        int signature = int4();
        if (signature == ENTRY) {
            return beginEntry();
        }
        readDirectory(signature);
        inflater.end();
        return null;
    }

    private String beginEntry() throws IOException {
        skip(2);
        int flags = int2();
        int method = int2();
        skip(4);
        expectedCrc = unsigned4();
        packedSize = unsigned4();
        expectedSize = unsigned4();
        int nameLength = int2();
        int extra = int2();
        byte[] rawName = bytes(nameLength);
        wide = false;
        readExtra(extra);
        String name = name(rawName, (flags & UTF_8) != 0);
        if ((flags & ENCRYPTED) != 0) {
            throw corrupt("'" + name + "' is encrypted; pack it without a password", null);
        }
        if (method != STORED && method != DEFLATED) {
            throw corrupt("'" + name + "' is packed by the method " + method + "; only deflate is known", null);
        }
        deflated = method == DEFLATED;
        described = (flags & DESCRIBED) != 0;
        if (described && !deflated && packedSize == 0 && !name.endsWith("/")) {
            throw corrupt("'" + name + "' is stored without saying how long it is; pack it again", null);
        }
        packedLeft = packedSize;
        size = 0;
        crc.reset();
        if (deflated) {
            beginInflating();
        }
        inEntry = true;
        entries++;
        sum += Arrays.hashCode(rawName);
        return name;
    }

    /** Sizes that need more than 32 bits stand in a field of the extra data. */
    private void readExtra(int length) throws IOException {
        int left = length;
        while (left >= 4) {
            int id = int2();
            int bytes = int2();
            left -= 4;
            if (bytes > left) {
                throw corrupt("the header of an entry is damaged", null);
            }
            left -= bytes;
            if (id == 1) {
                wide = true;
                if (expectedSize == IN_EXTRA && bytes >= 8) {
                    expectedSize = long8();
                    bytes -= 8;
                }
                if (packedSize == IN_EXTRA && bytes >= 8) {
                    packedSize = long8();
                    bytes -= 8;
                }
            }
            skip(bytes);
        }
        skip(left);
    }

    private static String name(byte[] raw, boolean utf8) {
        String name;
        try {
            name = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw)).toString();
        } catch (CharacterCodingException e) {
            name = new String(raw, utf8 || !Charset.isSupported("IBM437") ? StandardCharsets.UTF_8 : Charset.forName("IBM437"));
        }
        name = name.replace('\0', '\uFFFD');
        return name.codePointCount(0, name.length()) > NAME_CHARACTERS
                ? name.substring(0, name.offsetByCodePoints(0, NAME_CHARACTERS - 1)) + "…"
                : name;
    }

    /** Reads from the present entry, and gives -1 at its end. */
    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (inEntry) {
            int count = deflated ? inflated(target, offset, length) : stored(target, offset, length);
            if (count > 0) {
                crc.update(target, offset, count);
                size += count;
                unpacking.gave(count);
                return count;
            }
        }
        return -1;
    }

    private int stored(byte[] target, int offset, int length) throws IOException {
        if (packedLeft == 0) {
            endEntry(size);
            return 0;
        }
        if (from == to && !fill()) {
            throw cutOff();
        }
        int count = (int) Math.min(Math.min(length, to - from), packedLeft);
        System.arraycopy(buffer, from, target, offset, count);
        from += count;
        packedLeft -= count;
        return count;
    }

    private int inflated(byte[] target, int offset, int length) throws IOException {
        int count = inflate(target, offset, length);
        if (count == 0 && inflater.finished()) {
            endEntry(inflater.getBytesRead());
        }
        return count;
    }

    private void endEntry(long packed) throws IOException {
        inEntry = false;
        if (described) {
            int first = int4();
            expectedCrc = (first == DESCRIPTOR ? int4() : first) & 0xFFFFFFFFL;
            boolean eight = wide || size > IN_EXTRA || packed > IN_EXTRA;
            packedSize = eight ? long8() : unsigned4();
            expectedSize = eight ? long8() : unsigned4();
        }
        if (crc.getValue() != expectedCrc || size != expectedSize || packed != packedSize) {
            throw corrupt("an entry is not as long as it should be, or its checksum is wrong", null);
        }
        sum += expectedCrc;
    }

    private void readDirectory(int first) throws IOException {
        int signature = first;
        while (signature == LISTED) {
            skip(12);
            listedSum += unsigned4();
            skip(8);
            int name = int2();
            int extra = int2();
            int comment = int2();
            skip(12);
            listedSum += Arrays.hashCode(bytes(name));
            skip(extra + comment);
            listed++;
            signature = int4();
        }
        if (signature == END_64) {
            long length = long8();
            if (length < 0 || length > 1 << 20) {
                throw corrupt("its directory is damaged", null);
            }
            skip((int) length);
            signature = int4();
        }
        if (signature == LOCATOR_64) {
            skip(16);
            signature = int4();
        }
        if (signature != END) {
            throw corrupt("something that is no entry stands where one should begin", null);
        }
        int disk = int2();
        skip(14);
        skip(int2());
        if (disk != 0 && disk != 0xFFFF) {
            throw corrupt("it is one part of several; put them together first", null);
        }
        if (listed != entries || listedSum != sum) {
            throw corrupt("its directory lists other files (%d) than it has (%d)".formatted(listed, entries), null);
        }
        for (int next = next(); next >= 0; next = next()) {
            if (next != 0) {
                throw corrupt("something else follows its end", null);
            }
        }
    }

    @Override
    InputFailure corrupt(String reason, @Nullable Throwable cause) {
        inflater.end();
        inEntry = false;
        return new InputFailure(Code.CORRUPT_ZIP, "the zip archive cannot be unpacked: " + reason, cause);
    }
}
