package dev.qanat.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.restassured.path.json.JsonPath;
import io.restassured.response.Response;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Models as part of the runs of pipelines, what readers see of them meanwhile, and what is left of them when a process dies. */
class ModelRunsIT {

    private static final String INCREMENTAL = "{{ config(materialized='incremental') }}\n";
    private static final String TABLE = "{{ config(materialized='table') }}\n";

    private static Qanat qanat;
    private static Path project;

    @BeforeAll
    static void start() throws Exception {
        qanat = Qanat.fresh("model-runs");
        project = qanat.home().resolve("project");
        write("dbt_project.yml", "name: runs\nversion: '1.0'\nprofile: qanat\n");
        qanat.with("QANAT_TRANSFORM", project.toString()).start();
    }

    @AfterAll
    static void stop() {
        qanat.close();
    }

    private static void write(String file, String text) throws IOException {
        Path path = project.resolve(file);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }

    /** A pipeline whose table is a source of the project, with models and their properties. */
    private static String pipeline(String begin, String more, Map<String, String> models, String properties) throws IOException {
        String name = Qanat.newName(begin);
        write("models/" + name + "/schema.yml", """
                version: 2
                sources: [ { name: silver_%1$s, schema: silver, tables: [ { name: %1$s } ] } ]
                models:%2$s
                """.formatted(name, properties.isEmpty() ? " []" : "\n" + properties.replace("NAME", name)));
        for (Map.Entry<String, String> model : models.entrySet()) {
            write("models/" + name + "/" + name + model.getKey() + ".sql",
                    model.getValue().replace("SOURCE", "{{ source('silver_" + name + "', '" + name + "') }}").replace("NAME", name));
        }
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources: [ { name: %1$s, primary_key: [id], schema: { id: integer, n: integer } } ]
                %2$s
                """.formatted(name, more));
        return name;
    }

    private static Map<String, String> statuses(JsonPath run) {
        Map<String, String> statuses = new TreeMap<>();
        List<Map<String, Object>> models = run.getList("models");
        models.forEach(model -> statuses.put((String) model.get("name"), (String) model.get("status")));
        return statuses;
    }

    private static JsonPath loaded(String pipeline, String file, String text) throws IOException {
        return qanat.run(qanat.load(pipeline, file, text).getLong("id"));
    }

    @Test
    void what_is_downstream_of_a_load_is_built_with_it_and_what_fails_makes_it_partial() throws Exception {
        String name = pipeline("shop", "", Map.of(
                        "_total", TABLE + "select sum(n) as total from SOURCE",
                        "_shown", "select total from {{ ref('NAME_total') }}",
                        "_twice", "select n * 2 as twice from SOURCE"),
                "  - { name: NAME_total, description: How much is there?, columns: [ { name: total, data_tests: [ not_negative ] } ] }\n");
        write("macros/not_negative.sql", """
                {% test not_negative(model, column_name) %}
                select {{ column_name }} from {{ model }} where {{ column_name }} < 0
                {% endtest %}
                """);

        JsonPath first = loaded(name, "a.csv", "id,n\n1,5\n2,6\n");
        JsonPath second = loaded(name, "b.csv", "id,n\n1,-50\n");
        String kept = qanat.value("SELECT total FROM gold." + name + "_shown");
        JsonPath third = loaded(name, "c.csv", "id,n\n1,10\n");

        assertThat(first.getString("status")).as(first.prettify()).isEqualTo("succeeded");
        assertThat(statuses(first))
                .isEqualTo(Map.of(name + "_total", "succeeded", name + "_shown", "succeeded", name + "_twice", "succeeded"));
        assertThat(first.getList("models.findAll { it.name == '" + name + "_total' }.rows")).isEqualTo(List.of(1));
        assertThat(second.getString("status")).as(second.prettify()).isEqualTo("partial");
        assertThat(second.getString("error.code")).isEqualTo("test_failed");
        assertThat(second.getString("error.message")).contains("gold." + name + "_total was not published", "not_negative");
        assertThat(second.getInt("updated")).isEqualTo(1);
        assertThat(statuses(second))
                .isEqualTo(Map.of(name + "_total", "failed", name + "_shown", "skipped", name + "_twice", "succeeded"));
        assertThat(kept).isEqualTo("11");
        assertThat(third.getString("status")).as(third.prettify()).isEqualTo("succeeded");
        assertThat(qanat.value("SELECT total FROM gold." + name + "_shown")).isEqualTo("16");
        assertThat(qanat.value("SELECT obj_description('gold." + name + "_total'::regclass)")).isEqualTo("How much is there?");
        JsonPath told = qanat.request().get("/runs/" + third.getLong("id") + "/models").jsonPath();
        assertThat(told.getString("items.find { it.name == '" + name + "_total' }.compiled_sql"))
                .isEqualToIgnoringWhitespace("select sum(n) as total from \"qanat\".\"silver\".\"" + name + "\"");
        assertThat(told.getString("items.find { it.name == '" + name + "_total' }.tests[0].status")).isEqualTo("passed");
    }

    @Test
    void what_is_built_from_bronze_again_has_its_models_built_again() throws Exception {
        String name = pipeline("rebuilt", "", Map.of(
                "_seen", INCREMENTAL + "select id, n from SOURCE {% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}",
                "_total", TABLE + "select sum(n) as total from {{ ref('NAME_seen') }}"), "");
        loaded(name, "a.csv", "id,n\n1,5\n2,6\n");
        loaded(name, "b.csv", "id,n\n3,7\n1,9\n");
        String silver = "SELECT md5(string_agg(id || '/' || n, ',' ORDER BY id)) FROM silver." + name;
        String before = qanat.value(silver);
        qanat.execute("UPDATE silver." + name + " SET n = 1000 WHERE id = 2");
        qanat.execute("DELETE FROM silver." + name + " WHERE id = 3");
        qanat.execute("INSERT INTO gold." + name + "_seen VALUES (99, 99)");

        Response answer = qanat.request()
                .contentType("application/json")
                .body(Map.of("pipeline", name, "from_bronze", true))
                .queryParam("wait", "PT60S")
                .post("/trigger-job");

        JsonPath run = qanat.run(answer.jsonPath().getLong("runs[0].id"));
        assertThat(run.getString("status")).as(run.prettify()).isEqualTo("succeeded");
        assertThat(statuses(run)).isEqualTo(Map.of(name + "_seen", "succeeded", name + "_total", "succeeded"));
        assertThat(qanat.value(silver)).isEqualTo(before);
        assertThat(qanat.value("SELECT total FROM gold." + name + "_total")).isEqualTo("22");
    }

    @Test
    void a_pipeline_says_which_models_are_built() throws Exception {
        Map<String, String> models = Map.of("_one", "select 1 as one from SOURCE", "_two", "select 2 as two from SOURCE");
        String one = pipeline("one", "models: [ anything ]", models, "");
        String none = pipeline("none", "models: []", models, "");
        String wrong = pipeline("wrong", "models: [ no_such_model ]", models, "");
        qanat.pipeline("""
                pipeline: %1$s
                sources: { drops: { type: files } }
                resources: [ { name: %1$s, primary_key: [id], schema: { id: integer, n: integer } } ]
                models: [ %1$s_one ]
                """.formatted(one));

        JsonPath ofOne = loaded(one, "a.csv", "id,n\n1,1\n");
        JsonPath ofNone = loaded(none, "a.csv", "id,n\n1,1\n");
        JsonPath ofWrong = loaded(wrong, "a.csv", "id,n\n1,1\n");

        assertThat(statuses(ofOne)).isEqualTo(Map.of(one + "_one", "succeeded"));
        assertThat(ofNone.getString("status")).isEqualTo("succeeded");
        assertThat(statuses(ofNone)).isEmpty();
        assertThat(ofWrong.getString("status")).isEqualTo("partial");
        assertThat(ofWrong.getString("error.code")).isEqualTo("nothing_selected");
        assertThat(ofWrong.getString("error.message")).contains("'no_such_model' selects nothing");
        assertThat(ofWrong.getInt("inserted")).isEqualTo(1);
    }

    @Test
    void a_project_at_fault_costs_the_models_and_not_the_rows_and_is_read_again_when_it_is_mended() throws Exception {
        String name = pipeline("faulty", "", Map.of("_a", "select n from SOURCE"), "");
        Path fault = project.resolve("models/" + name + "/" + name + "_b.sql");
        Files.writeString(fault, "select 1\nfrom {{ ref('nobody') }}");

        JsonPath faulty = loaded(name, "a.csv", "id,n\n1,1\n");
        Files.delete(fault);
        JsonPath mended = loaded(name, "b.csv", "id,n\n2,1\n");

        assertThat(faulty.getString("status")).as(faulty.prettify()).isEqualTo("partial");
        assertThat(faulty.getString("error.message")).contains("models/" + name + "/" + name + "_b.sql:2", "nobody");
        assertThat(faulty.getInt("inserted")).isEqualTo(1);
        assertThat(mended.getString("status")).as(mended.prettify()).isEqualTo("succeeded");
    }

    @Test
    void a_reader_never_sees_a_missing_an_empty_or_a_failing_table() throws Exception {
        String name = pipeline("read", "", Map.of(
                        "_t", TABLE + "select id, n from SOURCE",
                        "_i", "{{ config(materialized='incremental', unique_key='id') }}\nselect id, n from SOURCE",
                        "_v", "select id, n from {{ ref('NAME_t') }}"),
                "  - { name: NAME_t, columns: [ { name: n, data_tests: [ not_null, { accepted_values: { values: [1], quote: false } } ] } ] }\n"
                        + "  - { name: NAME_i, columns: [ { name: n, data_tests: [ { accepted_values: { values: [1], quote: false } } ] } ] }\n");
        loaded(name, "a.csv", "id,n\n1,1\n2,1\n");
        qanat.execute("CREATE VIEW public." + name + " AS SELECT * FROM gold." + name + "_t");
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger reads = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(5);
        List<Future<?>> readers = new ArrayList<>();
        // What is prepared looks at the database before it waits for a lock, what is not does so afterwards.
        for (String relation : List.of(
                "gold." + name + "_t", "gold." + name + "_i", "gold." + name + "_v", "public." + name, "prepared gold." + name + "_t")) {
            readers.add(threads.submit(() -> {
                try (Connection connection = qanat.database();
                        Statement statement = connection.createStatement()) {
                    String read = "SELECT count(*), count(*) FILTER (WHERE n <> 1) FROM " + relation.replace("prepared ", "");
                    if (relation.startsWith("prepared ")) {
                        statement.execute("PREPARE reading AS " + read);
                        read = "EXECUTE reading";
                    }
                    while (!done.get()) {
                        try (ResultSet row = statement.executeQuery(read)) {
                            row.next();
                            assertThat(row.getInt(1)).as(relation).isGreaterThanOrEqualTo(2);
                            assertThat(row.getInt(2)).as("failing rows in " + relation).isZero();
                        }
                        reads.incrementAndGet();
                    }
                }
                return null;
            }));
        }

        for (int i = 0; i < 3; i++) {
            JsonPath bad = loaded(name, "bad" + i + ".csv", "id,n\n" + (10 + i) + ",7\n");
            assertThat(bad.getString("status")).isEqualTo("partial");
            JsonPath good = loaded(name, "good" + i + ".csv", "id,n\n" + (10 + i) + ",1\n");
            assertThat(good.getString("status")).as(good.prettify()).isEqualTo("succeeded");
        }

        done.set(true);
        for (Future<?> reader : readers) {
            reader.get();
        }
        threads.shutdown();
        assertThat(reads.get()).isGreaterThan(100);
        assertThat(qanat.value("SELECT count(*) FROM public." + name)).isEqualTo("5");
        assertThat(qanat.value("SELECT count(*) FROM gold." + name + "_i")).isEqualTo("5");
    }

    @Test
    void somebody_who_reads_for_long_holds_up_the_publication_and_nobody_else() throws Exception {
        String name = pipeline("long", "", Map.of("_t", TABLE + "select id, n from SOURCE"), "");
        loaded(name, "a.csv", "id,n\n1,1\n");
        try (Connection reader = qanat.database();
                Connection other = qanat.database()) {
            reader.setAutoCommit(false);
            reader.createStatement().executeQuery("SELECT * FROM gold." + name + "_t").next();
            qanat.drop(name, "b.csv", "id,n\n2,1\n");
            qanat.await("the rows are there", () -> {
                try {
                    return qanat.value("SELECT count(*) FROM silver." + name).equals("2");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            long slowest = 0;
            for (int i = 0; i < 40; i++) {
                long begun = System.nanoTime();
                other.createStatement().executeQuery("SELECT * FROM gold." + name + "_t").next();
                slowest = Math.max(slowest, System.nanoTime() - begun);
                Thread.sleep(50);
            }
            assertThat(slowest / 1_000_000).as("milliseconds that another reader waited").isLessThan(2_500);
            assertThat(qanat.runs(name).get(0).getString("status")).isEqualTo("running");
            reader.commit();
        }
        assertThat(qanat.awaitRuns(name, 2).get(0).getString("status")).isEqualTo("succeeded");
        assertThat(qanat.value("SELECT count(*) FROM gold." + name + "_t")).isEqualTo("2");
    }

    @Test
    void loads_that_feed_the_same_model_at_once_do_not_get_in_each_others_way() throws Exception {
        String one = pipeline("left", "", Map.of(), "");
        String other = pipeline("right", "", Map.of(
                "_both", TABLE + "select id from SOURCE union all select id from {{ source('silver_" + one + "', '" + one + "') }}",
                "_count", "select count(*) as n from {{ ref('NAME_both') }}"), "");
        // The other's table is not there yet: what reads both waits for it, and that is told.
        JsonPath first = loaded(one, "0.csv", "id,n\n0,0\n");
        assertThat(first.getString("status")).as(first.prettify()).isEqualTo("succeeded");
        assertThat(statuses(first)).isEqualTo(Map.of(other + "_both", "skipped", other + "_count", "skipped"));
        assertThat(first.getString("models[0].error.message")).isEqualTo("it waits for silver." + other + ", which was not loaded yet");

        for (int i = 1; i <= 5; i++) {
            qanat.drop(one, i + ".csv", "id,n\n" + i + ",0\n");
            qanat.drop(other, i + ".csv", "id,n\n" + i + ",0\n");
        }

        for (String name : List.of(one, other)) {
            assertThat(qanat.awaitRuns(name, name.equals(one) ? 6 : 5))
                    .allSatisfy(run -> assertThat(run.getString("status")).as(run.prettify()).isEqualTo("succeeded"));
        }
        assertThat(qanat.value("SELECT n FROM gold." + other + "_count")).isEqualTo("11");
    }

    @Test
    void models_alone_are_cancelled_without_a_trace() throws Exception {
        String name = pipeline("cancelled", "models: []", Map.of(
                "_slow", TABLE + "select n, (select 1 from pg_sleep(60)) as slept from SOURCE", "_after", TABLE + "select 1 as one from {{ ref('NAME_slow') }}"), "");
        loaded(name, "a.csv", "id,n\n1,1\n");
        Response answer = qanat.request().contentType("application/json").body(Map.of("models", List.of(name + "_slow+"))).post("/trigger-job");
        long run = answer.jsonPath().getLong("runs[0].id");
        qanat.await("it is at it", () -> isAsleep());

        qanat.request().post("/runs/" + run + "/cancel");

        JsonPath ended = qanat.awaitEnd(run);
        assertThat(ended.getString("status")).as(ended.prettify()).isEqualTo("cancelled");
        assertThat(qanat.value("SELECT count(*) FROM pg_class WHERE relnamespace = 'gold'::regnamespace AND relname LIKE '" + name
                        + "%' OR relname LIKE 'qanat_tmp%'"))
                .isEqualTo("0");
    }

    private static boolean isAsleep() {
        try {
            return qanat.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'").equals("1");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void a_run_whose_process_dies_while_it_builds_is_ended_by_the_next_and_builds_nothing_twice() throws Exception {
        Path own = Files.createDirectories(qanat.home().resolve("killed"));
        try (Qanat killed = Qanat.fresh("models-killed").with("QANAT_TRANSFORM", own.toString())) {
            Files.createDirectories(own.resolve("models"));
            Files.writeString(own.resolve("dbt_project.yml"), "name: killed\nversion: '1.0'\nprofile: qanat\n");
            Files.writeString(own.resolve("models/sources.yml"), """
                    sources: [ { name: silver, tables: [ { name: items } ] } ]
                    """);
            Files.writeString(own.resolve("models/seen.sql"), INCREMENTAL + "select id, clock_timestamp() as at from {{ source('silver', 'items') }}");
            Files.writeString(own.resolve("models/slow.sql"), TABLE + "select count(*) as n, (select 1 from pg_sleep(6)) as slept from {{ ref('seen') }}");
            killed.start();
            killed.pipeline("""
                    pipeline: items
                    sources: { drops: { type: files } }
                    resources: [ { name: items, primary_key: [id], schema: { id: integer } } ]
                    """);
            killed.drop("items", "a.csv", "id\n1\n2\n");
            killed.await("the first model is published", () -> {
                try {
                    return killed.value("SELECT count(*) FROM qanat.run_model").equals("1");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });

            killed.kill();
            killed.start();

            JsonPath run = killed.run(killed.awaitRun("items").getLong("id"));
            assertThat(run.getString("status")).as(run.prettify()).isEqualTo("succeeded");
            assertThat(statuses(run)).isEqualTo(Map.of("seen", "succeeded", "slow", "succeeded"));
            assertThat(killed.value("SELECT count(*) FROM gold.seen")).isEqualTo("2");
            assertThat(killed.value("SELECT n FROM gold.slow")).isEqualTo("2");
            assertThat(killed.archive("items")).isNotEmptyDirectory();
            assertThat(killed.value("SELECT count(*) FROM pg_class WHERE relname LIKE 'qanat_tmp%'")).isEqualTo("0");
        }
    }

    @Test
    void a_trigger_of_models_is_checked() {
        for (String body : List.of(
                "{\"models\": \"\"}", "{\"models\": 5}", "{\"models\": [1]}", "{\"models\": \"x\", \"pipeline\": \"y\"}",
                "{\"models\": \"x\", \"from\": \"2024-01-01\"}")) {
            Response answer = qanat.request().contentType("application/json").body(body).post("/trigger-job");
            assertThat(answer.statusCode()).as(body + answer.asString()).isEqualTo(400);
            assertThat(answer.jsonPath().getString("detail")).as(body).contains("models: ");
        }
        for (String selection : List.of("no_such_model", "tag:", "+", "a:b")) {
            Response answer =
                    qanat.request().contentType("application/json").body(Map.of("models", selection)).post("/trigger-job");
            assertThat(answer.statusCode()).as(selection + answer.asString()).isEqualTo(422);
        }
    }
}
