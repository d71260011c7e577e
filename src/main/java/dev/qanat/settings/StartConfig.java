package dev.qanat.settings;

import dev.qanat.access.Policy;
import dev.qanat.embedded.EmbeddedServer;
import dev.qanat.failure.Code;
import dev.qanat.failure.Failure;
import dev.qanat.failure.InputFailure;
import io.quarkus.runtime.Application;
import io.quarkus.runtime.ImageMode;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.smallrye.config.ConfigSourceContext;
import io.smallrye.config.ConfigSourceFactory;
import io.smallrye.config.ConfigValue;
import io.smallrye.config.PropertiesConfigSource;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.LocalTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.eclipse.microprofile.config.spi.ConfigSource;
import org.jspecify.annotations.Nullable;

/**
 * What a start settles before anything else: who may get in, which database there is, how the log looks. It runs when the
 * settings of a starting application are read, and does nothing at a build or in a test without an application. A setting that
 * does not do ends the start with one line.
 *
 * <p>The database is, in this order: {@code quarkus.datasource.jdbc.url}, {@code DATABASE_URL}, the embedded PostgreSQL.
 */
public final class StartConfig implements ConfigSourceFactory {
    private static final String URL = "quarkus.datasource.jdbc.url";
    private static final String USERNAME = "quarkus.datasource.username";
    private static final String PASSWORD = "quarkus.datasource.password";
    private static final String SHUTDOWN = "qanat.shutdown-timeout";

    /** How long the server waits for the requests that it is answering. */
    private static final String OPEN_REQUESTS = "quarkus.shutdown.timeout";

    private static final String JSON = "quarkus.log.console.json.enabled";
    private static final String ENABLED = "etl.enabled";
    private static final String INTERVAL = "etl.interval-minutes";
    private static final List<String> PAGE_SIZES = List.of("default.page-size", "max.page-size");
    private static final int LARGEST_PAGE = 100_000;
    private static final int MINUTES_OF_A_YEAR = 525_600;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    // Above the environment, where an empty QUARKUS_DATASOURCE_JDBC_URL may stand: this answers only where nothing else does.
    private static final int ABOVE_ALL = 500;
    private static final int BELOW_ALL = 50;

    private static final List<String> COUNTS = List.of(
            "qanat.workers",
            "qanat.max-queries",
            "qanat.max-rows",
            "qanat.max-field-characters",
            "qanat.max-record-characters",
            "qanat.max-fields",
            "qanat.max-unpacked-ratio");

    /** How short they may be: what clients may still come back for stays, such as the runs of an Idempotency-Key. */
    private static final Map<String, Duration> RETAINED = Map.of(
            "qanat.retain-rejections", Duration.ofDays(1),
            "qanat.retain-runs", Duration.ofDays(7),
            "qanat.retain-archive", Duration.ofDays(1),
            "qanat.retain-quarantine", Duration.ofDays(1));

    private static final String MIGRATE = "quarkus.flyway.migrate-at-start";
    private static final Duration SHORTEST_SHUTDOWN = Duration.ofSeconds(2);
    private static final Duration LONGEST_SHUTDOWN = Duration.ofHours(1);
    private static final int SHORTEST_SECRET = 32;
    private static final Pattern ORIGIN = Pattern.compile("(?i)https?://([a-z0-9.-]+|\\[[0-9a-f:]+])(:\\d{1,5})?");

    private static final Pattern EXPOSED =
            Pattern.compile("(?!(?:qanat|qanat_staging|information_schema|pg_[^.]*)(?:\\.|$))[^.]+(?:\\..+)?");

    private static @Nullable EmbeddedServer embedded;

    @Override
    public Iterable<ConfigSource> getConfigSources(ConfigSourceContext context) {
        Application application = Application.currentApplication();
        if (application == null) {
            return List.of();
        }
        try {
            new Credentials(
                            required(context, "quarkus.http.host"),
                            optional(context, "qanat.api-key"),
                            optional(context, "qanat.viewer-key"),
                            Boolean.parseBoolean(required(context, "qanat.require-api-key").strip()))
                    .check();
            new Policy(list(context, "qanat.access"));
            new Home(Path.of(required(context, "qanat.home"))).ready();
            checkKeySecret(optional(context, "qanat.key-secret"));
            list(context, "qanat.cors-origins").forEach(StartConfig::checkOrigin);
            list(context, "qanat.exposed").forEach(StartConfig::checkExposed);
            for (String name : COUNTS) {
                number(context, name, count -> count >= 1, "a number from 1");
            }
            for (String name : PAGE_SIZES) {
                number(context, name, size -> size >= 1 && size <= LARGEST_PAGE, "a number of rows, 1 to " + LARGEST_PAGE);
            }
            RETAINED.forEach((name, least) -> checkRetained(context, name, least));
            checkTime(context, "qanat.retention-at");
            ShutdownTime shutdown = shutdown(context);
            if (optional(context, INTERVAL) != null) {
                number(context, INTERVAL, minutes -> minutes >= 1 && minutes <= MINUTES_OF_A_YEAR, "minutes, 1 to " + MINUTES_OF_A_YEAR);
            }
            String enabled = optional(context, ENABLED);
            if (enabled != null && !enabled.strip().matches("(?i)true|false")) {
                throw new InputFailure(Code.INVALID_SETTING, "ETL_ENABLED is " + enabled + ", expected true or false");
            }
            return List.of(
                    new PropertiesConfigSource(
                            Map.of(JSON, Boolean.toString(!Terminal.isStandardOutput())), "Qanat's console", BELOW_ALL),
                    new PropertiesConfigSource(Map.of(OPEN_REQUESTS, shutdown.toEnd().toString()), "Qanat's end", BELOW_ALL),
                    new PropertiesConfigSource(database(context, application), "Qanat's database", ABOVE_ALL));
        } catch (Failure e) {
            // Quarkus prints the message of this one, of which it must be the root, and ends with a code of 1.
            throw new ConfigurationException(e.code().id() + ": " + e.getMessage());
        }
    }

    private static void checkKeySecret(@Nullable String secret) {
        if (secret != null && secret.length() < SHORTEST_SECRET) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    "QANAT_KEY_SECRET has " + secret.length() + " characters, it needs at least " + SHORTEST_SECRET
                            + " (openssl rand -hex 32)");
        }
    }

    /** No star: without keys it would open this machine to every page. */
    private static void checkOrigin(String origin) {
        if (!ORIGIN.matcher(origin).matches()) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    "QANAT_CORS_ORIGINS: '" + origin + "' is no origin; one looks like https://console.example.com or"
                            + " http://localhost:3000");
        }
    }

    /** In the server's own schemas are hashes of keys, the audit, and rows that have not landed. */
    private static void checkExposed(String name) {
        if (!EXPOSED.matcher(name).matches()) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    "QANAT_EXPOSED: '" + name + "' is neither a schema nor a table as schema.table, or it is the server's own");
        }
    }

    private static void checkRetained(ConfigSourceContext context, String name, Duration least) {
        String text = optional(context, name);
        try {
            if (text == null || Duration.parse(text.strip()).compareTo(least) >= 0) {
                return;
            }
        } catch (DateTimeException e) {
            // Told below.
        }
        throw new InputFailure(
                Code.INVALID_SETTING, inEnvironment(name) + " is " + text + ", expected days such as P90D, at least P" + least.toDays() + "D");
    }

    private static ShutdownTime shutdown(ConfigSourceContext context) {
        String text = required(context, SHUTDOWN);
        try {
            Duration time = Duration.parse(text.strip());
            if (time.compareTo(SHORTEST_SHUTDOWN) >= 0 && time.compareTo(LONGEST_SHUTDOWN) <= 0) {
                return new ShutdownTime(time);
            }
        } catch (DateTimeException e) {
            // Told below.
        }
        throw new InputFailure(Code.INVALID_SETTING, inEnvironment(SHUTDOWN) + " is " + text + ", expected a time such as PT30S, PT2S to PT1H");
    }

    private static void checkTime(ConfigSourceContext context, String name) {
        String text = required(context, name);
        try {
            LocalTime.parse(text.strip());
        } catch (DateTimeException e) {
            throw new InputFailure(Code.INVALID_SETTING, inEnvironment(name) + " is " + text + ", expected a time of day such as 03:30", e);
        }
    }

    private static Map<String, String> database(ConfigSourceContext context, Application application) {
        Map<String, String> answers = new HashMap<>();
        String configured = optional(context, URL);
        String url = verbatim(context, "DATABASE_URL");
        Database database;
        if (configured != null) {
            database = new Database(configured, optional(context, USERNAME), optional(context, PASSWORD));
            database.await(PATIENCE);
        } else if (url != null) {
            DatabaseUrl parsed = DatabaseUrl.parse(url);
            String username = parsed.username() == null ? optional(context, USERNAME) : parsed.username();
            String password = parsed.password() == null ? optional(context, PASSWORD) : parsed.password();
            database = new Database(parsed.jdbcUrl(), username, password);
            database.await(PATIENCE);
            put(answers, URL, parsed.jdbcUrl());
            put(answers, USERNAME, parsed.username());
            put(answers, PASSWORD, parsed.password());
        } else {
            database = new Database(embedded(context, application).jdbcUrl(), EmbeddedServer.NAME, null);
            put(answers, URL, database.jdbcUrl());
            put(answers, USERNAME, EmbeddedServer.NAME);
        }
        if (database.hasNewestSchema()) {
            // Where nothing is to be done Flyway takes a tenth of a start to find that out.
            put(answers, MIGRATE, "false");
        }
        return answers;
    }

    private static synchronized EmbeddedServer embedded(ConfigSourceContext context, Application application) {
        if (ImageMode.current() != ImageMode.JVM) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    "a native image has no PostgreSQL of its own; set DATABASE_URL to one of yours, such as"
                            + " postgresql://user:password@host:5432/database");
        }
        if (embedded == null) {
            int port = number(context, "qanat.pg-port", p -> p >= 1 && p <= 65535, "a port, 1 to 65535");
            // First, as a signal may come while it starts. Hooks run side by side: this one waits until the application has closed its
            // connections.
            Runtime.getRuntime()
                    .addShutdownHook(new Thread(
                            () -> {
                                application.awaitShutdown();
                                stopEmbedded();
                            },
                            "stop-postgresql"));
            embedded = EmbeddedServer.start(new Home(Path.of(required(context, "qanat.home"))).folder(), port);
        }
        return embedded;
    }

    private static synchronized void stopEmbedded() {
        if (embedded != null) {
            embedded.stop();
        }
    }

    private static int number(ConfigSourceContext context, String name, Predicate<Integer> allowed, String expected) {
        String text = required(context, name);
        try {
            int number = Integer.parseInt(text.strip());
            if (allowed.test(number)) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Told below.
        }
        throw new InputFailure(
                Code.INVALID_SETTING,
                inEnvironment(name) + " is " + text + ", expected " + expected);
    }

    private static String inEnvironment(String name) {
        return name.toUpperCase(Locale.ROOT).replaceAll("[.-]", "_");
    }

    private static String required(ConfigSourceContext context, String name) {
        String value = optional(context, name);
        if (value == null) {
            throw new InputFailure(Code.INVALID_SETTING, name + " is empty");
        }
        return value;
    }

    private static List<String> list(ConfigSourceContext context, String name) {
        String value = optional(context, name);
        return value == null
                ? List.of()
                : Arrays.stream(value.split(",")).map(String::strip).filter(item -> !item.isEmpty()).toList();
    }

    private static @Nullable String optional(ConfigSourceContext context, String name) {
        ConfigValue value = context.getValue(name);
        if (value == null || value.getRawValue() == null || value.getRawValue().isBlank()) {
            return null;
        }
        if (value.getValue() == null) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    name + " names another setting with ${…} that is not set; write \\${ where the characters are meant");
        }
        return value.getValue();
    }

    /** DATABASE_URL is shared with programs that know no ${…}: what stands in it is meant. */
    private static @Nullable String verbatim(ConfigSourceContext context, String name) {
        ConfigValue value = context.getValue(name);
        return value == null || value.getRawValue() == null || value.getRawValue().isBlank() ? null : value.getRawValue();
    }

    private static void put(Map<String, String> answers, String name, @Nullable String value) {
        if (value != null) {
            // Otherwise ${…} in a password would be taken for the name of another setting.
            answers.put(name, value.replace("$", "\\$"));
        }
    }
}
