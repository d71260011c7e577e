package dev.qanat.web;

import dev.qanat.ledger.ModelRun;
import dev.qanat.ledger.TestRun;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Models and tests of a run as the HTTP contract shows them. */
public final class ModelView {

    private ModelView() {}

    /** @param withSql whether the compiled SQL is told, too */
    public static Map<String, @Nullable Object> of(ModelRun model, boolean withSql) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", model.name());
        view.put("kind", model.kind());
        view.put("relation", model.relation());
        view.put("materialized", model.materialized());
        view.put("status", model.status().id());
        view.put("rows", model.rows().orElse(null));
        view.put("started_at", model.startedAt().toString());
        view.put("finished_at", model.finishedAt().toString());
        view.put("error", model.error().map(RunView::error).orElse(null));
        if (withSql) {
            view.put("compiled_sql", model.compiledSql());
        }
        view.put("tests", model.tests().stream().map(test -> of(test, withSql)).toList());
        return view;
    }

    public static Map<String, @Nullable Object> of(TestRun test, boolean withSql) {
        Map<String, @Nullable Object> view = new LinkedHashMap<>();
        view.put("name", test.name());
        view.put("severity", test.severity());
        view.put("status", test.status().id());
        view.put("failures", test.failures().orElse(null));
        view.put("seconds", Math.round(test.seconds() * 1000) / 1000.0);
        view.put("stored_in", test.storedIn().orElse(null));
        view.put("message", test.message().orElse(null));
        if (withSql) {
            view.put("compiled_sql", test.compiledSql());
        }
        return view;
    }
}
