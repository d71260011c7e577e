package dev.qanat.web;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/**
 * An answer's body as a stream for a thread that may block: it waits while the client does not read, so that no more than some 300 KiB are
 * in memory; for a minute, and for a client that reads less than 4 KiB a second for a minute in all. Closed before {@link #whole} was
 * called it leaves the answer without its end, which a client sees.
 */
final class ResponseStream extends OutputStream {

    private static final int BUFFER_BYTES = 1 << 15;
    private static final int QUEUE_BYTES = 1 << 18;
    private static final long LOOK_MILLIS = 500;
    private static final long SECOND = 1_000_000_000L;
    private static final long PATIENCE_NANOS = 60 * SECOND;
    private static final long HASTE_NANOS = 5 * SECOND;
    private static final long SLOWEST_BYTES = 1 << 12;

    private final HttpServerResponse response;
    private final Runnable head;
    private final BooleanSupplier mayLast;
    private byte[] buffer = new byte[BUFFER_BYTES];
    private int filled;
    private boolean begun;
    private boolean whole;
    private long sent;
    private long waited;

    /**
     * @param head puts status and headers; called before the first byte is sent, and not when there is none
     * @param mayLast whether a client that has kept it waiting for five seconds may go on
     */
    ResponseStream(HttpServerResponse response, Runnable head, BooleanSupplier mayLast) {
        this.response = response;
        this.head = head;
        this.mayLast = mayLast;
    }

    /** What was written is all there is. */
    void whole() {
        whole = true;
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        int at = offset;
        int left = length;
        while (left > 0) {
            if (filled == buffer.length) {
                send();
            }
            int count = Math.min(left, buffer.length - filled);
            System.arraycopy(bytes, at, buffer, filled, count);
            filled += count;
            at += count;
            left -= count;
        }
    }

    private void send() throws IOException {
        if (!begun) {
            response.setChunked(true);
            begin();
        }
        awaitRoom();
        response.write(taken());
    }

    private void begin() {
        begun = true;
        head.run();
        response.setWriteQueueMaxSize(QUEUE_BYTES);
        response.drainHandler(drained -> wake());
    }

    private Buffer taken() {
        Buffer taken = Buffer.buffer(filled).appendBytes(buffer, 0, filled);
        sent += filled;
        filled = 0;
        return taken;
    }

    private synchronized void wake() {
        notifyAll();
    }

    private synchronized void awaitRoom() throws IOException {
        long since = System.nanoTime();
        while (!response.closed() && response.writeQueueFull()) {
            long now = System.nanoTime() - since;
            if (now > PATIENCE_NANOS || waited + now > PATIENCE_NANOS + sent / SLOWEST_BYTES * SECOND) {
                throw new IOException("the client reads too slowly, or nothing any more");
            }
            if (waited + now > HASTE_NANOS && !mayLast.getAsBoolean()) {
                throw new IOException("the client reads slowly, and as many such as may are served already");
            }
            try {
                wait(LOOK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
        waited += System.nanoTime() - since;
        if (response.closed()) {
            throw new IOException("the client is gone");
        }
    }

    @Override
    public void close() throws IOException {
        if (!whole || response.ended()) {
            return;
        }
        if (begun) {
            awaitRoom();
        } else {
            begin();
        }
        response.end(taken());
    }
}
