package dev.qanat.route;

import dev.qanat.ledger.Run;
import org.jboss.logging.MDC;

/** Puts a run's fields to every line that this thread logs, until it is closed. */
final class LogContext implements AutoCloseable {

    private LogContext() {}

    static LogContext of(Run run) {
        MDC.put("run", Long.toString(run.id()));
        MDC.put("pipeline", run.pipeline());
        run.file().ifPresent(file -> MDC.put("source", file.name()));
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

    @Override
    public void close() {
        MDC.remove("run");
        MDC.remove("pipeline");
        MDC.remove("resource");
        MDC.remove("source");
    }
}
