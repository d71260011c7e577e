package dev.qanat.route;

import static dev.qanat.route.Parameters.limit;
import static dev.qanat.route.Parameters.number;
import static org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConstants.AUTHENTICATED_USER;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.qanat.access.ApiKey;
import dev.qanat.access.ApiKeys;
import dev.qanat.access.Caller;
import dev.qanat.access.Role;
import dev.qanat.failure.Code;
import dev.qanat.web.AccessView;
import dev.qanat.web.BadRequest;
import dev.qanat.web.Callers;
import dev.qanat.web.Reply;
import dev.qanat.web.RunView;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.camel.Body;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** {@code POST /keys}, {@code GET /keys} and {@code DELETE /keys/{id}}. */
@ApplicationScoped
@Named("keysEndpoint")
public class KeysEndpoint {

    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY);

    /** For people and for the audit: on one line, and not to be taken for empty. */
    private static final Pattern NAME = Pattern.compile("[^\\p{C}\\p{Z}]([^\\p{C}\\p{Zl}\\p{Zp}]{0,98}[^\\p{C}\\p{Z}])?");

    private final ApiKeys keys;

    KeysEndpoint(ApiKeys keys) {
        this.keys = keys;
    }

    /** Makes a key; the answer is the only one that holds it. */
    public Reply post(@Body byte @Nullable [] body, @Header(AUTHENTICATED_USER) @Nullable Object user)
            throws IOException, SQLException {
        JsonNode json = read(body);
        String name = text(json, "name");
        if (!NAME.matcher(name).matches() || Caller.isReserved(name)) {
            throw invalid("name: must have 1 to 100 characters without control characters or blanks at its ends,"
                    + " and be none of local, api_key, anybody, qanat");
        }
        Role role = Role.of(text(json, "role"))
                .filter(known -> known != Role.PUBLIC)
                .orElseThrow(() -> invalid("role: must be viewer, operator or admin"));
        ApiKeys.Made made = keys.make(name, role, Callers.of(user).name())
                .orElseThrow(() -> new BadRequest(
                        409,
                        Code.ADMIN_KEY_NEEDED,
                        "there is no key of the role admin yet, and with this one nobody could make another: make an admin's first"));
        return Reply.json(201, AccessView.made(made)).withHeader("Location", "/keys/" + made.key().id());
    }

    /** All keys, newest first. */
    public Reply list(@Header("limit") @Nullable String limit, @Header("after") @Nullable String after) {
        int most = limit(limit);
        List<ApiKey> found = keys.list(Optional.ofNullable(after).map(text -> number("after", text)), most + 1);
        boolean more = found.size() > most;
        List<ApiKey> items = more ? found.subList(0, most) : found;
        return Reply.json(
                200,
                RunView.page(
                        items.stream().map(AccessView::of).toList(),
                        more ? Long.toString(items.get(most - 1).id()) : null));
    }

    /** Takes a key out of force, for ever. */
    public Reply delete(@Header("id") String id, @Header(AUTHENTICATED_USER) @Nullable Object user) throws SQLException {
        ApiKeys.Revoked revoked =
                id.matches("\\d{1,18}") ? keys.revoke(Long.parseLong(id), Callers.of(user).name()) : ApiKeys.Revoked.UNKNOWN;
        return switch (revoked) {
            case DONE -> Reply.nothing();
            case UNKNOWN -> throw new BadRequest(404, Code.UNKNOWN_API_KEY, "there is no key '" + id + "'; GET /keys lists them");
            case LAST_ADMIN -> throw new BadRequest(
                    409,
                    Code.ADMIN_KEY_NEEDED,
                    "key " + id + " is the last of the role admin, and without it nobody could make another: make that first");
        };
    }

    private static JsonNode read(byte @Nullable [] body) throws IOException {
        JsonNode json;
        try {
            json = body == null ? JSON.missingNode() : JSON.readTree(body);
        } catch (JsonProcessingException e) {
            // Its message may quote the body, which is nobody's to log.
            throw invalid("the body is not JSON");
        }
        if (!json.isObject()) {
            throw invalid("the body must be a JSON object, such as {\"name\": \"dashboard\", \"role\": \"viewer\"}");
        }
        for (Iterator<String> names = json.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!Set.of("name", "role").contains(name)) {
                throw invalid("unknown key '" + name + "'; known are name, role");
            }
        }
        return json;
    }

    private static String text(JsonNode json, String name) {
        JsonNode value = json.path(name);
        if (!value.isTextual()) {
            throw invalid(name + ": must be a text");
        }
        return value.textValue();
    }

    private static BadRequest invalid(String detail) {
        return new BadRequest(400, Code.INVALID_REQUEST, detail);
    }
}
