import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Builds a project of 200 models beside psql, and reads one of 1,000; see bench/models. */
public final class Models {
    private static final int WIDE = 20;
    private static final int DEEP = 10;
    private static final int ROWS = 1_000;
    private static final int MANY = 1_000;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Path home;
    private final int port = freePort();
    private final int pgPort = freePort();

    private Models(Path home) throws IOException {
        this.home = home;
    }

    public static void main(String[] args) throws Exception {
        int rounds = args.length == 2 && args[0].equals("--rounds") ? Integer.parseInt(args[1]) : 5;
        new Models(Files.createTempDirectory("qanat-models")).run(rounds);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private void run(int rounds) throws Exception {
        Path project = home.resolve("transform");
        write(project.resolve("dbt_project.yml"), "name: bench\nversion: '1.0'\nprofile: qanat\nmodels: { +schema: bench }\n");
        write(project.resolve("models/sources.yml"), "sources: [ { name: raw, schema: raw, tables: [ { name: items } ] } ]\n");
        for (int level = 0; level < DEEP; level++) {
            for (int i = 0; i < WIDE; i++) {
                write(project.resolve("models/m_%d_%d.sql".formatted(level, i)), model(level, i));
            }
        }
        ProcessBuilder builder = new ProcessBuilder("java", "-Xmx256m", "-jar", "target/quarkus-app/quarkus-run.jar");
        builder.environment().put("QANAT_HOME", home.toString());
        builder.environment().put("QANAT_TRANSFORM", project.toString());
        builder.environment().put("QANAT_PIPELINES", home.resolve("none").toString());
        builder.environment().put("QUARKUS_HTTP_PORT", Integer.toString(port));
        builder.environment().put("QANAT_PG_PORT", Integer.toString(pgPort));
        builder.redirectErrorStream(true).redirectOutput(home.resolve("log.txt").toFile());
        Process qanat = builder.start();
        try {
            awaitReady(qanat);
            sql("create schema raw; create table raw.items as select i as id, i % 97 as kind, random() as value "
                    + "from generate_series(1, " + ROWS + ") i; analyze raw.items");
            beside(rounds);
            many(project);
        } finally {
            qanat.destroy();
            qanat.waitFor();
        }
    }

    /** Tables and views in turn; each reads two of the level above. */
    private static String model(int level, int i) {
        String kind = i % 2 == 0 ? "table" : "view";
        String begin = "{{ config(materialized='" + kind + "') }}\n";
        if (level == 0) {
            return begin + "select id, kind, value + " + i + " as value from {{ source('raw', 'items') }}";
        }
        return begin + "select a.id, a.kind, a.value + b.value as value\nfrom {{ ref('m_%d_%d') }} a join {{ ref('m_%d_%d') }} b using (id)"
                .formatted(level - 1, i / 2 * 2, level - 1, (i / 2 * 2 + 2) % WIDE);
    }

    private void beside(int rounds) throws Exception {
        List<Double> made = new ArrayList<>();
        List<Double> again = new ArrayList<>();
        Path script = home.resolve("compiled.sql");
        for (int round = 0; round <= rounds; round++) {
            sql("drop schema if exists gold_bench cascade; drop schema if exists gold_bench_psql cascade");
            double first = seconds(build("*"));
            JsonNode run = build("*");
            Files.writeString(script, compiled(run));
            long begun = System.nanoTime();
            psql("-f", script.toString());
            double theirs = (System.nanoTime() - begun) / 1e9;
            if (round > 0) {
                made.add(first / theirs);
                again.add(seconds(run) / theirs);
                System.out.printf("round %d: psql %.2f s, Qanat %.2f s, and %.2f s where all of it stood and was replaced%n",
                        round, theirs, first, seconds(run));
            }
        }
        System.out.printf("%d models, %d deep, made: %s times psql's time%n", WIDE * DEEP, DEEP, median(made));
        System.out.printf("%d models, %d deep, replaced: %s times the time in which psql makes them%n", WIDE * DEEP, DEEP, median(again));
    }

    private static double seconds(JsonNode run) {
        return seconds(run.get("started_at").asText(), run.get("finished_at").asText());
    }

    private static String median(List<Double> ratios) {
        double[] sorted = ratios.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return "%.2f (%.2f to %.2f)".formatted(sorted[sorted.length / 2], sorted[0], sorted[sorted.length - 1]);
    }

    /** What psql does: the same relations in a schema of its own, one after the other. */
    private String compiled(JsonNode run) throws Exception {
        StringBuilder script = new StringBuilder("create schema gold_bench_psql;\n");
        for (JsonNode model : get("/runs/" + run.get("id").asLong() + "/models").get("items")) {
            script.append("create ").append(model.get("materialized").asText()).append(" gold_bench_psql.").append(model.get("name").asText())
                    .append(" as (\n").append(model.get("compiled_sql").asText().replace("\"gold_bench\"", "\"gold_bench_psql\"")).append("\n);\n");
        }
        return script.toString();
    }

    private void many(Path project) throws Exception {
        for (int i = 0; i < MANY - WIDE * DEEP; i++) {
            write(project.resolve("models/many/n_%d.sql".formatted(i)), """
                    {{ config(materialized='view', tags=['many']) }}
                    {%% set kinds = [1, 2, 3] %%}
                    select id{%% for kind in kinds %%}, sum(value) filter (where kind = {{ kind }}) as of_{{ kind }}{%% endfor %%}
                    from {{ ref('%s') }} group by id
                    """.formatted("m_%d_%d".formatted(i % DEEP, i % WIDE)));
        }
        for (String which : List.of("for the first time", "again")) {
            Instant asked = Instant.now();
            JsonNode run = build("*");
            Instant first = Instant.MAX;
            for (JsonNode model : get("/runs/" + run.get("id").asLong() + "/models").get("items")) {
                Instant began = Instant.parse(model.get("started_at").asText());
                first = began.isBefore(first) ? began : first;
            }
            System.out.printf("%,d models read and compiled %s: %.2f s%n", MANY, which, seconds(asked.toString(), first.toString()));
            write(project.resolve("models/many/n_0.sql"), "select 1 as " + (which.equals("again") ? "a" : "b"));
        }
    }

    private JsonNode build(String select) throws Exception {
        HttpRequest trigger = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/trigger-job?wait=PT10M"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"models\": \"" + select + "\"}"))
                .build();
        JsonNode queued = JSON.readTree(HTTP.send(trigger, BodyHandlers.ofString()).body());
        JsonNode run = get("/runs/" + queued.get("runs").get(0).get("id").asLong());
        if (!run.get("status").asText().equals("succeeded")) {
            throw new IllegalStateException(run.toPrettyString());
        }
        return run;
    }

    private JsonNode get(String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build();
        return JSON.readTree(HTTP.send(request, BodyHandlers.ofString()).body());
    }

    private static double seconds(String from, String to) {
        return Duration.between(Instant.parse(from), Instant.parse(to)).toNanos() / 1e9;
    }

    private void awaitReady(Process qanat) throws Exception {
        while (true) {
            if (!qanat.isAlive()) {
                throw new IllegalStateException(Files.readString(home.resolve("log.txt")));
            }
            try {
                get("/q/health/ready");
                return;
            } catch (IOException e) {
                Thread.sleep(200);
            }
        }
    }

    private void sql(String text) throws Exception {
        psql("-c", text);
    }

    private void psql(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", Integer.toString(pgPort), "-U", "qanat", "qanat"));
        command.addAll(Arrays.asList(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(home.resolve("psql.txt").toFile());
        if (builder.start().waitFor() != 0) {
            throw new IllegalStateException(Files.readString(home.resolve("psql.txt")));
        }
    }

    private static void write(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
