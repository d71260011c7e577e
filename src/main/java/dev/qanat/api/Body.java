package dev.qanat.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.FileRules.Format;
import dev.qanat.records.Limits;
import dev.qanat.records.Readers;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PushbackInputStream;
import java.io.SequenceInputStream;
import java.io.StringReader;
import java.nio.charset.Charset;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The body of an answer, unpacked, of which the beginning is in memory. */
final class Body {
    /** A body up to this length, in bytes, is wholly in memory. */
    static final int LOOK = 1 << 20;

    /** No longer one is read into memory for the sake of a path that needs all of it. */
    static final int DOCUMENT = 16 << 20;

    private static final int BEGINNING = 200;

    /** A secret may stand across the end of what is shown. */
    private static final int BEFORE_REDACTION = 20 * BEGINNING;

    private static final Pattern CHARSET = Pattern.compile("charset\\s*=\\s*\"?([^\\s;\"]+)", Pattern.CASE_INSENSITIVE);
    /** Two lines, the first of which has something between cells. */
    private static final Pattern TABLE = Pattern.compile("\\s*[^\\r\\n]*[,;\\t|][^\\r\\n]*\\R\\s*\\S");

    /** One line of words, as notices are. */
    private static final Pattern LINE = Pattern.compile("[^\\r\\n,;\\t|]*\\h[^\\r\\n,;\\t|]*");

    private static final Pattern EMPTY_OBJECT = Pattern.compile("\\{\\s*}");
    private static final Pattern OBJECTS = Pattern.compile("\\s*(?:\\{|\\[\\s*\\{)");

    private final byte[] head;
    private final boolean whole;
    private final InputStream rest;
    private final String type;
    private final Charset charset;

    private Body(byte[] head, boolean whole, InputStream rest, String contentType) {
        this.head = head;
        this.whole = whole;
        this.rest = rest;
        int parameters = contentType.indexOf(';');
        type = (parameters < 0 ? contentType : contentType.substring(0, parameters)).strip().toLowerCase(Locale.ROOT);
        charset = Readers.charset(head, claimed(contentType));
    }

    static Body of(ApiAnswer answer, Limits limits) throws IOException {
        PushbackInputStream raw = new PushbackInputStream(answer.body(), 2);
        byte[] magic = raw.readNBytes(2);
        raw.unread(magic);
        // Whoever sent the request may have unpacked it and left the header: the bytes tell.
        boolean gzip = magic.length == 2 && magic[0] == 0x1F && (magic[1] & 0xFF) == 0x8B;
        InputStream content = gzip ? Readers.gunzip(raw, limits) : raw;
        byte[] head = content.readNBytes(LOOK);
        int next = head.length < LOOK ? -1 : content.read();
        InputStream rest = next < 0
                ? InputStream.nullInputStream()
                : new SequenceInputStream(new ByteArrayInputStream(new byte[] {(byte) next}), content);
        return new Body(head, next < 0, rest, answer.header("Content-Type").orElse(""));
    }

    private static Optional<Charset> claimed(String contentType) {
        Matcher found = CHARSET.matcher(contentType);
        try {
            return found.find() ? Optional.of(Charset.forName(found.group(1))) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Whether all of it is in memory. */
    boolean isWhole() {
        return whole;
    }

    byte[] head() {
        return head;
    }

    Charset charset() {
        return charset;
    }

    /** All of it, once. */
    InputStream stream() {
        return new SequenceInputStream(new ByteArrayInputStream(head), rest);
    }

    /** What of it is in memory, as text. */
    String text() {
        return withoutMark(new String(head, charset));
    }

    private static String withoutMark(String text) {
        return text.startsWith("\uFEFF") ? text.substring(1) : text;
    }

    /** It as JSON, if it is in memory and is JSON. */
    Optional<Document> document() {
        if (!whole) {
            return Optional.empty();
        }
        try {
            return Optional.of(Document.read(new StringReader(text())));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * It as JSON, read into memory.
     *
     * @param path that needs it
     * @throws InputFailure with {@link Code#TOO_LARGE} if it is too long for that
     * @throws JsonProcessingException if it is no JSON
     */
    Document document(String path) throws IOException {
        byte[] all = stream().readNBytes(DOCUMENT + 1);
        if (all.length > DOCUMENT) {
            throw new InputFailure(
                    Code.TOO_LARGE,
                    ("the answer is longer than %d MiB, and the path %s needs all of it in memory; "
                                    + "a path of members alone, such as $.a.b, does not")
                            .formatted(DOCUMENT >> 20, path));
        }
        return Document.read(new StringReader(withoutMark(new String(all, charset))));
    }

    /** Its first characters, on one line and without secrets, for messages. */
    String beginning(Redaction redaction) {
        String text = withoutMark(new String(head, 0, Math.min(head.length, BEFORE_REDACTION), charset));
        String shown = redaction.text(text).strip().replaceAll("[\\s\\p{Cntrl}]+", " ");
        int end = Math.min(shown.length(), BEGINNING);
        return shown.isEmpty() ? "nothing" : shown.length() == end ? shown : shown.substring(0, end) + "…";
    }

    /** Its format: as declared, else by its type, else by its first character. */
    Format format(Optional<Format> declared) {
        if (declared.isPresent()) {
            return declared.get();
        }
        if (type.contains("ndjson") || type.contains("jsonl") || type.contains("json-lines")) {
            return Format.NDJSON;
        }
        if (type.endsWith("json")) {
            return Format.JSON;
        }
        return type.endsWith("csv") || !"{[<".contains(first()) ? Format.CSV : Format.JSON;
    }

    private String first() {
        String begin = withoutMark(new String(head, 0, Math.min(head.length, BEFORE_REDACTION), charset)).stripLeading();
        return begin.isEmpty() ? "" : begin.substring(0, 1);
    }

    /**
     * @param declared whether somebody has said what format it is
     * @throws InputFailure if a glance tells that there are no records in it
     */
    void refuseWithoutRecords(Format format, boolean declared) {
        String text = whole ? text().strip() : "";
        if (whole && text.isEmpty()) {
            throw new InputFailure(Code.EMPTY_BODY, "the answer is empty");
        }
        if (text.equals("null")) {
            throw new InputFailure(Code.NULL_BODY, "the answer is null");
        }
        if (EMPTY_OBJECT.matcher(text).matches()) {
            throw new InputFailure(Code.EMPTY_OBJECT, "the answer is an empty object");
        }
        if (first().equals("<")) {
            throw new InputFailure(Code.HTML_BODY, "the answer is a page of HTML or XML");
        }
        if (format == Format.CSV && (type.endsWith("json") || OBJECTS.matcher(text()).lookingAt())) {
            throw new InputFailure(Code.NOT_CSV, "the answer is JSON, and CSV was asked for");
        }
        boolean guessed = !declared && !type.endsWith("csv");
        if (format == Format.CSV && (guessed && !TABLE.matcher(text()).lookingAt() || whole && LINE.matcher(text).matches())) {
            throw new InputFailure(Code.NOT_CSV, "the answer is text that is neither JSON nor a table; where it is one, say 'format: csv'");
        }
    }
}
