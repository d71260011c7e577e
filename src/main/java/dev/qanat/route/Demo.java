package dev.qanat.route;

import dev.qanat.ledger.Runs;
import dev.qanat.settings.Home;
import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/** Drops the sample files into the inbox, once for each pipeline, so that there is something to see. */
@ApplicationScoped
public class Demo {

    private static final Logger LOG = Logger.getLogger(Demo.class);

    /** The samples, by their paths below {@code demo/} on the class path and below the inbox. */
    private static final List<String> SAMPLES = List.of(
            "branch_sales/sales_2026-11-20.csv", "web_events/events_2026-11-20.ndjson.gz", "price_list/preise_2026-11.txt");

    private final Settings settings;
    private final Home home;
    private final Runs runs;

    Demo(Settings settings, Home home, Runs runs) {
        this.settings = settings;
        this.home = home;
        this.runs = runs;
    }

    void drop() throws IOException {
        if (!settings.demo()) {
            return;
        }
        for (String sample : SAMPLES) {
            String pipeline = sample.substring(0, sample.indexOf('/'));
            if (runs.list(Optional.of(pipeline), Optional.empty(), Optional.empty(), 1).isEmpty()) {
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
}
