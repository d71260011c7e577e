package dev.qanat.web;

import static java.util.Comparator.comparingInt;

import dev.qanat.access.Caller;
import dev.qanat.access.Role;
import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.serve.Cancelling;
import dev.qanat.serve.DataRequest;
import dev.qanat.serve.Exposed;
import dev.qanat.serve.Format;
import dev.qanat.serve.Queries;
import dev.qanat.serve.QueryLimits;
import dev.qanat.serve.Rows;
import dev.qanat.settings.Settings;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.vertx.core.AsyncResult;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.MIMEHeader;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** {@code GET /api/v1/data/{schema}.{table}}: rows of a table, as they come. */
@Singleton
final class DataEndpoint {

    private static final Logger LOG = Logger.getLogger(DataEndpoint.class);

    /** Requests that are at work or wait for it, for each query that may be at work; each keeps a thread. */
    private static final int WAITING = 16;

    private static final int MOST_PARAMETERS = 1_024;
    private static final long CANCEL_MILLIS = 1_000;

    private final Queries queries;
    private final Vertx vertx;
    private final int most;
    private final AtomicInteger atWork = new AtomicInteger();

    DataEndpoint(Queries queries, Vertx vertx, Settings settings) {
        this.queries = queries;
        this.vertx = vertx;
        this.most = settings.maxQueries() * WAITING;
    }

    /** What the settings say of queries. */
    @Produces
    @Singleton
    static QueryLimits limits(
            Settings settings,
            @ConfigProperty(name = "default.page-size") int defaultPage,
            @ConfigProperty(name = "max.page-size") int largestPage) {
        return new QueryLimits(
                settings.maxQueries(), settings.queryTimeout(), settings.maxRows(), Math.min(defaultPage, largestPage), largestPage);
    }

    /** What the settings let be read. */
    @Produces
    @Singleton
    static Exposed exposed(Settings settings) {
        return new Exposed(settings.exposed().orElse(List.of()).stream().map(String::strip).collect(Collectors.toUnmodifiableSet()));
    }

    void answer(@Observes Router router) {
        router.route("/api/v1/data/:table").method(HttpMethod.GET).method(HttpMethod.HEAD).handler(exchange -> open(exchange, Optional.empty()));
    }

    /** A page of an exposed resource. */
    void page(RoutingContext exchange, Pipelines.Exposed exposed) {
        open(exchange, Optional.of(exposed));
    }

    private void open(RoutingContext exchange, Optional<Pipelines.Exposed> exposed) {
        if (exchange.response().writeQueueFull()) {
            // The client sends requests, and does not read what is answered.
            exchange.response().drainHandler(drained -> open(exchange, exposed));
            return;
        }
        if (atWork.incrementAndGet() > most) {
            atWork.decrementAndGet();
            refuse(exchange, new TransientFailure(Code.TOO_MANY_QUERIES, "as many queries as may are waiting; try again in a moment"));
            return;
        }
        Work work = new Work(exchange, exposed);
        exchange.addEndHandler(end -> work.ended());
        vertx.executeBlocking(work::run, false).onComplete(work::done);
    }

    static void refuse(RoutingContext exchange, Throwable thrown) {
        Problem problem = problem(thrown);
        if (problem.status() == 503) {
            exchange.response().putHeader("Retry-After", "2");
        }
        exchange.response().headers().remove(HttpHeaders.ETAG).set(HttpHeaders.CACHE_CONTROL, "no-store");
        ServerProblems.send(exchange, problem);
    }

    private static Problem problem(Throwable thrown) {
        if (!(thrown instanceof Failure failure)) {
            LOG.error("A request for rows met an error of Qanat's own", thrown);
            return new Problem(500, Code.INTERNAL_ERROR, "an error of Qanat's own; its log says more");
        }
        String detail = String.valueOf(failure.getMessage());
        return switch (failure.code()) {
            case INVALID_REQUEST -> new Problem(400, Code.INVALID_REQUEST, detail);
            case UNKNOWN_TABLE -> new Problem(404, Code.UNKNOWN_TABLE, detail);
            case UNKNOWN_ROW -> new Problem(404, Code.UNKNOWN_ROW, detail);
            case METHOD_NOT_ALLOWED -> new Problem(405, Code.METHOD_NOT_ALLOWED, detail);
            case KEY_EXISTS -> new Problem(409, Code.KEY_EXISTS, detail);
            case INCOMPATIBLE_SCHEMA, SCHEMA_FROZEN -> new Problem(409, Code.INCOMPATIBLE_SCHEMA, detail);
            case DATABASE_REFUSED -> new Problem(409, Code.DATABASE_REFUSED, detail);
            case ROW_CHANGED -> new Problem(412, Code.ROW_CHANGED, detail);
            case UNSUPPORTED_MEDIA_TYPE -> new Problem(415, Code.UNSUPPORTED_MEDIA_TYPE, detail);
            case NOT_ACCEPTABLE -> new Problem(406, Code.NOT_ACCEPTABLE, detail);
            case TOO_MANY_DOWNLOADS -> new Problem(503, Code.TOO_MANY_DOWNLOADS, detail);
            case TOO_MANY_QUERIES -> new Problem(503, Code.TOO_MANY_QUERIES, detail);
            case QUERY_TIMED_OUT -> new Problem(503, Code.QUERY_TIMED_OUT, detail);
            case QUERY_FAILED -> new Problem(500, Code.QUERY_FAILED, detail);
            case DATABASE_CONFLICT -> new Problem(503, Code.DATABASE_CONFLICT, "others were in the way in the database; try again");
            case DATABASE_UNAVAILABLE ->
                new Problem(503, Code.DATABASE_UNAVAILABLE, "the database does not answer; try again later");
            default -> {
                LOG.warnf("A request for rows failed: %s", detail);
                yield new Problem(500, failure.code(), detail);
            }
        };
    }

    /** A request. What blocks is done by one thread, beside the event loop of its connection. */
    private final class Work implements Cancelling {
        private final RoutingContext exchange;
        private final Optional<Pipelines.Exposed> exposed;
        private final HttpServerResponse response;
        private volatile @Nullable Statement statement;
        private volatile boolean done;

        /** @param exposed whose page is asked for; empty where a table is asked by its name */
        Work(RoutingContext exchange, Optional<Pipelines.Exposed> exposed) {
            this.exchange = exchange;
            this.exposed = exposed;
            this.response = exchange.response();
        }

        @Override
        public boolean isGone() {
            return response.closed();
        }

        @Override
        public void by(Statement next) {
            statement = next;
        }

        /** When the client has gone before it had all, what works for it is ended: a statement that is about to begin, in a moment. */
        void ended() {
            if (!response.ended()) {
                cancel();
                vertx.setPeriodic(CANCEL_MILLIS, timer -> {
                    if (done) {
                        vertx.cancelTimer(timer);
                    } else {
                        cancel();
                    }
                });
            }
        }

        private void cancel() {
            Statement atWorkNow = statement;
            if (atWorkNow != null) {
                vertx.executeBlocking(
                        () -> {
                            atWorkNow.cancel();
                            return null;
                        },
                        false);
            }
        }

        @Nullable Void run() throws IOException {
            DataRequest request = request();
            if (exposed.isPresent() && !queries.isThere(exposed.get().resource(), request.personal())) {
                nothingYet(request);
                return null;
            }
            if (exchange.request().headers().contains(HttpHeaders.IF_NONE_MATCH)) {
                validators(queries.version(request), request);
                if (response.headers().contains(HttpHeaders.ETAG) && exchange.isFresh()) {
                    response.setStatusCode(304).end();
                    return null;
                }
            }
            try (Rows rows = queries.rows(request, this)) {
                boolean packed = packed();
                Runnable head = () -> head(request, rows, packed);
                if (exchange.request().method().equals(HttpMethod.HEAD)) {
                    head.run();
                    response.end();
                } else {
                    send(rows, new ResponseStream(response, head, rows::mayLast), packed);
                }
            } catch (SQLException e) {
                throw queries.failed(e, request);
            }
            return null;
        }

        /** No run has made the table of a path. */
        private void nothingYet(DataRequest request) {
            String page = queries.emptyPage(request);
            response.putHeader(HttpHeaders.CONTENT_TYPE, request.format().mediaType())
                    .putHeader(HttpHeaders.VARY, "Accept, Accept-Encoding")
                    .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                    .end(exchange.request().method().equals(HttpMethod.HEAD) || request.format() != Format.JSON ? "" : page);
        }

        private static void send(Rows rows, ResponseStream stream, boolean packed) throws IOException, SQLException {
            try (OutputStream body = packed ? new GZIPOutputStream(stream) : stream) {
                rows.writeTo(body);
                stream.whole();
            }
        }

        /** Where a part of the answer is sent already, that it is not whole is told by closing the connection. */
        void done(AsyncResult<@Nullable Void> outcome) {
            done = true;
            atWork.decrementAndGet();
            if (outcome.failed() && !response.closed() && !response.ended()) {
                if (response.headWritten()) {
                    LOG.warnf("Rows for %s were broken off: %s", exchange.normalizedPath(), outcome.cause().getMessage());
                    exchange.request().connection().close();
                } else {
                    refuse(exchange, outcome.cause());
                }
            }
        }

        private DataRequest request() {
            return exposed.map(this::atPath).orElseGet(this::byName);
        }

        private DataRequest atPath(Pipelines.Exposed at) {
            return new DataRequest(
                    Queries.nameOf(at.resource()),
                    parameters(),
                    PagePath.of(exchange.pathParam("path")).format().orElseGet(this::accepted),
                    Optional.of(at.expose()),
                    seesPersonal());
        }

        /** By names, each with its values in their order. A semicolon is one: Vert.x would take it for the end of a parameter. */
        private List<Map.Entry<String, String>> parameters() {
            return new QueryStringDecoder(exchange.request().uri(), StandardCharsets.UTF_8, true, MOST_PARAMETERS, true)
                    .parameters().entrySet().stream()
                            .flatMap(each -> each.getValue().stream().map(value -> Map.entry(each.getKey(), value)))
                            .toList();
        }

        private boolean seesPersonal() {
            Caller caller = Callers.noted(exchange);
            return caller != null && caller.role().reaches(Role.OPERATOR);
        }

        private DataRequest byName() {
            String name = exchange.pathParam("table");
            boolean personal = seesPersonal();
            int dot = name.lastIndexOf('.');
            Optional<Format> suffix =
                    dot < 0 || queries.has(name, personal) ? Optional.empty() : Format.ofSuffix(name.substring(dot + 1));
            return new DataRequest(
                    suffix.isPresent() ? name.substring(0, dot) : name,
                    parameters(),
                    suffix.orElseGet(this::accepted),
                    Optional.empty(),
                    personal);
        }

        /** The form that the client would have most: of what it says of a form, the most specific counts. JSON where anything will do. */
        private Format accepted() {
            if (quoteIsOpen(HttpHeaders.ACCEPT)) {
                throw new InputFailure(Code.INVALID_REQUEST, "the Accept has a quote that is not closed");
            }
            List<MIMEHeader> wanted = exchange.parsedHeaders().accept();
            // Before its weight is asked for Vert.x has not parsed a header.
            wanted.forEach(MIMEHeader::weight);
            Optional<Format> best = Optional.of(Format.JSON).filter(json -> wanted.isEmpty());
            float weight = 0;
            int place = wanted.size();
            for (Format format : Format.values()) {
                Optional<MIMEHeader> said = wanted.stream().filter(each -> fits(each, format)).max(comparingInt(Work::detail));
                float itsWeight = said.map(MIMEHeader::weight).orElse(0f);
                int itsPlace = said.map(wanted::indexOf).orElse(place);
                if (itsWeight > weight || itsWeight == weight && itsWeight > 0 && itsPlace < place) {
                    best = Optional.of(format);
                    weight = itsWeight;
                    place = itsPlace;
                }
            }
            return best.orElseThrow(() -> new InputFailure(
                    Code.NOT_ACCEPTABLE,
                    "rows are given as application/json, application/x-ndjson and text/csv, and Accept takes none of them"));
        }

        private static boolean fits(MIMEHeader wanted, Format format) {
            String[] type = format.mediaType().split("/", 2);
            return fits(wanted.component(), type[0]) && fits(wanted.subComponent(), type[1]);
        }

        private static int detail(MIMEHeader wanted) {
            return (wanted.component().equals("*") ? 0 : 1) + (wanted.subComponent().equals("*") ? 0 : 1);
        }

        private static boolean fits(String wanted, String part) {
            return wanted.equals("*") || wanted.equalsIgnoreCase(part);
        }

        private boolean packed() {
            return !quoteIsOpen(HttpHeaders.ACCEPT_ENCODING)
                    && exchange.parsedHeaders().acceptEncoding().stream()
                            .anyMatch(each -> each.value().equalsIgnoreCase("gzip") && each.weight() > 0);
        }

        /** Vert.x fails on such a header. */
        private boolean quoteIsOpen(CharSequence header) {
            return String.join("", exchange.request().headers().getAll(header)).chars().filter(c -> c == '"').count() % 2 == 1;
        }

        /** What is answered may be kept by who asked, who is to ask each time whether it still holds. */
        private void validators(Optional<String> version, DataRequest request) {
            MultiMap headers = response.headers();
            headers.set(HttpHeaders.VARY, "Accept, Accept-Encoding");
            if (version.isPresent()) {
                String told = String.join(
                        "\n", version.get(), exchange.request().uri(), request.format().suffix(), Boolean.toString(request.personal()));
                // Weak: rows without an order may come in another one, and a packed answer has other bytes.
                headers.set(HttpHeaders.ETAG, "W/\"" + UUID.nameUUIDFromBytes(told.getBytes(StandardCharsets.UTF_8)) + '"');
                headers.set(HttpHeaders.CACHE_CONTROL, "private, no-cache");
            } else {
                headers.remove(HttpHeaders.ETAG);
                headers.set(HttpHeaders.CACHE_CONTROL, "no-store");
            }
        }

        private void head(DataRequest request, Rows rows, boolean packed) {
            MultiMap headers = response.headers();
            validators(rows.version(), request);
            String type = request.format().mediaType();
            headers.set(HttpHeaders.CONTENT_TYPE, request.format() == Format.CSV ? type + "; charset=utf-8; header=present" : type);
            if (request.format() == Format.CSV) {
                headers.set("Content-Disposition", "attachment; filename=\"" + request.table().replaceAll("[^\\w.-]", "_") + ".csv\"");
            }
            if (packed) {
                headers.set(HttpHeaders.CONTENT_ENCODING, "gzip");
            }
            if (request.format() != Format.JSON) {
                rows.total().ifPresent(total -> headers.set("X-Total-Count", Long.toString(total)));
            }
        }
    }
}
