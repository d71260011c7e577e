package dev.qanat.records;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Tells from the first bytes of a file that it is no text, and what it seems to be. */
final class BinaryContent {
    /** As much is looked at. */
    static final int LOOK = 64 * 1024;

    /** A few control characters are a flaw of some records; beyond this share they are no text at all. */
    private static final double TOLERATED_SHARE = 0.05;

    /** So few of them are not judged by their share: a tiny file with one NUL is still text. */
    private static final int TOLERATED_COUNT = 8;

    private record Signature(byte[] bytes, String name, String advice) {
        Signature(String latin1, String name, String advice) {
            this(latin1.getBytes(StandardCharsets.ISO_8859_1), name, advice);
        }

        boolean begins(byte[] head) {
            if (head.length < bytes.length) {
                return false;
            }
            for (int i = 0; i < bytes.length; i++) {
                if (head[i] != bytes[i]) {
                    return false;
                }
            }
            return true;
        }
    }

    private static final String UNPACK = "unpack it, or compress it with gzip or zip instead";
    private static final String ONCE = "compress it only once";
    private static final String EXPORT = "export it as CSV or JSON";

    /** Only those that no text begins with: a first column may well be called {@code PAR1}, and control characters tell of the rest. */
    private static final List<Signature> SIGNATURES = List.of(
            new Signature("PK\003\004", "a zip archive within another archive", ONCE),
            new Signature("PK\005\006", "an empty zip archive within another archive", ONCE),
            new Signature("\037\213", "a gzip file within another archive", ONCE),
            new Signature("\375" + "7zXZ\000", "an xz archive", UNPACK),
            new Signature("7z\274\257\047\034", "a 7z archive", UNPACK),
            new Signature("\050\265\057\375", "a zstd archive", UNPACK),
            new Signature("\211PNG\r\n\032\n", "a PNG image", EXPORT),
            new Signature("\377\330\377", "a JPEG image", EXPORT),
            new Signature("%PDF-", "a PDF document", EXPORT),
            new Signature("\320\317\021\340\241\261\032\341", "an old Excel or Word file", EXPORT),
            new Signature("Obj\001", "an Avro file", EXPORT),
            new Signature("SQLite format 3\000", "an SQLite database", EXPORT),
            new Signature("\177ELF", "a program", EXPORT));

    private BinaryContent() {}

    /** Throws {@link Code#BINARY_FILE} when the bytes begin like a well-known format that is no text. */
    static void refuseKnown(byte[] head) {
        for (Signature signature : SIGNATURES) {
            if (signature.begins(head)) {
                throw new InputFailure(Code.BINARY_FILE, "the file is no text: it is " + signature.name() + "; " + signature.advice());
            }
        }
    }

    /** Throws {@link Code#BINARY_FILE} when too many of the bytes are control characters of ASCII. */
    static void refuseControls(byte[] head) {
        int length = Math.min(head.length, LOOK);
        int nuls = 0;
        int controls = 0;
        for (int i = 0; i < length; i++) {
            int b = head[i] & 0xFF;
            if (b == 0) {
                nuls++;
            } else if (b < 0x20 && !(b >= '\t' && b <= '\r') || b == 0x7F) {
                controls++;
            }
        }
        int strange = nuls + controls;
        boolean binary = strange >= TOLERATED_COUNT ? strange > TOLERATED_SHARE * length : 2 * strange > length;
        if (binary) {
            throw new InputFailure(
                    Code.BINARY_FILE,
                    "the file is no text: %d NULs and %d other control characters among its first %d bytes; %s, or set its encoding"
                            .formatted(nuls, controls, length, EXPORT));
        }
    }
}
