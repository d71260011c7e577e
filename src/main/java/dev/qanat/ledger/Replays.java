package dev.qanat.ledger;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Rejections that are checked again. A replay is of the run that loaded a file, and takes what is left of its rejections and of
 * those of its earlier replays. Safe for use by several threads.
 */
@ApplicationScoped
public class Replays {

    private static final String LEFT = """
            replayed_by IS NULL
            AND run_id IN (SELECT id FROM qanat.run WHERE landed_at IS NOT NULL AND (id = :run OR replays = :run))""";

    private final JdbcClient db;

    Replays(DataSource dataSource) {
        this.db = JdbcClient.create(dataSource);
    }

    /**
     * The rejections that are left of a run.
     *
     * @param replayable those that can be checked again
     * @param others those of which too little was kept for that
     */
    public record Left(long replayable, long others) {}

    public Left left(long run) {
        return db.sql("SELECT count(*) FILTER (WHERE replayable) AS replayable, count(*) FILTER (WHERE NOT replayable) AS others"
                        + " FROM qanat.rejection WHERE " + LEFT)
                .param("run", run)
                .query((row, number) -> new Left(row.getLong("replayable"), row.getLong("others")))
                .single();
    }

    /** The versions of the pipeline that rejected what can be checked again of a run. */
    public List<Integer> versions(long run) {
        return db.sql("SELECT DISTINCT config_version FROM qanat.run WHERE id IN (SELECT run_id FROM qanat.rejection WHERE replayable AND "
                        + LEFT + ") ORDER BY 1")
                .param("run", run)
                .query(Integer.class)
                .list();
    }

    /** The run that has replaced what a run of this resource loaded, if there is one: it landed later. */
    public Optional<Long> replacedBy(Run run) {
        return db.sql("""
                        SELECT max(id) FROM qanat.run
                        WHERE pipeline = :pipeline AND resource = :resource AND file_status = 'loaded' AND replays IS NULL
                          AND landed_at > (SELECT landed_at FROM qanat.run WHERE id = :run)""")
                .param("pipeline", run.pipeline())
                .param("resource", run.resource().orElse(""))
                .param("run", run.id())
                .query((row, number) -> {
                    long id = row.getLong(1);
                    return row.wasNull() ? Optional.<Long>empty() : Optional.of(id);
                })
                .single();
    }

    /**
     * Queues a replay behind what is queued now, unless one of the same run waits or is worked on.
     *
     * @return the run that replays
     */
    public long enqueue(Run replayed, int configVersion) {
        // The time stands where a file's does, by which runs are put in order.
        return db.sql("""
                        INSERT INTO qanat.run (pipeline, config_version, trigger, replays, resource, file_modified)
                        VALUES (:pipeline, :version, 'replay', :replayed, :resource, now())
                        ON CONFLICT (replays) WHERE status IN ('queued', 'running') AND replays IS NOT NULL
                        DO UPDATE SET replays = excluded.replays
                        RETURNING id""")
                .param("pipeline", replayed.pipeline())
                .param("version", configVersion)
                .param("replayed", replayed.id())
                .param("resource", replayed.resource().orElse(null))
                .query(Long.class)
                .single();
    }

    /** Notes how many rejections a replay leaves because they cannot be checked again. */
    public void leaves(long replay, long others) {
        db.sql("UPDATE qanat.run SET not_replayable = :others WHERE id = :run")
                .param("others", others)
                .param("run", replay)
                .update();
    }

    /**
     * A rejection to be checked again.
     *
     * @param fromText whether it comes from a text format; null when that is not known
     */
    public record Kept(long id, String source, long position, @Nullable Boolean fromText, String record) {}

    /**
     * What can be checked again of a run's rejections, in the order in which they came.
     *
     * @param after only those with a higher id than this
     */
    public List<Kept> list(long run, long after, int limit) {
        return db.sql("SELECT id, source, position, from_text, record FROM qanat.rejection WHERE replayable AND " + LEFT
                        + " AND id > :after ORDER BY id LIMIT :limit")
                .param("run", run)
                .param("after", after)
                .param("limit", limit)
                .query((row, number) -> new Kept(
                        row.getLong("id"),
                        row.getString("source"),
                        row.getLong("position"),
                        (Boolean) row.getObject("from_text"),
                        row.getString("record")))
                .list();
    }
}
