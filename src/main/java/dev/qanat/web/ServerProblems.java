package dev.qanat.web;

import dev.qanat.failure.Code;
import io.netty.handler.codec.http.HttpObjectDecoder;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.FileUpload;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What the server would answer by itself, before any route or resource sees the request: an unknown path, a wrong method, a body
 * that is too large, a form that cannot be read. Here these are problem details as all other errors are.
 */
@Singleton
final class ServerProblems {
    private static final Logger LOG = Logger.getLogger(ServerProblems.class);
    private static final int AFTER_ACCESS = 9_000;
    private static final int LONGEST_URL = 4_096;

    /** A page begins behind a row whose values are in the URL. Vert.x takes little more. */
    private static final int LONGEST_URL_OF_ROWS = 60_000;

    private static final String ROWS = "/api/v1/";
    private static final String METRICS = "/q/metrics";
    private static final Pattern FOR_METRICS = Pattern.compile("(?i)(?:^|[,\\s])(?:\\*/\\*|text/(?:plain|\\*)|application/(?:openmetrics-text|\\*))(?=$|[;,\\s])");

    /** For a file of a form that has come whole to be written. */
    private static final long UNFINISHED_MILLIS = 5_000;

    /** Of the body of a request that is refused, in bytes. */
    private static final long MOST_DROPPED = 10 << 20;

    private static final long LINGER_MILLIS = 1_000;
    private static final String FORM = "application/x-www-form-urlencoded";
    private static final Pattern MULTIPART = Pattern.compile("(?i)multipart/");
    private static final Pattern BOUNDARY = Pattern.compile("(?i)boundary=\"?[^\";\\s]");
    /** What Vert.x fails with that stops writing a form's files: the form cannot be read any further. Either may come first. */
    private static final Set<String> GIVEN_UP = Set.of("Streaming aborted", "Pipe closed");

    private static final Problem UNKNOWN_PATH = new Problem(404, Code.NOT_FOUND, "there is nothing at this path");

    private final long largestBody;

    ServerProblems(@ConfigProperty(name = "quarkus.http.limits.max-body-size") MemorySize largestBody) {
        this.largestBody = largestBody.asLongValue();
    }

    void look(@Observes Filters filters) {
        filters.register(this::look, AFTER_ACCESS);
    }

    void answer(@Observes Router router) {
        router.errorHandler(404, exchange -> send(exchange, UNKNOWN_PATH));
        router.errorHandler(405, exchange -> {
            String allowed = String.join(", ", allowed(router, exchange.normalizedPath()));
            exchange.response().putHeader(HttpHeaders.ALLOW, allowed);
            send(
                    exchange,
                    new Problem(
                            405,
                            Code.METHOD_NOT_ALLOWED,
                            exchange.request().method() + " is not for this path; it takes " + allowed));
        });
        router.route().order(Integer.MIN_VALUE).failureHandler(this::failed);
    }

    private void look(RoutingContext exchange) {
        HttpServerRequest request = exchange.request();
        String type = request.getHeader(HttpHeaders.CONTENT_TYPE);
        int longest = request.uri().startsWith(ROWS) ? LONGEST_URL_OF_ROWS : LONGEST_URL;
        if (request.uri().length() > longest) {
            send(exchange, new Problem(414, Code.INVALID_REQUEST, "the URL is longer than " + longest + " characters"));
        } else if (request.uri().contains("%00")) {
            send(exchange, new Problem(400, Code.INVALID_REQUEST, "a NUL (%00) means nothing in a URL"));
        } else if (length(request) > largestBody) {
            send(exchange, tooLarge());
        } else if (type != null && MULTIPART.matcher(type).lookingAt() && !BOUNDARY.matcher(type).find()) {
            send(exchange, new Problem(400, Code.INVALID_REQUEST, "the Content-Type names no boundary between the form's fields"));
        } else if (type != null && type.chars().filter(c -> c == '"').count() % 2 == 1) {
            // Vert.x fails on it.
            send(exchange, new Problem(400, Code.INVALID_REQUEST, "the Content-Type has a quote that is not closed"));
        } else if (exchange.normalizedPath().equals(METRICS) && !isForMetrics(request.getHeader(HttpHeaders.ACCEPT))) {
            send(exchange, new Problem(406, Code.NOT_ACCEPTABLE, "metrics are told as text/plain or application/openmetrics-text"));
        } else {
            if (type != null && MULTIPART.matcher(type).lookingAt() && !request.isEnded()) {
                request.end().onSuccess(end -> exchange.vertx().setTimer(UNFINISHED_MILLIS, timer -> endUnfinished(exchange)));
            }
            if (type != null && type.regionMatches(true, 0, FORM, 0, FORM.length())) {
                // No request is such a form: curl says so of everything that it is told to send. The body is taken as it is.
                request.headers().set(HttpHeaders.CONTENT_TYPE, "application/octet-stream");
            }
            exchange.next();
        }
    }

    /** Of all that Quarkus answers by itself, this alone looks at what the client wants, and has no words for it. */
    private static boolean isForMetrics(@Nullable String accepted) {
        return accepted == null || FOR_METRICS.matcher(accepted).find() && accepted.indexOf('"') < 0;
    }

    /** Of a form that ends before its last boundary, Vert.x waits for the rest of a file for ever. */
    private static void endUnfinished(RoutingContext exchange) {
        // One that has come whole is not cancelled; one that is, must not be so again when the exchange ends.
        if (exchange.fileUploads().removeIf(FileUpload::cancel)) {
            send(exchange, new Problem(400, Code.INVALID_REQUEST, "the form ends before its last boundary"));
        }
    }

    /** What the request says of its body's length; 0 when it does not, and the length is found out by reading. */
    private static long length(HttpServerRequest request) {
        String told = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return told == null || !told.matches("\\d{1,18}") ? 0 : Long.parseLong(told);
    }

    private void failed(RoutingContext exchange) {
        int status = exchange.statusCode();
        Throwable failure = exchange.failure();
        if (failure instanceof HttpClosedException || exchange.response().ended()) {
            // Nobody is there any more to be answered, or has been answered already.
            return;
        }
        if (failure != null && whileDecoding(failure)) {
            send(exchange, new Problem(400, Code.INVALID_REQUEST, "the request cannot be read: its chunks are malformed"));
        } else if (status == 404) {
            send(exchange, UNKNOWN_PATH);
        } else if (status == 413) {
            send(exchange, tooLarge());
        } else if (status >= 400 && status < 500 || failure != null && GIVEN_UP.contains(String.valueOf(failure.getMessage()))) {
            boolean form = exchange.request().isExpectMultipart();
            String part = form ? "form" : "URL or one of its headers";
            if (!form) {
                // Nobody can tell where the next request begins.
                exchange.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
                exchange.addEndHandler(end -> exchange.request().connection().close());
            }
            send(exchange, new Problem(400, Code.INVALID_REQUEST, "the request cannot be read: its " + part + " is malformed"));
        } else {
            LOG.error("A request met an error of Qanat's own", failure);
            send(exchange, new Problem(500, Code.INTERNAL_ERROR, "an error of Qanat's own; its log says more"));
        }
    }

    /** Whether what came is no HTTP. Netty has no type of its own for all that it throws then. */
    private static boolean whileDecoding(Throwable failure) {
        return Arrays.stream(failure.getStackTrace())
                .anyMatch(frame -> frame.getClassName().equals(HttpObjectDecoder.class.getName()));
    }

    private Problem tooLarge() {
        return new Problem(413, Code.BODY_TOO_LARGE, "the body is larger than " + largestBody + " bytes");
    }

    /** The methods of the routes with this path; Vert.x knows them and does not tell. */
    private static Set<String> allowed(Router router, String path) {
        Set<String> allowed = new TreeSet<>();
        for (Route route : router.getRoutes()) {
            if (route.getPath() != null && route.methods() != null && path.matches(pattern(route.getPath()))) {
                route.methods().forEach(method -> allowed.add(method.name()));
            }
        }
        return allowed;
    }

    /** A route's path, with {@code :name} for a variable, as a regular expression. */
    private static String pattern(String path) {
        return Arrays.stream(path.split("/"))
                .map(segment -> segment.startsWith(":") ? "[^/]+" : Pattern.quote(segment))
                .collect(Collectors.joining("/", "", "/?"));
    }

    /** Ends an exchange with a problem; a request by HEAD gets it without its body. */
    static void send(RoutingContext exchange, Problem problem) {
        HttpServerResponse response = exchange.response();
        if (response.ended()) {
            return;
        }
        if (response.headWritten()) {
            // A download that broke off: who reads it must not take it for whole.
            exchange.request().connection().close();
            return;
        }
        Reply reply = problem.reply();
        response.setStatusCode(reply.status()).putHeader(HttpHeaders.CONTENT_TYPE, reply.contentType());
        if (exchange.request().method().equals(HttpMethod.HEAD)) {
            response.end();
        } else {
            response.end(reply.body());
        }
        drop(exchange);
    }

    /** Reads what is still on its way, so that the connection can be used further; not without end. */
    private static void drop(RoutingContext exchange) {
        HttpServerRequest request = exchange.request();
        if (request.isEnded()) {
            return;
        }
        long most = request.bytesRead() + MOST_DROPPED;
        request.handler(more -> {
            if (request.bytesRead() > most) {
                request.pause();
                // A connection that is closed at once on what it has not read takes the answer with it.
                exchange.vertx().setTimer(LINGER_MILLIS, timer -> request.connection().close());
            }
        });
        request.resume();
    }
}
