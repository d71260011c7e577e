package dev.qanat.app;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipFile;

/** A PostgreSQL of the operator's, of any version that Qanat is for. The build puts their programs into {@code target/postgres}. */
final class PostgresServer implements AutoCloseable {
    private static final Path PROGRAMS = Path.of("target/postgres");

    private final EmbeddedPostgres server;

    private PostgresServer(EmbeddedPostgres server) {
        this.server = server;
    }

    static PostgresServer start(int major, Map<String, String> settings) throws IOException {
        Path programs;
        try (Stream<Path> all = Files.list(PROGRAMS)) {
            programs = all.filter(file -> file.getFileName().toString().contains("-" + major + ".")).findAny().orElse(null);
        }
        assumeTrue(programs != null && System.getProperty("os.arch").equals("amd64"), "no PostgreSQL " + major + " for this machine");
        byte[] archive;
        try (ZipFile jar = new ZipFile(programs.toFile());
                InputStream bytes = jar.getInputStream(jar.getEntry("postgres-linux-x86_64.txz"))) {
            archive = bytes.readAllBytes();
        }
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setPgBinaryResolver((system, machine) -> new ByteArrayInputStream(archive))
                .setOverrideWorkingDirectory(PROGRAMS.resolve("unpacked").toAbsolutePath().toFile());
        settings.forEach(builder::setServerConfig);
        return new PostgresServer(builder.start());
    }

    /** A new database, as the settings name one. */
    String newDatabase(String name) throws SQLException {
        execute("postgres", "CREATE DATABASE " + name);
        return url(name);
    }

    String url(String database) {
        return "postgresql://postgres@127.0.0.1:" + server.getPort() + "/" + database;
    }

    int port() {
        return server.getPort();
    }

    Path data() throws SQLException {
        return Path.of(value("postgres", "SHOW data_directory"));
    }

    Connection connect(String database) throws SQLException {
        return server.getDatabase("postgres", database).getConnection();
    }

    void execute(String database, String sql) throws SQLException {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    String value(String database, String sql) throws SQLException {
        try (Connection connection = connect(database)) {
            return Contents.value(connection, sql);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
