package dev.qanat.web;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator.Feature;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.qanat.access.Caller;
import dev.qanat.access.Role;
import io.quarkus.arc.All;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /q/openapi}, in place of Quarkus' own: what is written by hand, with what there is to be described for whoever asks. Where
 * that cannot be found out, what is written by hand alone. In memory are the last texts, of each form and role.
 */
@Singleton
final class OpenApiEndpoint {

    private static final Logger LOG = Logger.getLogger(OpenApiEndpoint.class);
    private static final String PATH = "/q/openapi";
    private static final int BEFORE_QUARKUS = -1;
    private static final long PATIENCE_SECONDS = 5;

    private final List<DescribedPart> parts;
    private final Vertx vertx;
    private final Map<Asked, Text> last = new ConcurrentHashMap<>();
    private final Map<Asked, Future<Text>> underWay = new ConcurrentHashMap<>();

    private enum Form {
        YAML("application/yaml", YAMLMapper.builder().disable(Feature.WRITE_DOC_START_MARKER, Feature.SPLIT_LINES).build()),
        JSON("application/json", new ObjectMapper());

        private final String mediaType;
        private final ObjectMapper mapper;

        Form(String mediaType, ObjectMapper mapper) {
            this.mediaType = mediaType;
            this.mapper = mapper;
        }
    }

    /** @param role to whom what may be seen is told alike: viewers, operators, and whoever needs no key here */
    private record Asked(Form form, Role role) {

        List<DescribedPart> of(List<DescribedPart> parts) {
            return role == Role.PUBLIC ? List.of() : parts;
        }
    }

    /** @param version of the parts that are in it */
    private record Text(String version, Buffer content, String tag) {}

    OpenApiEndpoint(@All List<DescribedPart> parts, Vertx vertx) {
        this.parts = parts;
        this.vertx = vertx;
    }

    void answer(@Observes Router router) {
        for (String suffix : List.of("", ".json", ".yaml", ".yml")) {
            router.route(PATH + suffix)
                    .order(BEFORE_QUARKUS)
                    .method(HttpMethod.GET)
                    .method(HttpMethod.HEAD)
                    .handler(exchange -> answer(exchange, suffix));
        }
    }

    private void answer(RoutingContext exchange, String suffix) {
        Asked asked = new Asked(form(exchange, suffix), role(Callers.noted(exchange)));
        look(asked)
                .timeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
                .recover(failure -> {
                    LOG.warnf("Only what is written by hand is described: %s", failure);
                    return vertx.executeBlocking(() -> text(asked, List.of()), false);
                })
                .onSuccess(text -> send(exchange, asked.form, text))
                .onFailure(exchange::fail);
    }

    private static Role role(@Nullable Caller caller) {
        return Stream.of(Role.OPERATOR, Role.VIEWER)
                .filter(role -> caller != null && caller.role().reaches(role))
                .findFirst()
                .orElse(Role.PUBLIC);
    }

    /** Those who ask at once wait for one answer. */
    private Future<Text> look(Asked asked) {
        Promise<Text> look = Promise.promise();
        Future<Text> before = underWay.putIfAbsent(asked, look.future());
        if (before != null) {
            return before;
        }
        vertx.executeBlocking(() -> text(asked, asked.of(parts)), false).onComplete(done -> {
            underWay.remove(asked);
            look.handle(done);
        });
        return look.future();
    }

    private static Form form(RoutingContext exchange, String suffix) {
        String accept = exchange.request().getHeader(HttpHeaders.ACCEPT);
        String format = exchange.request().getParam("format");
        boolean json = format == null ? accept != null && accept.contains(Form.JSON.mediaType) : format.equalsIgnoreCase("json");
        return suffix.isEmpty() ? json ? Form.JSON : Form.YAML : suffix.equals(".json") ? Form.JSON : Form.YAML;
    }

    private Text text(Asked asked, List<DescribedPart> described) throws IOException {
        // Asked before what it is the version of: what comes between is looked for again.
        String version = described.stream().map(DescribedPart::version).collect(joining(" "));
        Text known = last.get(asked);
        if (known != null && known.version.equals(version)) {
            return known;
        }
        Description description = Description.written();
        described.forEach(part -> part.addTo(description, asked.role == Role.OPERATOR));
        byte[] content = content(asked.form, description);
        Text text = new Text(version, Buffer.buffer(content), tag(content));
        last.put(asked, text);
        return text;
    }

    private static byte[] content(Form form, Description description) throws JsonProcessingException {
        return form.mapper.writeValueAsString(description.text()).getBytes(StandardCharsets.UTF_8);
    }

    private static String tag(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void send(RoutingContext exchange, Form form, Text text) {
        exchange.response()
                .putHeader(HttpHeaders.CACHE_CONTROL, "private, no-cache")
                .putHeader(HttpHeaders.VARY, "Accept");
        exchange.etag(text.tag);
        if (exchange.isFresh()) {
            exchange.response().setStatusCode(304).end();
        } else {
            exchange.response().putHeader(HttpHeaders.CONTENT_TYPE, form.mediaType + ";charset=UTF-8").end(text.content);
        }
    }
}
