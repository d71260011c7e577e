package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.load.CombinedCsv;
import dev.qanat.pipeline.Pipeline;
import dev.qanat.pipeline.Pipelines;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Named;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.FileSystemException;
import java.sql.SQLException;
import java.util.Optional;
import javax.sql.DataSource;
import org.apache.camel.ExchangeProperty;
import org.jboss.logging.Logger;

/**
 * The step that writes a pipeline's {@code combined_csv} after a landing. It is written whole under another name and then renamed,
 * so that a reader finds the old file or the new one. The step is repeated for a run whose process died before it was done.
 */
@ApplicationScoped
@Named("combinedCsv")
public class CombinedExport {

    private static final Logger LOG = Logger.getLogger(CombinedExport.class);

    private final DataSource dataSource;
    private final Pipelines pipelines;
    private final FilePlaces places;

    CombinedExport(DataSource dataSource, Pipelines pipelines, FilePlaces places) {
        this.dataSource = dataSource;
        this.pipelines = pipelines;
        this.places = places;
    }

    /** Writes the file. Where the disk does not take it the run is partial; where the database fails the step is tried again. */
    public void write(@ExchangeProperty("load") Load load) throws SQLException {
        Optional<Pipeline> pipeline = pipelines
                .active(load.getRun().pipeline())
                .map(Pipelines.Active::pipeline)
                .filter(active -> active.combinedCsv().isPresent());
        if (pipeline.isEmpty()) {
            return;
        }
        String path = pipeline.get().combinedCsv().get();
        try {
            if (load.isAlreadyLoaded() && places.exists(path)) {
                return;
            }
            places.export(path, load.getRun().id(), out -> copy(pipeline.get(), out));
            try (LogContext context = LogContext.of(load)) {
                LOG.infof("Wrote %s", path);
            }
        } catch (IOException e) {
            load.landedInPart(new InputFailure(
                    Code.EXPORT_FAILED, "the rows landed, but " + path + " could not be written: " + reason(e), e));
        } catch (InputFailure e) {
            load.landedInPart(e);
        }
    }

    /** The system's reason where it has one; an exception's message names paths of this machine. */
    private static String reason(IOException e) {
        return e instanceof FileSystemException system && system.getReason() != null
                ? system.getReason()
                : e instanceof FileSystemException ? e.getClass().getSimpleName() : String.valueOf(e.getMessage());
    }

    private void copy(Pipeline pipeline, OutputStream out) throws IOException, SQLException {
        CombinedCsv.write(dataSource, pipeline, out);
    }
}
