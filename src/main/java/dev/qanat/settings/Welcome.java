package dev.qanat.settings;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.vertx.http.HttpServerStart;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.event.ObservesAsync;
import jakarta.inject.Singleton;
import java.io.File;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** Says where everything is, once the server answers, and that it stops. */
@Singleton
final class Welcome {
    private static final Logger LOG = Logger.getLogger(Welcome.class);

    private final Event<Listening> listening;
    private final Home home;
    private final String version;
    private final String host;
    private final String jdbcUrl;
    private final String username;

    Welcome(
            Event<Listening> listening,
            Home home,
            @ConfigProperty(name = "quarkus.application.version") String version,
            @ConfigProperty(name = "quarkus.http.host") String host,
            @ConfigProperty(name = "quarkus.datasource.jdbc.url") String jdbcUrl,
            @ConfigProperty(name = "quarkus.datasource.username", defaultValue = "") String username) {
        this.listening = listening;
        this.home = home;
        this.version = version;
        this.host = host;
        this.jdbcUrl = jdbcUrl;
        this.username = username;
    }

    /** Names of files come through the locale's encoding, and those it does not know are files that cannot be opened. */
    private static void warnOfLocale() {
        String names = System.getProperty("sun.jnu.encoding", "UTF-8");
        if (!names.equalsIgnoreCase("UTF-8")) {
            LOG.warnf("File names are read as %s: set LC_ALL=C.UTF-8, or files whose names are not ASCII stay where they are", names);
        }
    }

    void listening(@ObservesAsync HttpServerStart event) {
        LOG.infof("Qanat %s on http://%s:%d", version, host, event.options().getPort());
        warnOfLocale();
        LOG.infof("Drop files into %s%s<pipeline>", home.inbox(), File.separator);
        LOG.infof("Look into the database: %s", psql(jdbcUrl, username));
        listening.fireAsync(new Listening());
    }

    void stopping(@Observes ShutdownEvent event) {
        LOG.info("Stopping");
    }

    /** The command that opens the database, without its password. */
    static String psql(String jdbcUrl, String username) {
        String place = DatabaseUrl.place(jdbcUrl);
        String server = place.replaceFirst("/.*", "");
        String database = place.contains("/") ? place.substring(place.indexOf('/') + 1) : "";
        int colon = server.lastIndexOf(':');
        boolean port = colon > server.lastIndexOf(']') && colon > 0;
        return "psql -h " + quoted(port ? server.substring(0, colon) : server)
                + (port ? " -p " + server.substring(colon + 1) : "")
                + (username.isEmpty() ? "" : " -U " + quoted(username))
                + (database.isEmpty() ? "" : " " + quoted(URLDecoder.decode(database, StandardCharsets.UTF_8)));
    }

    private static String quoted(String word) {
        return word.matches("[\\w.:-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
