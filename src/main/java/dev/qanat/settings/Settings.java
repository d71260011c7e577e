package dev.qanat.settings;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.util.List;
import java.util.Optional;

/**
 * The settings of Qanat's own; {@code qanat.pg-port} is {@code QANAT_PG_PORT} in the environment. Their defaults are in
 * {@code application.properties}. They do not change while the application runs.
 */
@ConfigMapping(prefix = "qanat")
public interface Settings {

    Path home();

    /** The folder of the routes, relative to the working directory. */
    Path routes();

    /** The folder of the pipelines, relative to the working directory. */
    Path pipelines();

    /** The folder of the dbt project, relative to the working directory. */
    Path transform();

    /** How many runs this process works on at a time; at least one. */
    int workers();

    /** How long a statement of a landing may take, and the landing as a whole. */
    Duration landingTimeout();

    /** No field of a text format is longer. */
    int maxFieldCharacters();

    /** No record is longer. */
    int maxRecordCharacters();

    /** No file has more fields. */
    int maxFields();

    /** No packed file unpacks to more. */
    MemorySize maxUnpackedSize();

    /** Nor to more than so many times its own size. */
    int maxUnpackedRatio();

    /** Whether recorded replies and sample files stand in for the world. */
    boolean demo();

    /** Hosts that APIs may be on whatever their address; {@code *.} before a name stands for any below it. */
    Optional<List<String>> allowedHosts();

    /** The port of the embedded PostgreSQL. */
    int pgPort();

    /** The names of the environment that pipelines may read; a name that ends in {@code *} is a prefix. */
    Optional<List<String>> allowedEnv();

    /** The folder of secrets, a file for each, relative to the working directory. */
    Optional<Path> secretsDir();

    /** A key of the role admin; where any key is in force, every request needs one. */
    Optional<String> apiKey();

    /** A key of the role viewer, for monitoring; it does not count as one in force. */
    Optional<String> viewerKey();

    /** Whether a key is needed also where there is none: the first start then makes one and tells it. */
    boolean requireApiKey();

    /** Under which keys are hashed, the same in all processes; without it, under a secret in the database. */
    Optional<String> keySecret();

    /** Rules that go before those of the policy, such as {@code GET /my/path=viewer}. */
    Optional<List<String>> access();

    /** Whose pages may read answers, such as {@code https://console.example.com}. */
    Optional<List<String>> corsOrigins();

    /** Schemas, and tables as {@code schema.table}, that the data API shows; nothing when it is set to nothing. */
    Optional<List<String>> exposed();

    /** How many queries of the data API are at work at once; at least one. */
    int maxQueries();

    /** How long a statement of the data API may take. */
    Duration queryTimeout();

    /** No answer of the data API has more rows. */
    int maxRows();

    /** How long the process may take to end: runs that are at work then land, or are undone. */
    Duration shutdownTimeout();

    /** How long rejections of ended runs are kept; for ever where it is not set, as with the next three. */
    Optional<Duration> retainRejections();

    /** How long runs are kept that have left nothing, and what was noted of the others beside their counts. */
    Optional<Duration> retainRuns();

    /** How long files are kept in the archive. */
    Optional<Duration> retainArchive();

    /** How long files are kept in quarantine. */
    Optional<Duration> retainQuarantine();

    /** When what was kept long enough is deleted, each day, in UTC. */
    LocalTime retentionAt();
}
