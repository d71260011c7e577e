package dev.qanat.web;

import com.fasterxml.jackson.databind.util.RawValue;
import dev.qanat.ledger.LastRuns;
import dev.qanat.ledger.Run;
import dev.qanat.lineage.Lineage;
import dev.qanat.lineage.RowOrigin;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The graph, and the way of a row, as the HTTP contract shows them. Times are ISO-8601 in UTC. */
public final class LineageView {

    /** Between an archive and the file in it. */
    private static final String IN_ARCHIVE = "!/";

    private LineageView() {}

    public static Map<String, @Nullable Object> of(Lineage lineage) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("nodes", lineage.nodes().stream().map(LineageView::node).toList());
        view.put("edges", lineage.edges().stream().map(LineageView::edge).toList());
        view.put("problem", lineage.problem().map(LineageView::problem).orElse(null));
        return view;
    }

    private static Map<String, @Nullable Object> node(Lineage.Node node) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", node.id());
        view.put("kind", node.kind().id());
        view.put("name", node.name());
        view.put("description", filled(node.description()));
        view.putAll(node.details());
        view.put("columns", node.columns().stream().map(LineageView::column).toList());
        view.put("tests", node.tests().stream().map(LineageView::test).toList());
        view.put("last_run", node.lastRun().map(LineageView::last).orElse(null));
        return view;
    }

    private static Map<String, @Nullable Object> column(Lineage.Column column) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", column.name());
        view.put("type", filled(column.type()));
        view.put("description", filled(column.description()));
        column.pii().ifPresent(pii -> view.put("pii", pii));
        return view;
    }

    private static Map<String, @Nullable Object> test(Lineage.Test test) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", test.name());
        view.put("severity", test.severity());
        view.put("file", test.file());
        view.put("status", test.result().map(LastRuns.Tested::status).orElse(null));
        view.put("failures", test.result().flatMap(LastRuns.Tested::failures).orElse(null));
        return view;
    }

    private static Map<String, @Nullable Object> last(LastRuns.Last last) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", last.run());
        view.put("status", last.status());
        view.put("at", text(last.at()));
        return view;
    }

    private static Map<String, Object> edge(Lineage.Edge edge) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("from", edge.from());
        view.put("to", edge.to());
        return view;
    }

    private static Map<String, Object> problem(Lineage.Problem problem) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("code", problem.code().id());
        view.put("message", problem.message());
        return view;
    }

    public static Map<String, @Nullable Object> of(RowOrigin origin) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("table", origin.table());
        view.put("row", row(origin.row()));
        view.put("run", origin.run().map(LineageView::run).orElse(null));
        view.put("resource", origin.resource().orElse(null));
        Optional<String> source = origin.bronze().found().map(RowOrigin.Found::source);
        view.put("file", origin.file().map(file -> file(file, source, origin.row().position())).orElse(null));
        view.put("request", origin.run().flatMap(Run::poll).map(poll -> request(source, origin.row().position())).orElse(null));
        view.put("bronze", bronze(origin.bronze()));
        return view;
    }

    private static Map<String, Object> row(RowOrigin.Row row) {
        Map<String, Object> view = new LinkedHashMap<>();
        view.put("_run_id", row.run());
        view.put("_position", row.position());
        view.put("_row_hash", row.hash());
        view.put("_created_at", row.createdAt().toString());
        view.put("_updated_at", row.updatedAt().toString());
        return view;
    }

    private static Map<String, @Nullable Object> run(Run run) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("id", run.id());
        view.put("pipeline", run.pipeline());
        view.put("config_version", run.configVersion());
        view.put("trigger", run.trigger().id());
        view.put("status", run.status().id());
        view.put("replays", run.replays().orElse(null));
        view.put("started_at", text(run.startedAt()));
        view.put("landed_at", text(run.landedAt()));
        view.put("finished_at", text(run.finishedAt()));
        return view;
    }

    private static Map<String, @Nullable Object> file(Run.RunFile file, Optional<String> source, long position) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", file.name());
        view.put("sha256", file.sha256().orElse(null));
        view.put(
                "entry",
                source.filter(text -> text.startsWith(file.name() + IN_ARCHIVE))
                        .map(text -> text.substring(file.name().length() + IN_ARCHIVE.length()))
                        .orElse(null));
        view.put("line", position);
        return view;
    }

    private static Map<String, @Nullable Object> request(Optional<String> source, long position) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("source", source.orElse(null));
        view.put("position", position);
        return view;
    }

    private static Map<String, @Nullable Object> bronze(RowOrigin.Bronze bronze) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("table", bronze.table().orElse(null));
        view.put("status", bronze.status().id());
        view.put("reason", filled(bronze.reason()));
        view.put("loaded_at", text(bronze.found().map(RowOrigin.Found::loadedAt)));
        view.put("record", bronze.found().flatMap(RowOrigin.Found::record).map(RawValue::new).orElse(null));
        return view;
    }

    private static @Nullable String filled(String text) {
        return text.isEmpty() ? null : text;
    }

    private static @Nullable String text(Optional<java.time.Instant> instant) {
        return instant.map(Object::toString).orElse(null);
    }
}
