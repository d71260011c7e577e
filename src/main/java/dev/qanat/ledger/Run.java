package dev.qanat.ledger;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A run as the ledger has it.
 *
 * @param redoes the interrupted run that this one does again
 * @param scheduledFor the tick of the schedule that queued it
 * @param replays the run whose rejections this one checks again
 * @param notReplayable of a replay that has begun, how many rejections are left because they cannot be checked again
 * @param fromBronze whether it builds the silver tables of its resource again from bronze, without a file or a request
 * @param cancelRequestedAt since when it is to stop
 * @param file the file of the run; empty for a replay, a poll or a run from bronze, and for a run that looked for files and found none,
 *     or is yet to look
 * @param models what a run of models alone builds, in dbt's selection syntax; empty for any other run
 * @param poll what a run fetches from APIs; empty for one that does not
 * @param bytes of the source read so far
 * @param landingAttempts how often its landing was begun
 */
public record Run(
        long id,
        String pipeline,
        int configVersion,
        Trigger trigger,
        Status status,
        boolean fullRefresh,
        Optional<Long> redoes,
        Optional<Instant> scheduledFor,
        Optional<Long> replays,
        Optional<Long> notReplayable,
        boolean fromBronze,
        Instant queuedAt,
        Optional<Instant> startedAt,
        Optional<Instant> landedAt,
        Optional<Instant> finishedAt,
        Optional<Instant> cancelRequestedAt,
        Optional<RunFile> file,
        Optional<String> models,
        Optional<Poll> poll,
        Optional<String> resource,
        Counts counts,
        long bytes,
        int landingAttempts,
        Optional<RunError> error) {

    /** What stands for a pipeline in runs of models alone; no pipeline has such a name. */
    public static final String NO_PIPELINE = "transform/";

    public enum Trigger {
        /** A file's arrival. */
        FILE,
        /** {@code POST /trigger-job}. */
        API,
        /** A tick of the pipeline's schedule. */
        SCHEDULE,
        /** {@code POST /runs/{id}/replay}. */
        REPLAY,
        /** A row that is written by hand. */
        EDIT;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public enum Status {
        QUEUED,
        RUNNING,
        SUCCEEDED,
        PARTIAL,
        FAILED,
        DEFERRED,
        CANCELLED,
        INTERRUPTED;

        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Whether the run will not go on by itself. */
        public boolean ended() {
            return this != QUEUED && this != RUNNING && this != DEFERRED;
        }
    }

    /**
     * The file of a run.
     *
     * @param source the pipeline's source whose folder it lies in
     * @param path below the home
     * @param modified its time of modification when the run was queued
     * @param sha256 known once it was read
     * @param alreadyLoaded whether its bytes had landed before, in the run {@code loadedBy}
     */
    public record RunFile(
            String source,
            String path,
            long size,
            Instant modified,
            Optional<String> sha256,
            boolean loaded,
            boolean alreadyLoaded,
            Optional<Long> loadedBy) {

        public String name() {
            return path.substring(path.lastIndexOf('/') + 1);
        }
    }

    /**
     * What a run fetches from APIs.
     *
     * @param from of a backfill: where it starts, in place of the cursors
     * @param to of a backfill: where it ends, this value excluded
     */
    public record Poll(List<String> resources, Optional<String> from, Optional<String> to) {

        /** Whether the run leaves the cursors alone. */
        public boolean isBackfill() {
            return from.isPresent() || to.isPresent();
        }
    }

    /** What made a run fail: a stable code and a message for people. */
    public record RunError(String code, String message) {}

    public boolean landed() {
        return landedAt.isPresent();
    }
}
