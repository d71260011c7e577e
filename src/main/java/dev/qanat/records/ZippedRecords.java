package dev.qanat.records;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The chunks of a zip archive's entries, one entry after the other, each opened as if it were a file of its own. Folders, hidden
 * files and what macOS adds are passed over. After a failure every call fails with it again.
 */
final class ZippedRecords implements Chunks {

    /** Opens the content of an entry. */
    interface Opener {
        ChunkedRecords open(InputStream content, String entry, int firstChunk) throws IOException;
    }

    private final Unzip zip;
    private final Opener opener;
    private final String description;
    private @Nullable ChunkedRecords entry;
    private String name = "";
    private int chunks;
    private @Nullable RuntimeException failure;

    ZippedRecords(Unzip zip, Opener opener) throws IOException {
        this.zip = zip;
        this.opener = opener;
        entry = nextEntry();
        if (entry == null) {
            throw new InputFailure(Code.EMPTY_FILE, "the zip archive holds no files");
        }
        description = entry.description() + ", zip";
    }

    private @Nullable ChunkedRecords nextEntry() throws IOException {
        String next = zip.nextEntry();
        while (next != null && isPassedOver(next)) {
            next = zip.nextEntry();
        }
        if (next == null) {
            return null;
        }
        name = next;
        if (next.equals("[Content_Types].xml") || next.startsWith("xl/") || next.equals("mimetype")) {
            throw new InputFailure(
                    Code.BINARY_FILE, "the file is no text: it is an Excel workbook or another office document; export it as CSV or JSON");
        }
        try {
            return opener.open(zip, next, chunks);
        } catch (InputFailure e) {
            throw named(e);
        }
    }

    static boolean isPassedOver(String name) {
        String file = name.substring(name.lastIndexOf('/') + 1);
        return file.isEmpty() || file.startsWith(".") || name.startsWith("__MACOSX/");
    }

    private InputFailure named(InputFailure e) {
        return e.code() == Code.CORRUPT_ZIP || e.code() == Code.TOO_LARGE
                ? e
                : new InputFailure(e.code(), "'" + name + "' in the archive: " + e.getMessage(), e);
    }

    @Override
    public String description() {
        return description;
    }

    @Override
    public synchronized boolean hasNext() {
        if (failure != null) {
            throw failure;
        }
        return entry != null;
    }

    @Override
    public synchronized Chunk next() {
        if (!hasNext() || entry == null) {
            throw new NoSuchElementException("the archive has been read to its end");
        }
        try {
            Chunk chunk = entry.next();
            chunks++;
            if (!entry.hasNext()) {
                entry = nextEntry();
            }
            return chunk;
        } catch (IOException e) {
            failure = new UncheckedIOException(e);
            throw failure;
        } catch (InputFailure e) {
            failure = entry != null && !(e.getCause() instanceof InputFailure) ? named(e) : e;
            throw failure;
        } catch (RuntimeException e) {
            failure = e;
            throw e;
        }
    }
}
