package dev.qanat.route;

import dev.qanat.api.ApiAnswer;
import dev.qanat.api.ApiRequest;
import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.Polls;
import dev.qanat.ledger.Run;
import dev.qanat.validate.CheckedChunk;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.Message;
import org.jboss.logging.Logger;

/**
 * The steps of the route that fetches a partition: the next request, its answer, which rows are new, and the end. Safe for use by several
 * threads, each with a fetch of its own.
 */
@ApplicationScoped
@Named("fetch")
public class Fetching {

    private static final Logger LOG = Logger.getLogger(Fetching.class);

    private final AnswerRoom room = new AnswerRoom();
    private final Throttle throttle;
    private final Polls polls;
    private final Retries retries;

    Fetching(Throttle throttle, Polls polls, Retries retries) {
        this.throttle = throttle;
        this.polls = polls;
        this.retries = retries;
    }

    /** Makes the message the next request: its headers, its body, and its URL in {@code CamelHttpUri}. */
    public void request(@ExchangeProperty("fetch") Fetch fetch, Exchange exchange) {
        ApiRequest request = fetch.request();
        Message message = exchange.getMessage();
        message.removeHeaders("*");
        request.headers().forEach(message::setHeader);
        message.setHeader(Exchange.HTTP_URI, request.uri().toString());
        message.setHeader(Exchange.HTTP_METHOD, request.method());
        message.setBody(request.body().orElse(null));
        // What is packed is unpacked within limits, by its reader.
        exchange.setProperty(Exchange.SKIP_GZIP_ENCODING, true);
        exchange.setProperty("sending", InFlight.begin(fetch.load().attempt(), fetch.source().timeout()));
    }

    /** Takes the answer to a request: its status, its headers, its body as a stream. */
    public void answer(
            @ExchangeProperty("fetch") Fetch fetch, @ExchangeProperty("sending") InFlight.Sending sending, Exchange exchange)
            throws IOException, InterruptedException {
        Message message = exchange.getMessage();
        int status = message.getHeader(Exchange.HTTP_RESPONSE_CODE, 0, Integer.class);
        throttle.answered(fetch, sending, status);
        InputStream body = message.getBody(InputStream.class);
        InputStream whole = body == null ? InputStream.nullInputStream() : body;
        fetch.opened(whole, sending);
        AnswerRoom.Taken taken = room.take(fetch.load().attempt());
        fetch.takes(taken);
        InputStream counted = new AnswerStream(whole, fetch, fetch.source().timeout());
        byte[] begun = new byte[0];
        InputStream rest = counted;
        try {
            begun = counted.readNBytes(AnswerRoom.AT_ONCE);
        } catch (IOException e) {
            rest = broken(e);
        }
        taken.enlarge(fetch.load().attempt(), Math.max(1, begun.length));
        InputStream all = new SequenceInputStream(new ByteArrayInputStream(begun), rest);
        fetch.answered(new ApiAnswer(status, headers(message), all), retries).ifPresent(pause -> throttle.pause(fetch, pause));
        if (begun.length == AnswerRoom.AT_ONCE) {
            taken.shrink();
        }
        message.removeHeaders("*");
        message.setBody(null);
    }

    /** What cannot be read is told to who reads it, who knows what that means. */
    private static InputStream broken(IOException why) {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                throw why;
            }
        };
    }

    private static Map<String, List<String>> headers(Message message) {
        Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        message.getHeaders().forEach((name, value) -> {
            if (!name.startsWith("Camel") && value != null) {
                headers.put(name, value instanceof List<?> list ? list.stream().map(String::valueOf).toList() : List.of(value.toString()));
            }
        });
        return headers;
    }

    /** The request was not answered, or not to the end: the connection failed, or it took too long. */
    public void unanswered(
            @ExchangeProperty("fetch") Fetch fetch,
            @ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Throwable thrown)
            throws Exception {
        Optional<Failure> known = cause(thrown, Failure.class);
        Optional<InputFailure> refused =
                known.filter(InputFailure.class::isInstance).map(InputFailure.class::cast);
        Load load = fetch.load();
        if (refused.isPresent() || load.attempt().isToStop() || load.attempt().givesWay()) {
            throttle.givenUp(fetch);
        } else {
            throttle.unanswered(fetch, reason(thrown), thrown);
        }
        fetch.closeAnswer();
        load.checkCancelled();
        load.attempt().checkLease();
        if (load.chunkFailure() != null) {
            throw thrown instanceof Exception exception ? exception : new IllegalStateException(thrown);
        }
        takeBack(load, fetch.takeBackPage());
        if (refused.isPresent()) {
            fetch.fail(refused.get(), false);
        } else if (load.attempt().givesWay()) {
            throttle.giveWay(fetch);
        } else {
            TransientFailure why = known.map(TransientFailure.class::cast)
                    .orElseGet(() -> new TransientFailure(Code.NO_ANSWER, fetch.shown() + ": " + reason(thrown), thrown));
            fetch.failed(why, Optional.empty(), retries);
        }
    }

    private static <T> Optional<T> cause(Throwable thrown, Class<T> type) {
        return Stream.iterate(thrown, Objects::nonNull, Throwable::getCause)
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst();
    }

    private static String reason(Throwable thrown) {
        return thrown.getMessage() == null ? thrown.getClass().getSimpleName() : thrown.getMessage();
    }

    /** Leaves out what lies before the cursor, and remembers how far the partition has come; or finds that it has failed. */
    public CheckedChunk select(@Body CheckedChunk chunk, @ExchangeProperty("fetch") Fetch fetch) {
        try {
            return fetch.checked(chunk);
        } catch (InputFailure e) {
            // Thrown, it would be a failure of the chunk, and so of the whole resource.
            fetch.fail(e, false);
            return chunk.withRows(List.of());
        }
    }

    /** All chunks of the page are staged. */
    public void endPage(@ExchangeProperty("fetch") Fetch fetch) {
        fetch.endPage();
    }

    private static void takeBack(Load load, Fetch.Part part) throws SQLException {
        if (part.end() > part.first()) {
            load.opened().staging().discard(part.first(), part.end(), part.counted().rows(), part.counted().accepted(),
                    part.counted().rejected());
            load.discarded(part.counted().read(), part.counted().rejected());
        }
    }

    /** Ends a partition: what one has staged that failed does not land, and the others go on. */
    public void end(@ExchangeProperty("fetch") Fetch fetch) throws SQLException {
        Optional<Failure> failure = fetch.failure();
        if (failure.isPresent()) {
            discard(fetch, failure.get());
            if (fetch.isFatal()) {
                fetch.load().getFetches().stop();
                throw failure.get();
            }
        }
    }

    /** Ends a partition that met an error; the others go on, unless it is the database's, the resource's or the run's. */
    public void failed(@ExchangeProperty("fetch") Fetch fetch, @ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Exception thrown)
            throws Exception {
        fetch.closeAnswer();
        Load load = fetch.load();
        load.checkCancelled();
        load.attempt().checkLease();
        Failure failure = Failures.of(thrown, load.getRun());
        if (fetch.isFatal() || load.chunkFailure() != null || failure instanceof TransientFailure) {
            load.getFetches().stop();
            throw failure;
        }
        fetch.fail(failure, false);
        discard(fetch, failure);
    }

    private void discard(Fetch fetch, Failure failure) throws SQLException {
        Load load = fetch.load();
        takeBack(load, fetch.takeBackAll());
        polls.failed(
                load.getRun().id(),
                new Polls.Partition(
                        load.getResourceName(),
                        fetch.key(),
                        Polls.Status.FAILED,
                        Optional.empty(),
                        Optional.empty(),
                        Optional.of(new Run.RunError(failure.code().id(), failure.getMessage()))));
        try (LogContext context = LogContext.of(load)) {
            LOG.warnf("Partition %s of %s failed (%s): %s", LogContext.line(fetch.key()), load.getResourceName(),
                    failure.code().id(), LogContext.line(failure.getMessage()));
        }
    }
}
