package dev.qanat.route;

import dev.qanat.ledger.Run;
import dev.qanat.validate.Shown;
import org.jboss.logging.MDC;
import org.jspecify.annotations.Nullable;

/** Puts a run's fields to every line that this thread logs, until it is closed. */
final class LogContext implements AutoCloseable {

    /** Characters of a message. */
    private static final int LENGTH = 4_000;

    private LogContext() {}

    static LogContext of(Run run) {
        MDC.put("run", Long.toString(run.id()));
        MDC.put("pipeline", run.pipeline());
        run.file().ifPresent(file -> MDC.put("source", line(file.name())));
        return new LogContext();
    }

    static LogContext of(Load load) {
        LogContext context = of(load.getRun());
        Load.Opened opened = load.openedOrNull();
        if (opened != null) {
            MDC.put("resource", opened.resource().name());
        }
        return context;
    }

    /** What comes from outside, as part of a line of the log: it breaks none and does nothing to a terminal. */
    static String line(@Nullable String text) {
        return Shown.text(String.valueOf(text), LENGTH);
    }

    @Override
    public void close() {
        MDC.remove("run");
        MDC.remove("pipeline");
        MDC.remove("resource");
        MDC.remove("source");
    }
}
