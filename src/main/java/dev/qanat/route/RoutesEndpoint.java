package dev.qanat.route;

import dev.qanat.web.Reply;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.apache.camel.ServiceStatus;
import org.jspecify.annotations.Nullable;

/** {@code GET /routes}: every route with its file and what it did, and the files that could not be loaded. */
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

    public Reply list() {
        List<Map<String, @Nullable Object>> items = new ArrayList<>();
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
            items.add(item);
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
            items.add(item);
        });
        return Reply.list(items);
    }
}
