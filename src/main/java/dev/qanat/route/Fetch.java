package dev.qanat.route;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.qanat.api.Answer;
import dev.qanat.api.ApiAnswer;
import dev.qanat.api.ApiRequest;
import dev.qanat.api.PartitionPages;
import dev.qanat.api.Validators.Validator;
import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.pipeline.ApiSource;
import dev.qanat.records.Chunk;
import dev.qanat.records.Chunks;
import dev.qanat.validate.CheckedChunk;
import dev.qanat.validate.CursorField;
import dev.qanat.validate.Observation;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A partition of a resource as a run fetches it, page by page, and what becomes of it: what the steps of its route share, as the
 * exchange property {@code fetch}. The requests of a partition follow each other; the chunks of a page are checked by several threads.
 */
@RegisterForReflection
public final class Fetch {

    private static final Logger LOG = Logger.getLogger(Fetch.class);

    /** No partition has more; the product with the most partitions is a number of a chunk. */
    private static final int MOST_CHUNKS = 1 << 17;

    private static final int NOT_MODIFIED = 304;

    /** How long to wait for a quota where nobody says. */
    private static final Duration UNTOLD = Duration.ofHours(1);

    /** What is not the fault of one request: all have to wait as long as the answer says. */
    private static final Set<Code> OF_SOURCE = EnumSet.of(Code.RATE_LIMITED, Code.HTTP_429, Code.HTTP_5XX);

    /** Where a source has said for so long that a request comes too early, and nothing else, the partition has failed. */
    private static final Duration LONGEST_TOO_EARLY = Duration.ofDays(1);

    private final Load load;
    private final String key;
    private final ApiSource source;
    private @Nullable PartitionPages pages;
    private final Span span;
    private final AtomicLong bytes = new AtomicLong();
    private final int index;
    private Counted counted = Counted.NOTHING;
    private Counted beforePage = Counted.NOTHING;
    private Observation observed = Observation.NOTHING;
    private Observation observedBeforePage = Observation.NOTHING;
    private boolean notModified;
    private @Nullable InputStream answer;
    private InFlight.@Nullable Sending sending;
    private AnswerRoom.@Nullable Taken room;
    private @Nullable ApiRequest request;
    private @Nullable Chunks chunks;
    private @Nullable String greatest;
    private @Nullable String least;
    private int attempts;
    private @Nullable Use use;
    private TooEarly tooEarly;
    private Instant notBefore = Instant.EPOCH;
    private @Nullable TransientFailure waitsFor;
    private @Nullable Failure failure;
    private boolean fatal;
    private @Nullable Deferral deferral;

    /**
     * What was staged of the partition.
     *
     * @param chunks how many, of which the last may have failed
     */
    record Counted(int chunks, long read, long accepted, long rows, long rejected) {
        private static final Counted NOTHING = new Counted(0, 0, 0, 0, 0);

        private Counted minus(Counted other) {
            return new Counted(
                    chunks - other.chunks,
                    read - other.read,
                    accepted - other.accepted,
                    rows - other.rows,
                    rejected - other.rejected);
        }
    }

    /**
     * Some of what was staged.
     *
     * @param first the number of its first chunk
     * @param end the number after its last
     */
    record Part(int first, int end, Counted counted) {}

    /** Why a partition goes on later, and when. */
    record Deferral(Instant until, Code code, String reason) {}

    /**
     * How often in a row a source has said of a request that it came too early.
     *
     * @param since when it said so first, in seconds since 1970
     */
    record TooEarly(int answers, long since) {
        private static final TooEarly NEVER = new TooEarly(0, 0);

        private TooEarly again(Instant now) {
            return new TooEarly(answers + 1, answers == 0 ? now.getEpochSecond() : since);
        }
    }

    /**
     * The range that is loaded.
     *
     * @param field the incremental field; null where the resource has none
     * @param last the cursor or what stands in for it, without the lag
     * @param stored the cursor as it stands
     * @param asked whether requests say where it starts; otherwise the source decides how far back its records go
     */
    record Span(
            @Nullable CursorField field,
            Optional<String> start,
            Optional<String> end,
            Optional<String> last,
            Optional<String> stored,
            boolean asked) {

        /** Everything. */
        static final Span WHOLE = new Span(null, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), false);
    }

    /**
     * Where a partition goes on that some pages of which have landed.
     *
     * @param pages as these know it
     * @param greatest value of the incremental field in the pages that landed
     * @param least value of it in the records of these pages, where a gap is looked for
     * @param attempts how often the next request has failed
     * @param tooEarly how often in a row it has come too early
     */
    record Token(String pages, @Nullable String greatest, @Nullable String least, int attempts, TooEarly tooEarly) {
        private static final ObjectMapper JSON = new ObjectMapper();

        String json() {
            try {
                return JSON.writeValueAsString(this);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }

        static Token of(String json) {
            try {
                return JSON.readValue(json, Token.class);
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /**
     * @param index of the partition in the resource, from 0: each has chunk numbers of its own
     * @param key the partition in the ledger
     * @param from where it goes on, where some pages have landed
     */
    Fetch(Load load, int index, String key, ApiSource source, Span span, Optional<Token> from) {
        this.load = load;
        this.index = index;
        this.key = key;
        this.source = source;
        this.span = span;
        greatest = from.map(Token::greatest).orElse(null);
        least = from.map(Token::least).orElse(null);
        attempts = from.map(Token::attempts).orElse(0);
        tooEarly = from.map(Token::tooEarly).orElse(TooEarly.NEVER);
    }

    void begin(PartitionPages ofPartition) {
        pages = ofPartition;
    }

    private PartitionPages pages() {
        return Objects.requireNonNull(pages);
    }

    Load load() {
        return load;
    }

    String key() {
        return key;
    }

    ApiSource source() {
        return source;
    }

    /** Whether there is another request to be sent: of the next page, or the last one once more. */
    public boolean isMore() {
        return deferral == null && failure == null && !load.getFetches().isStopped() && (request != null || pages().hasNext());
    }

    /** The request to be sent: the one that is to be sent again, or that of the next page. */
    ApiRequest request() {
        ApiRequest known = request;
        if (known == null) {
            known = pages().next();
            request = known;
        }
        return known;
    }

    /** Not earlier than this the request is to be sent. */
    Instant notBefore() {
        return notBefore;
    }

    /** The request may be sent. */
    void allowed(Use as) {
        use = as;
    }

    /** As what the request was allowed; once for each. */
    Optional<Use> endUse() {
        Use allowed = use;
        use = null;
        return Optional.ofNullable(allowed);
    }

    /**
     * A request that may be sent.
     *
     * @param id under which it is counted in its source's quota, if that has limits
     * @param askedAt {@link System#nanoTime} just before it was
     */
    record Use(Optional<Long> id, long askedAt) {}

    /** What a source asks of everybody: to be left alone for so long. */
    record Pause(Duration time, String reason) {}

    /**
     * Takes an answer: its records, or what it says of the request.
     *
     * @return what the answer asks of all requests to its source
     */
    Optional<Pause> answered(ApiAnswer answer, Retries retries) throws IOException {
        chunks = null;
        Answer meaning = pages().read(answer);
        if (meaning instanceof Answer.Records records) {
            chunks = records.chunks();
            beforePage = counted;
            observedBeforePage = observed;
        } else if (meaning instanceof Answer.Again again) {
            return again(again, retries);
        } else if (meaning instanceof Answer.QuotaExhausted exhausted) {
            Pause pause = new Pause(exhausted.after().orElse(UNTOLD), exhausted.failure().getMessage());
            defer(new Deferral(Instant.now().plus(pause.time()), exhausted.failure().code(), pause.reason()));
            return Optional.of(pause);
        } else if (meaning instanceof Answer.Failed failed) {
            fail(failed.failure(), failed.scope() == Answer.Scope.RUN);
        } else if (meaning instanceof Answer.Onward) {
            request = null;
        } else {
            notModified |= answer.status() == NOT_MODIFIED;
            settled();
        }
        return Optional.empty();
    }

    private Optional<Pause> again(Answer.Again again, Retries retries) {
        if (again.attempt()) {
            failed(again.failure(), again.after(), retries);
        } else {
            tooEarly(again.failure(), again.after().filter(told -> !told.isZero()).orElse(source.retry().initial()), retries);
        }
        return again.after().filter(time -> OF_SOURCE.contains(again.failure().code())).map(time -> new Pause(time, again.failure().getMessage()));
    }

    private void tooEarly(TransientFailure why, Duration least, Retries retries) {
        Instant now = Instant.now();
        tooEarly = tooEarly.again(now);
        if (now.getEpochSecond() - tooEarly.since() >= LONGEST_TOO_EARLY.toSeconds()) {
            fail(why, false);
        } else {
            pause(retries.growing(least, tooEarly.answers()), why);
        }
    }

    /** The answer that is being read, and the request that it answers. */
    void opened(InputStream body, InFlight.Sending by) {
        answer = body;
        sending = by;
    }

    /** The room that the answer takes, until it is closed. */
    void takes(AnswerRoom.Taken taken) {
        room = taken;
    }

    /** The answer has been read, or is not to be read any further: its connection is free again. */
    void closeAnswer() {
        InputStream open = answer;
        answer = null;
        chunks = null;
        AnswerRoom.Taken taken = room;
        room = null;
        if (taken != null) {
            taken.giveBack();
        }
        try (open) {
            InFlight.Sending known = sending;
            sending = null;
            if (known != null) {
                known.ended();
            }
        } catch (IOException e) {
            LOG.debugf(e, "The answer to %s could not be closed", shown());
        }
    }

    /** How the request that is on its way is named, without secrets. */
    String shown() {
        ApiRequest known = request;
        return known == null ? source.name() : known.shown();
    }

    private void settled() {
        request = null;
        attempts = 0;
        tooEarly = TooEarly.NEVER;
        notBefore = Instant.EPOCH;
    }

    /** A request that time may heal: it is sent again after a while, or the partition has failed. */
    void failed(TransientFailure why, Optional<Duration> after, Retries retries) {
        attempts++;
        if (attempts >= source.retry().maxAttempts()) {
            fail(why, false);
            return;
        }
        pause(after.orElseGet(() -> retries.delay(source.retry(), attempts)), why);
    }

    private void pause(Duration time, TransientFailure why) {
        notBefore = Instant.now().plus(time);
        waitsFor = why;
    }

    void defer(Deferral why) {
        deferral = why;
    }

    /** The wait that is due takes so long that the partition goes on later. */
    void deferWait() {
        TransientFailure why = Objects.requireNonNull(waitsFor);
        defer(new Deferral(notBefore, why.code(), why.getMessage()));
    }

    /** @param ofRun whether the other partitions are not to be fetched either */
    void fail(Failure why, boolean ofRun) {
        failure = why;
        fatal = ofRun;
    }

    Optional<Failure> failure() {
        return Optional.ofNullable(failure);
    }

    boolean isFatal() {
        return fatal;
    }

    Optional<Deferral> deferral() {
        return Optional.ofNullable(deferral);
    }

    boolean isDeferred() {
        return deferral != null;
    }

    boolean isToLand() {
        return failure == null && !load.getFetches().isStopped();
    }

    /** The records of a page have been staged, where it had any. */
    void endPage() {
        boolean read = chunks != null;
        closeAnswer();
        if (read) {
            settled();
        }
    }

    /** The chunks of the page that was answered; none where it has no records. */
    public Iterator<Chunk> getChunks() {
        Chunks ofPage = chunks;
        return ofPage == null ? Collections.emptyIterator() : load.asLongAsItGoesOn(ofPage);
    }

    /**
     * Leaves out what is not in the range, and remembers how far the partition has come.
     *
     * @throws InputFailure when a row has no place in the range, which fails the partition
     */
    CheckedChunk checked(CheckedChunk chunk) {
        CheckedChunk selected = chunk;
        CursorField field = span.field();
        if (field != null) {
            CursorField.InRange inRange = field.select(chunk, span.start(), span.end());
            selected = inRange.chunk();
            greatest = field.later(greatest, inRange.greatest().orElse(null));
            if (looksForGap()) {
                String ofChunk = field.least(chunk).orElse(null);
                least = least == null || ofChunk != null && field.isBefore(ofChunk, least) ? ofChunk : least;
            }
        }
        return selected;
    }

    /** Counts a chunk that was staged. */
    void staged(CheckedChunk chunk) {
        counted = new Counted(
                counted.chunks(),
                counted.read() + chunk.chunk().records().size(),
                counted.accepted() + chunk.accepted().size(),
                counted.rows() + chunk.rows().size(),
                counted.rejected() + chunk.rejections().size());
        observed = observed.and(chunk.observed());
    }

    /** The fields of the records that are staged. */
    Observation observed() {
        return observed;
    }

    /** Whether the API said that something is as it was when it was last asked. */
    boolean isNotModified() {
        return notModified;
    }

    /** The number of the next chunk of the partition. */
    int nextChunk() {
        if (counted.chunks() == MOST_CHUNKS - 1) {
            throw new InputFailure(Code.TOO_LARGE, "a partition has more than " + MOST_CHUNKS + " chunks of records");
        }
        int number = index * MOST_CHUNKS + counted.chunks();
        counted = new Counted(counted.chunks() + 1, counted.read(), counted.accepted(), counted.rows(), counted.rejected());
        return number;
    }

    /** What was staged of the page that is being read; from now on as if it had not been. */
    Part takeBackPage() {
        observed = observedBeforePage;
        return takeBack(beforePage);
    }

    /** All that was staged; from now on as if it had not been. */
    Part takeBackAll() {
        observed = Observation.NOTHING;
        return takeBack(Counted.NOTHING);
    }

    private Part takeBack(Counted to) {
        int first = index * MOST_CHUNKS;
        Part part = new Part(first + to.chunks(), first + counted.chunks(), counted.minus(to));
        // The numbers stay used: what was staged under them is removed, but might be on its way.
        counted = new Counted(counted.chunks(), to.read(), to.accepted(), to.rows(), to.rejected());
        beforePage = counted;
        return part;
    }

    /** Where the next poll starts once the partition has landed; empty where no cursor is kept or moved, and while it is deferred. */
    Optional<String> cursor() {
        CursorField field = span.field();
        return field == null || isDeferred() || load.isBackfill()
                ? Optional.empty()
                : Optional.ofNullable(field.later(greatest, span.stored().orElse(null)));
    }

    private boolean looksForGap() {
        return !span.asked() && span.stored().isPresent();
    }

    /** What is wrong with a partition that has landed; empty where nothing is. */
    Optional<InputFailure> shortcoming() {
        return gap().or(this::nothingGood);
    }

    /** Every record was rejected, which is how an error looks that nobody has described. */
    private Optional<InputFailure> nothingGood() {
        return isDeferred() || counted.read() == 0 || counted.rejected() < counted.read()
                ? Optional.empty()
                : Optional.of(new InputFailure(
                        Code.ALL_REJECTED,
                        "every one of its " + counted.read() + " records was rejected; GET /runs/" + load.getRun().id()
                                + "/rejections says why"));
    }

    /** What the source gave begins only after the cursor, and so what came between may never be seen; empty where the two overlap. */
    private Optional<InputFailure> gap() {
        CursorField field = span.field();
        String cursor = span.stored().orElse(null);
        String oldest = least;
        return field == null || cursor == null || oldest == null || isDeferred() || !field.isBefore(cursor, oldest)
                ? Optional.empty()
                : Optional.of(new InputFailure(
                        Code.CURSOR_GAP,
                        "the oldest record that the source gave is of " + oldest + ", and the last that had landed of " + cursor
                                + ": what came between may be missing"));
    }

    /** Where the partition goes on. */
    String token() {
        return new Token(pages().token(), greatest, least, attempts, tooEarly).json();
    }

    Map<String, Validator> validators() {
        return pages().validators();
    }

    void received(long count) {
        bytes.addAndGet(count);
    }

    long bytesRead() {
        return bytes.get();
    }
}
