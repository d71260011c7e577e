package dev.qanat.ledger;

import jakarta.enterprise.context.ApplicationScoped;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;

/** The files that landed, known by their bytes, and the folders whose files are kept. Safe for use by several threads. */
@ApplicationScoped
public class Files {

    private final JdbcClient db;

    Files(DataSource dataSource) {
        this.db = JdbcClient.create(dataSource);
    }

    /** Whether any file of this size has landed: only then is it worth knowing a file's hash before it is read. */
    public boolean anyOfSize(String pipeline, String resource, long size) {
        return db.sql("""
                        SELECT EXISTS (SELECT FROM qanat.file
                                       WHERE pipeline = :pipeline AND resource = :resource AND size = :size)""")
                .param("pipeline", pipeline)
                .param("resource", resource)
                .param("size", size)
                .query(Boolean.class)
                .single();
    }

    /** The run in which a file with these bytes landed. */
    public Optional<Long> landedIn(String pipeline, String resource, String sha256) {
        return db.sql("""
                        SELECT run_id FROM qanat.file
                        WHERE pipeline = :pipeline AND resource = :resource AND sha256 = :sha256""")
                .param("pipeline", pipeline)
                .param("resource", resource)
                .param("sha256", sha256)
                .query(Long.class)
                .optional();
    }

    /** From now on, also after a restart, the pipeline's folders of kept files are looked at. */
    public void watch(String pipeline) {
        db.sql("INSERT INTO qanat.watch (pipeline) VALUES (:pipeline) ON CONFLICT DO NOTHING")
                .param("pipeline", pipeline)
                .update();
    }

    public boolean watched(String pipeline) {
        return db.sql("SELECT EXISTS (SELECT FROM qanat.watch WHERE pipeline = :pipeline)")
                .param("pipeline", pipeline)
                .query(Boolean.class)
                .single();
    }

    /** How a file looked when it was last read. */
    public record Look(long size, Instant modified) {}

    /** How the pipeline's kept files looked when they were last read, by their paths below the home. */
    public Map<String, Look> kept(String pipeline) {
        record Kept(String file, Look look) {}
        return db
                .sql("SELECT file, size, modified FROM qanat.kept_file WHERE pipeline = :pipeline")
                .param("pipeline", pipeline)
                .query((row, number) -> new Kept(
                        row.getString("file"),
                        new Look(row.getLong("size"), row.getTimestamp("modified").toInstant())))
                .list()
                .stream()
                .collect(Collectors.toUnmodifiableMap(Kept::file, Kept::look));
    }

    public void keep(String pipeline, String file, Look look) {
        db.sql("""
                        INSERT INTO qanat.kept_file (pipeline, file, size, modified)
                        VALUES (:pipeline, :file, :size, :modified)
                        ON CONFLICT (pipeline, file) DO UPDATE SET size = excluded.size, modified = excluded.modified""")
                .param("pipeline", pipeline)
                .param("file", file)
                .param("size", look.size())
                .param("modified", RunQueue.inMicros(look.modified()))
                .update();
    }
}
