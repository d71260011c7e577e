package dev.qanat.pipeline;

import dev.qanat.failure.Code;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.Node;

/** Collects what is wrong while a pipeline is read. */
final class Problems {
    /** Nobody mends more in one go, and a hostile text must not fill the memory. */
    static final int KEPT = 200;

    private final List<Problem> found = new ArrayList<>();

    void add(Node at, String path, Code code, String message) {
        if (found.size() < KEPT) {
            Mark mark = at.getStartMark().orElseThrow();
            found.add(new Problem(mark.getLine() + 1, mark.getColumn() + 1, path, code, message));
        }
    }

    int count() {
        return found.size();
    }

    void throwIfAny(String fileName) {
        if (!found.isEmpty()) {
            found.sort(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column));
            throw new InvalidPipeline(Code.INVALID_PIPELINE, fileName, found);
        }
    }
}
