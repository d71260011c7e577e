package dev.qanat.route;

import static dev.qanat.route.Parameters.number;
import static org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConstants.AUTHENTICATED_USER;

import dev.qanat.access.Role;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.lineage.Lineage;
import dev.qanat.lineage.Lineage.Direction;
import dev.qanat.lineage.LineageReader;
import dev.qanat.lineage.RowOrigin;
import dev.qanat.lineage.RowOrigins;
import dev.qanat.personal.PersonalColumns;
import dev.qanat.web.BadRequest;
import dev.qanat.web.Callers;
import dev.qanat.web.LineageView;
import dev.qanat.web.QueryParameters;
import dev.qanat.web.Reply;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.camel.Exchange;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** {@code GET /api/v1/lineage} and {@code /api/v1/lineage/row}. */
@ApplicationScoped
@Named("lineageEndpoint")
public class LineageEndpoint {

    private final LineageReader lineage;
    private final RowOrigins origins;
    private final PersonalColumns personal;

    LineageEndpoint(LineageReader lineage, RowOrigins origins, PersonalColumns personal) {
        this.lineage = lineage;
        this.origins = origins;
        this.personal = personal;
    }

    public Reply graph(
            @Header("node") @Nullable String node,
            @Header("direction") @Nullable String direction,
            @Header("depth") @Nullable String depth)
            throws SQLException {
        Direction where = direction == null ? Direction.BOTH : direction(direction);
        int most = depth == null ? Integer.MAX_VALUE : (int) Math.min(number("depth", depth), Integer.MAX_VALUE);
        if (node == null && (direction != null || depth != null)) {
            throw new BadRequest(400, Code.INVALID_REQUEST, "node: is missing; direction and depth say where to look from it");
        }
        Lineage whole = lineage.read();
        try {
            return Reply.json(200, LineageView.of(node == null ? whole : whole.around(node, where, most)));
        } catch (InputFailure e) {
            throw answer(e);
        }
    }

    /** @param query of the URL: {@code table}, and columns by their names */
    public Reply row(@Header(Exchange.HTTP_QUERY) @Nullable String query, @Header(AUTHENTICATED_USER) @Nullable Object user)
            throws SQLException {
        Map<String, String> key = QueryParameters.once(query);
        String table = key.remove("table");
        if (table == null) {
            throw new BadRequest(
                    400, Code.INVALID_REQUEST, "table: is missing; a row is asked for like ?table=silver.products&id=7");
        }
        try {
            boolean all = Callers.of(user).role().reaches(Role.OPERATOR);
            RowOrigin origin = origins.find(table, key, all ? Set.of() : hidden(table));
            boolean told = all || origin.bronze().table().filter(bronze -> hidden(bronze).contains("record")).isEmpty();
            return Reply.json(200, LineageView.of(told ? origin : origin.withoutRecord()));
        } catch (InputFailure e) {
            throw answer(e);
        }
    }

    private Set<String> hidden(String table) {
        return personal.of(List.of(table)).getOrDefault(table, Set.of());
    }

    private static RuntimeException answer(InputFailure e) {
        String detail = String.valueOf(e.getMessage());
        return switch (e.code()) {
            case NOT_FOUND -> new BadRequest(404, Code.NOT_FOUND, detail);
            case INVALID_REQUEST -> new BadRequest(400, Code.INVALID_REQUEST, detail);
            default -> e;
        };
    }

    private static Direction direction(String text) {
        for (Direction direction : Direction.values()) {
            if (direction.name().toLowerCase(Locale.ROOT).equals(text)) {
                return direction;
            }
        }
        throw new BadRequest(400, Code.INVALID_REQUEST, "direction: '" + text + "' is none of upstream, downstream, both");
    }
}
