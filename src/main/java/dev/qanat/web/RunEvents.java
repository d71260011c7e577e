package dev.qanat.web;

import dev.qanat.failure.Code;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.RunResource;
import dev.qanat.ledger.Runs;
import io.vertx.core.AsyncResult;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /runs/{id}/events}: a run as server-sent events, one for every change that is seen, until it ends. An event is the run as
 * {@code GET /runs/{id}} shows it; {@code run} is one on its way, {@code ended} the last.
 *
 * <p>No route does this, since one would keep a thread for every listener. A client that comes back after {@code ended} gets 204, at
 * which browsers stop asking.
 */
@Singleton
final class RunEvents {
    private static final int MOST = 200;
    private static final long LOOK_MILLIS = 500;
    private static final long SIGN_OF_LIFE_NANOS = 15_000_000_000L;
    private static final String ENDED = "ended";

    private final Runs runs;
    private final RunDetails details;
    private final Vertx vertx;
    private final Stopping stopping;
    private final AtomicInteger listeners = new AtomicInteger();

    RunEvents(Runs runs, RunDetails details, Vertx vertx, Stopping stopping) {
        this.runs = runs;
        this.details = details;
        this.vertx = vertx;
        this.stopping = stopping;
    }

    void answer(@Observes Router router) {
        router.get("/runs/:id/events").handler(this::open);
    }

    private void open(RoutingContext exchange) {
        String id = exchange.pathParam("id");
        if (!id.matches("\\d{1,18}")) {
            ServerProblems.send(exchange, unknown(id));
        } else if (listeners.incrementAndGet() > MOST) {
            listeners.decrementAndGet();
            exchange.response().putHeader("Retry-After", "5");
            ServerProblems.send(
                    exchange,
                    new Problem(429, Code.TOO_MANY_LISTENERS, "%d clients are listening to runs already; ask for the run instead".formatted(MOST)));
        } else {
            new Listener(exchange, Long.parseLong(id)).look();
        }
    }

    private static Problem unknown(String id) {
        return new Problem(404, Code.UNKNOWN_RUN, "there is no run '" + id + "'; GET /runs lists them");
    }

    /** A run as it was seen. */
    private record Seen(boolean ended, String text) {}

    /** Blocking. */
    private @Nullable Seen see(long id) {
        Run run = runs.find(id).orElse(null);
        return run == null
                ? null
                : new Seen(
                        run.status().ended(),
                        Reply.json(200, details.of(run)).body());
    }

    /** A client; on the event loop of its connection alone, but for what is seen in the database. */
    private final class Listener {
        private final RoutingContext exchange;
        private final HttpServerResponse response;
        private final long id;
        private final long timer;
        private boolean looking;
        private String told = "";
        private long toldAt = System.nanoTime();

        Listener(RoutingContext exchange, long id) {
            this.exchange = exchange;
            this.response = exchange.response();
            this.id = id;
            this.timer = vertx.setPeriodic(LOOK_MILLIS, tick -> look());
            exchange.addEndHandler(end -> {
                vertx.cancelTimer(timer);
                listeners.decrementAndGet();
            });
        }

        void look() {
            if (!looking && !response.ended() && !response.closed() && !response.writeQueueFull()) {
                looking = true;
                vertx.executeBlocking(() -> see(id), false).onComplete(this::tell);
            }
        }

        private void tell(AsyncResult<@Nullable Seen> look) {
            looking = false;
            if (response.ended() || response.closed()) {
                return;
            }
            Seen seen = look.result();
            if (look.failed() && !response.headWritten()) {
                response.putHeader("Retry-After", "5");
                ServerProblems.send(exchange, new Problem(503, Code.DATABASE_UNAVAILABLE, "the database does not answer; try again later"));
            } else if (look.succeeded() && seen == null) {
                ServerProblems.send(exchange, unknown(Long.toString(id)));
            } else if (seen != null && seen.ended() && ENDED.equals(exchange.request().getHeader("Last-Event-ID"))) {
                response.setStatusCode(204).end();
            } else if (seen != null && !seen.text().equals(told)) {
                told = seen.text();
                write((seen.ended() ? "event: ended\nid: ended\n" : "event: run\n") + "data: " + told + "\n\n");
                if (seen.ended()) {
                    response.end();
                }
            } else if (stopping.isBegun()) {
                // The client comes again by itself, and another process or this one's successor tells it the rest.
                response.end();
            } else if (System.nanoTime() - toldAt > SIGN_OF_LIFE_NANOS) {
                // Proxies close what says nothing.
                write(":\n\n");
            }
        }

        private void write(String text) {
            if (!response.headWritten()) {
                response.setChunked(true).putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream");
            }
            toldAt = System.nanoTime();
            response.write(text);
        }
    }
}
