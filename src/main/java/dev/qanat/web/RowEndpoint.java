package dev.qanat.web;

import com.fasterxml.jackson.databind.util.RawValue;
import dev.qanat.access.Caller;
import dev.qanat.access.Role;
import dev.qanat.edit.EditedRow;
import dev.qanat.edit.InvalidRow;
import dev.qanat.edit.RowEdits;
import dev.qanat.edit.RowEdits.Place;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.Edit;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Pipelines.Exposed;
import dev.qanat.serve.Queries;
import dev.qanat.serve.ServedRow;
import io.quarkus.runtime.configuration.MemorySize;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jspecify.annotations.Nullable;

/** Single rows of exposed resources: {@code POST /api/v1/{path}}, and GET, PUT, PATCH and DELETE of {@code /api/v1/{path}/{id}}. */
@Singleton
final class RowEndpoint {

    /** Requests that are at work or wait for it; each keeps a thread. */
    private static final int MOST = 64;

    /** Of the routes that take a path, the last decides whether another method would do. */
    private static final int BEFORE_OTHERS = -50;

    private static final String PAGES = "/api/v1/:path";
    private static final int LARGEST_PAGE = 1_000;
    private static final Set<HttpMethod> WITH_BODY = Set.of(HttpMethod.POST, HttpMethod.PUT, HttpMethod.PATCH);
    /** Stands in a tag between the row's version and what its columns are for whom it was made. */
    private static final String SHAPE = "-";

    private static final Pattern ENTITY_TAG = Pattern.compile("(W/)?\"([^\"]*)\"");

    /** Curl says octets of everything that it is told to send. */
    private static final Pattern JSON = Pattern.compile("(?i)application/(?:json|octet-stream|(?!json-patch)[\\w.-]+\\+json)(?:\\s*;.*)?");

    private final Pipelines pipelines;
    private final DataEndpoint pages;
    private final Queries queries;
    private final RowEdits edits;
    private final Vertx vertx;
    private final long largestBody;
    private final AtomicInteger atWork = new AtomicInteger();

    RowEndpoint(
            Pipelines pipelines,
            DataEndpoint pages,
            Queries queries,
            RowEdits edits,
            Vertx vertx,
            @ConfigProperty(name = "quarkus.http.limits.max-body-size") MemorySize largestBody) {
        this.pipelines = pipelines;
        this.pages = pages;
        this.queries = queries;
        this.edits = edits;
        this.vertx = vertx;
        this.largestBody = largestBody.asLongValue();
    }

    /** What is done with a row, by a thread that may block. */
    private interface Work {
        Reply answer(RoutingContext exchange, Exposed exposed);
    }

    /** The same, where rows have ids. */
    private interface WorkOfRow {
        Reply answer(RoutingContext exchange, Exposed exposed, Place place);
    }

    void answer(@Observes Router router) {
        BodyHandler body = BodyHandler.create(false).setBodyLimit(largestBody);
        offer(router, PAGES, body, Map.of(HttpMethod.GET, pages::page, HttpMethod.POST, at(row(this::insert))));
        offer(
                router,
                PAGES + "/:id",
                body,
                Map.of(
                        HttpMethod.GET, at(row(this::read)),
                        HttpMethod.PUT, at(row(this::replace)),
                        HttpMethod.PATCH, at(row(this::patch)),
                        HttpMethod.DELETE, at(row(this::delete))));
        offer(router, PAGES + "/:id/changes", body, Map.of(HttpMethod.GET, at(named(this::changes))));
    }

    /** Takes a path for all methods where a pipeline exposes it, and leaves it to others where none does. */
    private void offer(Router router, String path, BodyHandler body, Map<HttpMethod, BiConsumer<RoutingContext, Exposed>> methods) {
        router.route(path)
                .order(BEFORE_OTHERS)
                .handler(exchange -> {
                    boolean read = WITH_BODY.contains(exchange.request().method()) && exposed(path, exchange).isPresent();
                    if (read) {
                        body.handle(exchange);
                    } else {
                        exchange.next();
                    }
                })
                .handler(exchange -> exposed(path, exchange)
                        .ifPresentOrElse(exposed -> answer(exchange, exposed, methods), exchange::next));
    }

    /** A page's path may end with the form that it asks for. */
    private Optional<Exposed> exposed(String route, RoutingContext exchange) {
        String segment = exchange.pathParam("path");
        return pipelines.exposed(route.equals(PAGES) ? PagePath.of(segment).path() : segment);
    }

    private static void answer(RoutingContext exchange, Exposed exposed, Map<HttpMethod, BiConsumer<RoutingContext, Exposed>> methods) {
        HttpMethod asked = exchange.request().method();
        BiConsumer<RoutingContext, Exposed> work = methods.get(asked.equals(HttpMethod.HEAD) ? HttpMethod.GET : asked);
        if (work == null) {
            Set<String> allowed = new TreeSet<>(Set.of("HEAD"));
            methods.keySet().forEach(method -> allowed.add(method.name()));
            String list = String.join(", ", allowed);
            exchange.response().putHeader(HttpHeaders.ALLOW, list);
            ServerProblems.send(
                    exchange, new Problem(405, Code.METHOD_NOT_ALLOWED, asked + " is not for this path; it takes " + list));
        } else {
            work.accept(exchange, exposed);
        }
    }

    private BiConsumer<RoutingContext, Exposed> at(Work work) {
        return (exchange, exposed) -> begin(exchange, exposed, work);
    }

    private static Work named(WorkOfRow work) {
        return (exchange, exposed) -> work.answer(exchange, exposed, place(exchange, exposed));
    }

    private static Work row(WorkOfRow work) {
        return named((exchange, exposed, place) -> {
            refuseParameters(exchange);
            return work.answer(exchange, exposed, place);
        });
    }

    private static Place place(RoutingContext exchange, Exposed exposed) {
        Optional<String> id = exposed.resource().rowId();
        if (id.isEmpty()) {
            exchange.response().putHeader(HttpHeaders.ALLOW, exchange.pathParam("id") == null ? "GET, HEAD" : "");
            throw new InputFailure(
                    Code.METHOD_NOT_ALLOWED,
                    "the rows of '" + exposed.expose().path() + "' have no id; give resource '" + exposed.resource().name()
                            + "' a 'surrogate_key'");
        }
        return new Place(exposed.active().name(), exposed.active().version(), exposed.resource(), id.get());
    }

    /** What means nothing is not passed over. */
    private static void refuseParameters(RoutingContext exchange) {
        exchange.queryParams().names().stream().findFirst().ifPresent(name -> {
            throw new InputFailure(Code.INVALID_REQUEST, name + ": a single row has no parameters");
        });
    }

    private void begin(RoutingContext exchange, Exposed exposed, Work work) {
        if (atWork.incrementAndGet() > MOST) {
            atWork.decrementAndGet();
            DataEndpoint.refuse(exchange, new TransientFailure(Code.TOO_MANY_QUERIES, "as many requests as may are waiting; try again in a moment"));
        } else {
            vertx.executeBlocking(() -> reply(exchange, exposed, work), false).onComplete(outcome -> {
                atWork.decrementAndGet();
                if (outcome.succeeded()) {
                    send(exchange, outcome.result());
                } else {
                    DataEndpoint.refuse(exchange, outcome.cause());
                }
            });
        }
    }

    private static Reply reply(RoutingContext exchange, Exposed exposed, Work work) {
        try {
            return work.answer(exchange, exposed);
        } catch (InvalidRow e) {
            Map<String, Object> error = new LinkedHashMap<>();
            e.column().ifPresent(column -> error.put("column", column));
            error.put("code", e.fault().id());
            error.put("message", e.reason());
            return new Problem(422, Code.INVALID_ROW, String.valueOf(e.getMessage()), List.of(error)).reply();
        }
    }

    private Reply read(RoutingContext exchange, Exposed exposed, Place place) {
        Optional<ServedRow> found =
                queries.row(exposed.resource(), place.id(), exchange.pathParam("id"), seesPersonal(exchange));
        ServedRow row = found.orElseThrow(() -> new InputFailure(
                Code.UNKNOWN_ROW, "'" + exposed.expose().path() + "' has no row with the id '" + exchange.pathParam("id") + "'"));
        String known = exchange.request().getHeader(HttpHeaders.IF_NONE_MATCH);
        String tag = row.version() + SHAPE + queries.shape(exposed.resource(), seesPersonal(exchange));
        boolean same = known != null && (known.strip().equals("*") || tags(known, true).contains(tag));
        return withTag(same ? new Reply(304, "", Map.of(), "") : json(200, row.json()), tag);
    }

    private Reply insert(RoutingContext exchange, Exposed exposed, Place place) {
        EditedRow row = edits.insert(place, body(exchange), by(exchange));
        if (!queries.isThere(exposed.resource(), true)) {
            queries.forget();
        }
        String id = URLEncoder.encode(row.id(), StandardCharsets.UTF_8).replace("+", "%20");
        return edited(201, exposed, row).withHeader("Location", "/api/v1/" + exposed.expose().path() + "/" + id);
    }

    private Reply replace(RoutingContext exchange, Exposed exposed, Place place) {
        return edited(200, exposed, edits.replace(place, exchange.pathParam("id"), body(exchange), asked(exchange), by(exchange)));
    }

    private Reply patch(RoutingContext exchange, Exposed exposed, Place place) {
        return edited(200, exposed, edits.patch(place, exchange.pathParam("id"), body(exchange), asked(exchange), by(exchange)));
    }

    /** Who writes rows sees all of their columns. */
    private Reply edited(int status, Exposed exposed, EditedRow row) {
        return withTag(json(status, row.json()), row.version() + SHAPE + queries.shape(exposed.resource(), true));
    }

    private Reply delete(RoutingContext exchange, Exposed exposed, Place place) {
        edits.delete(place, exchange.pathParam("id"), asked(exchange), by(exchange));
        return Reply.nothing();
    }

    private Reply changes(RoutingContext exchange, Exposed exposed, Place place) {
        int limit = (int) Math.min(LARGEST_PAGE, number(exchange, "limit", 50));
        long below = number(exchange, "after", Long.MAX_VALUE);
        return Reply.page(edits.edits(place, exchange.pathParam("id"), below, limit + 1), limit, RowEndpoint::shown, Edit::run);
    }

    private static Map<String, @Nullable Object> shown(Edit edit) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        shown.put("run", edit.run());
        shown.put("action", edit.action().id());
        shown.put("by", edit.by());
        shown.put("at", edit.at().toString());
        shown.put("before", edit.before().map(RawValue::new).orElse(null));
        shown.put("after", edit.after().map(RawValue::new).orElse(null));
        return shown;
    }

    private static long number(RoutingContext exchange, String name, long otherwise) {
        List<String> given = exchange.queryParam(name);
        if (given.isEmpty()) {
            return otherwise;
        }
        if (given.size() > 1 || !given.get(0).matches("0*[1-9]\\d{0,17}")) {
            throw new InputFailure(Code.INVALID_REQUEST, name + ": '" + given.get(0) + "' is not a number from 1");
        }
        return Long.parseLong(given.get(0));
    }

    private static boolean seesPersonal(RoutingContext exchange) {
        Caller caller = Callers.noted(exchange);
        return caller != null && caller.role().reaches(Role.OPERATOR);
    }

    private static String by(RoutingContext exchange) {
        Caller caller = Callers.noted(exchange);
        return (caller == null ? Caller.ANYBODY : caller).name();
    }

    private static String body(RoutingContext exchange) {
        String type = exchange.request().getHeader(HttpHeaders.CONTENT_TYPE);
        if (type != null && !JSON.matcher(type.strip()).matches()) {
            throw new InputFailure(
                    Code.UNSUPPORTED_MEDIA_TYPE,
                    "a row is sent as application/json, and what is to change of one as application/merge-patch+json, not as " + type);
        }
        if (exchange.body().buffer() == null || exchange.body().length() == 0) {
            throw new InputFailure(Code.INVALID_REQUEST, "the body is empty; send an object by the names of columns");
        }
        try {
            ByteBuffer bytes = ByteBuffer.wrap(exchange.body().buffer().getBytes());
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw new InputFailure(Code.INVALID_REQUEST, "the body is not UTF-8", e);
        }
    }

    /** The versions that a client has of a row, of which it must still be one; empty where it does not ask. */
    private static Optional<Set<String>> asked(RoutingContext exchange) {
        String header = exchange.request().getHeader(HttpHeaders.IF_MATCH);
        return header == null || header.strip().equals("*")
                ? Optional.empty()
                : Optional.of(tags(header, false).stream().map(tag -> tag.split(SHAPE, 2)[0]).collect(Collectors.toSet()));
    }

    /** @param weak whether a tag counts that is told to be the same in meaning alone */
    private static Set<String> tags(String header, boolean weak) {
        Set<String> found = new LinkedHashSet<>();
        Matcher tags = ENTITY_TAG.matcher(header);
        while (tags.find()) {
            if (weak || tags.group(1) == null) {
                found.add(tags.group(2));
            }
        }
        return found;
    }

    private static Reply json(int status, String text) {
        return new Reply(status, "application/json", Map.of(), text);
    }

    private static Reply withTag(Reply reply, String tag) {
        return reply.withHeader("ETag", '"' + tag + '"').withHeader("Cache-Control", "private, no-cache");
    }

    private static void send(RoutingContext exchange, Reply reply) {
        if (exchange.response().ended() || exchange.response().closed()) {
            return;
        }
        exchange.response().setStatusCode(reply.status());
        reply.headers().forEach(exchange.response()::putHeader);
        if (!reply.contentType().isEmpty()) {
            exchange.response().putHeader(HttpHeaders.CONTENT_TYPE, reply.contentType());
        }
        if (exchange.request().method().equals(HttpMethod.HEAD) || reply.body().isEmpty()) {
            exchange.response().end();
        } else {
            exchange.response().end(reply.body());
        }
    }
}
