package dev.qanat.route;

import static dev.qanat.route.Parameters.limit;
import static dev.qanat.route.Parameters.number;
import static org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConstants.AUTHENTICATED_USER;

import dev.qanat.access.ApiKey;
import dev.qanat.access.ApiKeys;
import dev.qanat.access.Caller;
import dev.qanat.access.Role;
import dev.qanat.failure.Code;
import dev.qanat.web.AccessView;
import dev.qanat.web.BadRequest;
import dev.qanat.web.Callers;
import dev.qanat.web.Reply;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.camel.Body;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** {@code POST /keys}, {@code GET /keys} and {@code DELETE /keys/{id}}. */
@ApplicationScoped
@Named("keysEndpoint")
public class KeysEndpoint {

    private static final List<String> KEYS = List.of("name", "role");

    /** For people and for the audit: on one line, and not to be taken for empty. */
    private static final Pattern NAME = Pattern.compile("[^\\p{C}\\p{Z}]([^\\p{C}\\p{Zl}\\p{Zp}]{0,98}[^\\p{C}\\p{Z}])?");

    private final ApiKeys keys;

    KeysEndpoint(ApiKeys keys) {
        this.keys = keys;
    }

    /** Makes a key; the answer is the only one that holds it. */
    public Reply post(
            @Body byte @Nullable [] body,
            @Header("Content-Type") @Nullable String contentType,
            @Header(AUTHENTICATED_USER) @Nullable Object user)
            throws IOException, SQLException {
        RequestBody asked = RequestBody.read(body, contentType, KEYS);
        String name = asked.text("name").orElse("");
        if (!NAME.matcher(name).matches() || Caller.isReserved(name)) {
            throw RequestBody.invalid("name: must have 1 to 100 characters without control characters or blanks at its ends,"
                    + " and be none of local, api_key, anybody, qanat");
        }
        Role role = Role.of(asked.text("role").orElse(""))
                .filter(known -> known != Role.PUBLIC)
                .orElseThrow(() -> RequestBody.invalid("role: must be viewer, operator or admin"));
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
        return Reply.page(found, most, AccessView::of, ApiKey::id);
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
}
