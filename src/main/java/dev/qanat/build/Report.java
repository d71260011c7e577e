package dev.qanat.build;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.ledger.ModelRun;
import dev.qanat.ledger.TestRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What became of a build.
 *
 * @param models in the order in which they ended
 * @param tests of what no node of the build had built
 * @param patient whether what waits for a source is no failure
 */
public record Report(List<ModelRun> models, List<TestRun> tests, boolean patient) {

    private static final int NAMED = 10;

    public static final Report NOTHING = new Report(List.of(), List.of(), true);

    public long count(ModelRun.Status status) {
        return models.stream().filter(model -> model.status() == status).count();
    }

    /** What failed, in one message; empty when nothing did. */
    public Optional<InputFailure> failure() {
        List<String> failed = new ArrayList<>();
        Optional<Code> code = Optional.empty();
        for (ModelRun model : models) {
            boolean counts = model.status() == ModelRun.Status.FAILED || model.status() == ModelRun.Status.SKIPPED && !patient;
            if (counts) {
                code = code.or(() -> model.error().map(error -> Code.of(error.code())));
                failed.add(model.error().map(error -> "%s: %s".formatted(model.name(), error.message())).orElse(model.name()));
            }
        }
        for (TestRun test : tests) {
            if (test.status() == TestRun.Status.FAILED) {
                code = code.or(() -> Optional.of(Code.TEST_FAILED));
                failed.add(test.name() + ": " + test.message().orElse("failed"));
            }
        }
        String told = failed.stream().limit(NAMED).collect(Collectors.joining("; "));
        String more = failed.size() > NAMED ? "; and %d more".formatted(failed.size() - NAMED) : "";
        return code.map(first -> new InputFailure(first, told + more));
    }
}
