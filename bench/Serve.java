import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Serves rows beside pgbench and psql; see bench/serve. */
public final class Serve {
    private static final int PAGE = 50;
    private static final int LAST_PAGE = 10_000;
    private static final int CURSORS = 1_000;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Path home;
    private final int rounds;
    private final int seconds;
    private final int rows;
    private final List<Integer> connections;
    private final int port = freePort();
    private final int pgPort = freePort();
    private Process qanat;

    /** What a program reached: requests a second, and microseconds. */
    private record Reached(double rate, double median, double p99) {}

    private Serve(Path home, Map<String, String> options) throws IOException {
        this.home = home;
        this.rounds = Integer.parseInt(options.getOrDefault("--rounds", "5"));
        this.seconds = Integer.parseInt(options.getOrDefault("--seconds", "5"));
        this.rows = Integer.parseInt(options.getOrDefault("--rows", "5000000"));
        this.connections = Arrays.stream(options.getOrDefault("--connections", "2,8,64").split(",")).map(Integer::valueOf).toList();
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> options = new TreeMap<>();
        for (int i = 0; i + 1 < args.length; i += 2) {
            options.put(args[i], args[i + 1]);
        }
        if (args.length % 2 != 0 || !List.of("--rounds", "--seconds", "--connections", "--rows").containsAll(options.keySet())) {
            throw new IllegalArgumentException("see the head of bench/serve");
        }
        Files.createDirectories(Path.of("target"));
        new Serve(Files.createTempDirectory(Path.of("target"), "serve-").toAbsolutePath(), options).run();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private void run() throws Exception {
        System.out.printf("machine: %d processors, Java %s, %s%n", Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.version"), System.getProperty("os.name"));
        start();
        try {
            // Of its own 60, Qanat leaves too few for 64 clients of pgbench.
            psql("-c", "ALTER SYSTEM SET max_connections = 120");
            stop();
            start();
            psql("-c", """
                    CREATE TABLE silver.bench AS SELECT i::bigint AS id, 'T' || i %% 500 AS ticker, date '2000-01-01' + i / 500 AS day,
                        (i %% 99991) / 100.0 AS close, (i * 7919::bigint) %% 1000003 AS volume,
                        timestamptz '2000-01-01' + i * interval '1 minute' AS loaded_at FROM generate_series(1, %d) i
                    """.formatted(rows), "-c", "ALTER TABLE silver.bench ADD PRIMARY KEY (id)",
                    "-c", "CALL qanat.note_changes('silver.bench')", "-c", "VACUUM ANALYZE silver.bench", "-c", "CHECKPOINT");
            Thread.sleep(1_000);
            check();
            write("key.sql", "\\set id random(1, %d)\nSELECT row_to_json(t) FROM (SELECT * FROM silver.bench WHERE id = :id) t;%n"
                    .formatted(rows));
            write("page.sql", ("\\set id random(1, %d)\nSELECT row_to_json(t) FROM (SELECT * FROM silver.bench WHERE id > :id ORDER BY id"
                    + " LIMIT %d) t;%n").formatted(rows - PAGE, PAGE));
            write("key.lua", lua("'/api/v1/data/silver.bench?id=eq.' .. math.random(1, %d)".formatted(rows), null));
            write("page.lua", lua("'/api/v1/data/silver.bench?after=' .. lines[math.random(1, #lines)]", cursors(0, rows - 2 * PAGE)));
            for (String script : List.of("key", "page")) {
                wrk(script, 8, 15);
                for (int clients : connections) {
                    beside(script, clients);
                }
            }
            flat();
            csv();
        } finally {
            stop();
        }
    }

    private void beside(String script, int clients) throws Exception {
        List<Double> prepared = new ArrayList<>();
        List<Double> simple = new ArrayList<>();
        List<Double> tail = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            Reached ours = wrk(script, clients, seconds);
            Reached theirs = pgbench(script, clients, "prepared");
            Reached plain = pgbench(script, clients, "simple");
            prepared.add(ours.rate / theirs.rate);
            simple.add(ours.rate / plain.rate);
            tail.add(ours.p99 / theirs.median);
            System.out.printf("%s, %d connections, round %d: Qanat %,.0f/s (median %.2f ms, p99 %.2f ms),"
                            + " pgbench prepared %,.0f/s (median %.2f ms), simple %,.0f/s%n",
                    script, clients, round, ours.rate, ours.median / 1e3, ours.p99 / 1e3, theirs.rate, theirs.median / 1e3, plain.rate);
        }
        System.out.printf("%s, %d connections: %s of pgbench's rate, prepared; %s, simple; p99 %s times its median, prepared%n",
                script, clients, median(prepared), median(simple), median(tail));
    }

    /** A page must take as long wherever it is. */
    private void flat() throws Exception {
        write("first.lua", lua("'/api/v1/data/silver.bench?after=' .. lines[math.random(1, #lines)]", cursors(0, 100 * PAGE)));
        write("last.lua", lua("'/api/v1/data/silver.bench?after=' .. lines[math.random(1, #lines)]",
                cursors((LAST_PAGE - 101) * PAGE, (LAST_PAGE - 1) * PAGE)));
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            ratios.add(wrk("last", 2, seconds).median / wrk("first", 2, seconds).median);
        }
        System.out.printf("pages 9,900 to 10,000 take %s times as long as pages 1 to 100%n", median(ratios));
    }

    private void csv() throws Exception {
        int most = Math.min(rows, 1_000_000);
        Path ours = home.resolve("ours.csv");
        Path theirs = home.resolve("theirs.csv");
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round <= rounds; round++) {
            long begun = System.nanoTime();
            HttpRequest request = HttpRequest.newBuilder(uri("/api/v1/data/silver.bench.csv?id=lte." + most)).build();
            HTTP.send(request, BodyHandlers.ofFile(ours));
            double time = (System.nanoTime() - begun) / 1e9;
            begun = System.nanoTime();
            psql("-c", "\\copy (SELECT * FROM silver.bench WHERE id <= %d) TO '%s' CSV HEADER".formatted(most, theirs));
            double other = (System.nanoTime() - begun) / 1e9;
            String which = round == 0 ? "cold" : "round " + round;
            System.out.printf("%,d rows as CSV, %s: Qanat %.2f s, psql %.2f s%n", most, which, time, other);
            if (round > 0) {
                ratios.add(other / time);
            }
        }
        if (!digest(ours).equals(digest(theirs))) {
            throw new IllegalStateException("the two files do not hold the same: " + ours + ", " + theirs);
        }
        System.out.printf("%,d rows as CSV: %s as fast as psql%n", most, median(ratios));
    }

    /** Of the lines, but for their ends and the form of the moments. */
    private static String digest(Path file) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                digest.update((line.replaceAll("(\\d)[ T](\\d\\d:\\d\\d:\\d\\d)\\+00(:00)?", "$1 $2") + "\n").getBytes());
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private void check() throws Exception {
        for (int id : List.of(1, rows / 2, rows)) {
            same("?id=eq." + id, "SELECT json_agg(t) FROM (SELECT * FROM silver.bench WHERE id = " + id + ") t");
        }
        String next = page("?limit=" + PAGE).get("next").asText();
        same("?after=" + next, "SELECT json_agg(t) FROM (SELECT * FROM silver.bench WHERE id > %1$d ORDER BY id LIMIT %1$d) t"
                .formatted(PAGE));
    }

    private void same(String query, String sql) throws Exception {
        JsonNode expected = JSON.readTree(value("SET timezone = 'UTC'; " + sql));
        if (!page(query).get("items").equals(expected)) {
            throw new IllegalStateException(query + " is answered otherwise than by " + sql);
        }
    }

    private JsonNode page(String query) throws Exception {
        return JSON.readTree(HTTP.send(HttpRequest.newBuilder(uri("/api/v1/data/silver.bench" + query)).build(), BodyHandlers.ofString())
                .body());
    }

    /** Cursors behind ids between two. */
    private List<String> cursors(int from, int to) throws Exception {
        Random random = new Random(7);
        List<String> cursors = new ArrayList<>();
        while (cursors.size() < CURSORS) {
            cursors.add(page("?limit=1&id=gt." + random.nextInt(from, to)).get("next").asText());
        }
        return cursors;
    }

    /** @param lines that the path is made of, one of them for each request */
    private String lua(String path, List<String> lines) throws IOException {
        String read = "";
        if (lines != null) {
            Path file = Files.write(Files.createTempFile(home, "lines", ".txt"), lines);
            read = "local lines = {}\nfor line in io.lines('%s') do lines[#lines + 1] = line end\n".formatted(file);
        }
        return read + """
                function init(args) math.randomseed(os.time()) end
                function request() return wrk.format('GET', %s) end
                function done(summary, latency)
                    local errors = summary.errors
                    io.write(string.format('reached %%d %%d %%d %%d %%d\\n', summary.requests, summary.duration, latency:percentile(50),
                        latency:percentile(99), errors.connect + errors.read + errors.write + errors.status + errors.timeout))
                end
                """.formatted(path);
    }

    private Reached wrk(String script, int clients, int duration) throws Exception {
        String told = output("wrk", "-t" + Math.min(2, clients), "-c" + clients, "-d" + duration, "--timeout", "30s", "-s",
                home.resolve(script + ".lua").toString(), "http://127.0.0.1:" + port);
        String[] reached = told.lines().filter(line -> line.startsWith("reached")).findFirst().orElseThrow().split(" ");
        if (!reached[5].equals("0")) {
            throw new IllegalStateException("requests failed: " + told);
        }
        return new Reached(
                Double.parseDouble(reached[1]) / Double.parseDouble(reached[2]) * 1e6,
                Double.parseDouble(reached[3]),
                Double.parseDouble(reached[4]));
    }

    /** Its log has a line for each transaction, of which every tenth is asked for; the third number is its time. */
    private Reached pgbench(String script, int clients, String mode) throws Exception {
        Path logs = Files.createTempDirectory(home, "pgbench");
        String told = output("pgbench", "-h", "127.0.0.1", "-p", Integer.toString(pgPort), "-U", "qanat", "-n", "-M", mode,
                "-c", Integer.toString(clients), "-j", Integer.toString(Math.min(2, clients)), "-T", Integer.toString(seconds),
                "-f", home.resolve(script + ".sql").toString(), "-l", "--log-prefix", logs.resolve("log").toString(),
                "--sampling-rate", "0.1", "qanat");
        List<Double> times = new ArrayList<>();
        try (Stream<Path> files = Files.list(logs)) {
            for (Path file : files.toList()) {
                Files.readAllLines(file).forEach(line -> times.add(Double.valueOf(line.split(" ")[2])));
            }
        }
        times.sort(null);
        String tps = told.lines().filter(line -> line.startsWith("tps = ")).reduce((first, last) -> last).orElseThrow().split(" ")[2];
        return new Reached(Double.parseDouble(tps), times.get(times.size() / 2), times.get(times.size() * 99 / 100));
    }

    private static String median(List<Double> ratios) {
        double[] sorted = ratios.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return "%.2f (%.2f to %.2f)".formatted(sorted[sorted.length / 2], sorted[0], sorted[sorted.length - 1]);
    }

    private void start() throws Exception {
        ProcessBuilder builder = new ProcessBuilder("java", "-Xmx256m", "-jar", "target/quarkus-app/quarkus-run.jar");
        builder.environment().put("QANAT_HOME", home.toString());
        builder.environment().put("QANAT_TRANSFORM", home.resolve("none").toString());
        builder.environment().put("QANAT_PIPELINES", home.resolve("none").toString());
        builder.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
        builder.environment().put("QANAT_PG_PORT", Integer.toString(pgPort));
        builder.redirectErrorStream(true).redirectOutput(home.resolve("log.txt").toFile());
        qanat = builder.start();
        while (true) {
            if (!qanat.isAlive()) {
                throw new IllegalStateException(Files.readString(home.resolve("log.txt")));
            }
            try {
                if (HTTP.send(HttpRequest.newBuilder(uri("/q/health/ready")).build(), BodyHandlers.ofString()).statusCode() == 200) {
                    return;
                }
            } catch (IOException e) {
                // It does not listen yet.
            }
            Thread.sleep(200);
        }
    }

    private void stop() throws InterruptedException {
        qanat.destroy();
        qanat.waitFor();
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    private String value(String sql) throws Exception {
        return output("psql", "-q", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
                Integer.toString(pgPort), "-U", "qanat", "-c", sql, "qanat");
    }

    private void psql(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", Integer.toString(pgPort), "-U", "qanat"));
        command.addAll(Arrays.asList(arguments));
        command.add("qanat");
        output(command.toArray(String[]::new));
    }

    private String output(String... command) throws Exception {
        Path out = home.resolve("out.txt");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile()).start();
        if (process.waitFor() != 0) {
            throw new IllegalStateException(String.join(" ", command) + ": " + Files.readString(out));
        }
        return Files.readString(out);
    }

    private void write(String file, String text) throws IOException {
        Files.writeString(home.resolve(file), text);
    }
}
