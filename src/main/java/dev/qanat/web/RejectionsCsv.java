package dev.qanat.web;

import de.siegmar.fastcsv.writer.CsvWriter;
import dev.qanat.ledger.RejectedRecord;
import dev.qanat.ledger.Rejections;
import dev.qanat.serve.SpreadsheetText;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * All rejections of a run as CSV: RFC 4180, UTF-8, with a header, and no formula for a spreadsheet to run. Written as it is read, a
 * page of rejections at a time, so that their number costs no memory, and a slow reader a page of it and no connection to the database;
 * {@link Downloads} bounds how many read at once. For one thread at a time.
 */
public final class RejectionsCsv extends InputStream {

    /** Rejections in memory, and how much text they may be; one may exceed it, by 64 KiB. */
    private static final int PAGE = 1_000;

    private static final int PAGE_BYTES = 1 << 18;

    private static final String[] HEADER = {
        "id", "resource", "source", "position", "column", "code", "reason", "record", "replayed_by"
    };

    private final Rejections rejections;
    private final long run;
    private final Predicate<RejectedRecord> hidden;
    private byte[] page = {};
    private int at;
    private long after;
    private boolean begun;
    private boolean ended;

    /** @param hidden whose records are left out */
    public RejectionsCsv(Rejections rejections, long run, Predicate<RejectedRecord> hidden) {
        this.rejections = rejections;
        this.run = run;
        this.hidden = hidden;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (length == 0) {
            return 0;
        }
        while (at == page.length) {
            if (ended) {
                return -1;
            }
            turn();
        }
        int count = Math.min(length, page.length - at);
        System.arraycopy(page, at, bytes, offset, count);
        at += count;
        return count;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    private void turn() throws IOException {
        Rejections.Page next = rejections.list(run, after, PAGE, PAGE_BYTES);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (CsvWriter csv = CsvWriter.builder().build(new OutputStreamWriter(bytes, StandardCharsets.UTF_8))) {
            if (!begun) {
                csv.writeRecord(HEADER);
            }
            next.items().forEach(rejected -> csv.writeRecord(cells(rejected)));
        }
        begun = true;
        ended = !next.more();
        after = next.next().orElse(after);
        page = bytes.toByteArray();
        at = 0;
    }

    private @Nullable String[] cells(RejectedRecord rejected) {
        return new @Nullable String[] {
            Long.toString(rejected.id()),
            SpreadsheetText.safe(rejected.resource()),
            SpreadsheetText.safe(rejected.source()),
            Long.toString(rejected.position()),
            rejected.column() == null ? null : SpreadsheetText.safe(rejected.column()),
            rejected.code(),
            SpreadsheetText.safe(rejected.reason()),
            hidden.test(rejected) ? null : SpreadsheetText.safe(rejected.record()),
            rejected.replayedBy().map(String::valueOf).orElse(null)
        };
    }
}
