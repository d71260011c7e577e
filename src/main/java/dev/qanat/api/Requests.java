package dev.qanat.api;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.pipeline.ApiSource;
import dev.qanat.pipeline.Auth;
import dev.qanat.pipeline.Auth.ApiKey;
import dev.qanat.pipeline.Auth.Bearer;
import dev.qanat.pipeline.Auth.HttpBasic;
import dev.qanat.pipeline.Auth.Location;
import dev.qanat.pipeline.Auth.OAuth2ClientCredentials;
import dev.qanat.pipeline.Endpoint;
import dev.qanat.pipeline.Endpoint.Bare;
import dev.qanat.pipeline.Endpoint.Items;
import dev.qanat.pipeline.Endpoint.Members;
import dev.qanat.pipeline.Endpoint.Method;
import dev.qanat.pipeline.Endpoint.Words;
import dev.qanat.pipeline.Template;
import dev.qanat.records.Selection.Noted;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Makes the requests of a partition. Credentials are put on in one place, and only for the source's own scheme, host and port: a
 * redirect and a next link get none elsewhere, not even those that the server wrote into them.
 */
final class Requests {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int SHOWN_BODY = 500;

    /** Parts of a path that lead elsewhere. */
    private static final Pattern DOTS = Pattern.compile("(?:^|/)\\.{1,2}(?:[/?#]|$)");

    /** Headers that say who asks, however they came to be. */
    private static final Set<String> PERSONAL = Set.of("authorization", "cookie", "proxy-authorization");

    private final ApiSource source;
    private final Endpoint endpoint;
    private final Map<String, String> partition;
    private final Range range;
    private final Map<String, String> secrets;
    private final URI base;
    private final Set<String> secretParams;

    /** What is asked, before anybody says who asks. */
    record Target(Method method, URI uri, Optional<byte[]> body) {}

    Requests(ApiSource source, Endpoint endpoint, Map<String, String> partition, Range range, UnaryOperator<String> secrets) {
        this.source = source;
        this.endpoint = endpoint;
        this.partition = partition;
        this.range = range;
        this.secrets = values(source, endpoint, secrets);
        base = URI.create(source.baseUrl());
        Stream<String> named = endpoint.params().entrySet().stream()
                .filter(param -> !param.getValue().secrets().isEmpty())
                .map(Map.Entry::getKey);
        secretParams = Stream.concat(named, queryKey().map(ApiKey::name).stream()).map(Urls::encode).collect(Collectors.toSet());
    }

    private Optional<ApiKey> queryKey() {
        return source.auth()
                .filter(ApiKey.class::isInstance)
                .map(ApiKey.class::cast)
                .filter(key -> key.location() == Location.QUERY);
    }

    /** Read once: what is redacted must be what was sent, also if a secret changes meanwhile. */
    private static Map<String, String> values(ApiSource source, Endpoint endpoint, UnaryOperator<String> secrets) {
        Stream<Template> all = Stream.of(
                        source.auth().map(Auth::secrets).orElse(List.of()),
                        source.headers().values(),
                        endpoint.headers().values(),
                        endpoint.params().values(),
                        List.of(endpoint.path()))
                .flatMap(Collection::stream);
        Map<String, String> values = new LinkedHashMap<>();
        all.flatMap(template -> template.secrets().stream()).forEach(name -> values.computeIfAbsent(name, secrets));
        return values;
    }

    /** The values of the secrets that these requests hold, by name. */
    Map<String, String> secrets() {
        return secrets;
    }

    /** What the answers of a page are asked by. */
    Target target(Paging.Page page) {
        boolean post = endpoint.method() == Method.POST;
        Optional<byte[]> body = post ? Optional.of(body(page.cursor())) : Optional.empty();
        if (page.link().isPresent()) {
            return new Target(endpoint.method(), page.link().get(), body);
        }
        Map<String, String> params = new LinkedHashMap<>();
        endpoint.params().forEach((name, value) -> {
            if (!isAbsent(value)) {
                params.put(name, value.render(values(UnaryOperator.identity())));
            }
        });
        params.putAll(page.params());
        if (!post) {
            page.cursor().ifPresent(cursor -> params.put(cursor.getKey(), cursor.getValue().text()));
        }
        return new Target(endpoint.method(), Urls.withParams(endpointUri(), params), body);
    }

    private URI endpointUri() {
        String path = Urls.lenient(endpoint.path().render(values(Urls::encode))).replace("[", "%5B").replace("]", "%5D");
        if (DOTS.matcher(path).find()) {
            throw new InputFailure(Code.BAD_LINK, "a value makes '.' or '..' a part of the path");
        }
        String root = source.baseUrl().replaceAll("/+$", "");
        String separator = path.isEmpty() || path.startsWith("/") || path.startsWith("?") ? "" : "/";
        return URI.create(root + separator + path);
    }

    private Template.Values values(UnaryOperator<String> encoding) {
        return new Template.Values() {
            @Override
            public String secret(String name) {
                String value = secrets.get(name);
                if (value == null) {
                    throw new IllegalArgumentException("a secret stands where none may: " + name);
                }
                return encoding.apply(value);
            }

            @Override
            public String reference(String scope, String name) {
                String value = scope.equals("partition") ? partition.get(name) : range.value(name).orElse("");
                if (value == null) {
                    throw new IllegalArgumentException("the partition has no " + name);
                }
                return encoding.apply(value);
            }
        };
    }

    private boolean isAbsent(Template template) {
        return template.parts().stream()
                .anyMatch(part -> part instanceof Template.Reference reference
                        && reference.scope().equals("incremental")
                        && range.value(reference.name()).isEmpty());
    }

    private byte[] body(Optional<Map.Entry<String, Noted>> cursor) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            Endpoint.Body body = endpoint.body().orElse(new Members(Map.of()));
            if (body instanceof Members members && cursor.isPresent()) {
                Map<String, Endpoint.Body> all = new LinkedHashMap<>(members.members());
                Noted value = cursor.get().getValue();
                all.put(cursor.get().getKey(), value.string() ? new Words(Template.literal(value.text())) : new Bare(value.text()));
                body = new Members(all);
            }
            write(body, json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private void write(Endpoint.Body body, JsonGenerator json) throws IOException {
        if (body instanceof Members members) {
            json.writeStartObject();
            for (Map.Entry<String, Endpoint.Body> member : members.members().entrySet()) {
                json.writeFieldName(member.getKey());
                write(member.getValue(), json);
            }
            json.writeEndObject();
        } else if (body instanceof Items items) {
            json.writeStartArray();
            for (Endpoint.Body item : items.items()) {
                write(item, json);
            }
            json.writeEndArray();
        } else if (body instanceof Words words) {
            json.writeString(words.text().render(values(UnaryOperator.identity())));
        } else if (body instanceof Bare bare) {
            json.writeRawValue(bare.json());
        }
    }

    /**
     * A request with all that belongs to it.
     *
     * @param token of OAuth, where the source wants one
     * @throws InputFailure if it would carry a secret to another host
     */
    ApiRequest request(Target target, Optional<String> token, Redaction redaction) {
        boolean own = Urls.sameOrigin(base, target.uri());
        URI uri = own ? withKey(target.uri()) : withoutSecrets(target.uri(), redaction);
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        headers.put("Accept", accept());
        headers.put("Accept-Encoding", "gzip");
        if (target.body().isPresent()) {
            headers.put("Content-Type", "application/json");
        }
        Stream.of(source.headers(), endpoint.headers()).flatMap(all -> all.entrySet().stream()).forEach(header -> {
            if (own || header.getValue().secrets().isEmpty() && !PERSONAL.contains(header.getKey().toLowerCase(Locale.ROOT))) {
                headers.put(header.getKey(), header.getValue().render(values(UnaryOperator.identity())));
            }
        });
        if (own) {
            authorize(headers, token);
        }
        return new ApiRequest(target.method().name(), uri, headers, target.body(), shown(target, uri, redaction));
    }

    private URI withKey(URI uri) {
        return queryKey()
                .map(key -> Urls.withParams(uri, Map.of(key.name(), key.apiKey().render(values(UnaryOperator.identity())))))
                .orElse(uri);
    }

    private URI withoutSecrets(URI uri, Redaction redaction) {
        String query = Urls.pairs(uri)
                .filter(pair -> !secretParams.contains(Urls.name(pair)) && !redaction.concerns(pair))
                .collect(Collectors.joining("&"));
        URI bare = Urls.withQuery(uri, query);
        if (redaction.concerns(bare.toString())) {
            throw new InputFailure(Code.BAD_LINK, "it would carry a secret to " + redaction.text(bare.getRawAuthority()));
        }
        return bare;
    }

    private String accept() {
        return endpoint.format().map(format -> switch (format) {
            case JSON -> "application/json";
            case NDJSON -> "application/x-ndjson";
            case CSV -> "text/csv, */*;q=0.5";
        }).orElse("*/*");
    }

    private void authorize(Map<String, String> headers, Optional<String> token) {
        Auth auth = source.auth().orElse(null);
        Template.Values plain = values(UnaryOperator.identity());
        if (auth instanceof ApiKey key && key.location() == Location.HEADER) {
            headers.put(key.name(), key.apiKey().render(plain));
        } else if (auth instanceof Bearer bearer) {
            headers.put("Authorization", "Bearer " + bearer.token().render(plain));
        } else if (auth instanceof HttpBasic basic) {
            headers.put("Authorization", "Basic " + encoded(basic));
        } else if (token.isPresent()) {
            headers.put("Authorization", "Bearer " + token.get());
        }
    }

    private String encoded(HttpBasic basic) {
        Template.Values plain = values(UnaryOperator.identity());
        String both = basic.username().render(plain) + ":" + basic.password().render(plain);
        return Base64.getEncoder().encodeToString(both.getBytes(StandardCharsets.UTF_8));
    }

    /** What is made of secrets and just as secret. */
    List<String> derivedSecrets() {
        // Also without its padding, which some leave out.
        return source.auth()
                .filter(HttpBasic.class::isInstance)
                .map(basic -> encoded((HttpBasic) basic))
                .map(text -> List.of(text, text.replaceAll("=+$", "")))
                .orElse(List.of());
    }

    private String shown(Target target, URI uri, Redaction redaction) {
        String query = Urls.pairs(uri)
                .map(pair -> secretParams.contains(Urls.name(pair)) ? Urls.name(pair) + "=" + Redaction.MASK : pair)
                .collect(Collectors.joining("&"));
        String shown = target.method() + " " + redaction.text(Urls.withQuery(uri, query).toString());
        if (target.body().isEmpty()) {
            return shown;
        }
        String body = redaction.json(new String(target.body().get(), StandardCharsets.UTF_8));
        return shown + " " + (body.length() > SHOWN_BODY ? body.substring(0, SHOWN_BODY) + "…" : body);
    }

    /** The request for a token. */
    ApiRequest token(OAuth2ClientCredentials auth) {
        Template.Values plain = values(UnaryOperator.identity());
        Map<String, String> form = new LinkedHashMap<>();
        form.put("grant_type", "client_credentials");
        form.put("client_id", auth.clientId().render(plain));
        form.put("client_secret", auth.clientSecret().render(plain));
        auth.scope().ifPresent(scope -> form.put("scope", scope));
        String body = form.entrySet().stream()
                .map(field -> Urls.encode(field.getKey()) + "=" + Urls.encode(field.getValue()))
                .collect(Collectors.joining("&"));
        Map<String, String> headers =
                Map.of("Accept", "application/json", "Content-Type", "application/x-www-form-urlencoded");
        URI uri = URI.create(auth.accessTokenUrl());
        return new ApiRequest("POST", uri, headers, Optional.of(body.getBytes(StandardCharsets.US_ASCII)), "POST " + uri);
    }

    String clientId(OAuth2ClientCredentials auth) {
        return auth.clientId().render(values(UnaryOperator.identity()));
    }
}
