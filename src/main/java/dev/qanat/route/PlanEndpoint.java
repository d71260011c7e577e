package dev.qanat.route;

import dev.qanat.load.TablePlan;
import dev.qanat.load.TablePlanner;
import dev.qanat.load.Target;
import dev.qanat.pipeline.ConfigChanges;
import dev.qanat.pipeline.ConfigHistory;
import dev.qanat.pipeline.ConfigHistory.Version;
import dev.qanat.pipeline.Pipeline;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import dev.qanat.web.ConfigView;
import dev.qanat.web.Reply;
import dev.qanat.web.ScheduleView;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.apache.camel.Body;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** {@code POST /configs/plan}: what putting a pipeline's YAML in force would do to routes, schedules and tables. It does nothing. */
@ApplicationScoped
@Named("planEndpoint")
public class PlanEndpoint {

    /** Enough to count some hundred million rows. */
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final Pipelines pipelines;
    private final ConfigHistory history;
    private final Inboxes inboxes;
    private final Ticks ticks;
    private final TablePlanner planner;

    PlanEndpoint(Pipelines pipelines, ConfigHistory history, Inboxes inboxes, Ticks ticks, DataSource dataSource) {
        this.pipelines = pipelines;
        this.history = history;
        this.inboxes = inboxes;
        this.ticks = ticks;
        this.planner = new TablePlanner(dataSource, PATIENCE);
    }

    /** The parameters are those of {@link UploadedYaml#of}. */
    public Reply post(
            @Body byte @Nullable [] uploaded,
            @Header("file") @Nullable String field,
            @Header("CamelFileName") @Nullable String fileName)
            throws SQLException {
        UploadedYaml yaml = UploadedYaml.of(uploaded, field, fileName);
        Pipeline pipeline = pipelines.check(yaml.text(), yaml.fileName());
        Optional<Version> latest = history.latest(pipeline.name());
        boolean unchanged = latest.filter(version -> !version.removed() && version.yaml().equals(yaml.text())).isPresent();
        Map<String, @Nullable Object> plan = new LinkedHashMap<>();
        plan.put("pipeline", pipeline.name());
        plan.put("version", latest.map(Version::number).orElse(0) + (unchanged ? 0 : 1));
        plan.put("unchanged", unchanged);
        plan.put(
                "changes",
                ConfigView.messages(ConfigChanges.between(latest.map(Version::inForce).orElse(null), yaml.text())));
        plan.put("routes", Stream.concat(inboxes.plan(pipeline).stream().map(PlanEndpoint::route), polls(pipeline)).toList());
        plan.put("schedules", ticks.plan(pipeline).stream().map(PlanEndpoint::schedule).toList());
        plan.put("tables", tables(pipeline));
        return Reply.json(200, plan);
    }

    private static Map<String, Object> route(Inboxes.Change change) {
        Map<String, Object> route = new LinkedHashMap<>();
        route.put("id", change.route());
        route.put("effect", change.effect());
        route.put("folder", change.folder());
        route.put("every", change.every().toString());
        return route;
    }

    /** The routes that poll its APIs, one for each resource. */
    private Stream<Map<String, Object>> polls(Pipeline pipeline) {
        List<String> now = pipelines.active(pipeline.name()).map(active -> polled(active.pipeline())).orElse(List.of());
        List<String> wanted = polled(pipeline);
        return Stream.concat(
                wanted.stream().map(id -> Map.of("id", id, "effect", now.contains(id) ? "unchanged" : "created")),
                now.stream().filter(id -> !wanted.contains(id)).map(id -> Map.of("id", id, "effect", "removed")));
    }

    private static List<String> polled(Pipeline pipeline) {
        return pipeline.polled().stream().map(resource -> "poll-" + pipeline.name() + "-" + resource.name()).toList();
    }

    private static Map<String, @Nullable Object> schedule(Ticks.Change change) {
        Map<String, @Nullable Object> schedule = new LinkedHashMap<>();
        schedule.put("effect", change.effect());
        schedule.put("origin", change.origin().id());
        schedule.putAll(ScheduleView.of(change.terms()));
        schedule.put("next_fire_at", change.nextFireAt().map(Instant::toString).orElse(null));
        schedule.put("before", change.before().map(ScheduleView::of).orElse(null));
        return schedule;
    }

    private List<Map<String, @Nullable Object>> tables(Pipeline pipeline) throws SQLException {
        List<Map<String, @Nullable Object>> tables = new ArrayList<>();
        for (Resource resource : pipeline.tables()) {
            for (TablePlan plan : planner.plan(new Target(pipeline.name(), resource))) {
                tables.add(table(resource, plan));
            }
        }
        Set<String> written = pipeline.tables().stream().map(Resource::table).collect(Collectors.toSet());
        pipelines.active(pipeline.name()).stream()
                .flatMap(active -> active.pipeline().tables().stream())
                .filter(resource -> !written.contains(resource.table()))
                .forEach(resource -> tables.add(left(resource)));
        return tables;
    }

    private static Map<String, @Nullable Object> table(Resource resource, TablePlan plan) {
        Map<String, @Nullable Object> table = new LinkedHashMap<>();
        table.put("table", plan.table().toString());
        table.put("resource", resource.name());
        table.put("effect", plan.effect().id());
        table.put("rows", plan.rows());
        table.put("rows_counted", plan.counted());
        table.put(
                "columns",
                plan.columns().stream()
                        .map(column -> Map.of("name", column.name(), "type", column.type().toString()))
                        .toList());
        table.put("statements", plan.steps().stream().map(step -> statement(step, plan.rows())).toList());
        table.put("views", plan.views());
        table.put(
                "error",
                plan.refusal()
                        .map(refusal -> Map.of("code", refusal.code().id(), "message", String.valueOf(refusal.getMessage())))
                        .orElse(null));
        return table;
    }

    private static Map<String, Object> statement(TablePlan.Step step, long rows) {
        Map<String, Object> statement = new LinkedHashMap<>();
        statement.put("sql", step.sql());
        statement.put("rows", step.everyRow() ? rows : 0);
        return statement;
    }

    /** A table that the pipeline does not write any more stays as it is. */
    private static Map<String, @Nullable Object> left(Resource resource) {
        Map<String, @Nullable Object> table = new LinkedHashMap<>();
        table.put("table", "silver." + resource.table());
        table.put("resource", resource.name());
        table.put("effect", "left");
        return table;
    }
}
