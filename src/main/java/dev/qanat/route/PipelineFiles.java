package dev.qanat.route;

import dev.qanat.pipeline.ConfigHistory;
import dev.qanat.pipeline.InvalidPipeline;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/** Puts the files of the folder of pipelines in force. One that is not valid is told in the log and costs no other. */
@ApplicationScoped
public class PipelineFiles {

    private static final Logger LOG = Logger.getLogger(PipelineFiles.class);

    private final Pipelines pipelines;
    private final Path folder;

    PipelineFiles(Pipelines pipelines, Settings settings) {
        this.pipelines = pipelines;
        this.folder = settings.pipelines();
    }

    void load() throws IOException, SQLException {
        for (Path file : files()) {
            String name = folder.relativize(file).toString();
            try {
                ConfigHistory.Put put = pipelines.put(Files.readString(file), name, ConfigHistory.Origin.FILE);
                if (!put.unchanged()) {
                    LOG.infof("Pipeline %s, version %d, from %s", put.version().pipeline(), put.version().number(), name);
                }
            } catch (InvalidPipeline e) {
                LOG.errorf("Pipeline file %s is not in force:%n%s", name, e.getMessage());
            } catch (IOException e) {
                LOG.errorf("Pipeline file %s cannot be read: %s", name, e.getMessage());
            }
        }
    }

    private List<Path> files() throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.filter(file -> file.toString().endsWith(".yaml") || file.toString().endsWith(".yml"))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
        }
    }
}
