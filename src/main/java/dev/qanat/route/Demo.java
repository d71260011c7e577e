package dev.qanat.route;

import dev.qanat.ledger.Runs;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.settings.Home;
import dev.qanat.settings.Listening;
import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.ObservesAsync;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;

/** Drops the sample files into the inbox and polls the APIs, once for each pipeline, so that there is something to see. */
@ApplicationScoped
public class Demo {

    private static final Logger LOG = Logger.getLogger(Demo.class);

    /** The samples, by their paths below {@code demo/} on the class path and below the inbox. */
    private static final List<String> SAMPLES = List.of(
            "branch_sales/sales_2026-11-20.csv", "web_events/events_2026-11-20.ndjson.gz", "price_list/preise_2026-11.txt");

    private static final List<String> POLLED = List.of("fx_rates", "market_data", "retail");

    private final Settings settings;
    private final Home home;
    private final Runs runs;
    private final Pipelines pipelines;
    private final Inbox inbox;

    Demo(Settings settings, Home home, Runs runs, Pipelines pipelines, Inbox inbox) {
        this.settings = settings;
        this.home = home;
        this.runs = runs;
        this.pipelines = pipelines;
        this.inbox = inbox;
    }

    void drop() throws IOException {
        if (!settings.demo()) {
            return;
        }
        for (String sample : SAMPLES) {
            String pipeline = sample.substring(0, sample.indexOf('/'));
            if (isNew(pipeline)) {
                Path to = home.inbox().resolve(sample);
                Path aside = to.resolveSibling("." + to.getFileName());
                Files.createDirectories(to.getParent());
                try (InputStream bytes = Demo.class.getResourceAsStream("/demo/" + sample)) {
                    Files.copy(bytes, aside, StandardCopyOption.REPLACE_EXISTING);
                }
                Files.move(aside, to, StandardCopyOption.ATOMIC_MOVE);
                LOG.infof("Dropped the sample %s", home.inbox().resolve(sample));
            }
        }
    }

    /** Once the process answers for the APIs. */
    void poll(@ObservesAsync Listening event) throws IOException {
        if (!settings.demo()) {
            return;
        }
        for (String pipeline : POLLED) {
            Optional<Pipelines.Active> active = pipelines.active(pipeline);
            if (active.isPresent() && isNew(pipeline)) {
                inbox.queueAll(active.get(), Set.of(), false, Optional.empty(), Optional.empty());
                LOG.infof("Polls %s", pipeline);
            }
        }
    }

    private boolean isNew(String pipeline) {
        return runs.list(Optional.of(pipeline), Optional.empty(), Optional.empty(), 1).isEmpty();
    }
}
