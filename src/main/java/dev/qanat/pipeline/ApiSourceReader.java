package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.ApiSource.Action;
import dev.qanat.pipeline.ApiSource.Backoff;
import dev.qanat.pipeline.ApiSource.OnExhausted;
import dev.qanat.pipeline.ApiSource.RateLimit;
import dev.qanat.pipeline.ApiSource.ResponseAction;
import dev.qanat.pipeline.ApiSource.Retry;
import dev.qanat.pipeline.Section.Text;
import dev.qanat.pipeline.Variables.Scope;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads a source of type {@code rest_api}. */
final class ApiSourceReader {
    private static final int MOST_REQUESTS = 1_000_000;
    private static final int MOST_ATTEMPTS = 20;
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
    /** Longer than this nobody waits; the run is deferred. */
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

    private static final Set<Action> PAUSING = EnumSet.of(Action.RATE_LIMITED, Action.QUOTA_EXHAUSTED, Action.RETRY);

    private final Section source;
    private final Variables variables;
    private final DurationReader durations;

    ApiSourceReader(Section source, Variables variables) {
        this.source = source;
        this.variables = variables;
        this.durations = new DurationReader(variables);
    }

    /** The source; with stand-ins, and problems reported, for what is not as it should be. */
    ApiSource read(String name) {
        if (!source.has("base_url")) {
            source.missing("base_url", "write where the API is, such as 'base_url: https://api.example.com'");
        }
        Optional<Auth> auth = source.mapping("auth", "a mapping such as { type: bearer, token: \"${secret:NAME}\" }")
                .flatMap(this::auth);
        Map<String, Template> headers = new HeaderReader(variables).read(source, Scope.SECRETS);
        auth.flatMap(ApiSourceReader::header).ifPresent(header -> headers.keySet().stream()
                .filter(header::equalsIgnoreCase)
                .forEach(twice -> source.problem("headers", Code.CONFLICTING_KEYS,
                        "'headers' has %s, which 'auth' sets; take it out".formatted(Section.quoted(twice)))));
        return new ApiSource(
                name,
                url(source, "base_url", false).map(url -> url.replaceFirst("/+$", "")).orElse(""),
                auth,
                headers,
                durations.read(source, "timeout", "PT0.1S", "PT1H").orElse(DEFAULT_TIMEOUT),
                rateLimits(),
                source.section("retry", Level.RETRY).map(this::retry).orElse(Retry.DEFAULT),
                responseActions());
    }

    /** An absolute URL that holds no credentials. */
    private Optional<String> url(Section section, String key, boolean queryAllowed) {
        Optional<Text> text = section.text(key, "a URL such as https://api.example.com");
        Optional<String> url = text.flatMap(t -> variables.expand(section, t));
        Optional<String> fault = url.flatMap(u -> faulty(u, queryAllowed));
        // It is not shown: there may be a password in it.
        fault.ifPresent(f -> section.problem(key, Code.INVALID_VALUE, section.label(key) + " " + f));
        return fault.isPresent() ? Optional.empty() : url;
    }

    private static Optional<String> faulty(String url, boolean queryAllowed) {
        URI uri;
        try {
            uri = new URI(url);
        } catch (URISyntaxException e) {
            return Optional.of("is no URL; write one such as https://api.example.com");
        }
        String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
        if (!scheme.equals("http") && !scheme.equals("https") || uri.getHost() == null) {
            return Optional.of("is no absolute URL of http or https; write one such as https://api.example.com");
        }
        if (uri.getRawUserInfo() != null) {
            return Optional.of("has a user in it; take it out, and write 'auth: { type: http_basic, … }'");
        }
        if (uri.getRawFragment() != null || uri.getRawQuery() != null && !queryAllowed) {
            return Optional.of("has a query or a fragment; take it out, parameters belong to 'endpoint.params'");
        }
        return Optional.empty();
    }

    private Optional<Auth> auth(Section auth) {
        List<String> types = List.of("api_key", "bearer", "http_basic", "oauth2_client_credentials");
        if (!auth.has("type")) {
            auth.missing("type", "write " + Section.alternatives(types));
        }
        return auth.word("type", types).flatMap(type -> switch (type) {
            case "api_key" -> apiKey(auth);
            case "bearer" -> {
                auth.allow(Level.BEARER_AUTH);
                yield required(auth, "token").map(Auth.Bearer::new);
            }
            case "http_basic" -> {
                auth.allow(Level.HTTP_BASIC_AUTH);
                Optional<Template> username = required(auth, "username");
                Optional<Template> password = required(auth, "password");
                yield username.flatMap(name -> password.map(word -> new Auth.HttpBasic(name, word)));
            }
            default -> oauth2(auth);
        });
    }

    /** The header that says who asks. */
    private static Optional<String> header(Auth auth) {
        if (auth instanceof Auth.ApiKey key) {
            return Optional.of(key.name()).filter(name -> key.location() == Auth.Location.HEADER);
        }
        return Optional.of("Authorization");
    }

    private Optional<Auth> apiKey(Section auth) {
        auth.allow(Level.API_KEY_AUTH);
        Auth.Location location = auth.choice("location", Auth.Location.class).orElse(Auth.Location.HEADER);
        if (!auth.has("name")) {
            auth.missing("name", "name the header or the parameter, such as 'X-Api-Key'");
        }
        Optional<String> name = auth.text("name", "the name of a header or a parameter").map(Text::value);
        Optional<String> fault = name.flatMap(location == Auth.Location.HEADER ? HeaderReader::faulty : Variables::faultyName);
        fault.ifPresent(f -> auth.problem("name", Code.INVALID_NAME, Section.quoted(name.orElseThrow()) + " " + f));
        Optional<Template> key = required(auth, "api_key");
        return name.flatMap(n -> key.map(k -> new Auth.ApiKey(location, n, k)));
    }

    private Optional<Auth> oauth2(Section auth) {
        auth.allow(Level.OAUTH2_AUTH);
        if (!auth.has("access_token_url")) {
            auth.missing("access_token_url", "write where tokens are given");
        }
        Optional<String> url = url(auth, "access_token_url", true);
        Optional<Template> id = required(auth, "client_id");
        Optional<Template> secret = required(auth, "client_secret");
        Optional<String> scope = auth.text("scope", "a text").flatMap(t -> variables.expand(auth, t));
        return url.flatMap(u -> id.flatMap(i -> secret.map(s -> new Auth.OAuth2ClientCredentials(u, i, s, scope))));
    }

    /** One of the texts that say who asks. */
    private Optional<Template> required(Section auth, String key) {
        if (!auth.has(key)) {
            auth.missing(key, "write '%s: \"${secret:NAME}\"'".formatted(key));
        }
        return auth.text(key, "a text such as \"${secret:NAME}\"").flatMap(t -> variables.template(auth, t, Scope.SECRETS));
    }

    private List<RateLimit> rateLimits() {
        List<RateLimit> limits = new ArrayList<>();
        Set<Duration> intervals = new HashSet<>();
        for (Section limit : source.sections("rate_limit", Level.RATE_LIMIT)) {
            for (String key : List.of("limit", "interval")) {
                if (!limit.has(key)) {
                    limit.missing(key, "write '{ limit: 5, interval: PT1M }'");
                }
            }
            Optional<Integer> requests = limit.number("limit", 1, MOST_REQUESTS);
            Optional<Duration> interval = durations.read(limit, "interval", "PT1S", "P366D");
            Optional<OnExhausted> onExhausted = limit.choice("on_exhausted", OnExhausted.class);
            if (interval.isPresent() && !intervals.add(interval.get())) {
                limit.problem("interval", Code.DUPLICATE_KEY,
                        "%s: another limit has this interval; keep the lower one".formatted(limit.label("interval")));
            }
            if (requests.isPresent() && interval.isPresent()) {
                boolean waits = interval.get().compareTo(LONGEST_WAIT) <= 0;
                limits.add(new RateLimit(
                        requests.get(), interval.get(), onExhausted.orElse(waits ? OnExhausted.WAIT : OnExhausted.DEFER)));
            }
        }
        return List.copyOf(limits);
    }

    private Retry retry(Section retry) {
        Optional<Duration> initial = durations.read(retry, "initial", "PT0.001S", "PT1H");
        Optional<Duration> max = durations.read(retry, "max", "PT0.001S", "PT1H");
        if (initial.isPresent() && max.isPresent() && initial.get().compareTo(max.get()) > 0) {
            retry.problem("max", Code.INVALID_VALUE, "'retry.max' is shorter than 'retry.initial'; no wait can be both");
        }
        // What is not given follows from what is, so that the first wait is never longer than the longest.
        Duration first = initial.orElse(least(Retry.DEFAULT.initial(), max.orElse(Retry.DEFAULT.max())));
        Duration longest = max.orElse(first.compareTo(Retry.DEFAULT.max()) > 0 ? first : Retry.DEFAULT.max());
        return new Retry(
                retry.number("max_attempts", 1, MOST_ATTEMPTS).orElse(Retry.DEFAULT.maxAttempts()),
                retry.choice("backoff", Backoff.class).orElse(Retry.DEFAULT.backoff()),
                first,
                longest);
    }

    private static Duration least(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private List<ResponseAction> responseActions() {
        List<ResponseAction> actions = new ArrayList<>();
        Set<List<Optional<?>>> seen = new HashSet<>();
        for (Section section : source.sections("response_actions", Level.RESPONSE_ACTION)) {
            ResponseAction action = responseAction(section);
            boolean conditional = action.status().isPresent() || action.path().isPresent() || action.contains().isPresent();
            if (conditional && !seen.add(List.of(action.status(), action.path(), action.contains())) && section.has("action")) {
                section.problem("action", Code.DUPLICATE_KEY, "an earlier response action is for the same answers; keep one");
            }
            actions.add(action);
        }
        return List.copyOf(actions);
    }

    private ResponseAction responseAction(Section section) {
        if (!section.has("status") && !section.has("path") && !section.has("contains")) {
            section.missing("status", "say which answers it is for, by 'status', 'path' or 'contains'");
        }
        if (!section.has("action")) {
            section.missing("action", "write " + Section.alternatives(Arrays.stream(Action.values()).map(Action::id).toList()));
        }
        Optional<Action> action = section.choice("action", Action.class);
        Optional<Duration> wait = durations.read(section, "wait", "PT0S", "P31D");
        if (section.has("wait") && action.isPresent() && !PAUSING.contains(action.get())) {
            section.problem("wait", Code.CONFLICTING_KEYS, "%s says nothing to action '%s', after which nothing is sent again; take it out"
                    .formatted(section.label("wait"), action.get().id()));
        }
        return new ResponseAction(
                section.number("status", 100, 599),
                JsonPathReader.read(section, "path"),
                contains(section),
                action.orElse(Action.FAIL),
                wait);
    }

    private static Optional<String> contains(Section section) {
        Optional<String> text = section.text("contains", "a text").map(Text::value);
        if (text.isPresent() && text.get().isEmpty()) {
            section.problem("contains", Code.INVALID_VALUE, section.label("contains") + " is empty; every text contains that");
        } else if (text.isPresent() && Variables.used(text.get())) {
            section.problem("contains", Code.INVALID_VALUE,
                    section.label("contains") + " is taken as it stands, nothing is put in; write the text");
        }
        return text;
    }
}
