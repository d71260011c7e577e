package dev.qanat.app;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * The packaged application as a process of its own, with its embedded PostgreSQL, seen as a user sees it: files, HTTP, SQL. Tests
 * that need nothing special share one ({@link #shared}), each with pipelines of its own name; others start their own.
 */
public final class Qanat implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(180);
    private static final AtomicInteger NAMES = new AtomicInteger();
    private static Qanat shared;

    private final Path home;
    private final int port = freePort();
    private final int pgPort = freePort();
    private final Map<String, String> environment = new HashMap<>();
    private List<String> launcher = List.of();
    private Process process;

    private Qanat(Path home) {
        this.home = home;
        environment.put("QANAT_HOME", home.toString());
        environment.put("QUARKUS_HTTP_PORT", Integer.toString(port));
        environment.put("QANAT_PG_PORT", Integer.toString(pgPort));
        environment.put("QUARKUS_LOG_CONSOLE_JSON_ENABLED", "false");
        environment.put("QANAT_PIPELINES", home.resolve("no-pipelines").toString());
        environment.put("QANAT_TRANSFORM", home.resolve("no-transform").toString());
        environment.put("LC_ALL", "C.UTF-8");
    }

    /** An application that is not started yet, with a home of its own below {@code target}. */
    public static Qanat fresh(String name) throws IOException {
        Path home = Path.of("target", "homes", name + "-" + ProcessHandle.current().pid() + "-" + NAMES.incrementAndGet());
        Files.createDirectories(home);
        return new Qanat(home.toAbsolutePath());
    }

    /** Another process on this one's home and database, which is not started yet. */
    public Qanat another() throws IOException {
        return fresh("another")
                .with("QANAT_HOME", home.toString())
                .with("QUARKUS_DATASOURCE_JDBC_URL", "jdbc:postgresql://127.0.0.1:" + pgPort + "/qanat")
                .with("QUARKUS_DATASOURCE_USERNAME", "qanat");
    }

    /** The one application that tests share; it is started by the first of them and stopped with the tests. */
    public static synchronized Qanat shared() throws IOException {
        if (shared == null) {
            Qanat started = fresh("shared").start();
            Runtime.getRuntime().addShutdownHook(new Thread(started::close));
            shared = started;
        }
        return shared;
    }

    /** A name for a pipeline that no other test has. */
    public static String newName(String begin) {
        return begin + "_" + NAMES.incrementAndGet();
    }

    /** Sets a variable of the environment for the next start. */
    public Qanat with(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** The settings of the next start, for other programs that go by them. */
    Map<String, String> environment() {
        return Map.copyOf(environment);
    }

    /** Starts the process by another program, which makes itself the process in the end. */
    public Qanat by(String... program) {
        launcher = List.of(program);
        return this;
    }

    public Qanat start() throws IOException {
        return launch().awaitReady();
    }

    public Qanat awaitReady() {
        await("the application is ready", this::ready);
        return this;
    }

    /** Starts the process without waiting for it. */
    public Qanat launch() throws IOException {
        List<String> command = new ArrayList<>(launcher);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx256m");
        // A process of a test lives for seconds: what the second compiler would gain takes longer than it lasts.
        command.add("-XX:TieredStopAtLevel=1");
        Path app = Path.of(System.getProperty("qanat.app", "target/quarkus-app")).toAbsolutePath();
        Path archive = app.resolve("qanat.jsa");
        String agent = System.getProperty("qanat.agent", "");
        if (agent.isBlank() && Files.exists(archive)) {
            command.add("-XX:SharedArchiveFile=" + archive);
            command.add("-jar");
            command.add(app.resolve("qanat.jar").toString());
        } else {
            if (!agent.isBlank()) {
                command.add(agent);
            }
            command.add("-jar");
            command.add(app.resolve("quarkus-run.jar").toString());
        }
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
        builder.environment().putAll(environment);
        process = builder.start();
        return this;
    }

    private boolean ready() {
        if (!process.isAlive()) {
            fail("the application ended with %d:%n%s", process.exitValue(), logText());
        }
        try {
            return given().port(port).get("/q/health/ready").statusCode() == 200;
        } catch (RuntimeException | Error e) {
            return false;
        } catch (Exception e) {
            // RestAssured throws what its client throws, undeclared.
            return false;
        }
    }

    /** SIGKILL: the process has no chance to tidy up. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** SIGTERM, as an operator stops it. */
    public void stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
            fail("the application did not stop within 30 seconds:%n%s", logText());
        }
    }

    public Process process() {
        return process;
    }

    /** Sends the process a signal such as {@code STOP} and {@code CONT}. */
    public void signal(String name) throws IOException, InterruptedException {
        run(List.of("kill", "-" + name, Long.toString(process.pid())));
    }

    /** Stops the embedded PostgreSQL under the application: {@code immediate}, as in a crash, or {@code fast}. */
    public void stopPostgres(String mode) throws IOException, InterruptedException {
        pgCtl("stop", "-m", mode);
    }

    /** Starts the embedded PostgreSQL again, with the settings it had, and waits until it takes connections. */
    public void startPostgres() throws IOException, InterruptedException {
        pgCtl("start", "-l", home.resolve("pg/server.log").toString());
    }

    private void pgCtl(String action, String... arguments) throws IOException, InterruptedException {
        Path program;
        try (Stream<Path> versions = Files.list(home.resolve("pg-programs"))) {
            program = versions.map(version -> version.resolve("bin/pg_ctl"))
                    .filter(Files::isExecutable)
                    .findAny()
                    .orElseThrow();
        }
        List<String> command = new ArrayList<>();
        if (System.getProperty("user.name").equals("root")) {
            // As the application does it: PostgreSQL refuses to run as root.
            command.addAll(List.of("unshare", "-U"));
        }
        command.addAll(List.of(program.toString(), action, "-w", "-s", "-t", "60", "-D", home.resolve("pg").toString()));
        command.addAll(List.of(arguments));
        run(command);
    }

    private static void run(List<String> command) throws InterruptedException {
        assertThat(tryToRun(command.toArray(String[]::new))).as(String.join(" ", command)).isTrue();
    }

    /** Runs a program and says whether it was there and did what it should. */
    static boolean tryToRun(String... command) throws InterruptedException {
        try {
            return new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            // No such program here.
            return false;
        }
    }

    /**
     * Stops what runs, and leaves nothing of its home but the log: the homes of the whole suite take more than ten gigabytes. With
     * {@code -Dqanat.keep-homes=true} they stay.
     */
    @Override
    public void close() {
        try {
            if (process != null && process.isAlive()) {
                stop();
            }
            if (Files.exists(home.resolve("pg/postmaster.pid"))) {
                // It outlives a killed application.
                stopPostgres("immediate");
            }
            if (!Boolean.getBoolean("qanat.keep-homes")) {
                clear(home);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deletes what is in a folder but the log. A test may have left folders that nobody may write. */
    private void clear(Path folder) throws IOException {
        if (!Files.isWritable(folder) && Files.getFileStore(folder).supportsFileAttributeView(PosixFileAttributeView.class)) {
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        }
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.toList()) {
                if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                    clear(entry);
                    Files.delete(entry);
                } else if (!entry.equals(log())) {
                    Files.deleteIfExists(entry);
                }
            }
        }
    }

    public Path home() {
        return home;
    }

    public int port() {
        return port;
    }

    public int pgPort() {
        return pgPort;
    }

    public Path inbox(String pipeline) {
        return home.resolve("inbox").resolve(pipeline);
    }

    public Path archive(String pipeline) {
        return home.resolve("archive").resolve(pipeline);
    }

    public Path quarantine(String pipeline) {
        return home.resolve("quarantine").resolve(pipeline);
    }

    public Path log() {
        return home.resolve("log.txt");
    }

    public String logText() {
        try {
            return Files.exists(log()) ? Files.readString(log()) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A request to the application. */
    public RequestSpecification request() {
        return given().port(port);
    }

    public Response upload(String yaml) {
        return request().contentType("application/yaml").body(yaml.getBytes(StandardCharsets.UTF_8)).post("/upload-config");
    }

    /** Uploads a pipeline that must be valid. */
    public void pipeline(String yaml) {
        Response answer = upload(yaml);
        assertThat(answer.statusCode()).as(answer.asString()).isIn(200, 201);
    }

    /** Drops a file into a pipeline's inbox as a careful writer does: under a hidden name first, then renamed. */
    public Path drop(String pipeline, String name, byte[] bytes) throws IOException {
        return dropInto(inbox(pipeline), name, bytes);
    }

    public Path drop(String pipeline, String name, String text) throws IOException {
        return drop(pipeline, name, text.getBytes(StandardCharsets.UTF_8));
    }

    public static Path dropInto(Path folder, String name, byte[] bytes) throws IOException {
        Files.createDirectories(folder);
        Path aside = folder.resolve(".aside-" + NAMES.incrementAndGet());
        Files.write(aside, bytes);
        return Files.move(aside, folder.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }

    /** The pipeline's runs, newest first, once there are that many and all have ended. */
    public List<JsonPath> awaitRuns(String pipeline, int count) {
        await(count + " runs of " + pipeline + " have ended", () -> {
            List<JsonPath> runs = runs(pipeline);
            return runs.size() >= count
                    && runs.stream().noneMatch(run -> List.of("queued", "running", "deferred").contains(run.getString("status")));
        });
        return runs(pipeline);
    }

    /** The only run of a pipeline, once it has ended. */
    public JsonPath awaitRun(String pipeline) {
        List<JsonPath> runs = awaitRuns(pipeline, 1);
        assertThat(runs).as("runs of %s", pipeline).hasSize(1);
        return runs.get(0);
    }

    /** Triggers a pipeline that polls, and gives its run. */
    public long trigger(String pipeline) {
        Response answer = request().contentType("application/json").body(Map.of("pipeline", pipeline)).post("/trigger-job");
        assertThat(answer.statusCode()).as(answer.asString()).isEqualTo(202);
        return answer.jsonPath().getLong("runs[0].id");
    }

    public JsonPath run(long id) {
        return request().get("/runs/" + id).jsonPath();
    }

    /** A run once it has ended, or is deferred. */
    public JsonPath awaitEnd(long id) {
        await("run " + id + " has ended", () -> !List.of("queued", "running").contains(run(id).getString("status")));
        return run(id);
    }

    /** Drops a file and waits until the run that loads it has ended. */
    public JsonPath load(String pipeline, String name, String text) throws IOException {
        return load(pipeline, name, text.getBytes(StandardCharsets.UTF_8));
    }

    public JsonPath load(String pipeline, String name, byte[] bytes) throws IOException {
        int before = runs(pipeline).size();
        drop(pipeline, name, bytes);
        return awaitRuns(pipeline, before + 1).get(0);
    }

    /** The pipeline's runs, newest first, at most 1,000. */
    public List<JsonPath> runs(String pipeline) {
        JsonPath page = request().queryParam("pipeline", pipeline).queryParam("limit", 1000).get("/runs").jsonPath();
        List<JsonPath> runs = new ArrayList<>();
        for (int i = 0; i < page.getList("items").size(); i++) {
            String root = "items[" + i + "]";
            runs.add(new JsonPath(page.prettify()).setRootPath(root));
        }
        return runs;
    }

    /** The rejections of a run, at most 1,000. */
    public List<Map<String, Object>> rejections(long run) {
        return request().queryParam("limit", 1000).get("/runs/" + run + "/rejections").jsonPath().getList("items");
    }

    /** Holds up the landings in a silver table until the connection is closed. */
    public Connection lockTable(String table) throws SQLException {
        Connection holder = database();
        holder.createStatement().execute("SELECT pg_advisory_lock(hashtextextended('\"silver\".\"" + table + "\"', 0))");
        return holder;
    }

    public Connection database() throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + pgPort + "/qanat", "qanat", "");
    }

    /** The rows of a query, each a map of column to text. */
    public List<Map<String, String>> query(String sql) throws SQLException {
        try (Connection connection = database();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            return rows(rows);
        }
    }

    /** The only value of a query, as text. */
    public String value(String sql) throws SQLException {
        List<Map<String, String>> rows = query(sql);
        assertThat(rows).as(sql).hasSize(1);
        return rows.get(0).values().iterator().next();
    }

    public void execute(String sql) throws SQLException {
        try (Connection connection = database();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static List<Map<String, String>> rows(ResultSet rows) throws SQLException {
        ResultSetMetaData columns = rows.getMetaData();
        List<Map<String, String>> all = new ArrayList<>();
        while (rows.next()) {
            Map<String, String> row = new LinkedHashMap<>();
            for (int i = 1; i <= columns.getColumnCount(); i++) {
                row.put(columns.getColumnLabel(i), rows.getString(i));
            }
            all.add(row);
        }
        return all;
    }

    /** Whether a condition in SQL is so; not while the database does not answer. */
    public boolean is(String condition) {
        try {
            return value("SELECT " + condition).equals("t");
        } catch (SQLException e) {
            return false;
        }
    }

    /** Waits until something is so, and fails with the log's end when it does not become so. */
    public void await(String what, BooleanSupplier condition) {
        await(what, PATIENCE, condition);
    }

    public void await(String what, Duration patience, BooleanSupplier condition) {
        long until = System.nanoTime() + patience.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > until) {
                String log = logText();
                fail("not so after %s: %s%n%s", patience, what, log.substring(Math.max(0, log.length() - 4000)));
            }
            try {
                Thread.sleep(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                fail("interrupted");
            }
        }
    }

    /** Below those that the system gives to connections, of which one may come before the process listens. */
    private static int freePort() {
        while (true) {
            int port = ThreadLocalRandom.current().nextInt(12_000, 32_000);
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (BindException e) {
                // It is taken.
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
