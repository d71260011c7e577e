package dev.qanat.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import dev.qanat.api.Answer.Scope;
import dev.qanat.api.Paging.Position;
import dev.qanat.api.Paging.Seen;
import dev.qanat.api.Requests.Target;
import dev.qanat.api.Validators.Validator;
import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.pipeline.ApiSource;
import dev.qanat.pipeline.Auth.OAuth2ClientCredentials;
import dev.qanat.pipeline.Endpoint;
import dev.qanat.pipeline.Endpoint.Method;
import dev.qanat.pipeline.FileRules.Format;
import dev.qanat.pipeline.Paginator;
import dev.qanat.pipeline.Resource;
import dev.qanat.pipeline.Resource.WriteDisposition;
import dev.qanat.records.Selection.Noted;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One partition of a resource in one run: which request comes next, and what its answer means. Whoever uses it sends the requests:
 *
 * <pre>{@code
 * while (pages.hasNext()) {
 *     ApiRequest request = pages.next();
 *     Answer answer = pages.read(send(request));
 *     ...
 * }
 * }</pre>
 *
 * <p>After {@link Answer.Again} and {@link Answer.QuotaExhausted} the next request is the same one again; so it is when it could not
 * be sent. The memory it takes is bounded by a chunk, by 1 MiB of a body, and by eight bytes a page. One thread at a time.
 */
public final class PartitionPages {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int MOST_REDIRECTS = 5;
    private static final String IF_NONE_MATCH = "If-None-Match";
    private static final String IF_MODIFIED_SINCE = "If-Modified-Since";

    /** Who asks whether something has changed may be told that it has not. */
    private static final List<String> CONDITIONS = List.of(IF_NONE_MATCH, IF_MODIFIED_SINCE);

    private final Endpoint endpoint;
    private final boolean conditional;
    private final Surroundings around;
    private final Requests requests;
    private final PageReader reader;
    private final ResponseActions actions;
    private final Paging paging;
    private final Optional<OAuth2ClientCredentials> oauth;
    private final Map<String, String> secrets;
    private final Map<String, Validator> validators = new LinkedHashMap<>();
    private Redaction redaction;

    private @Nullable ApiRequest sent;
    private @Nullable Target target;
    private boolean asksForToken;
    private @Nullable String token;
    private boolean renewed;
    private int redirects;
    private boolean reading;
    private byte @Nullable [] last;

    private PartitionPages(
            ApiSource source, Resource resource, Map<String, String> partition, Range range, Surroundings around) {
        this.around = around;
        endpoint = resource.polling().orElseThrow().endpoint();
        // What replaces a table has to come whole, whether it has changed or not.
        conditional = endpoint.method() == Method.GET
                && endpoint.paginator() instanceof Paginator.SinglePage
                && resource.writeDisposition() != WriteDisposition.REPLACE;
        requests = new Requests(source, endpoint, partition, range, around.secrets());
        secrets = requests.secrets();
        redaction = Redaction.of(secrets.values()).with(requests.derivedSecrets());
        actions = new ResponseActions(source.responseActions());
        paging = Paging.of(endpoint.paginator(), endpoint.format().filter(format -> format != Format.JSON).isPresent()
                || Selector.of(endpoint.dataSelector()).path().isDefinite());
        reader = new PageReader(resource, endpoint, around.declared(), partition, around);
        oauth = source.auth().filter(OAuth2ClientCredentials.class::isInstance).map(OAuth2ClientCredentials.class::cast);
    }

    /**
     * Begins a partition, or goes on with it.
     *
     * @param source of the resource
     * @param resource one that is polled
     * @param partition the values of the partition, which become fields of its records
     * @param token what {@link #token()} gave for the same partition, range and version of the pipeline; empty to begin
     * @throws IllegalArgumentException when the token is none
     */
    public static PartitionPages begin(
            ApiSource source,
            Resource resource,
            Map<String, String> partition,
            Range range,
            Optional<String> token,
            Surroundings around) {
        PartitionPages pages = new PartitionPages(source, resource, partition, range, around);
        token.ifPresent(pages::resume);
        return pages;
    }

    /**
     * Whether another request is to be sent.
     *
     * @throws IllegalStateException while the chunks of a page have not been taken to their end
     */
    public boolean hasNext() {
        if (reading) {
            throw new IllegalStateException("the page has not been read to its end: " + sent);
        }
        return paging.hasNext();
    }

    /** The next request; the same one again after an answer that asked for that. A page that was not read to its end is given up. */
    public ApiRequest next() {
        if (!paging.hasNext()) {
            throw new NoSuchElementException("all pages have been read");
        }
        reading = false;
        token = oauth.flatMap(auth -> around.tokens().find(auth, requests.clientId(auth), around.clock().instant())).orElse(null);
        asksForToken = oauth.isPresent() && token == null;
        if (asksForToken) {
            sent = requests.token(oauth.orElseThrow());
        } else {
            if (token != null) {
                redaction = redaction.with(List.of(token));
            }
            Target to = target == null ? requests.target(paging.page()) : target;
            target = to;
            sent = conditional(requests.request(to, Optional.ofNullable(token), redaction));
        }
        return sent;
    }

    private ApiRequest conditional(ApiRequest request) {
        if (!conditional) {
            return request;
        }
        Optional<Validator> known = around.validators().find(request.shown());
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        headers.putAll(request.headers());
        known.flatMap(Validator::etag).ifPresent(etag -> headers.put(IF_NONE_MATCH, etag));
        known.flatMap(Validator::lastModified).ifPresent(time -> headers.put(IF_MODIFIED_SINCE, time));
        return new ApiRequest(request.method(), request.uri(), headers, request.body(), request.shown());
    }

    /**
     * What the answer to the last request means. Failures of what was answered are an {@link Answer}, not an exception; no message has
     * a secret in it.
     */
    public Answer read(ApiAnswer answer) {
        ApiRequest asked = sent;
        if (asked == null) {
            throw new IllegalStateException("nothing has been asked");
        }
        try {
            Body body = Body.of(answer, around.limits());
            try {
                return asksForToken ? tokenAnswer(answer, body) : answer(asked, answer, body);
            } catch (RuntimeException e) {
                return failed(meaning(e, asked, body));
            } catch (JsonProcessingException e) {
                return failed(meaning(malformed(e), asked, body));
            }
        } catch (IOException | UncheckedIOException e) {
            return failed(lost(asked, e));
        } catch (InputFailure e) {
            // It could not even be unpacked.
            String message = asked + ": " + e.getMessage();
            return failed(e.code() == Code.CORRUPT_GZIP
                    ? new TransientFailure(e.code(), message, e)
                    : new InputFailure(e.code(), message, e));
        }
    }

    private Answer failed(RuntimeException e) {
        if (e instanceof TransientFailure failure) {
            return new Answer.Again(failure, Optional.empty(), true);
        }
        if (e instanceof InputFailure failure) {
            return failed(failure, asksForToken ? Scope.RUN : Scope.PARTITION);
        }
        throw e;
    }

    private Answer failed(InputFailure failure, Scope scope) {
        if (scope == Scope.PARTITION && paging.isBeyondTotal()) {
            paging.end();
            return new Answer.Nothing("the API has no page beyond the last that it told of");
        }
        return new Answer.Failed(failure, scope);
    }

    private Answer answer(ApiRequest asked, ApiAnswer answer, Body body) throws IOException {
        int status = answer.status();
        if (status != 401 && oauth.isPresent() && token != null) {
            around.tokens().accepted(oauth.get(), requests.clientId(oauth.get()), token);
        }
        Optional<Duration> wait = RetryAfter.of(answer, around.clock().instant());
        Optional<ResponseActions.Match> match = actions.first(status, body);
        if (match.isPresent()) {
            return act(match.get(), wait, asked);
        }
        if (status == 304 && CONDITIONS.stream().anyMatch(asked.headers()::containsKey)) {
            return nothing("not modified");
        }
        Optional<String> location = answer.header("Location");
        if (status >= 300 && status < 400 && location.isPresent()) {
            return redirect(asked, status, location.get());
        }
        if (status < 200 || status >= 300) {
            return refused(asked, status, wait, body);
        }
        return records(asked, answer, body);
    }

    private Answer act(ResponseActions.Match match, Optional<Duration> wait, ApiRequest asked) {
        Optional<Duration> after = match.pause().or(() -> wait);
        String shown = redaction.text(match.reason()).strip();
        String message = asked + ": " + (shown.length() > 500 ? shown.substring(0, 500) + "…" : shown);
        return switch (match.action()) {
            case IGNORE -> nothing(message);
            case RATE_LIMITED -> new Answer.Again(new TransientFailure(Code.RATE_LIMITED, message), after, false);
            case QUOTA_EXHAUSTED -> new Answer.QuotaExhausted(new TransientFailure(Code.QUOTA_EXHAUSTED, message), after);
            case RETRY -> new Answer.Again(new TransientFailure(Code.API_REFUSED, message), after, true);
            case FAIL_PARTITION -> new Answer.Failed(new InputFailure(Code.API_REFUSED, message), Scope.PARTITION);
            case FAIL -> new Answer.Failed(new InputFailure(Code.API_REFUSED, message), Scope.RUN);
        };
    }

    private Answer nothing(String reason) {
        target = null;
        paging.end();
        return new Answer.Nothing(reason);
    }

    private Answer redirect(ApiRequest asked, int status, String location) {
        if (++redirects > MOST_REDIRECTS) {
            throw new InputFailure(Code.TOO_MANY_REDIRECTS, "more than " + MOST_REDIRECTS + " redirects, one after the other");
        }
        Target from = target == null ? requests.target(paging.page()) : target;
        URI uri = Urls.resolve(asked.uri(), location);
        boolean plain = status == 303 || (status == 301 || status == 302) && from.method() == Method.POST;
        Target to = plain ? new Target(Method.GET, uri, Optional.empty()) : new Target(from.method(), uri, from.body());
        String shown = requests.request(to, Optional.empty(), redaction).shown();
        target = to;
        return new Answer.Onward("redirected to " + shown);
    }

    private Answer refused(ApiRequest asked, int status, Optional<Duration> wait, Body body) {
        String message = "%s: HTTP %d: %s".formatted(asked, status, body.beginning(redaction));
        if (status == 429 || status == 408 || status >= 500) {
            Code code = status == 429 ? Code.HTTP_429 : status == 408 ? Code.HTTP_4XX : Code.HTTP_5XX;
            return new Answer.Again(new TransientFailure(code, message), wait, true);
        }
        if (status == 401 && oauth.isPresent() && token != null && !renewed
                && around.tokens().refused(oauth.get(), requests.clientId(oauth.get()), token)) {
            renewed = true;
            return new Answer.Onward("a token that was good is no longer; another one is fetched");
        }
        return switch (status) {
            case 401 -> failed(new InputFailure(Code.HTTP_401, message), Scope.RUN);
            case 403 -> new Answer.Failed(new InputFailure(Code.HTTP_403, message), Scope.PARTITION);
            case 404 -> failed(new InputFailure(Code.HTTP_404, message), Scope.PARTITION);
            default -> failed(
                    new InputFailure(status >= 400 ? Code.HTTP_4XX : Code.HTTP_UNEXPECTED, message), Scope.PARTITION);
        };
    }

    private Answer records(ApiRequest asked, ApiAnswer answer, Body body) throws IOException {
        boolean empty = answer.status() == 204 && body.isWhole() && body.head().length == 0;
        byte[] hash = body.isWhole() && !empty && paging.counts() ? Paging.hash(body.head()) : null;
        if (hash != null && Arrays.equals(last, hash)) {
            return paging.isBeyondTotal()
                    ? nothing("beyond the last page that it told of, the API gives the last one again")
                    : new Answer.Failed(
                            new InputFailure(
                                    Code.PAGE_LOOP,
                                    asked + ": the same answer as to the page before; does the API know the paginator's parameter?"),
                            Scope.PARTITION);
        }
        PageReader.Page page = empty ? PageReader.Page.EMPTY : reader.open(body);
        reading = true;
        PageChunks chunks = new PageChunks(
                page.chunks(),
                asked.shown(),
                page.format() == Format.CSV ? reader.given() : Map.of(),
                redaction,
                around.chunkNumbers(),
                records -> whole(asked, answer, records, page),
                // What is read at once is understood where it was asked for.
                body.isWhole() ? UnaryOperator.identity() : e -> meaning(e, asked, body));
        if (!body.isWhole()) {
            return new Answer.Records(chunks);
        }
        try {
            Answer.Records records = new Answer.Records(reader.taken(chunks));
            last = hash;
            return records;
        } finally {
            reading = false;
        }
    }

    /** A page has been read to its end. */
    private void whole(ApiRequest asked, ApiAnswer answer, long records, PageReader.Page page) {
        page.missing().ifPresent(found -> {
            throw new InputFailure(
                    Code.NOTHING_SELECTED,
                    "data_selector %s finds %s where records should be".formatted(endpoint.dataSelector(), found));
        });
        paging.read(new Seen(asked.uri(), records, page.noted(), answer));
        reading = false;
        target = null;
        redirects = 0;
        renewed = false;
        if (conditional) {
            Validator validator = new Validator(answer.header("ETag"), answer.header("Last-Modified"));
            if (validator.etag().isPresent() || validator.lastModified().isPresent()) {
                validators.put(asked.shown(), validator);
            }
        }
    }

    private Answer tokenAnswer(ApiAnswer answer, Body body) {
        int status = answer.status();
        String message = "%s: HTTP %d: ".formatted(sent, status);
        if (status == 429 || status == 408 || status >= 500) {
            TransientFailure failure =
                    new TransientFailure(status == 429 ? Code.HTTP_429 : Code.HTTP_5XX, message + body.beginning(redaction));
            return new Answer.Again(failure, RetryAfter.of(answer, around.clock().instant()), true);
        }
        Map<?, ?> members = body.document().<Map<?, ?>>map(Document::members).orElse(Map.of());
        if (status != 200 || !(members.get("access_token") instanceof String fetched) || fetched.isBlank()) {
            // A good answer may hold a token after all, where it is not looked for.
            String found = status == 200 ? "no access_token in the answer" : body.beginning(redaction);
            return new Answer.Failed(new InputFailure(Code.TOKEN_REFUSED, message + found), Scope.RUN);
        }
        OAuth2ClientCredentials auth = oauth.orElseThrow();
        around.tokens().keep(auth, requests.clientId(auth), fetched, valid(members.get("expires_in")), around.clock().instant());
        return new Answer.Onward("a token was fetched");
    }

    private static Optional<Duration> valid(@Nullable Object seconds) {
        try {
            return Optional.ofNullable(seconds).map(number -> Duration.ofSeconds(Math.max(1, Long.parseLong(number.toString()))));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** What a failure of reading means: what a cut connection may have caused heals with time. */
    private RuntimeException meaning(RuntimeException e, ApiRequest asked, Body body) {
        if (e instanceof UncheckedIOException) {
            return lost(asked, e);
        }
        if (!(e instanceof Failure failure)) {
            return e;
        }
        String reason = "%s: %s".formatted(asked, redaction.text(String.valueOf(e.getMessage())));
        // Nobody knows where in it personal values are.
        String message =
                around.declared().isPersonal() ? reason : "%s; it begins: %s".formatted(reason, body.beginning(redaction));
        if (e.getCause() instanceof JsonEOFException) {
            return new TransientFailure(Code.TRUNCATED_BODY, message, harmless(e));
        }
        boolean damaged = failure.code() == Code.CORRUPT_GZIP
                || failure.code() == Code.MALFORMED_JSON && e.getCause() instanceof JsonProcessingException
                        && !(e.getCause() instanceof StreamConstraintsException);
        if (damaged || e instanceof TransientFailure) {
            return new TransientFailure(failure.code(), message, harmless(e));
        }
        return new InputFailure(failure.code(), message, harmless(e));
    }

    /** The cause, unless it or one of its own quotes a secret, or may quote personal data: logs show them all. */
    private @Nullable Throwable harmless(Throwable cause) {
        if (around.declared().isPersonal()) {
            return null;
        }
        for (Throwable each = cause; each != null; each = each.getCause()) {
            if (each.getMessage() != null && redaction.concerns(each.getMessage())) {
                return null;
            }
        }
        return cause;
    }

    private InputFailure malformed(JsonProcessingException e) {
        String reason = around.declared().isPersonal() ? "this is no JSON" : String.valueOf(e.getOriginalMessage());
        return new InputFailure(Code.MALFORMED_JSON, reason, e);
    }

    private TransientFailure lost(ApiRequest asked, Exception e) {
        String reason = redaction.text(String.valueOf(e.getMessage()));
        return new TransientFailure(
                Code.CONNECTION_LOST, asked + ": the answer ended before its end: " + reason, harmless(e));
    }

    /**
     * Where to go on after a crash, or when a quota is there again: with the page after the last one that {@link #read} gave. It is JSON
     * text and holds no secret. To be kept together with the records of the pages so far, once their chunks have been taken.
     */
    public String token() {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            Position position = paging.position();
            json.writeStartObject();
            json.writeNumberField("pages", paging.pages());
            if (paging.hasNext()) {
                json.writeStringField("at", sealed(position.at().text()));
                json.writeBooleanField("string", position.at().string());
                json.writeNumberField("most", position.most());
                json.writeBooleanField("beyond", position.beyond());
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }

    private void resume(String written) {
        try {
            Map<?, ?> members = Document.read(new StringReader(written)).members();
            int pages = Integer.parseInt(String.valueOf(members.get("pages")));
            if (members.get("at") instanceof String at) {
                Noted noted = new Noted(opened(at), Boolean.TRUE.equals(members.get("string")));
                long most = Long.parseLong(String.valueOf(members.get("most")));
                paging.resume(new Position(noted, most, Boolean.TRUE.equals(members.get("beyond"))), pages);
            } else {
                paging.end();
            }
        } catch (IOException e) {
            throw new IllegalArgumentException("no token of a partition: " + e.getMessage(), e);
        }
    }

    /** A link that the server wrote may have the key in it: its name is kept instead. */
    private String sealed(String text) {
        String sealed = text;
        for (Map.Entry<String, String> secret : secrets.entrySet()) {
            if (secret.getValue().length() >= Redaction.SHORTEST) {
                String name = "${secret:" + secret.getKey() + "}";
                sealed = sealed.replace(Urls.encode(secret.getValue()), name).replace(secret.getValue(), name);
            }
        }
        return redaction.text(sealed);
    }

    private String opened(String sealed) {
        String text = sealed;
        for (Map.Entry<String, String> secret : secrets.entrySet()) {
            text = text.replace("${secret:" + secret.getKey() + "}", Urls.encode(secret.getValue()));
        }
        return text;
    }

    /** What servers have said of the versions of the answers read so far, by {@link ApiRequest#shown}. */
    public Map<String, Validator> validators() {
        return Map.copyOf(validators);
    }
}
