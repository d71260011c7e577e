import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.ConnectException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Starts the packaged application with and without an archive of its classes; see bench/start. */
public final class Start {
    private static final String APP = "target/quarkus-app/";
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Path home;
    private final int pgPort;
    private final int rounds;
    private final int idle;

    private Start(Path home, int pgPort, int rounds, int idle) {
        this.home = home;
        this.pgPort = pgPort;
        this.rounds = rounds;
        this.idle = idle;
    }

    /** What a start took: seconds until it is ready, the processor's seconds until then, megabytes resident when idle. */
    private record Taken(double seconds, double cpu, double megabytes) {}

    public static void main(String[] args) throws Exception {
        int rounds = 5;
        int idle = 15;
        for (int i = 0; i + 1 < args.length; i += 2) {
            switch (args[i]) {
                case "--rounds" -> rounds = Integer.parseInt(args[i + 1]);
                case "--idle" -> idle = Integer.parseInt(args[i + 1]);
                default -> throw new IllegalArgumentException(args[i] + "? See the head of bench/start");
            }
        }
        Path home = Files.createTempDirectory("qanat-start");
        try (EmbeddedPostgres postgres = EmbeddedPostgres.builder()
                .setOverrideWorkingDirectory(home.resolve("programs").toFile())
                .start()) {
            new Start(home, postgres.getPort(), rounds, idle).run();
        } finally {
            delete(home);
        }
    }

    private void run() throws Exception {
        System.out.printf("machine: %d processors, Java %s, %s%n", Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.version"), System.getProperty("os.name"));
        List<String> packaged = List.of("-jar", APP + "quarkus-run.jar");
        List<String> archived = List.of("-XX:SharedArchiveFile=" + APP + "qanat.jsa", "-jar", APP + "qanat.jar");
        // The first makes the tables of the ledger.
        start(packaged, 1);
        List<Taken> without = new ArrayList<>();
        List<Taken> with = new ArrayList<>();
        for (int round = 1; round <= rounds; round++) {
            without.add(start(packaged, idle));
            with.add(start(archived, idle));
            System.out.printf("round %d: %s as packaged; %s with the archive%n", round, text(List.of(without.get(round - 1))),
                    text(List.of(with.get(round - 1))));
        }
        System.out.printf("median: %s as packaged; %s with the archive%n", text(without), text(with));
    }

    private Taken start(List<String> arguments, int seconds) throws Exception {
        int port = freePort();
        List<String> command = new ArrayList<>(List.of("java", "-Xmx256m"));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("QANAT_HOME", home.resolve("home").toString());
        builder.environment().put("DATABASE_URL", "postgresql://postgres:postgres@127.0.0.1:" + pgPort + "/postgres");
        builder.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
        Path log = home.resolve("log.txt");
        builder.redirectErrorStream(true).redirectOutput(log.toFile());
        long begin = System.nanoTime();
        Process qanat = builder.start();
        try {
            while (!ready(port)) {
                if (!qanat.isAlive()) {
                    throw new IllegalStateException(Files.readString(log));
                }
                Thread.sleep(20);
            }
            double ready = (System.nanoTime() - begin) / 1e9;
            double cpu = qanat.info().totalCpuDuration().orElseThrow().toMillis() / 1e3;
            Thread.sleep(seconds * 1_000L);
            return new Taken(ready, cpu, resident(qanat.pid()));
        } finally {
            qanat.destroy();
            qanat.waitFor();
        }
    }

    private static boolean ready(int port) throws IOException, InterruptedException {
        // A client for HTTP that finds nobody takes of the processor what the start needs.
        try {
            new Socket("127.0.0.1", port).close();
        } catch (ConnectException e) {
            return false;
        }
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/q/health/ready"))
                .timeout(Duration.ofSeconds(5))
                .build();
        return HTTP.send(request, BodyHandlers.discarding()).statusCode() == 200;
    }

    private static double resident(long pid) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToDouble(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024.0)
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static String text(List<Taken> all) {
        return "%.2f s (%.2f s of processor), %.0f MB".formatted(median(all, Comparator.comparingDouble(Taken::seconds)).seconds,
                median(all, Comparator.comparingDouble(Taken::cpu)).cpu,
                median(all, Comparator.comparingDouble(Taken::megabytes)).megabytes);
    }

    private static Taken median(List<Taken> all, Comparator<Taken> by) {
        return all.stream().sorted(by).toList().get(all.size() / 2);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
