package dev.qanat.web;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Objects;

/**
 * An answer's body as a stream for a thread that may block: it waits while the client does not read, so that no more than some 300 KiB are
 * in memory. Closed before {@link #whole} was called it leaves the answer without its end, which a client sees.
 */
final class ResponseStream extends OutputStream {

    private static final int BUFFER_BYTES = 1 << 15;
    private static final int QUEUE_BYTES = 1 << 18;
    private static final long LOOK_MILLIS = 500;
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    private final HttpServerResponse response;
    private final Runnable head;
    private byte[] buffer = new byte[BUFFER_BYTES];
    private int filled;
    private boolean begun;
    private boolean whole;

    /** @param head puts status and headers; called before the first byte is sent, and not when there is none */
    ResponseStream(HttpServerResponse response, Runnable head) {
        this.response = response;
        this.head = head;
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
        filled = 0;
        return taken;
    }

    private synchronized void wake() {
        notifyAll();
    }

    private synchronized void awaitRoom() throws IOException {
        long since = System.nanoTime();
        while (!response.closed() && response.writeQueueFull()) {
            if (System.nanoTime() - since > PATIENCE_NANOS) {
                throw new IOException("the client reads nothing any more");
            }
            try {
                wait(LOOK_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
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
