package dev.qanat.records;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.FileRules;
import dev.qanat.pipeline.FileRules.Format;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.nio.charset.Charset;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Opens the bytes of a file as records. What the rules leave open is found out from the content, never from a name: gzip, zip, the
 * encoding, the format, the delimiter, the header.
 */
public final class Readers {
    /** The first line of NDJSON must fit into it to be recognised; a longer one reads as JSON just as well. */
    private static final int LOOK = 1 << 18;

    private Readers() {}

    /**
     * The records of a file. The bytes are read as chunks are asked for, and have been read to their end when the last chunk is
     * given; the caller closes them.
     *
     * @throws InputFailure when the content is empty, is no text, or cannot be read from its very beginning
     * @throws IOException when the bytes cannot be read; later on it comes as {@link java.io.UncheckedIOException}
     */
    public static Chunks open(InputStream bytes, FileRules rules, Declared declared, Limits limits) throws IOException {
        PushbackInputStream raw = new PushbackInputStream(bytes, 4);
        byte[] magic = raw.readNBytes(4);
        raw.unread(magic);
        if (Unzip.begins(magic)) {
            return new ZippedRecords(
                    new Unzip(raw, new Unpacking(limits)),
                    (content, entry, first) -> records(content, rules, declared, limits, "", entry, first));
        }
        // A lone first byte is a gzip file cut off after it; no text begins with that control character.
        boolean gzip = magic.length > 0 && magic[0] == 0x1F && (magic.length == 1 || (magic[1] & 0xFF) == 0x8B);
        return gzip
                ? records(new Gunzip(raw, new Unpacking(limits)), rules, declared, limits, ", gzip", null, 0)
                : records(raw, rules, declared, limits, "", null, 0);
    }

    /** {@link #open(InputStream, FileRules, Declared, Limits)} within the limits that hold by default. */
    public static Chunks open(InputStream bytes, FileRules rules, Declared declared) throws IOException {
        return open(bytes, rules, declared, Limits.DEFAULT);
    }

    /**
     * The records that a selection finds in a JSON document. The bytes are read as chunks are asked for; the caller closes them.
     *
     * @throws InputFailure when the document cannot be read from its very beginning
     */
    public static SelectedRecords select(
            InputStream bytes, Charset charset, Selection selection, Declared declared, Limits limits) throws IOException {
        Text text = new Text(bytes, new Encoding(charset));
        return new SelectedRecords(new JsonSelection(text, selection, declared, limits), declared);
    }

    /**
     * The charset of a text that came with the name of one: UTF-8 and UTF-16 tell themselves, and what was claimed decides the rest.
     *
     * @param head the first MiB, or all there is
     */
    public static Charset charset(byte[] head, Optional<Charset> claimed) {
        Encoding own = Encoding.of(head, Optional.empty());
        return own.isFallback() && claimed.isPresent() ? Encoding.of(head, claimed).charset() : own.charset();
    }

    /** What gzip packed, unpacked within the limits as it is read; damage is an {@link InputFailure}. */
    public static InputStream gunzip(InputStream bytes, Limits limits) {
        return new Gunzip(bytes, new Unpacking(limits));
    }

    private static ChunkedRecords records(
            InputStream bytes,
            FileRules rules,
            Declared declared,
            Limits limits,
            String packed,
            @Nullable String entry,
            int firstChunk)
            throws IOException {
        PushbackInputStream content = new PushbackInputStream(bytes, Encoding.LOOK);
        byte[] head = content.readNBytes(Encoding.LOOK);
        content.unread(head);

        if (head.length == 0) {
            throw empty();
        }
        BinaryContent.refuseKnown(head);
        Encoding encoding = Encoding.of(head, rules.encoding());
        if (encoding.extendsAscii()) {
            BinaryContent.refuseControls(head);
        }
        Text text = new Text(content, encoding);
        String sample = text.peek(LOOK);
        if (sample.isBlank() && text.endsWithin(LOOK)) {
            throw empty();
        }
        Format format = rules.format().isPresent() || sample.isBlank()
                ? rules.format().orElse(Format.CSV)
                : FormatGuess.of(sample);
        if (format == Format.CSV) {
            FormatGuess.refuseMarkup(sample);
        }
        RecordSource source = switch (format) {
            case CSV -> new CsvRecords(text, rules, declared, limits);
            case JSON -> new JsonRecords(text, declared, limits);
            case NDJSON -> new NdjsonRecords(text, declared, limits);
        };
        return new ChunkedRecords(
                PersonalRecords.of(source, declared), source.description() + packed, format == Format.CSV, entry, firstChunk);
    }

    private static InputFailure empty() {
        return new InputFailure(Code.EMPTY_FILE, "the file holds nothing");
    }
}
