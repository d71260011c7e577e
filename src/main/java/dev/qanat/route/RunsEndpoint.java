package dev.qanat.route;

import static dev.qanat.route.Parameters.limit;
import static dev.qanat.route.Parameters.number;
import static org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConstants.AUTHENTICATED_USER;

import dev.qanat.access.Caller;
import dev.qanat.access.Role;
import dev.qanat.failure.Code;
import dev.qanat.ledger.ModelRuns;
import dev.qanat.ledger.RejectedRecord;
import dev.qanat.ledger.Rejections;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.RunResource;
import dev.qanat.ledger.Runs;
import dev.qanat.pipeline.InvalidPipeline;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import dev.qanat.web.Accepted;
import dev.qanat.web.BadRequest;
import dev.qanat.web.Callers;
import dev.qanat.web.Downloads;
import dev.qanat.web.ModelView;
import dev.qanat.web.RejectionsCsv;
import dev.qanat.web.Reply;
import dev.qanat.web.RunDetails;
import dev.qanat.web.RunView;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.camel.Header;
import org.jspecify.annotations.Nullable;

/** {@code GET /runs}, {@code /runs/{id}}, {@code /runs/{id}/models} and {@code /runs/{id}/rejections}. */
@ApplicationScoped
@Named("runsEndpoint")
public class RunsEndpoint {

    /** Of a page of rejections, whose records are up to 64 KiB large. It is in memory several times while it is made. */
    private static final int PAGE_BYTES = 1 << 20;

    private final Runs runs;
    private final RunDetails details;
    private final Rejections rejections;
    private final Pipelines pipelines;
    private final Downloads downloads;
    private final ModelRuns models;

    RunsEndpoint(
            Runs runs, RunDetails details, Rejections rejections, Downloads downloads, ModelRuns models, Pipelines pipelines) {
        this.pipelines = pipelines;
        this.models = models;
        this.runs = runs;
        this.details = details;
        this.rejections = rejections;
        this.downloads = downloads;
    }

    public Reply list(
            @Header("pipeline") @Nullable String pipeline,
            @Header("status") @Nullable String status,
            @Header("limit") @Nullable String limit,
            @Header("after") @Nullable String after) {
        int most = limit(limit);
        List<Run> page = runs.list(
                Optional.ofNullable(pipeline),
                Optional.ofNullable(status).map(RunsEndpoint::status),
                Optional.ofNullable(after).map(text -> number("after", text)),
                most + 1);
        Map<Long, List<RunResource>> resources =
                runs.resources(page.stream().map(Run::id).toList(), RunView.SCHEMA_CHANGES_IN_LISTS);
        return Reply.page(page, most, run -> RunView.of(run, resources.getOrDefault(run.id(), List.of())), Run::id);
    }

    public Reply get(@Header("id") String id) {
        return Reply.json(200, details.of(find(id)));
    }

    /** What a run has done with models, with their SQL. */
    public Reply models(@Header("id") String id) {
        return Reply.list(models.models(find(id).id()).stream().map(model -> ModelView.of(model, true)).toList(), null);
    }

    /** A page of a run's rejections in JSON, or all of them as a download in CSV. */
    public Reply rejections(
            @Header("id") String id,
            @Header("format") @Nullable String format,
            @Header("Accept") @Nullable String accept,
            @Header("limit") @Nullable String limit,
            @Header("after") @Nullable String after,
            @Header(AUTHENTICATED_USER) @Nullable Object user) {
        Run run = find(id);
        Predicate<RejectedRecord> hidden = hidden(run, Callers.of(user));
        if (format == null ? Accepted.csv(accept) : format(format).equals("csv")) {
            if (!downloads.begin(user)) {
                throw BadRequest.forNow(503, Code.TOO_MANY_DOWNLOADS, "as many downloads as may are being sent already; try again in a moment");
            }
            return Reply.download(
                            "text/csv; charset=utf-8; header=present",
                            "run-" + run.id() + "-rejections.csv",
                            new RejectionsCsv(rejections, run.id(), hidden))
                    .withHeader("Vary", "Accept");
        }
        Rejections.Page page = rejections.list(run.id(), after == null ? 0 : number("after", after), limit(limit), PAGE_BYTES);
        return Reply.list(page.items().stream().map(each -> RunView.of(each, hidden.test(each))).toList(), page.next().map(String::valueOf).orElse(null))
                .withHeader("Vary", "Accept");
    }

    /** Records with personal values are for those who see personal columns; where nobody can tell any more, all may have some. */
    private Predicate<RejectedRecord> hidden(Run run, Caller caller) {
        if (caller.role().reaches(Role.OPERATOR) || run.pipeline().equals(Run.NO_PIPELINE)) {
            return rejected -> false;
        }
        try {
            Set<String> personal = pipelines.at(run.pipeline(), run.configVersion()).resources().stream()
                    .filter(Resource::isPersonal)
                    .map(Resource::name)
                    .collect(Collectors.toSet());
            return rejected -> personal.contains(rejected.resource());
        } catch (InvalidPipeline e) {
            return rejected -> true;
        }
    }

    private static String format(String text) {
        if (!text.equals("csv") && !text.equals("json")) {
            throw new BadRequest(400, Code.INVALID_REQUEST, "format: '" + text + "' is neither json nor csv");
        }
        return text;
    }

    private Run find(String id) {
        return find(runs, id);
    }

    /** @throws BadRequest when there is none */
    static Run find(Runs runs, String id) {
        return (id.matches("\\d{1,18}") ? runs.find(Long.parseLong(id)) : Optional.<Run>empty())
                .orElseThrow(() -> new BadRequest(404, Code.UNKNOWN_RUN, "there is no run '" + id + "'; GET /runs lists them"));
    }

    private static Run.Status status(String text) {
        return Arrays.stream(Run.Status.values())
                .filter(status -> status.id().equals(text))
                .findFirst()
                .orElseThrow(() -> new BadRequest(
                        400,
                        Code.INVALID_REQUEST,
                        "status: '" + text + "' is none of "
                                + String.join(
                                        ", ",
                                        Arrays.stream(Run.Status.values())
                                                .map(Run.Status::id)
                                                .toList())));
    }
}
