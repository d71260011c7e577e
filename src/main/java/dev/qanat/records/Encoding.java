package dev.qanat.records;

import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a file's bytes are characters: as told, else by its byte order mark, else UTF-16 or UTF-32 by its pattern of NULs, else UTF-8
 * when the bytes looked at are valid, else Windows-1252.
 *
 * @param charset never one that needs a byte order mark to know its order
 */
record Encoding(Charset charset) {
    /** As many bytes decide. */
    static final int LOOK = 1 << 20;

    /**
     * Stands in decoded text where bytes were invalid: a code point that Unicode reserves for a program's own use, so that it
     * cannot be met in text by right.
     */
    static final char INVALID = '\uFDD0';

    private static final Charset WINDOWS_1252 = Charset.forName("windows-1252");
    private static final Charset UTF_32LE = Charset.forName("UTF-32LE");
    private static final Charset UTF_32BE = Charset.forName("UTF-32BE");

    /** The encoding of a file that begins with these bytes, of which there are {@link #LOOK} unless they are all there are. */
    static Encoding of(byte[] head, Optional<Charset> told) {
        if (told.isPresent() && !needsMark(told.get())) {
            return new Encoding(told.get());
        }
        Charset marked = byMark(head);
        if (marked == null) {
            marked = byNuls(head);
        }
        if (told.isPresent()) {
            boolean fits = marked != null && marked.name().startsWith(told.get().name());
            boolean wide = told.get().name().startsWith("UTF-32");
            return new Encoding(fits ? marked : wide ? UTF_32BE : StandardCharsets.UTF_16BE);
        }
        if (marked == null) {
            marked = validUtf8(head) ? StandardCharsets.UTF_8 : WINDOWS_1252;
        }
        return new Encoding(marked);
    }

    /** Whether this is what remains where nothing in the bytes tells. */
    boolean isFallback() {
        return charset.equals(WINDOWS_1252);
    }

    String name() {
        return charset.name().toLowerCase(Locale.ROOT);
    }

    /** Whether a control character's byte means that character. */
    boolean extendsAscii() {
        byte[] letter = "A\n".getBytes(charset);
        return letter.length == 2 && letter[0] == 'A' && letter[1] == '\n';
    }

    /** The characters of these bytes, with {@link #INVALID} for those that are none. */
    Reader reader(InputStream bytes) {
        if (charset.equals(StandardCharsets.UTF_16LE) || charset.equals(StandardCharsets.UTF_16BE)) {
            return new Utf16(bytes, charset.equals(StandardCharsets.UTF_16BE));
        }
        return new InputStreamReader(
                bytes,
                charset.newDecoder()
                        .onMalformedInput(CodingErrorAction.REPLACE)
                        .onUnmappableCharacter(CodingErrorAction.REPLACE)
                        .replaceWith(String.valueOf(INVALID)));
    }

    private static boolean needsMark(Charset charset) {
        return charset.name().equals("UTF-16") || charset.name().equals("UTF-32");
    }

    private static @Nullable Charset byMark(byte[] head) {
        if (begins(head, 0xEF, 0xBB, 0xBF)) {
            return StandardCharsets.UTF_8;
        }
        if (begins(head, 0xFF, 0xFE, 0, 0)) {
            return UTF_32LE;
        }
        if (begins(head, 0, 0, 0xFE, 0xFF)) {
            return UTF_32BE;
        }
        if (begins(head, 0xFF, 0xFE)) {
            return StandardCharsets.UTF_16LE;
        }
        if (begins(head, 0xFE, 0xFF)) {
            return StandardCharsets.UTF_16BE;
        }
        return null;
    }

    private static boolean begins(byte[] head, int... mark) {
        if (head.length < mark.length) {
            return false;
        }
        for (int i = 0; i < mark.length; i++) {
            if ((head[i] & 0xFF) != mark[i]) {
                return false;
            }
        }
        return true;
    }

    /**
     * Letters, digits, delimiters and line breaks of ASCII have one NUL in UTF-16 and three in UTF-32, always at the same places;
     * a stray NUL in another text stands anywhere.
     */
    private static @Nullable Charset byNuls(byte[] head) {
        int groups = Math.min(head.length, BinaryContent.LOOK) / 4;
        int[] nuls = new int[4];
        for (int i = 0; i < groups * 4; i++) {
            if (head[i] == 0) {
                nuls[i & 3]++;
            }
        }
        if (groups == 0) {
            // a single letter or two
            return head.length == 2 && head[1] == 0 && head[0] != 0
                    ? StandardCharsets.UTF_16LE
                    : head.length == 2 && head[0] == 0 && head[1] != 0 ? StandardCharsets.UTF_16BE : null;
        }
        if (nuls[3] == groups && nuls[2] >= 0.9 * groups && nuls[0] < 0.1 * groups) {
            return UTF_32LE;
        }
        if (nuls[0] == groups && nuls[1] >= 0.9 * groups && nuls[3] < 0.1 * groups) {
            return UTF_32BE;
        }
        double even = (nuls[0] + nuls[2]) / (2.0 * groups);
        double odd = (nuls[1] + nuls[3]) / (2.0 * groups);
        if (odd >= 0.2 && even < odd / 10) {
            return StandardCharsets.UTF_16LE;
        }
        if (even >= 0.2 && odd < even / 10) {
            return StandardCharsets.UTF_16BE;
        }
        return null;
    }

    private static boolean validUtf8(byte[] head) {
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer bytes = ByteBuffer.wrap(head);
        CharBuffer chars = CharBuffer.allocate(8192);
        // Where the look ends, a character may be cut in two; where the file ends, none may.
        boolean whole = head.length < LOOK;
        CoderResult result;
        do {
            chars.clear();
            result = decoder.decode(bytes, chars, whole);
        } while (result.isOverflow());
        return result.isUnderflow();
    }
}
