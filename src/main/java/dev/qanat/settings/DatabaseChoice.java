package dev.qanat.settings;

import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import io.smallrye.config.DotEnvConfigSourceProvider;
import io.smallrye.config.PropertiesConfigSourceLoader;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The database that a server would use that is started here and now: read from the same settings, by programs that work on it
 * beside the server or in its absence.
 *
 * @param home of the files, and of the embedded PostgreSQL
 * @param port of the embedded PostgreSQL
 * @param own the operator's; without one it is the embedded one
 */
public record DatabaseChoice(Home home, int port, Optional<Database> own) {
    private static final int OF_A_FILE = 260;
    private static final int OF_THE_DEFAULTS = 250;

    /** @throws InputFailure {@code invalid_setting} */
    public static DatabaseChoice read() {
        ClassLoader classes = DatabaseChoice.class.getClassLoader();
        // As Quarkus has them; its own builder would start what only a server needs.
        SmallRyeConfig config = new SmallRyeConfigBuilder()
                .addDefaultInterceptors()
                .addSystemSources()
                .withSources(DotEnvConfigSourceProvider.dotEnvSources(classes))
                .withSources(PropertiesConfigSourceLoader.inFileSystem("config/application.properties", OF_A_FILE, classes))
                .withSources(PropertiesConfigSourceLoader.inClassPath("application.properties", OF_THE_DEFAULTS, classes))
                .build();
        String url = config.getOptionalValue("quarkus.datasource.jdbc.url", String.class).orElse(null);
        String username = config.getOptionalValue("quarkus.datasource.username", String.class).orElse(null);
        String password = config.getOptionalValue("quarkus.datasource.password", String.class).orElse(null);
        // Not resolved: programs that share it know no ${…}.
        String shared = config.getConfigValue("DATABASE_URL").getRawValue();
        Database own = null;
        if (url != null) {
            own = new Database(url, username, password);
        } else if (shared != null && !shared.isBlank()) {
            Database named = Database.of(shared);
            own = new Database(
                    named.jdbcUrl(),
                    named.username() == null ? username : named.username(),
                    named.password() == null ? password : named.password());
        }
        try {
            return new DatabaseChoice(
                    new Home(Path.of(config.getValue("qanat.home", String.class))),
                    config.getValue("qanat.pg-port", Integer.class),
                    Optional.ofNullable(own));
        } catch (IllegalArgumentException e) {
            throw new InputFailure(Code.INVALID_SETTING, "QANAT_PG_PORT is not a port: " + e.getMessage(), e);
        }
    }
}
