package dev.qanat.retention;

import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import dev.qanat.failure.TransientFailure;
import dev.qanat.ledger.OldRuns;
import dev.qanat.ledger.RetentionPass.Deleted;
import dev.qanat.ledger.RetentionPasses;
import dev.qanat.load.OldRecords;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.settings.Home;
import dev.qanat.settings.Settings;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jboss.logging.Logger;
import org.springframework.dao.DataAccessException;

/**
 * A pass over all that is kept for a time. What is kept for ever, since nobody has set a time, is not looked at. A pass that ends early,
 * whatever the reason, leaves nothing half deleted, and the next one goes on. Safe for use by several threads; one pass is at work at a time.
 */
@ApplicationScoped
public class Retention {

    private static final Logger LOG = Logger.getLogger(Retention.class);

    private final DataSource dataSource;
    private final Pipelines pipelines;
    private final Settings settings;
    private final OldRuns runs;
    private final RetentionPasses passes;
    private final OldFiles archive;
    private final OldFiles quarantine;
    private volatile boolean stopping;

    Retention(DataSource dataSource, Pipelines pipelines, Settings settings, Home home, OldRuns runs, RetentionPasses passes) {
        this.dataSource = dataSource;
        this.pipelines = pipelines;
        this.settings = settings;
        this.runs = runs;
        this.passes = passes;
        this.archive = new OldFiles("archive", home.archive(), runs);
        this.quarantine = new OldFiles("quarantine", home.quarantine(), runs);
    }

    private interface Work {
        Deleted done(BooleanSupplier stop) throws SQLException, IOException;
    }

    private interface Count {
        Deleted done() throws SQLException, IOException;
    }

    /** Something that is kept for a time: how to count what is older, and how to delete it. */
    private record Part(String what, Count count, Work delete) {

        private interface Rows {
            long of(Instant before) throws SQLException;
        }

        private interface DeletedRows {
            long of(Instant before, BooleanSupplier stop) throws SQLException;
        }

        static Part rows(String what, Instant before, Rows count, DeletedRows delete) {
            return new Part(what, () -> Deleted.rows(what, count.of(before)), stop -> Deleted.rows(what, delete.of(before, stop)));
        }
    }

    /** How long each thing is kept that is not kept for ever, by its name in the account of a pass. */
    public Map<String, Duration> kept() {
        Map<String, Duration> kept = new TreeMap<>();
        records().forEach((records, time) -> kept.put(records.table().toString(), time));
        settings.retainRejections().ifPresent(time -> kept.put("rejections", time));
        settings.retainRuns().ifPresent(time -> kept.put("runs", time));
        settings.retainArchive().ifPresent(time -> kept.put("archive", time));
        settings.retainQuarantine().ifPresent(time -> kept.put("quarantine", time));
        return kept;
    }

    private Map<OldRecords, Duration> records() {
        Map<OldRecords, Duration> all = new LinkedHashMap<>();
        pipelines.active().forEach(active -> active.pipeline().resources().forEach(resource -> resource.bronzeRetention()
                .ifPresent(time -> all.put(new OldRecords(dataSource, active.name(), resource), time))));
        return all;
    }

    private List<Part> parts(Instant now) {
        List<Part> parts = new ArrayList<>();
        records().forEach((records, time) ->
                parts.add(Part.rows(records.table().toString(), now.minus(time), records::count, records::delete)));
        settings.retainRejections().ifPresent(time ->
                parts.add(Part.rows("rejections", now.minus(time), runs::countRejections, runs::deleteRejections)));
        settings.retainArchive().ifPresent(time -> parts.add(files("archive", archive, now.minus(time))));
        settings.retainQuarantine().ifPresent(time -> parts.add(files("quarantine", quarantine, now.minus(time))));
        settings.retainRuns().ifPresent(time -> {
            Instant before = now.minus(time);
            // A run of a file tells when that was put away.
            Instant ofFiles = now.minus(Stream.of(settings.retainArchive(), settings.retainQuarantine(), Optional.of(time))
                    .flatMap(Optional::stream)
                    .max(Duration::compareTo)
                    .orElseThrow());
            parts.add(Part.rows("run_details", before, runs::countDetails, runs::deleteDetails));
            parts.add(Part.rows(
                    "runs",
                    before,
                    moment -> runs.countRuns(moment, ofFiles),
                    (moment, stop) -> runs.deleteRuns(moment, ofFiles, stop)));
        });
        return parts;
    }

    private static Part files(String what, OldFiles files, Instant before) {
        return new Part(what, () -> files.count(before), stop -> files.delete(before, stop));
    }

    /** What a pass would delete now, without what goes only because other things have gone. Changes nothing. */
    public List<Deleted> count() throws SQLException, IOException {
        List<Deleted> counted = new ArrayList<>();
        for (Part part : parts(Instant.now())) {
            counted.add(part.count().done());
        }
        return counted;
    }

    /**
     * Begins a pass.
     *
     * @param trigger {@code schedule} or {@code api}
     * @return what does it and ends with it; empty when one is at work, in any process
     */
    public Optional<Pass> begin(String trigger) throws SQLException {
        return passes.begin(trigger).map(Pass::new);
    }

    /** Ends the pass at work, if there is one, after the transaction or the file at hand. */
    public void stop() {
        stopping = true;
    }

    /** A pass that has begun. For one thread. */
    public final class Pass implements Runnable {
        private final RetentionPasses.Begun begun;

        private Pass(RetentionPasses.Begun begun) {
            this.begun = begun;
        }

        public long id() {
            return begun.id();
        }

        /** Does it; what fails is told in the log and in the account. What one part cannot do keeps the others from nothing. */
        @Override
        public void run() {
            try (begun) {
                Optional<Failure> failed = Optional.empty();
                List<String> told = new ArrayList<>();
                for (Part part : parts(Instant.now())) {
                    if (stopping) {
                        break;
                    }
                    try {
                        Deleted deleted = part.delete().done(() -> stopping);
                        passes.deleted(id(), deleted);
                        told.add(part.what() + " " + deleted.count());
                    } catch (SQLException | DataAccessException | IOException e) {
                        Failure failure = failure(part, e);
                        LOG.errorf(e, "Retention: %s could not be deleted", part.what());
                        failed = failed.or(() -> Optional.of(failure));
                    }
                }
                end(failed);
                LOG.infof("Retention pass %d deleted %s", id(), told.isEmpty() ? "nothing" : String.join(", ", told));
            } catch (SQLException | DataAccessException e) {
                LOG.errorf(e, "Retention pass %d could not be ended; the next one goes on", id());
            }
        }

        private void end(Optional<Failure> failed) {
            if (failed.isPresent()) {
                passes.failed(id(), failed.get());
            } else if (stopping) {
                passes.interrupted(id());
            } else {
                passes.succeeded(id());
            }
        }

        private static Failure failure(Part part, Exception e) {
            if (e instanceof IOException) {
                return new InputFailure(Code.FILE_UNREADABLE, part.what() + ": " + e.getMessage(), e);
            }
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                if (cause instanceof SQLException sql) {
                    return Failure.of(sql, part.what());
                }
            }
            return new TransientFailure(Code.DATABASE_UNAVAILABLE, part.what() + ": " + e.getMessage(), e);
        }
    }
}
