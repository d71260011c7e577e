package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.restassured.http.ContentType;
import io.restassured.specification.RequestSpecification;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What the demo tells at {@code /q/metrics}, and that the page, the dashboards and the alerts ask for that and nothing else. */
class MetricsIT {

    private static final Path PAGE = Path.of("docs/reference/metrics.md");
    private static final Path PROMETHEUS = Path.of("deploy/prometheus");
    private static final Path DASHBOARDS = Path.of("deploy/grafana/dashboards");
    private static final Pattern ROW = Pattern.compile("^\\| `(\\w+)` \\| (gauge|counter|summary|histogram) \\| ([^|]*)\\|", Pattern.MULTILINE);
    private static final Pattern SAMPLE = Pattern.compile("(\\w+)(?:\\{(.*)})? (\\S+)");
    private static final Pattern LABEL = Pattern.compile("(\\w+)=\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final List<String> GOLD = List.of(
            "sales_trends", "sales_by_category", "product_performance", "customer_activity", "daily_returns", "moving_averages",
            "prices_in_eur", "ticker_summary");

    private static final String ADMIN = "the key of the environment";

    private static Qanat qanat;
    private static String viewer;
    private static Path pipelines;

    /** A line of the answer. */
    private record Sample(String name, Map<String, String> labels, double value) {}

    /** What is told under one name: its type, and the labels that its lines have. */
    private record Family(String type, Set<String> labels) {}

    @BeforeAll
    static void start() throws IOException {
        qanat = Qanat.fresh("metrics");
        pipelines = Files.createDirectories(qanat.home().resolve("pipelines"));
        try (Stream<Path> files = Files.list(Path.of("pipelines"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                // With the real limit the shares take minutes.
                Files.writeString(
                        pipelines.resolve(file.getFileName()),
                        Files.readString(file).replace("limit: 5, interval: PT1M", "limit: 100, interval: PT1M"));
            }
        }
        qanat.with("QANAT_DEMO", "true")
                .with("QANAT_PIPELINES", pipelines.toString())
                .with("QANAT_TRANSFORM", "transform")
                .with("QANAT_API_KEY", ADMIN)
                .with("QANAT_ALLOWED_ENV", "ABSENT_SECRET")
                .start();
        viewer = admin().contentType(ContentType.JSON).body(Map.of("name", "prometheus", "role", "viewer")).post("/keys").jsonPath().getString("key");
        qanat.await("the models of the demo stand", () -> GOLD.stream().allMatch(model -> qanat.is("to_regclass('gold." + model + "') IS NOT NULL")));
        qanat.await("the runs of the demo have ended", () -> qanat.is("NOT EXISTS (SELECT FROM qanat.run WHERE finished_at IS NULL)"));
    }

    @AfterAll
    static void stop() {
        qanat.close();
    }

    @Test
    void the_page_lists_what_is_told_and_nothing_else() throws IOException {
        assertThat(served(told())).isEqualTo(listed());
    }

    @Test
    void totals_are_those_of_the_runs() throws SQLException, IOException {
        qanat.drop("branch_sales", "nothing_fits.csv", "%PDF");
        qanat.await("it has failed", () -> qanat.is("EXISTS (SELECT FROM qanat.run WHERE status = 'failed')"));
        qanat.await("that is told", () -> value(samples(), "qanat_runs_total", Map.of("pipeline", "branch_sales", "status", "failed")) == 1);
        List<Sample> told = samples();
        for (Map<String, String> runs : qanat.query("""
                SELECT pipeline, sum(read) AS read, sum(bytes) AS bytes, sum(inserted) AS inserted, sum(updated) AS updated,
                       sum(unchanged) AS unchanged, sum(duplicate) AS duplicate, sum(filtered) AS filtered, sum(rejected) AS rejected
                FROM qanat.run WHERE finished_at IS NOT NULL GROUP BY pipeline""")) {
            Map<String, String> pipeline = Map.of("pipeline", runs.get("pipeline"));
            assertThat(value(told, "qanat_records_read_total", pipeline)).isEqualTo(number(runs, "read"));
            assertThat(value(told, "qanat_read_bytes_total", pipeline)).isEqualTo(number(runs, "bytes"));
            for (String outcome : List.of("inserted", "updated", "unchanged", "duplicate", "filtered", "rejected")) {
                assertThat(value(told, "qanat_records_total", with(pipeline, "outcome", outcome)))
                        .as("%s of %s", outcome, pipeline)
                        .isEqualTo(number(runs, outcome));
            }
        }
        for (Map<String, String> runs : qanat.query("SELECT pipeline, status, count(*) FROM qanat.run GROUP BY pipeline, status")) {
            assertThat(value(told, "qanat_runs_total", Map.of("pipeline", runs.get("pipeline"), "status", runs.get("status"))))
                    .isEqualTo(number(runs, "count"));
        }
        for (Map<String, String> rejected :
                qanat.query("SELECT pipeline, code, count(*) FROM qanat.rejection JOIN qanat.run ON run.id = run_id GROUP BY pipeline, code")) {
            assertThat(value(told, "qanat_rejections_total", Map.of("pipeline", rejected.get("pipeline"), "code", rejected.get("code"))))
                    .isEqualTo(number(rejected, "count"));
        }
        for (String pipeline : List.of("branch_sales", "fx_rates", "market_data", "retail")) {
            double outcomes = told.stream()
                    .filter(sample -> sample.name().equals("qanat_records_total") && pipeline.equals(sample.labels().get("pipeline")))
                    .mapToDouble(Sample::value)
                    .sum();
            assertThat(outcomes).isPositive().isEqualTo(value(told, "qanat_records_read_total", Map.of("pipeline", pipeline)));
        }
        assertThat(value(told, "qanat_api_requests_total", Map.of("pipeline", "fx_rates", "source", "frankfurter", "status", "200")))
                .isEqualTo(1);
        assertThat(value(told, "qanat_quota_remaining", Map.of("pipeline", "market_data", "source", "alpha_vantage", "interval", "PT24H")))
                .isEqualTo(25 - value(told, "qanat_api_requests_total", Map.of("pipeline", "market_data", "source", "alpha_vantage", "status", "200")));
        assertThat(value(told, "qanat_table_newest_row_age_seconds", Map.of("pipeline", "branch_sales", "table", "silver.sales")))
                .isBetween(0.0, number(qanat.query("SELECT ceil(extract(epoch FROM now() - min(queued_at))) AS age FROM qanat.run").get(0), "age"));
        assertThat(value(told, "qanat_run_phase_seconds_count", Map.of("pipeline", "branch_sales", "phase", "land"))).isEqualTo(1);
        assertThat(value(told, "qanat_route_exchanges_total", Map.of("route", "load-file"))).isPositive();
    }

    @Test
    void what_a_client_invents_makes_no_series() {
        for (String path : List.of("/runs/1", "/runs/2", "/runs/99999", "/nowhere/at_all", "/api/v1/data/silver.sales?qty=gte.1")) {
            admin().get(path);
        }
        admin().request("INVENTED", "/runs");
        assertThat(admin().contentType(ContentType.JSON).body(Map.of("pipeline", "invented")).post("/trigger-job").statusCode())
                .isEqualTo(404);
        qanat.await("requests are counted", () -> samples().stream().anyMatch(sample -> "other".equals(sample.labels().get("method"))));
        assertThat(told()).doesNotContainIgnoringCase("invented").doesNotContain("nowhere", "99999", "/runs", "2026-11-20");
    }

    @Test
    void a_pipeline_that_is_gone_is_told_of_no_more() throws IOException {
        assertThat(told()).contains("pipeline=\"price_list\"");
        Files.delete(pipelines.resolve("price_list.yaml"));
        qanat.await("it is gone", Duration.ofSeconds(20), () -> !told().contains("pipeline=\"price_list\""));
    }

    @Test
    void a_pipeline_that_lacks_a_secret_is_told_of_as_inactive() {
        String yaml = """
                pipeline: lacking
                sources:
                  shop: { type: rest_api, base_url: "https://shop.example", auth: { type: bearer, token: "${secret:ABSENT_SECRET}" } }
                resources:
                  - { name: items, source: shop, endpoint: { path: /items }, schema: { id: integer } }
                """;
        assertThat(admin().contentType("application/yaml").body(yaml.getBytes(StandardCharsets.UTF_8)).post("/upload-config").statusCode())
                .isEqualTo(201);
        qanat.await("its queue is told of", () -> value(samples(), "qanat_queue_length", Map.of("pipeline", "lacking", "status", "queued")) == 0);
        assertThat(value(samples(), "qanat_pipeline_active", Map.of("pipeline", "lacking"))).isZero();
        assertThat(value(samples(), "qanat_pipeline_active", Map.of("pipeline", "retail"))).isEqualTo(1);
    }

    @Test
    void a_pipeline_that_is_newer_than_the_last_answer_keeps_its_counts_and_a_run_that_hangs_grows_old() throws Exception {
        String yaml = """
                pipeline: late
                sources: { drops: { type: files } }
                resources: [{ name: late_items, source: drops, schema: { id: integer } }]
                """;
        Map<String, String> running = Map.of("pipeline", "late", "status", "running");
        assertThat(told()).doesNotContain("pipeline=\"late\"");
        assertThat(admin().contentType("application/yaml").body(yaml.getBytes(StandardCharsets.UTF_8)).post("/upload-config").statusCode())
                .isEqualTo(201);
        qanat.drop("late", "first.csv", "id\n1\nx\n");
        qanat.await("it has landed", () -> {
            told();
            return qanat.is("EXISTS (SELECT FROM qanat.run WHERE pipeline = 'late' AND status = 'succeeded')");
        });
        qanat.await("that is told", () -> value(samples(), "qanat_runs_total", Map.of("pipeline", "late", "status", "succeeded")) == 1);
        List<Sample> told = samples();
        assertThat(value(told, "qanat_run_phase_seconds_count", Map.of("pipeline", "late", "phase", "land"))).isEqualTo(1);
        assertThat(value(told, "qanat_rejections_total", Map.of("pipeline", "late", "code", "type_mismatch"))).isEqualTo(1);
        assertThat(value(told, "qanat_rejections_total", Map.of("pipeline", "late", "code", "required"))).isZero();
        assertThat(value(told, "qanat_table_written", Map.of("pipeline", "late", "table", "silver.late_items"))).isEqualTo(1);
        assertThat(value(told, "qanat_oldest_run_seconds", running)).isZero();
        try (Connection other = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + qanat.pgPort() + "/qanat", "qanat", "");
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.execute("LOCK TABLE silver.late_items");
            qanat.drop("late", "second.csv", "id\n2\n");
            qanat.await("it has hung for two seconds", () -> value(samples(), "qanat_oldest_run_seconds", running) > 2);
        }
        qanat.await("it has ended", () -> value(samples(), "qanat_oldest_run_seconds", running) == 0);
    }

    @Test
    void a_file_that_cannot_be_put_in_force_is_counted_until_it_can() throws IOException {
        Path broken = pipelines.resolve("broken.yaml");
        assertThat(value(samples(), "qanat_files_faulty", Map.of("kind", "pipeline"))).isZero();
        Files.writeString(broken, "pipeline: broken\nresources: 1\n");
        qanat.await("it is counted", () -> value(samples(), "qanat_files_faulty", Map.of("kind", "pipeline")) == 1);
        assertThat(value(samples(), "qanat_files_faulty", Map.of("kind", "route"))).isZero();
        Files.delete(broken);
        qanat.await("it is forgotten", () -> value(samples(), "qanat_files_faulty", Map.of("kind", "pipeline")) == 0);
    }

    @Test
    void without_its_database_it_answers_soon_and_says_so() throws Exception {
        qanat.stopPostgres("immediate");
        try {
            // What is known is good for five seconds.
            qanat.await("that is told", Duration.ofSeconds(15), () -> value(samples(), "qanat_ledger_up", Map.of()) == 0);
            long begun = System.nanoTime();
            List<Sample> told = samples();
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(4));
            assertThat(told).extracting(Sample::name).contains("jvm_memory_used_bytes").doesNotContain("qanat_runs_total");
        } finally {
            qanat.startPostgres();
        }
        qanat.await("the ledger is told of again", () -> value(samples(), "qanat_ledger_up", Map.of()) == 1);
    }

    @Test
    void a_key_is_needed_and_that_of_a_viewer_is_enough() {
        assertThat(qanat.request().get("/q/metrics").statusCode()).isEqualTo(401);
        assertThat(told()).contains("qanat_ledger_up 1.0");
    }

    @Test
    void dashboards_and_alerts_ask_for_what_is_told() throws IOException {
        Map<String, Family> told = served(told());
        told.put("up", new Family("gauge", Set.of()));
        told.put("ALERTS", new Family("gauge", Set.of("alertname", "alertstate", "severity", "pipeline")));
        for (Map.Entry<String, String> expression : expressions().entrySet()) {
            Asked asked = Asked.of(expression.getValue());
            assertThat(asked.labels().keySet()).as(expression.getKey()).isNotEmpty();
            asked.labels().forEach((metric, labels) -> {
                Family family = told.get(told.containsKey(metric) ? metric : metric.replaceAll("_(bucket|sum|count)$", ""));
                assertThat(family).as("%s in %s", metric, expression).isNotNull();
                assertThat(Stream.concat(family.labels().stream(), Stream.of("instance", "job", "le")))
                        .as("%s in %s", metric, expression)
                        .containsAll(labels);
            });
        }
    }

    @Test
    void the_dashboard_of_gold_asks_what_who_may_read_gold_alone_is_answered() throws IOException, SQLException {
        qanat.execute("DROP ROLE IF EXISTS only_gold");
        qanat.execute("CREATE ROLE only_gold LOGIN");
        qanat.execute("GRANT USAGE ON SCHEMA gold TO only_gold");
        qanat.execute("GRANT SELECT ON ALL TABLES IN SCHEMA gold TO only_gold");
        JsonNode dashboard = new ObjectMapper().readTree(DASHBOARDS.resolve("gold.json").toFile());
        List<String> queries = new ArrayList<>(dashboard.findValuesAsText("rawSql"));
        dashboard.at("/templating/list").forEach(variable -> queries.add(variable.path("query").asText()));
        assertThat(queries).hasSize(dashboard.path("panels").size() + 1);
        try (Connection reader = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + qanat.pgPort() + "/qanat", "only_gold", "");
                Statement statement = reader.createStatement()) {
            for (String query : queries) {
                try (ResultSet rows = statement.executeQuery(query.replaceAll("\\$__timeFilter\\((\\w+)\\)", "$1 BETWEEN '2000-01-01' AND now()")
                        .replace("$ticker", "SELECT ticker FROM gold.ticker_summary"))) {
                    assertThat(rows.next()).as(query).isTrue();
                }
            }
            assertThatThrownBy(() -> statement.executeQuery("SELECT * FROM silver.users")).hasMessageContaining("permission denied");
        }
    }

    @Test
    void promtool_finds_no_fault_with_rules_dashboards_and_names() throws Exception {
        assumeTrue(promtool("--version").status() == 0, "promtool is not installed: rules and their tests are not checked by it");
        assertThat(promtool("check", "config", "--syntax-only", "prometheus.yml")).returns(0, Finished::status);
        assertThat(promtool("check", "rules", "alerts.yml")).returns(0, Finished::status);
        assertThat(promtool("test", "rules", "alerts_test.yml")).returns(0, Finished::status);
        List<Map<String, String>> rules = new ArrayList<>();
        expressions().values().forEach(expression -> rules.add(Map.of("record", "panel:" + rules.size(), "expr", expression)));
        Path panels = qanat.home().resolve("panels.yml");
        Files.writeString(panels, new ObjectMapper().writeValueAsString(Map.of("groups", List.of(Map.of("name", "panels", "rules", rules)))));
        assertThat(promtool("check", "rules", panels.toAbsolutePath().toString())).returns(0, Finished::status);
        Path told = qanat.home().resolve("metrics.txt");
        Files.writeString(told, told());
        assertThat(finished(new ProcessBuilder("promtool", "check", "metrics").redirectInput(told.toFile())).output().lines())
                .noneMatch(line -> line.startsWith("qanat_"));
    }

    @Test
    void each_alert_is_on_the_page_and_has_a_test() throws IOException {
        String page = Files.readString(PAGE);
        String tests = Files.readString(PROMETHEUS.resolve("alerts_test.yml"));
        Set<String> alerts = new TreeSet<>();
        rules().forEach(rule -> alerts.add(String.valueOf(rule.get("alert"))));
        assertThat(Pattern.compile("^\\| `(Qanat\\w+)` \\|", Pattern.MULTILINE).matcher(page).results().map(row -> row.group(1)))
                .containsExactlyInAnyOrderElementsOf(alerts);
        assertThat(alerts).isNotEmpty().allSatisfy(alert -> assertThat(tests).containsPattern("alertname: " + alert + "\\s+exp_alerts"));
    }

    /** The metrics that an expression asks for, each with the labels that it is asked by. */
    private record Asked(Map<String, Set<String>> labels) {
        private static final Pattern GROUPING = Pattern.compile("\\b(?:by|without|on|ignoring)\\s*\\(([^)]*)\\)");
        private static final Pattern SELECTOR = Pattern.compile("\\b([a-zA-Z_:][\\w:]*)\\b(?!\\s*\\()(?:\\{([^}]*)})?");
        private static final Set<String> WORDS = Set.of("and", "or", "unless", "bool", "offset");

        static Asked of(String expression) {
            String bare = expression.replaceAll("\\[[^]]*]", "");
            Set<String> grouped = GROUPING.matcher(bare).results()
                    .flatMap(found -> Arrays.stream(found.group(1).split(",")))
                    .map(String::strip)
                    .filter(label -> !label.isEmpty())
                    .collect(Collectors.toSet());
            Map<String, Set<String>> asked = new LinkedHashMap<>();
            for (MatchResult found : SELECTOR.matcher(GROUPING.matcher(bare).replaceAll(" ")).results().toList()) {
                if (!WORDS.contains(found.group(1))) {
                    Set<String> labels = new TreeSet<>(grouped);
                    LABEL.matcher((found.group(2) == null ? "" : found.group(2)).replace("=~", "=").replace("!=", "="))
                            .results()
                            .forEach(label -> labels.add(label.group(1)));
                    asked.put(found.group(1), labels);
                }
            }
            return new Asked(asked);
        }
    }

    /** Every expression of dashboards and rules by where it stands, with Grafana's variables as Prometheus takes them. */
    private static Map<String, String> expressions() throws IOException {
        Map<String, String> expressions = new TreeMap<>();
        for (String name : List.of("pipelines", "process")) {
            for (JsonNode panel : new ObjectMapper().readTree(DASHBOARDS.resolve(name + ".json").toFile()).path("panels")) {
                for (JsonNode target : panel.path("targets")) {
                    expressions.put(
                            name + ", " + panel.path("title").asText() + ", " + target.path("refId").asText(),
                            target.path("expr").asText().replace("$__rate_interval", "5m").replaceAll("\\$(pipeline|instance)", ".*"));
                }
            }
        }
        rules().forEach(rule -> expressions.put("alert " + rule.get("alert"), String.valueOf(rule.get("expr"))));
        assertThat(expressions).hasSizeGreaterThan(40);
        return expressions;
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> rules() throws IOException {
        Map<String, Object> file =
                (Map<String, Object>) new Load(LoadSettings.builder().build()).loadFromString(Files.readString(PROMETHEUS.resolve("alerts.yml")));
        return ((List<Map<String, Object>>) file.get("groups"))
                .stream().flatMap(group -> ((List<Map<String, Object>>) group.get("rules")).stream()).toList();
    }

    private static RequestSpecification admin() {
        return qanat.request().header("X-API-Key", ADMIN);
    }

    private static String told() {
        return qanat.request().header("Authorization", "Bearer " + viewer).header("Accept", "text/plain").get("/q/metrics").asString();
    }

    private static List<Sample> samples() {
        return told().lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> {
                    MatchResult sample = SAMPLE.matcher(line).results().findFirst().orElseThrow();
                    return new Sample(sample.group(1), labels(sample.group(2)), Double.parseDouble(sample.group(3)));
                })
                .toList();
    }

    private static Map<String, String> labels(String text) {
        return LABEL.matcher(text == null ? "" : text).results().collect(Collectors.toMap(label -> label.group(1), label -> label.group(2)));
    }

    private static double value(List<Sample> told, String name, Map<String, String> labels) {
        return told.stream()
                .filter(sample -> sample.name().equals(name) && sample.labels().equals(labels))
                .mapToDouble(Sample::value)
                .findFirst()
                .orElse(Double.NaN);
    }

    private static Map<String, Family> served(String told) {
        Map<String, Family> families = new TreeMap<>();
        String name = "";
        for (String line : told.lines().toList()) {
            if (line.startsWith("# TYPE ")) {
                String[] words = line.split(" ");
                name = words[2];
                families.put(name, new Family(words[3], new TreeSet<>()));
            } else if (!line.startsWith("#")) {
                families.get(name).labels().addAll(labels(line).keySet());
                families.get(name).labels().remove("le");
            }
        }
        return families;
    }

    private static Map<String, Family> listed() throws IOException {
        Map<String, Family> listed = new TreeMap<>();
        for (MatchResult row : ROW.matcher(Files.readString(PAGE)).results().toList()) {
            Set<String> labels = Pattern.compile("`(\\w+)`").matcher(row.group(3)).results()
                    .map(label -> label.group(1))
                    .collect(Collectors.toCollection(TreeSet::new));
            assertThat(listed.put(row.group(1), new Family(row.group(2), labels))).as(row.group(1)).isNull();
        }
        return listed;
    }

    private static Map<String, String> with(Map<String, String> labels, String name, String value) {
        Map<String, String> all = new LinkedHashMap<>(labels);
        all.put(name, value);
        return all;
    }

    private static double number(Map<String, String> row, String column) {
        return Double.parseDouble(row.get(column));
    }

    private record Finished(int status, String output) {}

    private static Finished promtool(String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of("promtool"));
        command.addAll(List.of(arguments));
        return finished(new ProcessBuilder(command).directory(PROMETHEUS.toFile()));
    }

    private static Finished finished(ProcessBuilder program) throws InterruptedException {
        try {
            Process process = program.redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Finished(process.waitFor(), output);
        } catch (IOException e) {
            return new Finished(-1, String.valueOf(e.getMessage()));
        }
    }
}
