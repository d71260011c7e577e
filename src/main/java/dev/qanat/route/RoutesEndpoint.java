package dev.qanat.route;

import static dev.qanat.route.Parameters.limit;

import dev.qanat.web.Reply;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.apache.camel.CamelContext;
import org.apache.camel.Header;
import org.apache.camel.Route;
import org.apache.camel.ServiceStatus;
import org.jspecify.annotations.Nullable;

/** {@code GET /routes}: every route with its file and what it did, by id, before them the files that could not be loaded. */
@ApplicationScoped
@Named("routesEndpoint")
public class RoutesEndpoint {

    private final CamelContext camel;
    private final RouteFiles files;
    private final RouteCounts counts;

    RoutesEndpoint(CamelContext camel, RouteFiles files, RouteCounts counts) {
        this.camel = camel;
        this.files = files;
        this.counts = counts;
    }

    public Reply list(@Header("limit") @Nullable String limit, @Header("after") @Nullable String after) {
        int most = limit(limit);
        NavigableMap<String, Map<String, @Nullable Object>> items = new TreeMap<>();
        Set<@Nullable String> present = new HashSet<>();
        for (Route route : camel.getRoutes()) {
            RouteCounts.Count count = counts.of(route.getRouteId());
            ServiceStatus status = camel.getRouteController().getRouteStatus(route.getRouteId());
            Map<String, @Nullable Object> item = new LinkedHashMap<>();
            item.put("id", route.getRouteId());
            String file = LoadedRoutes.fileOf(route);
            item.put("file", file);
            item.put("description", route.getDescription());
            item.put(
                    "status",
                    file != null && files.pending().contains(file)
                            ? "pending"
                            : status == null ? "unknown" : status.name().toLowerCase(Locale.ROOT));
            item.put("exchanges", count.exchanges.get());
            item.put("failures", count.failures.get());
            String ofFile = file == null ? null : files.failures().get(file);
            String error = ofFile == null ? count.lastError : ofFile;
            item.put("last_error", error == null ? null : MaskedText.of(error));
            present.add(file);
            items.put(route.getRouteId(), item);
        }
        files.failures().forEach((file, reason) -> {
            if (present.contains(file)) {
                return;
            }
            Map<String, @Nullable Object> item = new LinkedHashMap<>();
            item.put("id", null);
            item.put("file", file);
            item.put("description", null);
            item.put("status", "failed");
            item.put("exchanges", 0);
            item.put("failures", 0);
            item.put("last_error", MaskedText.of(reason));
            // No route's id.
            items.put("/" + file, item);
        });
        return Reply.page(
                items.tailMap(after == null ? "" : after, false).entrySet().stream().limit(most + 1L).toList(),
                most,
                Map.Entry::getValue,
                Map.Entry::getKey);
    }
}
