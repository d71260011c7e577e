package dev.qanat.backup;

import dev.qanat.embedded.EmbeddedServer;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import dev.qanat.settings.Database;
import dev.qanat.settings.DatabaseChoice;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * A connection to a database. An embedded server that had to be started for it stops when this process ends.
 *
 * @param database where it leads
 */
record OpenDatabase(Database database, Connection connection) implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** The database of the settings, to be read while a server may be at work on it. */
    static OpenDatabase toRead(DatabaseChoice choice) throws IOException, SQLException {
        if (choice.own().isPresent()) {
            return of(choice.own().get());
        }
        Path home = existing(choice);
        try {
            return of(started(choice));
        } catch (InputFailure e) {
            String running = e.code() == Code.HOME_IN_USE ? EmbeddedServer.runningOn(home) : null;
            if (running == null) {
                throw e;
            }
            return of(new Database(running, EmbeddedServer.NAME, null));
        }
    }

    /** The database of the settings, to be made; a new home gets an embedded one. */
    static OpenDatabase toMake(DatabaseChoice choice) throws SQLException {
        return of(choice.own().isPresent() ? choice.own().get() : started(choice));
    }

    /** The embedded database of a home on which no server works, nor can start while this process lives. */
    static OpenDatabase atRest(DatabaseChoice choice) throws SQLException {
        existing(choice);
        return of(started(choice));
    }

    static OpenDatabase of(Database database) throws SQLException {
        database.await(PATIENCE);
        return new OpenDatabase(database, database.connect());
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }

    private static Path existing(DatabaseChoice choice) {
        Path home = choice.home().folder();
        if (!EmbeddedServer.exists(home)) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    "there is no embedded database in " + home + "; set QANAT_HOME to the folder that has one, or DATABASE_URL");
        }
        return home;
    }

    private static Database started(DatabaseChoice choice) {
        EmbeddedServer server = EmbeddedServer.start(choice.home().folder(), choice.port());
        Runtime.getRuntime().addShutdownHook(new Thread(server::stop, "stop-postgresql"));
        return new Database(server.jdbcUrl(), EmbeddedServer.NAME, null);
    }
}
