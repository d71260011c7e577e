package dev.qanat.settings;

import io.quarkus.bootstrap.logging.InitialConfigurator;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.logging.Handler;
import org.jboss.logmanager.ExtFormatter;
import org.jboss.logmanager.ExtLogRecord;
import org.jboss.logmanager.formatters.ColorPatternFormatter;
import org.jboss.logmanager.formatters.PatternFormatter;

/**
 * A line of the console in plain text, with the fields of its context ({@code %X}: run, pipeline, resource, source, position)
 * where there are any; the pattern alone would end every other line in an empty pair of braces.
 */
final class PlainLine extends ExtFormatter {
    private static final String FIELDS = " %X";

    private final PatternFormatter withFields;
    private final PatternFormatter withoutFields;

    PlainLine(PatternFormatter configured) {
        this.withFields = configured;
        String pattern = configured.getPattern().replace(FIELDS, "");
        this.withoutFields = configured instanceof ColorPatternFormatter
                ? new ColorPatternFormatter(pattern)
                : new PatternFormatter(pattern);
    }

    @Override
    public String format(ExtLogRecord line) {
        return (line.getMdcCopy().isEmpty() ? withoutFields : withFields).format(line);
    }

    /** Puts it in the place of the console's pattern; a console that writes JSON stays as it is. */
    @Singleton
    static final class OnConsole {

        void starting(@Observes @Priority(1) StartupEvent event) {
            for (Handler handler : InitialConfigurator.DELAYED_HANDLER.getHandlers()) {
                if (handler.getFormatter() instanceof PatternFormatter configured
                        && configured.getPattern().contains(FIELDS)) {
                    handler.setFormatter(new PlainLine(configured));
                }
            }
        }
    }
}
