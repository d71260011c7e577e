import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;

/** What bench/api and bench/api-memory run; the scripts say what is measured. */
public final class Api {

    private static final int PARTITIONS = 4;
    private static final int RECORDS = 50;

    private final int rounds;
    private final int pages;
    private final int latency;
    private final HttpClient http = HttpClient.newHttpClient();
    private final List<Long> came = Collections.synchronizedList(new ArrayList<>());
    private final int port = freePort();
    private final Path home;
    private Process qanat;
    private HttpServer api;

    private Api(Map<String, String> options) throws IOException {
        rounds = Integer.parseInt(options.getOrDefault("--rounds", "3"));
        pages = Integer.parseInt(options.getOrDefault("--pages", "250"));
        latency = Integer.parseInt(options.getOrDefault("--latency", "20"));
        home = Files.createTempDirectory("bench-api");
    }

    public static void main(String[] args) throws Exception {
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i + 1 < args.length; i += 2) {
            options.put(args[i], args[i + 1]);
        }
        Api bench = new Api(options);
        try {
            bench.serve();
            bench.start();
            if (options.containsKey("--megabytes")) {
                bench.memory(Integer.parseInt(options.get("--megabytes")));
            } else {
                bench.rate();
                bench.speed();
            }
        } finally {
            bench.stop();
        }
    }

    /** Twenty-five requests a window, for eight windows. */
    private void rate() throws Exception {
        int limit = 25;
        Duration interval = Duration.ofSeconds(2);
        int windows = 8;
        upload("rate", "    rate_limit: { limit: " + limit + ", interval: " + interval + " }\n", (windows * limit + limit) / PARTITIONS);
        came.clear();
        run("rate");
        List<Long> times = came.stream().sorted().toList();
        int most = 0;
        for (int i = 0; i < times.size(); i++) {
            int inWindow = 1;
            while (i + inWindow < times.size() && times.get(i + inWindow) - times.get(i) < interval.toNanos()) {
                inWindow++;
            }
            most = Math.max(most, inWindow);
        }
        double seconds = (times.get(windows * limit) - times.get(0)) / 1e9;
        System.out.printf(Locale.ROOT, "allowed: %d requests in %s; at most %d in any such window; %.1f %% of the allowed rate used%n", limit, interval,
                most, 100.0 * windows * interval.toSeconds() / seconds);
        if (most > limit) {
            throw new IllegalStateException("the limit did not hold");
        }
    }

    private void speed() throws Exception {
        upload("speed", "", pages);
        System.out.printf(Locale.ROOT, "%d requests, %d at once, answered after %d ms with %d records%n", pages * PARTITIONS, PARTITIONS, latency, RECORDS);
        List<Double> ratios = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            came.clear();
            double bare = bare();
            double loaded = run("speed");
            double bareRate = pages * PARTITIONS / bare;
            double rate = pages * PARTITIONS / loaded;
            ratios.add(rate / bareRate);
            System.out.printf(Locale.ROOT, "round %d   bare %.0f a second   Qanat %.0f a second   %.2f of it%n", round, bareRate, rate, rate / bareRate);
        }
        Collections.sort(ratios);
        System.out.printf(Locale.ROOT, "median %.2f of a bare loop (at least 0.8)%n", ratios.get(ratios.size() / 2));
    }

    /** One document, plain and packed, into a table each. */
    private void memory(int megabytes) throws Exception {
        long before = peakMegabytes();
        System.out.printf(Locale.ROOT, "peak resident memory before: %d MB%n", before);
        for (String way : List.of("plain", "gzip")) {
            upload(way, "", """
                    endpoint: { path: /%s, params: { megabytes: "%d" }, data_selector: $.data.items }
                """.formatted(way, megabytes));
            String run = polled(way);
            System.out.printf(Locale.ROOT, "%s: %d MB in one document, %s rows, peak resident memory %d MB, %.0f s%n", way, megabytes,
                    number(run, "inserted"), peakMegabytes(), seconds(run));
        }
    }

    private long peakMegabytes() throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(qanat.pid()), "status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElseThrow();
    }

    private double bare() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(PARTITIONS);
        long begun = System.nanoTime();
        List<Future<?>> all = new ArrayList<>();
        for (int partition = 1; partition <= PARTITIONS; partition++) {
            int of = partition;
            all.add(threads.submit(() -> {
                for (int page = 1; page <= pages; page++) {
                    http.send(
                            HttpRequest.newBuilder(URI.create(url() + "/speed?part=" + of + "&page=" + page)).build(),
                            HttpResponse.BodyHandlers.ofString());
                }
                return null;
            }));
        }
        for (Future<?> one : all) {
            one.get();
        }
        threads.shutdown();
        return (System.nanoTime() - begun) / 1e9;
    }

    /** Triggers a pipeline and gives the seconds from its run's start to its end. */
    private double run(String pipeline) throws Exception {
        return seconds(polled(pipeline));
    }

    private static double seconds(String run) {
        return Duration.between(Instant.parse(field(run, "started_at")), Instant.parse(field(run, "finished_at"))).toNanos() / 1e9;
    }

    /** Triggers a pipeline and gives its run when that has succeeded. */
    private String polled(String pipeline) throws Exception {
        HttpResponse<String> answer = post("/trigger-job?wait=PT5M", "application/json", "{\"pipeline\": \"" + pipeline + "\", \"full_refresh\": true}");
        Matcher id = Pattern.compile("\"id\":(\\d+)").matcher(answer.body());
        if (!id.find()) {
            throw new IllegalStateException(answer.body());
        }
        String run = http.send(HttpRequest.newBuilder(uri("/runs/" + id.group(1))).build(), HttpResponse.BodyHandlers.ofString()).body();
        if (!run.contains("\"status\":\"succeeded\"")) {
            throw new IllegalStateException(run);
        }
        return run;
    }

    private static String number(String json, String name) {
        Matcher number = Pattern.compile("\"" + name + "\":(\\d+)").matcher(json);
        number.find();
        return number.group(1);
    }

    private static String field(String json, String name) {
        Matcher field = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(json);
        field.find();
        return field.group(1);
    }

    private void upload(String name, String source, int pagesOfEach) throws Exception {
        upload(name, source, """
                    endpoint:
                      path: /%s
                      params: { part: "{{ partition.part }}" }
                      paginator: { type: page_number, maximum_page: %d }
                    partitions: { part: "1,2,3,4" }
                """.formatted(name, pagesOfEach));
    }

    private void upload(String name, String source, String fetched) throws Exception {
        HttpResponse<String> answer = post("/upload-config", "application/yaml", """
                pipeline: %s
                sources:
                  api:
                    type: rest_api
                    base_url: %s
                %sresources:
                  - name: %s
                    source: api
                %s    columns: { id: bigint, name: text, price: "numeric(12,2)" }
                    primary_key: id
                    bronze: { keep: none }
                """.formatted(name, url(), source, name, fetched));
        if (answer.statusCode() != 201) {
            throw new IllegalStateException(answer.body());
        }
    }

    private HttpResponse<String> post(String path, String type, String body) throws Exception {
        return http.send(
                HttpRequest.newBuilder(uri(path)).header("Content-Type", type).POST(HttpRequest.BodyPublishers.ofString(body)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    private String url() {
        return "http://127.0.0.1:" + api.getAddress().getPort();
    }

    private void serve() throws IOException {
        // Without this an answer's body waits 40 ms for the acknowledgement of its head.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        api = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 512);
        api.setExecutor(Executors.newCachedThreadPool());
        api.createContext("/", this::answer);
        api.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        String query = exchange.getRequestURI().getQuery();
        if (query.startsWith("megabytes=")) {
            document(exchange, Long.parseLong(query.substring("megabytes=".length())) << 20);
            return;
        }
        came.add(System.nanoTime());
        try (exchange) {
            Thread.sleep(latency);
            Matcher asked = Pattern.compile("part=(\\d+).*page=(\\d+)").matcher(query);
            asked.find();
            long first = Long.parseLong(asked.group(1)) * 10_000_000 + Long.parseLong(asked.group(2)) * RECORDS;
            StringBuilder body = new StringBuilder("[");
            for (int i = 0; i < RECORDS; i++) {
                body.append(i == 0 ? "" : ",").append("{\"id\":").append(first + i).append(",\"name\":\"a name of some length\",\"price\":\"12.50\"}");
            }
            byte[] bytes = body.append("]").toString().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** One JSON document of that many bytes, made as it is sent. */
    private static void document(HttpExchange exchange, long bytes) throws IOException {
        boolean packed = exchange.getRequestURI().getPath().equals("/gzip");
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        if (packed) {
            exchange.getResponseHeaders().add("Content-Encoding", "gzip");
        }
        exchange.sendResponseHeaders(200, 0);
        try (exchange;
                OutputStream body = packed ? new GZIPOutputStream(exchange.getResponseBody()) : exchange.getResponseBody();
                Writer json = new BufferedWriter(new OutputStreamWriter(body, StandardCharsets.UTF_8), 1 << 16)) {
            json.write("{\"meta\":{\"page\":1},\"data\":{\"items\":[");
            long written = 0;
            for (long id = 1; written < bytes; id++) {
                String item = (id == 1 ? "" : ",") + "{\"id\":" + id + ",\"name\":\"name " + Long.toHexString(id * 0x9E3779B97F4A7C15L)
                        + "\",\"price\":\"12.50\",\"note\":\"a note that no column is declared for\"}";
                json.write(item);
                written += item.length();
            }
            json.write("]}}");
        }
    }

    private void start() throws Exception {
        ProcessBuilder builder = new ProcessBuilder("java", "-Xmx256m", "-jar", "target/quarkus-app/quarkus-run.jar")
                .redirectErrorStream(true)
                .redirectOutput(home.resolve("qanat.log").toFile());
        builder.environment().put("QANAT_HOME", home.toString());
        builder.environment().put("QANAT_PIPELINES", home.resolve("no-pipelines").toString());
        builder.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
        builder.environment().put("QANAT_PG_PORT", Integer.toString(freePort()));
        builder.environment().put("QANAT_ALLOWED_HOSTS", "127.0.0.1");
        qanat = builder.start();
        for (int i = 0; i < 600; i++) {
            try {
                if (http.send(HttpRequest.newBuilder(uri("/q/health/ready")).build(), HttpResponse.BodyHandlers.ofString()).statusCode() == 200) {
                    return;
                }
            } catch (IOException e) {
                // not yet
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException("Qanat did not start, see " + home.resolve("qanat.log"));
    }

    private void stop() throws InterruptedException {
        if (qanat != null) {
            qanat.destroy();
            qanat.waitFor(60, TimeUnit.SECONDS);
        }
        if (api != null) {
            api.stop(0);
            ((ExecutorService) api.getExecutor()).shutdownNow();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
