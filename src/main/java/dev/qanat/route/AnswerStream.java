package dev.qanat.route;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;

/** The body of an answer as it comes: counted, and given up when it comes too slowly to ever end. */
final class AnswerStream extends FilterInputStream {

    /** Bytes a second; after the timeout a body must have come at least as fast. */
    private static final long SLOWEST = 1024;

    private final Fetch fetch;
    private final long timeoutNanos;
    private final long begun = System.nanoTime();
    private long count;

    AnswerStream(InputStream body, Fetch fetch, Duration timeout) {
        super(body);
        this.fetch = fetch;
        this.timeoutNanos = timeout.toNanos();
    }

    @Override
    public int read() throws IOException {
        int read = super.read();
        received(read < 0 ? 0 : 1);
        return read;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int read = super.read(buffer, offset, length);
        received(Math.max(0, read));
        return read;
    }

    private void received(int bytes) throws IOException {
        count += bytes;
        fetch.received(bytes);
        long late = System.nanoTime() - begun - timeoutNanos;
        if (late > 0 && count < late / 1_000_000_000 * SLOWEST) {
            throw new SocketTimeoutException("the answer comes at less than " + SLOWEST + " bytes a second");
        }
    }

    @Override
    public boolean markSupported() {
        return false;
    }
}
