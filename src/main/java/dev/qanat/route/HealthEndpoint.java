package dev.qanat.route;

import dev.qanat.pipeline.Pipelines;
import dev.qanat.web.Reply;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.sql.DataSource;

/** {@code GET /api/v1/health}: whether this process can work, for people and for simple probes. */
@ApplicationScoped
@Named("healthEndpoint")
public class HealthEndpoint {

    private static final int SECONDS = 2;

    private final DataSource dataSource;
    private final Pipelines pipelines;
    private final RouteFiles routes;

    HealthEndpoint(DataSource dataSource, Pipelines pipelines, RouteFiles routes) {
        this.dataSource = dataSource;
        this.pipelines = pipelines;
        this.routes = routes;
    }

    public Reply get() {
        boolean database = databaseAnswers();
        boolean up = database && routes.loaded();
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("status", up ? "UP" : "DOWN");
        answer.put("database", database ? "UP" : "DOWN");
        answer.put("pipelines", pipelines.active().size());
        answer.put("inactive_pipelines", pipelines.inactive().keySet());
        answer.put("failed_route_files", routes.failures().keySet());
        return Reply.json(up ? 200 : 503, answer);
    }

    private boolean databaseAnswers() {
        try (Connection connection = dataSource.getConnection()) {
            return connection.isValid(SECONDS);
        } catch (SQLException e) {
            return false;
        }
    }
}
