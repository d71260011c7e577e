package dev.qanat.api;

import dev.qanat.pipeline.ApiSource;
import dev.qanat.pipeline.ApiSource.ResponseAction;
import dev.qanat.pipeline.ApiSource.Retry;
import dev.qanat.pipeline.Auth;
import dev.qanat.pipeline.Endpoint;
import dev.qanat.pipeline.Endpoint.Body;
import dev.qanat.pipeline.Endpoint.Entries;
import dev.qanat.pipeline.Endpoint.Method;
import dev.qanat.pipeline.FileRules;
import dev.qanat.pipeline.FileRules.Format;
import dev.qanat.pipeline.Paginator;
import dev.qanat.pipeline.Polling;
import dev.qanat.pipeline.Resource;
import dev.qanat.pipeline.Resource.Dedup;
import dev.qanat.pipeline.Resource.WriteDisposition;
import dev.qanat.pipeline.SchemaContract;
import dev.qanat.pipeline.Template;
import dev.qanat.pipeline.Template.Literal;
import dev.qanat.pipeline.Template.Part;
import dev.qanat.pipeline.Template.Reference;
import dev.qanat.pipeline.Template.Secret;
import dev.qanat.records.Declared;
import dev.qanat.records.Limits;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A polled resource of which a test says what matters to it. */
final class Polled {
    static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");

    private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{secret:(\\w+)}|\\{\\{ (\\w+)\\.(\\w+) }}");

    String baseUrl = "https://api.example";
    Optional<Auth> auth = Optional.empty();
    Map<String, Template> headers = new LinkedHashMap<>();
    List<ResponseAction> actions = new ArrayList<>();
    Template path = text("/data");
    Method method = Method.GET;
    Map<String, Template> params = new LinkedHashMap<>();
    Optional<Body> body = Optional.empty();
    Optional<Format> format = Optional.empty();
    String selector = "$";
    Optional<Entries> shape = Optional.empty();
    Paginator paginator = new Paginator.SinglePage();
    Map<String, String> partition = Map.of();
    Range range = Range.ALL;
    Map<String, String> secrets = Map.of("KEY", "s3cret/key");
    Tokens tokens = new Tokens();
    Validators validators = Validators.NONE;
    Instant now = NOW;
    Optional<String> token = Optional.empty();
    Declared declared = Declared.NOTHING;

    private final AtomicInteger chunks = new AtomicInteger();

    /** A template as it is written in YAML. */
    static Template text(String written) {
        List<Part> parts = new ArrayList<>();
        Matcher found = PLACEHOLDER.matcher(written);
        int from = 0;
        while (found.find()) {
            if (found.start() > from) {
                parts.add(new Literal(written.substring(from, found.start())));
            }
            parts.add(found.group(1) == null ? new Reference(found.group(2), found.group(3)) : new Secret(found.group(1)));
            from = found.end();
        }
        if (from < written.length()) {
            parts.add(new Literal(written.substring(from)));
        }
        return new Template(written, parts);
    }

    PartitionPages begin() {
        ApiSource source = new ApiSource(
                "api", baseUrl, auth, headers, Duration.ofSeconds(30), List.of(), Retry.DEFAULT, actions);
        Endpoint endpoint = new Endpoint(path, method, params, Map.of(), body, format, selector, shape, paginator);
        Resource resource = new Resource(
                "things",
                "api",
                FileRules.DEFAULT,
                "things",
                List.of(),
                List.of(),
                WriteDisposition.APPEND,
                Dedup.NONE,
                SchemaContract.DEFAULT,
                Optional.empty(),
                true,
                Optional.empty(),
                Optional.of(new Polling(endpoint, List.of(partition), Optional.empty())));
        InstantSource clock = () -> now;
        Surroundings around =
                new Surroundings(secrets::get, tokens, validators, declared, Limits.DEFAULT, chunks::getAndIncrement, clock);
        return PartitionPages.begin(source, resource, partition, range, token, around);
    }
}
