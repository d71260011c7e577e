package dev.qanat.embedded;

import com.sun.management.OperatingSystemMXBean;
import com.sun.security.auth.module.UnixSystem;
import dev.qanat.failure.Code;
import dev.qanat.failure.InputFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL of our own below the home: it listens on loopback alone, trusts who connects from there, and keeps its data from
 * one start to the next. Its database and its user are called {@code qanat}.
 *
 * <p>The server is a process of its own in a session of its own: Ctrl-C in a terminal does not reach it, and it outlives a
 * killed JVM. The next start finds it and goes on with it.
 */
public final class EmbeddedServer {
    public static final String NAME = "qanat";

    private static final Logger LOG = Logger.getLogger(EmbeddedServer.class);
    private static final String SETTINGS = "qanat.conf";

    private final Path data;
    private final int port;
    private final Programs programs;
    // Held, not used: the lock lasts as long as it is reachable.
    @SuppressWarnings("unused")
    private final HomeLock lock;

    private EmbeddedServer(Path data, int port, Programs programs, HomeLock lock) {
        this.data = data;
        this.port = port;
        this.programs = programs;
        this.lock = lock;
    }

    /**
     * Starts PostgreSQL on {@code <home>/pg}, or goes on with the one that a killed process left running there, and returns when
     * it takes connections. After a crash that is when it has recovered.
     *
     * @throws InputFailure {@code home_in_use}, {@code port_in_use} or {@code invalid_setting}, with what to do about it
     */
    public static EmbeddedServer start(Path home, int port) {
        try {
            if (!Files.isDirectory(home)) {
                // Which takes no link for a folder.
                Files.createDirectories(home);
            }
            // Links are resolved: PostgreSQL is asked below for the folder it works in.
            Path folder = home.toRealPath();
            HomeLock lock = HomeLock.take(folder);
            EmbeddedServer server = new EmbeddedServer(folder.resolve("pg"), port, Programs.in(folder), lock);
            server.open();
            return server;
        } catch (IOException e) {
            throw new InputFailure(
                    Code.INVALID_SETTING, "QANAT_HOME " + home + " cannot be used: " + e + ". It must be writable", e);
        }
    }

    /** Whether there is data of an embedded PostgreSQL below the home, running or not. */
    public static boolean exists(Path home) {
        return Files.exists(home.resolve("pg").resolve("PG_VERSION"));
    }

    /** The URL of the server that runs on the home, whoever started it; null when none does. */
    public static @Nullable String runningOn(Path home) throws IOException {
        Postmaster running = exists(home) ? Postmaster.on(home.toRealPath().resolve("pg")) : null;
        return running == null ? null : jdbcUrl(running.port());
    }

    public String jdbcUrl() {
        return jdbcUrl(port);
    }

    private static String jdbcUrl(int port) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + NAME;
    }

    /**
     * Ends the connections there are and stops, with everything committed on disk. When it returns the server is down; it may be
     * called once the last user of a connection is gone.
     */
    public void stop() {
        Finished stopped = pgCtl("stop", "-m", "fast", "-t", "60");
        if (stopped.exitCode() != 0) {
            LOG.warnf("PostgreSQL did not stop: %s", stopped.output());
        }
    }

    private void open() throws IOException {
        if (!Files.exists(data.resolve("PG_VERSION"))) {
            create();
        }
        refuseOtherMajorVersion();
        Postmaster running = Postmaster.on(data);
        if (running != null && running.port() == port && settings().equals(currentSettings()) && answers()) {
            LOG.infof("PostgreSQL still runs on port %d, process %d", port, running.pid());
            return;
        }
        if (running != null) {
            stop();
        }
        refuseTakenPort();
        Files.writeString(data.resolve(SETTINGS), settings());
        launch();
        programs.deleteOthers();
    }

    /** Made aside and renamed, so that what a crash leaves of it is never taken for data. */
    private void create() throws IOException {
        refuseForeignFiles();
        Path unfinished = data.resolveSibling("pg.part");
        Programs.delete(unfinished);
        // Made here and not by initdb, which as root has fewer rights on the home than this process.
        Files.createDirectories(unfinished);
        Finished made = run(List.of(
                programs.program("initdb").toString(),
                "--pgdata=" + unfinished,
                "--username=" + NAME,
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8"));
        if (made.exitCode() != 0) {
            throw notStarted("PostgreSQL's data folder could not be made", made.output());
        }
        Files.writeString(
                unfinished.resolve("postgresql.conf"),
                "\n# Written anew at every start. ALTER SYSTEM stands above it.\ninclude '" + SETTINGS + "'\n",
                StandardOpenOption.APPEND);
        Files.move(unfinished, data, StandardCopyOption.ATOMIC_MOVE);
    }

    private void refuseForeignFiles() throws IOException {
        if (!Files.isDirectory(data)) {
            return;
        }
        try (Stream<Path> files = Files.list(data)) {
            if (files.findAny().isPresent()) {
                throw new InputFailure(
                        Code.INVALID_SETTING,
                        data + " is not empty and holds no PostgreSQL data; move it away, or set QANAT_HOME to another folder");
            }
        }
    }

    private void refuseOtherMajorVersion() throws IOException {
        String made = Files.readString(data.resolve("PG_VERSION")).strip();
        // Such as "postgres (PostgreSQL) 18.1".
        String version = run(List.of(programs.program("postgres").toString(), "--version")).output();
        String ours = version.substring(version.lastIndexOf(' ') + 1).replaceFirst("[^0-9].*", "");
        if (!made.equals(ours)) {
            throw new InputFailure(
                    Code.INVALID_SETTING,
                    data + " was made by PostgreSQL " + made + ", this Qanat brings PostgreSQL " + ours
                            + ". Dump it with the version of Qanat that made it (pg_dump), move the folder away, start, and"
                            + " load the dump; or set QANAT_HOME to another folder");
        }
    }

    private void refuseTakenPort() {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"))) {
            LOG.tracef("Port %d is free", socket.getLocalPort());
        } catch (IOException e) {
            throw portInUse();
        }
    }

    private InputFailure portInUse() {
        return new InputFailure(
                Code.PORT_IN_USE,
                "port " + port + " on 127.0.0.1 is taken by another program; set QANAT_PG_PORT to a free one");
    }

    private void launch() throws IOException {
        Path log = data.resolve("server.log");
        if (Files.exists(log)) {
            Files.move(log, data.resolve("server.log.1"), StandardCopyOption.REPLACE_EXISTING);
        }
        // Ten minutes, for the recovery of a large log after a crash.
        Finished started = pgCtl("start", "-l", log.toString(), "-t", "600");
        if (started.exitCode() != 0) {
            String said = Files.exists(log) ? Files.readString(log) : started.output();
            if (said.contains("Address already in use")) {
                throw portInUse();
            }
            throw notStarted("PostgreSQL did not start (" + log + ")", said);
        }
        if (!answers()) {
            throw notStarted("PostgreSQL on port " + port + " does not answer (" + log + ")", "");
        }
    }

    /** Whether the server on the port is the one of this folder. It has the database afterwards. */
    private boolean answers() {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            boolean complete;
            try (ResultSet row = statement.executeQuery(
                    "SELECT current_setting('data_directory'), EXISTS (SELECT FROM pg_database WHERE datname = 'qanat')")) {
                row.next();
                if (!Path.of(row.getString(1)).equals(data)) {
                    return false;
                }
                complete = row.getBoolean(2);
            }
            if (!complete) {
                statement.execute("CREATE DATABASE qanat");
            }
            return true;
        } catch (SQLException e) {
            LOG.debugf(e, "PostgreSQL on port %d does not answer", port);
            return false;
        }
    }

    private Connection connect() throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", NAME);
        properties.setProperty("connectTimeout", "5");
        properties.setProperty("socketTimeout", "30");
        Connection connection =
                new org.postgresql.Driver().connect("jdbc:postgresql://127.0.0.1:" + port + "/postgres", properties);
        if (connection == null) {
            throw new SQLException("no driver");
        }
        return connection;
    }

    private @Nullable String currentSettings() throws IOException {
        Path file = data.resolve(SETTINGS);
        return Files.exists(file) ? Files.readString(file) : null;
    }

    private String settings() {
        return """
                # Written by Qanat at every start; ALTER SYSTEM stands above it.
                # Programs: %s
                port = %d
                listen_addresses = '127.0.0.1'
                unix_socket_directories = ''
                max_connections = 60

                # What is committed survives a power cut.
                fsync = on
                full_page_writes = on
                synchronous_commit = on

                # The statement of a killed client gives its locks back.
                client_connection_check_interval = '2s'

                shared_buffers = '128MB'
                work_mem = '16MB'
                maintenance_work_mem = '64MB'
                effective_cache_size = '%dMB'
                # A large load is one transaction; checkpoints in its midst write every page twice.
                max_wal_size = '4GB'
                wal_compression = off
                # Nobody reads the WAL but a recovery: rows that a transaction writes to a new table are synced instead.
                wal_level = minimal
                max_wal_senders = 0
                random_page_cost = 1.1
                jit = off

                timezone = 'UTC'
                log_timezone = 'UTC'
                log_checkpoints = off
                # Statements and details hold people's data, which has no place in a log.
                log_min_error_statement = panic
                log_error_verbosity = terse
                """
                .formatted(programs.version(), port, cacheMegabytes());
    }

    /** What the system may keep of the files in memory: half of it, as is usual where the database is not alone. */
    private static long cacheMegabytes() {
        OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        return Math.max(1024, system.getTotalMemorySize() / 2 / 1024 / 1024);
    }

    private Finished pgCtl(String action, String... arguments) {
        List<String> command = new ArrayList<>(
                List.of(programs.program("pg_ctl").toString(), action, "-w", "-s", "-D", data.toString()));
        command.addAll(List.of(arguments));
        return run(command);
    }

    private Finished run(List<String> program) {
        List<String> command = new ArrayList<>();
        if (root()) {
            // PostgreSQL refuses to run as root; in a user namespace of its own it is nobody.
            command.addAll(List.of("unshare", "-U"));
        }
        command.addAll(program);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        // The environment holds secrets, and any user of the database who may run programs could read them there.
        builder.environment().keySet().retainAll(Set.of("PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR"));
        builder.environment().put("LC_ALL", "C");
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Finished(process.waitFor(), output.strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Finished(-1, "interrupted");
        }
    }

    private static boolean root() {
        return new UnixSystem().getUid() == 0;
    }

    private static InputFailure notStarted(String what, String output) {
        List<String> lines = output.lines().filter(line -> !line.isBlank()).toList();
        String last = String.join(" / ", lines.subList(Math.max(0, lines.size() - 4), lines.size()));
        String hint = output.contains("unshare:")
                ? ". PostgreSQL does not run as root, and this system refuses the user namespace that would get round it:"
                        + " run Qanat as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own"
                : "";
        return new InputFailure(Code.INVALID_SETTING, what + (last.isEmpty() ? "" : ": " + last) + hint);
    }

    private record Finished(int exitCode, String output) {}
}
