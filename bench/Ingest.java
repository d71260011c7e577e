import java.io.BufferedWriter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Loads the same files with psql (L1: copy to a temporary table and INSERT … ON CONFLICT; L1*: MERGE from SELECT DISTINCT ON) and
 * with Qanat, on one server, round by round, and compares times and the rows that stand there afterwards. The case {@code peers} takes
 * pandas and pgloader in place of psql.
 */
public final class Ingest {

    private static final String COLUMNS = "ticker, ts, open, high, low, close, volume, source";
    private static final String TYPES = "ticker text, ts timestamp, open numeric(18,4), high numeric(18,4), low numeric(18,4), "
            + "close numeric(18,4), volume bigint, source text";
    private static final int WIDE = 60;

    private final Path work = Path.of("target", "bench", "ingest").toAbsolutePath();
    private final Path home = work.resolve("home");
    private final HttpClient http = HttpClient.newHttpClient();
    private final int port = freePort();
    private final int pgPort = freePort();
    private final String server;
    private final boolean embedded;
    private final int rounds;
    private final int rows;
    private final List<String> cases;
    private final List<String> peers;
    private final String python;
    private final List<String> summary = new ArrayList<>();
    private FileLock lock;
    private Process qanat;
    private int pipelines;

    private Ingest(Map<String, String> options) throws IOException {
        embedded = !options.containsKey("--server");
        server = options.getOrDefault("--server", "postgresql://qanat@127.0.0.1:" + pgPort + "/qanat");
        rounds = Integer.parseInt(options.getOrDefault("--rounds", "5"));
        rows = Integer.parseInt(options.getOrDefault("--rows", "1000000"));
        cases = Arrays.asList(options.getOrDefault("--cases", "empty,merge,known,bronze,five,wide").split(","));
        List<String> installed = Arrays.asList(options.getOrDefault("--installed", "").split(","));
        peers = new ArrayList<>(Arrays.asList(options.getOrDefault("--peers", "to_sql,multi,copy,pgloader").split(",")));
        if (!List.of("to_sql", "multi", "copy", "pgloader").containsAll(peers)) {
            throw new IllegalArgumentException("--peers takes to_sql, multi, copy and pgloader, not " + peers);
        }
        peers.retainAll(installed);
        python = options.getOrDefault("--python", "python3");
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = new LinkedHashMap<>();
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            options.put(arguments[i], arguments[i + 1]);
        }
        Ingest bench = new Ingest(options);
        Runtime.getRuntime().addShutdownHook(new Thread(bench::stop));
        bench.run();
    }

    private void run() throws Exception {
        Files.createDirectories(work);
        lock = FileChannel.open(work.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE).tryLock();
        if (lock == null) {
            throw new IllegalStateException("another benchmark is at work in " + work);
        }
        start();
        describe();
        Path m1 = market("m1", rows, 0, 1, false);
        if (cases.contains("empty")) {
            empty(m1, "none", "1M rows into an empty table, bronze off", 1.15);
        }
        if (cases.contains("bronze")) {
            empty(m1, "rows", "1M rows into an empty table, bronze on", 0.6);
        }
        if (cases.contains("known")) {
            known(m1, market("m1-again", rows, 0, 1, true));
        }
        if (cases.contains("five")) {
            five(m1, market("m5", 5 * rows, 0, 1, false));
        }
        if (cases.contains("merge")) {
            // Half of the rows have keys of the last half million, with other values; half are new.
            merge(market("m5", 5 * rows, 0, 1, false), market("m1-delta", rows, 5 * rows - rows / 2, 2, false));
        }
        if (cases.contains("wide")) {
            wide();
        }
        if (cases.contains("peers")) {
            peers(m1);
        }
        if (!summary.isEmpty()) {
            System.out.println("\n== summary");
            summary.forEach(System.out::println);
        }
    }

    // ---- cases

    private void empty(Path file, String bronze, String title, double least) throws Exception {
        title(title);
        Table times = new Table("L1", "L1*", "Qanat");
        for (int round = 1; round <= rounds; round++) {
            String name = pipeline(bronze);
            sql("DROP TABLE IF EXISTS bench.l1, bench.l1s; CREATE TABLE bench.l1 (" + TYPES + ", PRIMARY KEY (ticker, ts)); "
                    + "CREATE TABLE bench.l1s (LIKE bench.l1 INCLUDING ALL)");
            double l1 = psql(l1(clean(file), "bench.l1"));
            double l1s = psql(l1Star(clean(file), "bench.l1s"));
            double own = load(name, file);
            times.add(round, l1, l1s, own);
            agree("bench.l1", "bench.l1s", "silver." + name);
            forget(name);
        }
        times.end(title, "L1*", least);
    }

    private void known(Path first, Path again) throws Exception {
        String title = "1M known rows once more in a file of other bytes, bronze off";
        title(title);
        String name = pipeline("none");
        sql("DROP TABLE IF EXISTS bench.l1, bench.l1s; CREATE TABLE bench.l1 (" + TYPES + ", PRIMARY KEY (ticker, ts)); "
                + "CREATE TABLE bench.l1s (LIKE bench.l1 INCLUDING ALL)");
        psql(l1(clean(first), "bench.l1"));
        psql(l1Star(clean(first), "bench.l1s"));
        load(name, first);
        sql("VACUUM ANALYZE bench.l1; VACUUM ANALYZE bench.l1s; VACUUM ANALYZE silver." + name);
        Table times = new Table("L1", "L1*", "Qanat");
        for (int round = 1; round <= rounds; round++) {
            double l1 = psql(l1(clean(first), "bench.l1"));
            double l1s = psql(l1Star(clean(first), "bench.l1s"));
            sql("DELETE FROM qanat.file WHERE pipeline = '" + name + "'");
            double own = load(name, again);
            times.add(round, l1, l1s, own);
            sql("VACUUM bench.l1");
        }
        agree("bench.l1", "bench.l1s", "silver." + name);
        forget(name);
        times.end(title, "L1*", 1.4);
    }

    private void merge(Path base, Path delta) throws Exception {
        String title = "1M rows merged into 5M, bronze off";
        title(title);
        String name = pipeline("none");
        load(name, base);
        sql("DROP TABLE IF EXISTS bench.base; CREATE TABLE bench.base AS SELECT * FROM silver." + name);
        Table times = new Table("L1", "L1*", "Qanat");
        for (int round = 1; round <= rounds; round++) {
            for (String table : List.of("bench.l1", "bench.l1s")) {
                sql("DROP TABLE IF EXISTS " + table + "; CREATE TABLE " + table + " (" + TYPES + "); INSERT INTO " + table
                        + " SELECT " + COLUMNS + " FROM bench.base; ALTER TABLE " + table
                        + " ADD PRIMARY KEY (ticker, ts)", "VACUUM ANALYZE " + table);
            }
            String silver = "silver." + name;
            String key = value("SELECT conname FROM pg_constraint WHERE contype = 'p' AND conrelid = '" + silver + "'::regclass");
            sql("ALTER TABLE " + silver + " DROP CONSTRAINT \"" + key + "\"; TRUNCATE " + silver + "; INSERT INTO " + silver
                    + " SELECT * FROM bench.base; ALTER TABLE " + silver + " ADD PRIMARY KEY (ticker, ts); "
                    + "DELETE FROM qanat.file WHERE pipeline = '" + name + "'", "VACUUM ANALYZE " + silver);
            sql("CHECKPOINT");
            double l1 = psql(l1(clean(delta), "bench.l1"));
            sql("CHECKPOINT");
            double l1s = psql(l1Star(clean(delta), "bench.l1s"));
            sql("CHECKPOINT");
            double own = load(name, delta);
            times.add(round, l1, l1s, own);
            agree("bench.l1", "bench.l1s", silver);
        }
        forget(name);
        sql("DROP TABLE bench.base");
        times.end(title, "L1*", 0.9);
    }

    private void five(Path one, Path five) throws Exception {
        String title = "5M rows against 1M, into an empty table, bronze off";
        title(title);
        Table times = new Table("1M", "5M");
        for (int round = 1; round <= rounds; round++) {
            String small = pipeline("none");
            double first = load(small, one);
            forget(small);
            String large = pipeline("none");
            times.add(round, first, load(large, five));
            forget(large);
        }
        System.out.printf(Locale.ROOT, "5M takes %.2f times as long as 1M (at most 5.5)%n", times.median("5M") / times.median("1M"));
        summary.add(String.format(Locale.ROOT, "%-64s %.2f times as long (at most 5.5)", title, times.median("5M") / times.median("1M")));
        memory();
    }

    private void wide() throws Exception {
        String title = "200k rows of " + WIDE + " columns with long text and many nulls, bronze off";
        title(title);
        Path file = wideFile(rows / 5);
        String columns = wideColumns(" text", " numeric(12,2)");
        Table times = new Table("L1", "L1*", "Qanat");
        for (int round = 1; round <= rounds; round++) {
            String name = "bench_" + ++pipelines;
            upload("pipeline: " + name + "\nsources: { drops: { type: files } }\nresources:\n  - name: " + name
                    + "\n    source: drops\n    bronze: { keep: none }\n    primary_key: c0\n    schema: { "
                    + wideColumns(": text", ": \"numeric(12,2)\"") + " }\n");
            sql("DROP TABLE IF EXISTS bench.l1, bench.l1s; CREATE TABLE bench.l1 (" + columns + ", PRIMARY KEY (c0)); "
                    + "CREATE TABLE bench.l1s (LIKE bench.l1 INCLUDING ALL)");
            String names = wideColumns("", "");
            double l1 = psql(l1(clean(file), "bench.l1", names, "c0"));
            double l1s = psql(l1Star(clean(file), "bench.l1s", names, "c0"));
            double own = load(name, file);
            times.add(round, l1, l1s, own);
            agree(names, "bench.l1", "bench.l1s", "silver." + name);
            forget(name);
        }
        times.end(title, "L1*", 0);
    }

    /** Each contender in turn, another one first in each round. */
    private void peers(Path file) throws Exception {
        try (Stream<Path> application = Files.list(Path.of("target", "quarkus-app", "app"))) {
            System.out.println(application.findFirst().orElseThrow().getFileName());
        }
        if (peers.stream().anyMatch(peer -> !peer.equals("pgloader"))) {
            System.out.print(output(python, "bench/peers.py", "versions"));
        }
        if (peers.contains("pgloader")) {
            long begun = System.nanoTime();
            String version = output("pgloader", "--version").lines().findFirst().orElseThrow();
            System.out.printf(Locale.ROOT, "%s, of which starting takes %.2f s%n", version, (System.nanoTime() - begun) / 1e9);
        }
        title(rows + " rows into an empty table");
        List<String> contenders = new ArrayList<>(List.of("Qanat", "Qanat, bronze on"));
        contenders.addAll(peers);
        Table times = new Table(contenders.toArray(new String[0]));
        List<String> order = new ArrayList<>(contenders);
        for (int round = 1; round <= rounds; round++) {
            Map<String, Double> seconds = new LinkedHashMap<>();
            Map<String, String> tables = new LinkedHashMap<>();
            for (String contender : order) {
                String table = "bench." + contender;
                if (contender.startsWith("Qanat")) {
                    String name = pipeline(contender.equals("Qanat") ? "none" : "rows");
                    table = "silver." + name;
                    sql("CHECKPOINT");
                    seconds.put(contender, load(name, file));
                } else {
                    sql("DROP TABLE IF EXISTS " + table + "; CREATE TABLE " + table + " (" + TYPES + ", PRIMARY KEY (ticker, ts))");
                    sql("CHECKPOINT");
                    seconds.put(contender, contender.equals("pgloader")
                            ? pgloader(clean(file), table)
                            : Double.parseDouble(output(python, "bench/peers.py", contender, server, table, clean(file).toString())));
                }
                tables.put(contender, table);
            }
            times.add(round, contenders.stream().mapToDouble(seconds::get).toArray());
            agreeOn(COLUMNS, contenders.stream().map(tables::get).toList());
            for (String contender : contenders) {
                if (contender.startsWith("Qanat")) {
                    forget(tables.get(contender).substring("silver.".length()));
                }
            }
            Collections.rotate(order, -1);
        }
        System.out.println();
        for (String contender : contenders) {
            System.out.printf(Locale.ROOT, "median %-18s %8.2f s   %6.2f times Qanat's%n", contender, times.median(contender),
                    times.median(contender) / times.median("Qanat"));
        }
    }

    private double pgloader(Path file, String table) throws Exception {
        Path command = work.resolve("market.load");
        Files.writeString(command, """
                LOAD CSV FROM '%s' HAVING FIELDS (%s)
                INTO %s TARGET TABLE %s TARGET COLUMNS (%s)
                WITH skip header = 1, fields optionally enclosed by '"', fields terminated by ',';
                """.formatted(file, COLUMNS, server, table, COLUMNS));
        long begun = System.nanoTime();
        output("pgloader", "--root-dir", work.resolve("pgloader").toString(), "--logfile", work.resolve("pgloader.log").toString(),
                "--quiet", command.toString());
        return (System.nanoTime() - begun) / 1e9;
    }


    private static String output(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException(String.join(" ", command) + ": " + output);
        }
        return output;
    }

    // ---- psql

    private static String l1(Path file, String table) {
        return l1(file, table, COLUMNS, "ticker, ts");
    }

    private static String l1(Path file, String table, String columns, String key) {
        return copy(file, table, columns) + "INSERT INTO " + table + " SELECT * FROM incoming ON CONFLICT (" + key
                + ") DO UPDATE SET " + assignments(columns, key, "excluded.") + ";\nCOMMIT;\n";
    }

    private static String l1Star(Path file, String table) {
        return l1Star(file, table, COLUMNS, "ticker, ts");
    }

    private static String l1Star(Path file, String table, String columns, String key) {
        String same = Arrays.stream(key.split(", ")).map(c -> "t." + c + " = s." + c).reduce((a, b) -> a + " AND " + b).orElseThrow();
        String values = Arrays.stream(columns.split(", ")).map(c -> "s." + c).reduce((a, b) -> a + ", " + b).orElseThrow();
        return copy(file, table, columns) + "MERGE INTO " + table + " t USING (SELECT DISTINCT ON (" + key + ") * FROM incoming ORDER BY "
                + key + ") s ON " + same + "\nWHEN MATCHED THEN UPDATE SET " + assignments(columns, key, "s.")
                + "\nWHEN NOT MATCHED THEN INSERT VALUES (" + values + ");\nCOMMIT;\n";
    }

    private static String copy(Path file, String table, String columns) {
        return "BEGIN;\nCREATE TEMPORARY TABLE incoming (LIKE " + table + ") ON COMMIT DROP;\n\\copy incoming (" + columns + ") FROM '"
                + file + "' WITH (FORMAT csv, HEADER)\n";
    }

    private static String assignments(String columns, String key, String from) {
        return Arrays.stream(columns.split(", "))
                .filter(c -> !Arrays.asList(key.split(", ")).contains(c))
                .map(c -> c + " = " + from + c)
                .reduce((a, b) -> a + ", " + b)
                .orElseThrow();
    }

    /** Runs a script and gives the seconds it took. */
    private double psql(String script) throws Exception {
        long begun = System.nanoTime();
        run(script);
        return (System.nanoTime() - begun) / 1e9;
    }

    private void sql(String... statements) throws Exception {
        for (String statement : statements) {
            run(statement + ";\n");
        }
    }

    private String value(String query) throws Exception {
        return run(query + ";\n").strip();
    }

    private String run(String script) throws Exception {
        Process psql = new ProcessBuilder("psql", "-qXAt", "-v", "ON_ERROR_STOP=1", server)
                .redirectErrorStream(true)
                .start();
        psql.getOutputStream().write(script.getBytes(StandardCharsets.UTF_8));
        psql.getOutputStream().close();
        String output = new String(psql.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (psql.waitFor() != 0) {
            throw new IllegalStateException("psql: " + output + "\n" + script);
        }
        return output;
    }

    private void agree(String... tables) throws Exception {
        agreeOn(COLUMNS, Arrays.asList(tables));
    }

    private void agree(String columns, String first, String second, String third) throws Exception {
        agreeOn(columns, List.of(first, second, third));
    }

    /** The checksum over the business columns must be the same everywhere. */
    private void agreeOn(String columns, List<String> tables) throws Exception {
        String sum = null;
        for (String table : tables) {
            String now = value("SELECT count(*) || ' rows, checksum ' || sum(hashtextextended((ROW(" + columns + "))::text, 0)::numeric) FROM "
                    + table);
            if (sum != null && !sum.equals(now)) {
                throw new IllegalStateException(tables + " do not agree: " + sum + " and " + now);
            }
            sum = now;
        }
        System.out.println("   all hold " + sum);
    }

    // ---- Qanat

    private void start() throws Exception {
        // A home of an earlier run knows its files and pipelines.
        if (Files.exists(home)) {
            try (Stream<Path> old = Files.walk(home)) {
                for (Path path : old.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
        Files.createDirectories(home);
        ProcessBuilder builder = new ProcessBuilder("java", "-Xmx256m", "-jar", "target/quarkus-app/quarkus-run.jar")
                .redirectErrorStream(true)
                .redirectOutput(work.resolve("qanat.log").toFile());
        builder.environment().put("QANAT_HOME", home.toString());
        builder.environment().put("QANAT_PIPELINES", work.resolve("no-pipelines").toString());
        builder.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
        builder.environment().put("QANAT_PG_PORT", Integer.toString(pgPort));
        if (!embedded) {
            builder.environment().put("DATABASE_URL", server);
        }
        qanat = builder.start();
        for (int i = 0; i < 600; i++) {
            try {
                if (get("/q/health/ready").statusCode() == 200) {
                    sql("CREATE SCHEMA IF NOT EXISTS bench");
                    return;
                }
            } catch (IOException e) {
                // not yet
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException("Qanat did not start, see " + work.resolve("qanat.log"));
    }

    private void stop() {
        if (qanat != null) {
            qanat.destroy();
            try {
                qanat.waitFor(60, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private String pipeline(String bronze) throws Exception {
        String name = "bench_" + ++pipelines;
        upload("pipeline: " + name + "\nsources: { drops: { type: files } }\nresources:\n  - name: " + name + """

                    source: drops
                    columns:
                      ticker: text
                      ts: timestamp
                      open: { type: "numeric(18,4)", min: 0 }
                      high: { type: "numeric(18,4)", min: 0 }
                      low: { type: "numeric(18,4)", min: 0 }
                      close: { type: "numeric(18,4)", min: 0 }
                      volume: { type: bigint, min: 0 }
                      source: text
                    primary_key: [ticker, ts]
                    bronze: { keep: %s }
                """.formatted(bronze));
        return name;
    }

    private void upload(String yaml) throws Exception {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(uri("/upload-config"))
                        .header("Content-Type", "application/yaml")
                        .POST(HttpRequest.BodyPublishers.ofString(yaml))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 201) {
            throw new IllegalStateException(answer.body());
        }
    }

    /** Drops a file by a rename and gives the seconds until its run has ended. */
    private double load(String pipeline, Path file) throws Exception {
        Path inbox = home.resolve("inbox").resolve(pipeline);
        for (int i = 0; i < 100 && !Files.isDirectory(inbox); i++) {
            Thread.sleep(50);
        }
        Path aside = inbox.resolve(".aside");
        try {
            Files.createLink(aside, file);
        } catch (UnsupportedOperationException e) {
            Files.copy(file, aside, StandardCopyOption.COPY_ATTRIBUTES);
        }
        Instant arrived = Instant.now();
        Files.move(aside, inbox.resolve(file.getFileName()), StandardCopyOption.ATOMIC_MOVE);
        while (true) {
            Thread.sleep(50);
            String body = get("/runs?limit=1&pipeline=" + pipeline).body();
            String status = field(body, "status");
            String finished = field(body, "finished_at");
            if (finished != null && Instant.parse(finished).isAfter(arrived)) {
                if (!"succeeded".equals(status)) {
                    throw new IllegalStateException(body);
                }
                return java.time.Duration.between(arrived, Instant.parse(finished)).toNanos() / 1e9;
            }
        }
    }

    private static String field(String json, String name) {
        Matcher field = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(json);
        return field.find() ? field.group(1) : null;
    }

    private void forget(String pipeline) throws Exception {
        sql("DROP TABLE IF EXISTS silver." + pipeline + ", bronze." + pipeline + "__" + pipeline);
    }

    private HttpResponse<String> get(String path) throws Exception {
        return http.send(HttpRequest.newBuilder(uri(path)).build(), HttpResponse.BodyHandlers.ofString());
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    // ---- data

    /** A file of market data, one record in a hundred dirty; beside it, with the name clean-…, only the others. */
    private Path market(String name, int count, int first, int seed, boolean otherBytes) throws IOException {
        Path file = work.resolve(name + "-" + rows + ".csv");
        if (Files.exists(file) && Files.exists(clean(file))) {
            return file;
        }
        Random random = new Random(seed);
        Path part = work.resolve(name + ".part");
        Path cleanPart = work.resolve(name + ".clean.part");
        try (BufferedWriter all = Files.newBufferedWriter(part);
                BufferedWriter clean = Files.newBufferedWriter(cleanPart)) {
            String header = COLUMNS.replace(", ", ",") + (otherBytes ? "\r\n" : "\n");
            all.write(header);
            clean.write(header.strip() + "\n");
            for (int i = first; i < first + count; i++) {
                double open = 1 + random.nextInt(5_000_000) / 10_000.0;
                String row = String.format(
                        Locale.ROOT,
                        "T%04d,%s,%.4f,%.4f,%.4f,%.4f,%d,alpha_vantage",
                        i % 500,
                        time(i / 500),
                        open,
                        open * 1.01,
                        open * 0.99,
                        open * 1.001,
                        random.nextInt(10_000_000));
                if (random.nextInt(100) == 0) {
                    all.write(row.replaceFirst(",[0-9.]+,", ",n/a,"));
                } else {
                    all.write(row);
                    clean.write(row);
                    clean.write('\n');
                }
                all.write(otherBytes ? "\r\n" : "\n");
            }
        }
        Files.move(cleanPart, clean(file), StandardCopyOption.ATOMIC_MOVE);
        return Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    }

    private static String time(int minutes) {
        return java.time.LocalDateTime.of(2000, 1, 1, 0, 0)
                .plusMinutes(minutes)
                .format(java.time.format.DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss"));
    }

    private Path wideFile(int count) throws IOException {
        Path file = work.resolve("wide-" + rows + ".csv");
        if (Files.exists(file) && Files.exists(clean(file))) {
            return file;
        }
        Random random = new Random(3);
        try (BufferedWriter all = Files.newBufferedWriter(file);
                BufferedWriter clean = Files.newBufferedWriter(clean(file))) {
            String header = wideColumns("", "").replace(", ", ",") + "\n";
            all.write(header);
            clean.write(header);
            for (int i = 0; i < count; i++) {
                StringBuilder row = new StringBuilder("key").append(i);
                boolean dirty = random.nextInt(100) == 0;
                for (int c = 1; c < WIDE; c++) {
                    row.append(',');
                    if (dirty && c == 4) {
                        row.append("n/a");
                    } else if (random.nextInt(3) > 0) {
                        if (c % 4 == 0) {
                            row.append(random.nextInt(1_000_000) / 100).append('.').append(10 + random.nextInt(90));
                        } else {
                            row.append("some longer text that says little ".repeat(1 + random.nextInt(3))).append(i);
                        }
                    }
                }
                row.append('\n');
                all.write(row.toString());
                if (!dirty) {
                    clean.write(row.toString());
                }
            }
        }
        return file;
    }

    private static String wideColumns(String text, String number) {
        StringBuilder columns = new StringBuilder();
        for (int c = 0; c < WIDE; c++) {
            columns.append(c == 0 ? "" : ", ").append('c').append(c).append(c > 0 && c % 4 == 0 ? number : text);
        }
        return columns.toString();
    }

    private static Path clean(Path file) {
        return file.resolveSibling("clean-" + file.getFileName());
    }

    // ---- what is printed

    private void title(String title) throws Exception {
        System.out.println("\n== " + title);
        Files.writeString(Path.of("/proc/" + qanat.pid() + "/clear_refs"), "5");
    }

    private void describe() throws Exception {
        System.out.printf("machine: %d processors, Java %s, %s%n", Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.version"), value("SELECT version()"));
        System.out.println("server: " + value("SELECT string_agg(name || ' = ' || current_setting(name), ', ' ORDER BY name) FROM pg_settings "
                + "WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers', 'work_mem', 'maintenance_work_mem', "
                + "'max_wal_size', 'wal_level', 'max_parallel_workers_per_gather', 'max_parallel_maintenance_workers', 'jit', 'lc_collate')"));
    }

    private void memory() throws IOException {
        String peak = Files.readAllLines(Path.of("/proc/" + qanat.pid() + "/status")).stream()
                .filter(line -> line.startsWith("VmHWM"))
                .findFirst()
                .orElseThrow();
        System.out.println("peak resident memory of the JVM: " + Long.parseLong(peak.replaceAll("\\D", "")) / 1024 + " MB (at most 400)");
    }

    /** The seconds of each contender in each round. */
    private final class Table {
        private final Map<String, List<Double>> times = new LinkedHashMap<>();

        Table(String... contenders) {
            for (String contender : contenders) {
                times.put(contender, new ArrayList<>());
            }
        }

        void add(int round, double... seconds) {
            StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "round %d", round));
            int i = 0;
            for (Map.Entry<String, List<Double>> contender : times.entrySet()) {
                contender.getValue().add(seconds[i]);
                line.append(String.format(Locale.ROOT, "   %s %.2f s", contender.getKey(), seconds[i++]));
            }
            System.out.println(line);
        }

        double median(String contender) {
            List<Double> sorted = times.get(contender).stream().sorted().toList();
            int half = sorted.size() / 2;
            return sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
        }

        void end(String title, String against, double least) throws IOException {
            times.keySet().forEach(c -> System.out.printf(Locale.ROOT, "median %-6s %.2f s%n", c, median(c)));
            double ratio = median(against) / median("Qanat");
            String line = String.format(Locale.ROOT, "%-64s %.2f times as fast as %s (at least %.2f)", title, ratio, against, least);
            System.out.println(line);
            summary.add(line);
            memory();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
