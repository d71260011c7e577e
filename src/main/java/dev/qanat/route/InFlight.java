package dev.qanat.route;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.hc.client5.http.classic.ExecChain;
import org.apache.hc.client5.http.classic.ExecChainHandler;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * The requests that are on their way: notes when each is written, and ends it when its run is to stop. A thread sends one request at a
 * time and says before which fetch it belongs to.
 */
final class InFlight implements ExecChainHandler {

    /** So that a server which is silent is told as such. */
    private static final Duration GRACE = Duration.ofSeconds(1);

    private static final ThreadLocal<@Nullable Sending> CURRENT = new ThreadLocal<>();

    /** A fetch's request, from before it is sent until its answer has been read. */
    static final class Sending {
        private final Attempt attempt;
        private final Duration timeout;
        private volatile long sentAt = System.nanoTime();
        private volatile @Nullable Runnable disconnect;

        private Sending(Attempt attempt, Duration timeout) {
            this.attempt = attempt;
            this.timeout = timeout;
        }

        /** {@link System#nanoTime} when the request was written to its connection. */
        long sentAt() {
            return sentAt;
        }

        void ended() {
            Runnable known = disconnect;
            if (known != null) {
                attempt.leave(known);
            }
            if (CURRENT.get() == this) {
                CURRENT.remove();
            }
        }
    }

    /**
     * What this thread sends next belongs to this attempt.
     *
     * @param timeout how long to wait for the beginning of the answer, and for each of its bytes
     */
    static Sending begin(Attempt attempt, Duration timeout) {
        Sending sending = new Sending(attempt, timeout);
        CURRENT.set(sending);
        return sending;
    }

    @Override
    public ClassicHttpResponse execute(ClassicHttpRequest request, ExecChain.Scope scope, ExecChain chain)
            throws IOException, HttpException {
        Sending sending = CURRENT.get();
        if (sending != null) {
            Runnable disconnect = scope.execRuntime::discardEndpoint;
            sending.disconnect = disconnect;
            sending.attempt.enter(disconnect);
            scope.clientContext.setRequestConfig(RequestConfig.copy(scope.clientContext.getRequestConfigOrDefault())
                    .setResponseTimeout(Timeout.of(sending.timeout))
                    .build());
            sending.sentAt = System.nanoTime();
            return inTime(disconnect, sending.timeout, () -> chain.proceed(request, scope));
        }
        return chain.proceed(request, scope);
    }

    private interface Exchange {
        ClassicHttpResponse head() throws IOException, HttpException;
    }

    /** The connection's own timeout is for each of the head's bytes: a head that comes byte by byte would last for ever. */
    private static ClassicHttpResponse inTime(Runnable disconnect, Duration timeout, Exchange exchange)
            throws IOException, HttpException {
        CompletableFuture<Boolean> late = new CompletableFuture<>();
        late.thenRun(disconnect);
        late.completeOnTimeout(true, timeout.plus(GRACE).toMillis(), TimeUnit.MILLISECONDS);
        try {
            return exchange.head();
        } catch (IOException e) {
            if (late.isDone()) {
                throw new SocketTimeoutException("the head of the answer took longer than " + timeout);
            }
            throw e;
        } finally {
            late.cancel(false);
        }
    }
}
