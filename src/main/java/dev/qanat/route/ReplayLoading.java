package dev.qanat.route;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.ledger.Replays;
import dev.qanat.ledger.Run;
import dev.qanat.ledger.Runs;
import dev.qanat.load.Staging;
import dev.qanat.load.Target;
import dev.qanat.pipeline.Pipelines;
import dev.qanat.pipeline.Resource;
import dev.qanat.records.Declared;
import dev.qanat.records.KeptRecord;
import dev.qanat.records.KeptRecords;
import dev.qanat.validate.Contract;
import jakarta.enterprise.context.ApplicationScoped;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import javax.sql.DataSource;

/** Opens the rejections of a run as {@link FileLoading} opens a file. Safe for use by several threads. */
@ApplicationScoped
class ReplayLoading {

    /** Rejections in memory; a record of each is at most 64 KiB. */
    private static final int PAGE = 100;

    private final DataSource dataSource;
    private final Runs runs;
    private final Replays replays;
    private final KeptTreatment treatment;

    ReplayLoading(DataSource dataSource, Runs runs, Replays replays, KeptTreatment treatment) {
        this.dataSource = dataSource;
        this.runs = runs;
        this.replays = replays;
        this.treatment = treatment;
    }

    void open(Load load, Pipelines.Active active, LoadLimits limits) throws SQLException {
        Run run = load.getRun();
        Run replayed = runs.find(load.getReplayed()).orElseThrow();
        String source = replayed.file().map(Run.RunFile::name).orElse("");
        String name = replayed.resource().orElse("");
        runs.began(run.id(), active.version(), name);
        Resource resource = active.pipeline()
                .resource(name)
                .orElseThrow(() -> new InputFailure(
                        Code.NO_RESOURCE, "pipeline " + active.name() + " has no resource '" + name + "' any more"))
                .adding();
        refuseOtherTreatment(replayed, resource);
        replays.leaves(run.id(), replays.left(replayed.id()).others());
        KeptRecords chunks = new KeptRecords(kept(replayed.id(), source), Declared.ofKept(resource), limits.limits(), 0);
        if (!chunks.hasNext()) {
            throw new InputFailure(Code.NOTHING_TO_REPLAY, "no rejection of run " + replayed.id() + " is left to be checked again");
        }
        Staging staging = new Staging(dataSource, run.id(), resource.keepBronze() || resource.isCleaned());
        staging.create();
        Target target = new Target(active.name(), resource);
        Contract contract = target.contract(dataSource);
        load.beginReplay(
                source, new Load.Opened(null, 0, null, resource, chunks, contract, staging, target, limits.room()));
    }

    private void refuseOtherTreatment(Run replayed, Resource resource) {
        treatment.otherVersion(replayed.pipeline(), replays.versions(replayed.id()), resource).ifPresent(version -> {
            throw new InputFailure(
                    Code.NOTHING_TO_REPLAY,
                    "version " + version + " of pipeline " + replayed.pipeline() + " rejected records of resource " + resource.name()
                            + " when its 'pii' was another than now; drop the file into the inbox again");
        });
    }

    /** The rejections, read from the ledger a page at a time. */
    private Iterator<KeptRecord> kept(long replayed, String source) {
        String archive = source + "!/";
        return new Iterator<>() {
            private final Deque<Replays.Kept> page = new ArrayDeque<>();
            private long after;

            @Override
            public boolean hasNext() {
                if (page.isEmpty()) {
                    List<Replays.Kept> next = replays.list(replayed, after, PAGE);
                    page.addAll(next);
                    after = next.isEmpty() ? after : next.get(next.size() - 1).id();
                }
                return !page.isEmpty();
            }

            @Override
            public KeptRecord next() {
                if (!hasNext()) {
                    throw new NoSuchElementException("all rejections have been read");
                }
                Replays.Kept one = page.remove();
                String entry = one.source().startsWith(archive) ? one.source().substring(archive.length()) : null;
                return new KeptRecord(entry, one.position(), one.fromText(), one.record());
            }
        };
    }
}
